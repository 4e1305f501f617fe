"""A MIDI input of JACK: each message with the frame it arrived at, not with the period that brought it."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

from sparseq.errors import PortError
from sparseq.realtime.jack_device import PeriodClock, open_client
from sparseq.realtime.ports import CLIENT_NAME, PortGone, choose_port


class JackInput:
    """An input port of our own in JACK.

    Parameters
    ----------
    jack : module
        JACK-Client.
    client : jack.Client
        Not active yet.
    wanted : str
        A part of the name of the output to connect to; "" for none.
    """

    def __init__(self, jack: ModuleType, client: Any, wanted: str = "") -> None:
        self._jack = jack
        self._client = client
        self._inlet = client.midi_inports.register("in")
        names = [port.name for port in client.get_ports(is_midi=True, is_output=True)] if wanted else []
        self._target: str | None = names[choose_port(wanted, names)] if wanted else None
        self.name: str = self._target or self._inlet.name
        self._frame_ns = 1e9 / client.samplerate
        self._periods = PeriodClock(client.blocksize * self._frame_ns)
        self._has_gone = False
        self._hear: Callable[[int, bytes], None] | None = None

    @classmethod
    def open(cls, wanted: str = "") -> JackInput:
        """Make a port, and connect it to the output with ``wanted`` in its name."""
        jack, client = open_client(f"{CLIENT_NAME}-in")
        try:
            return cls(jack, client, wanted)
        except PortError:
            client.close()
            raise

    def start(self, hear: Callable[[int, bytes], None]) -> None:
        """Begin to listen: ``hear`` is called with (time of arrival in ns, message) in JACK's thread."""
        self._hear = hear
        self._client.set_process_callback(self._process)
        self._client.set_shutdown_callback(self._shut_down)
        try:
            self._client.activate()
            if self._target is not None:
                self._client.connect(self._target, self._inlet)
        except self._jack.JackError as error:
            raise PortGone(f"MIDI port {self.name!r} has gone: {error}") from error

    def is_lost(self) -> bool:
        """Return whether the server or the output we are connected to has gone."""
        if self._has_gone or self._target is None:
            return self._has_gone
        return not any(port.name == self._target for port in self._client.get_ports(is_midi=True, is_output=True))

    def close(self) -> None:
        """Give the port back."""
        self._client.deactivate()
        self._client.close()

    def _process(self, _: int) -> None:
        start_ns = self._periods.begin(time.perf_counter_ns())
        assert self._hear is not None
        for frame, data in self._inlet.incoming_midi_events():
            self._hear(int(start_ns + frame * self._frame_ns), bytes(data))

    def _shut_down(self, *_: object) -> None:
        self._has_gone = True

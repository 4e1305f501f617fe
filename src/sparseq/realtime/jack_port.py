"""A port of our own in JACK, connected to another one if a person named it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, ClassVar, Self

from sparseq.errors import PortError
from sparseq.realtime.names import NoMidiSystem, PortGone, choose_port
from sparseq.realtime.quiet import quiet_stderr

_SMOOTH = 0.05  # how much of a callback's own lateness moves our idea of when periods begin
_SLIP = 0.75  # of a period: more than that is no lateness, the server has stalled


def load_jack() -> ModuleType | None:
    """Return JACK-Client's module, or None where it or the JACK library is missing.

    Windows has no pipes that can be read without waiting, which is how events come to JACK's thread.
    """
    if sys.platform == "win32":
        return None
    try:
        import jack
    except (ImportError, OSError):
        return None
    module: ModuleType = jack
    return module


def open_client(name: str) -> tuple[ModuleType, Any]:
    """Return (module, client that is not active yet).

    Raises
    ------
    NoMidiSystem
        If no server runs.
    PortError
        If JACK-Client is not installed.
    """
    jack = load_jack()
    if jack is None:
        raise PortError("scheduled JACK output needs JACK-Client, which is not installed: pip install 'sparseq[jack]'")
    try:
        with quiet_stderr():
            return jack, jack.Client(name, no_start_server=True)
    except jack.JackError as error:
        raise NoMidiSystem("no JACK server answers here: start one, or use the null port") from error


class PeriodClock:
    """When the periods of a server begin, from callbacks that are each a little late.

    Parameters
    ----------
    period_ns : float
        Length of a period.
    """

    def __init__(self, period_ns: float) -> None:
        self._period_ns = period_ns
        self._start_ns: float | None = None

    def begin(self, now_ns: int) -> float:
        """Return when the period began whose callback runs at ``now_ns``."""
        if self._start_ns is None or abs(now_ns - self._start_ns - self._period_ns) > _SLIP * self._period_ns:
            self._start_ns = float(now_ns)
        else:
            self._start_ns += self._period_ns
            self._start_ns += _SMOOTH * (now_ns - self._start_ns)
        return self._start_ns


class JackPort:
    """What ports to play to and ports to listen to have in common.

    Parameters
    ----------
    jack : module
        JACK-Client.
    client : jack.Client
        Not active yet.
    wanted : str
        A part of the name of the port to connect to; "" for none.

    Attributes
    ----------
    name : str
        What a person calls it: the port that it is connected to, or its own.
    """

    IS_OUTPUT: ClassVar[bool]
    CLIENT: ClassVar[str]
    """What its client is called."""

    def __init__(self, jack: ModuleType, client: Any, wanted: str = "") -> None:
        self._jack, self._client = jack, client
        self._port = client.midi_outports.register("out") if self.IS_OUTPUT else client.midi_inports.register("in")
        names = self._others() if wanted else []
        self._target: str | None = names[choose_port(wanted, names)] if wanted else None
        self.name: str = self._target or self._port.name
        self._frame_ns = 1e9 / client.samplerate
        self._period_ns = client.blocksize * self._frame_ns
        self._periods = PeriodClock(self._period_ns)
        self._has_gone = False

    @classmethod
    def open(cls, wanted: str = "") -> Self:
        """Make a port, and connect it to the one with ``wanted`` in its name."""
        jack, client = open_client(cls.CLIENT)
        try:
            return cls(jack, client, wanted)
        except PortError:
            client.close()
            raise

    def is_lost(self) -> bool:
        """Return whether the server or the port that we are connected to has gone."""
        if self._has_gone or self._target is None:
            return self._has_gone
        return self._target not in self._others()

    def close(self) -> None:
        """Give the port back."""
        self._client.deactivate()
        self._client.close()

    def _others(self) -> list[str]:
        """Return the names of the ports that this one can be connected to."""
        way = {"is_input": True} if self.IS_OUTPUT else {"is_output": True}
        return [port.name for port in self._client.get_ports(is_midi=True, **way)]

    def _run(self, process: Callable[[int], None]) -> None:
        """Let JACK call `process` in each period, and connect the port."""
        self._client.set_process_callback(process)
        self._client.set_shutdown_callback(self._shut_down)
        try:
            self._client.activate()
            if self._target is not None:
                pair = (self._port, self._target) if self.IS_OUTPUT else (self._target, self._port)
                self._client.connect(*pair)
        except self._jack.JackError as error:
            raise PortGone(f"MIDI port {self.name!r} has gone: {error}") from error

    def _shut_down(self, *_: object) -> None:
        self._has_gone = True

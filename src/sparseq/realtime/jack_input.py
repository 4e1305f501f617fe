"""A MIDI input of JACK: each message with the frame it arrived at, not with the period that brought it."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

from sparseq.realtime.jack_port import JackPort
from sparseq.realtime.names import CLIENT_NAME


class JackInput(JackPort):
    """A MIDI input of JACK; see `JackPort` for the arguments."""

    IS_OUTPUT, CLIENT = False, f"{CLIENT_NAME}-in"

    def __init__(self, jack: ModuleType, client: Any, wanted: str = "") -> None:
        super().__init__(jack, client, wanted)
        self._hear: Callable[[int, bytes], None] | None = None

    def start(self, hear: Callable[[int, bytes], None]) -> None:
        """Begin to listen: ``hear`` is called with (time of arrival in ns, message) in JACK's thread."""
        self._hear = hear
        self._run(self._process)

    def _process(self, _: int) -> None:
        start_ns = self._periods.begin(time.perf_counter_ns())
        assert self._hear is not None
        for frame, data in self._port.incoming_midi_events():
            self._hear(int(start_ns + frame * self._frame_ns), bytes(data))

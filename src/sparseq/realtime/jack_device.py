"""JACK as a system that schedules: each event is written into the period it is due in, at its very frame.

Events lie ready in this process before they are due, and the process callback of JACK puts them where they belong. What
python-rtmidi sends goes out with the next period instead, up to one period late.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

from sparseq.errors import PortError
from sparseq.realtime.jack_port import JackPort
from sparseq.realtime.names import CLIENT_NAME

# After a stall of so many periods the server calls twice in a row, and who listens looks only once, before the second
# call or after it: what is written in one of the two is lost. So we write when calls are a good part of a period apart
# again, or when that takes too long.
_STALL, _APART, _PATIENCE = 2.0, 0.6, 3


class JackDevice(JackPort):
    """A MIDI output of JACK that writes ahead; see `JackPort` for the arguments."""

    IS_OUTPUT, CLIENT = True, CLIENT_NAME

    def __init__(self, jack: ModuleType, client: Any, wanted: str = "") -> None:
        super().__init__(jack, client, wanted)
        self._start_ns = self._end_ns = 0.0
        self._frame = 0  # of the last event in this period
        self._called_ns = 0
        self._skipped = 0  # calls since the server has stalled
        self._work: Callable[[], None] | None = None

    def start(self, work: Callable[[], None]) -> None:
        """Begin to play: ``work`` is called in each period, in JACK's thread, and may `write`."""
        self._work = work
        self._run(self._process)

    def window_ns(self) -> int:
        """Return where this period ends: what is due before that is to be written now."""
        return int(self._end_ns) - 1

    def sent_ns(self) -> int:
        """Return when the last event of this period goes out."""
        return int(self._start_ns + self._frame * self._frame_ns)

    def write(self, data: bytes, due_ns: int | None = None) -> None:
        """Write one message into this period, at the frame when it is due; without that, after what was written."""
        frame = self._frame if due_ns is None else round((due_ns - self._start_ns) / self._frame_ns)
        self._frame = min(max(frame, self._frame), self._client.blocksize - 1)
        try:
            self._port.write_midi_event(self._frame, data)
        except self._jack.JackError as error:
            raise PortError(f"MIDI port {self.name!r} did not take {data.hex(' ')}: {error}") from error

    def _process(self, _: int) -> None:
        now_ns = time.perf_counter_ns()
        self._port.clear_buffer()
        periods = (now_ns - self._called_ns) / self._period_ns
        self._called_ns = now_ns
        self._start_ns = self._periods.begin(now_ns)
        if self._skipped < _PATIENCE and (periods > _STALL or (self._skipped and periods < _APART)):
            self._skipped += 1
            return
        self._skipped = 0
        self._frame = 0
        self._end_ns = self._start_ns + self._period_ns
        assert self._work is not None
        self._work()

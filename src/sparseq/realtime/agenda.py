"""What is still to be sent, in order of tick, with MIDI clock pulses put in between."""

from __future__ import annotations

import heapq
from typing import NamedTuple

from sparseq.realtime.bar import Bar

_PULSES_PER_QUARTER = 24
_CLOCK, _START, _STOP = b"\xf8", b"\xfa", b"\xfc"
_SONG_POSITION_0 = b"\xf2\x00\x00"


class Entry(NamedTuple):
    """A message and its place: clock and transport go before the notes of a tick, the rest in order of arrival."""

    tick: int
    rank: int
    order: int
    data: bytes


class Agenda:
    """The messages to come.

    Parameters
    ----------
    has_clock : bool
        Whether MIDI clock and transport are added to the bars.
    """

    def __init__(self, has_clock: bool) -> None:
        self._has_clock = has_clock
        self._heap: list[Entry] = []
        self._order = 0
        self._pulses = 0

    @property
    def next_tick(self) -> int | None:
        """The tick of the next message, or None if there is none."""
        return self._heap[0].tick if self._heap else None

    def pop(self) -> Entry:
        """Return the next message and take it off."""
        return heapq.heappop(self._heap)

    def add_start(self, ppq: int) -> None:
        """Announce the start one pulse before tick 0: receivers may need a moment between start and the first pulse."""
        if self._has_clock:
            for data in (_SONG_POSITION_0, _START):
                self._add(-max(1, ppq // _PULSES_PER_QUARTER), 0, data)

    def add_bar(self, start_ticks: int, bar: Bar) -> None:
        """Add the messages of a bar; what would come before tick 0 comes at tick 0."""
        if self._has_clock:
            self._add_pulses(start_ticks + bar.length_ticks, bar.ppq)
        for tick, data in bar.events:
            self._add(max(0, start_ticks + tick), 1, data)

    def add_stop(self, tick: int) -> None:
        """Announce the end."""
        if self._has_clock:
            self._add(tick, 0, _STOP)

    def _add_pulses(self, end_ticks: int, ppq: int) -> None:
        while (tick := self._pulses * ppq // _PULSES_PER_QUARTER) < end_ticks:
            self._add(tick, 0, _CLOCK)
            self._pulses += 1

    def _add(self, tick: int, rank: int, data: bytes) -> None:
        self._order += 1
        heapq.heappush(self._heap, Entry(tick, rank, self._order, data))

"""What is still to be sent, in order of tick, with MIDI clock pulses put in between."""

from __future__ import annotations

import heapq
from collections import Counter
from typing import NamedTuple

from sparseq.realtime.bar import Bar

_PULSES_PER_QUARTER = 24
_CLOCK, _START, _CONTINUE, _STOP = b"\xf8", b"\xfa", b"\xfb", b"\xfc"
_LAST_POSITION = (1 << 14) - 1  # sixteenths that a song position can count


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
        self._first_tick = 0  # nothing is sent before it

    @property
    def next_tick(self) -> int | None:
        """The tick of the next message, or None if there is none."""
        return self._heap[0].tick if self._heap else None

    def pop(self) -> Entry:
        """Return the next message and take it off."""
        return heapq.heappop(self._heap)

    def clear(self) -> None:
        """Take everything off."""
        self._heap.clear()

    def begin(self, tick: int, ppq: int) -> None:
        """Take everything off and begin at ``tick``, announced one pulse before: receivers may need a moment."""
        self.clear()
        self._first_tick = tick
        self._pulses = -(-tick * _PULSES_PER_QUARTER // ppq)
        if self._has_clock:
            for data in _start_messages(tick, ppq):
                self._add(tick - max(1, ppq // _PULSES_PER_QUARTER), 0, data)

    def add_bar(self, start_ticks: int, bar: Bar) -> None:
        """Add the messages of a bar; what would come a little before the beginning comes with it."""
        if self._has_clock:
            self._add_pulses(start_ticks + bar.length_ticks, bar.ppq)
        is_whole = start_ticks >= self._first_tick
        missed = Counter[tuple[int, int]]()  # notes that began before
        for tick, data in bar.events:
            if is_whole or start_ticks + tick >= self._first_tick:
                if not _ends_one(missed, data):
                    self._add(max(self._first_tick, start_ticks + tick), 1, data)
            elif _is_on(data):
                missed[data[0] & 0x0F, data[1]] += 1

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


def _is_on(data: bytes) -> bool:
    return data[0] & 0xF0 == 0x90 and data[2] > 0


def _ends_one(missed: Counter[tuple[int, int]], data: bytes) -> bool:
    """Return whether this is the end of a note that was missed, and count it off."""
    if data[0] & 0xE0 != 0x80 or _is_on(data) or not missed[data[0] & 0x0F, data[1]]:
        return False
    missed[data[0] & 0x0F, data[1]] -= 1
    return True


def _start_messages(tick: int, ppq: int) -> list[bytes]:
    """Return what tells receivers to begin at ``tick``; between two sixteenths they go on where they stopped."""
    sixteenth, rest = divmod(4 * tick, ppq)
    if rest or sixteenth > _LAST_POSITION:
        return [_CONTINUE]
    return [bytes([0xF2, sixteenth & 0x7F, sixteenth >> 7]), _START if not tick else _CONTINUE]

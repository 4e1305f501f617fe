"""A tape of what was played, at its musical tick: the same for the same bars, however the machine was doing."""

from __future__ import annotations

import threading
from typing import NamedTuple

from sparseq.realtime.bar import Bar
from sparseq.realtime.ledger import NoteLedger

_SUSTAIN = 64


class TapedBar(NamedTuple):
    """A bar that was begun: where it starts on the tape, what was played, and whether it was a repeat."""

    start_ticks: int
    bar: Bar
    is_repeat: bool


class Tape:
    """Keeps what a sequencer played; hand it over as ``tape``.

    Parameters
    ----------
    keep_bars : int, >= 1, optional
        Forget what is older than so many bars, so that hours of playing take no more room; without it, keep all.

    Attributes
    ----------
    events : list of (int, bytes)
        Tick since the start of the performance, and the message; no clock, transport or other real-time bytes.
    bars : list of TapedBar
        The bars that were begun.
    end_ticks : int
        Where the performance ended.
    """

    def __init__(self, keep_bars: int | None = None) -> None:
        self.events: list[tuple[int, bytes]] = []
        self.bars: list[TapedBar] = []
        self.end_ticks = 0
        self._keep_bars = keep_bars
        self._ledger = NoteLedger()
        self._lock = threading.Lock()  # one thread plays while another asks for the last bars

    @property
    def tempos(self) -> tuple[tuple[int, float], ...]:
        """Tick and bpm of each change of tempo, the first at tick 0."""
        changes: list[tuple[int, float]] = []
        for start_ticks, bar, _ in self.bars:
            if not changes or changes[-1][1] != bar.bpm:
                changes.append((start_ticks, bar.bpm))
        return tuple(changes)

    @property
    def reached_ticks(self) -> int:
        """The first tick after all that is on the tape."""
        event_ticks = [tick for tick, _ in self.events[-1:]]
        return max([0, *event_ticks, *(start_ticks + 1 for start_ticks, _, _ in self.bars[-1:])])

    def begin_bar(self, start_ticks: int, bar: Bar, is_repeat: bool) -> None:
        """Note that a bar begins."""
        with self._lock:
            self.bars.append(TapedBar(start_ticks, bar, is_repeat))
            if self._keep_bars is not None and len(self.bars) > 2 * self._keep_bars + 2:
                self._forget(self._keep_bars + 1)

    def write(self, tick: int, data: bytes) -> None:
        """Keep one message that was sent; system messages other than SysEx are left out."""
        if data[0] <= 0xF0:
            with self._lock:
                self.events.append((tick, data))
                self._ledger.feed(data)

    def rest(self, tick: int) -> None:
        """End the notes that still sound and lift the pedals that are still down, and go on."""
        with self._lock:
            self.events += [(max(tick, *(tick for tick, _ in self.events[-1:]), 0), data) for data in self._ends()]

    def finish(self, tick: int) -> None:
        """End the tape at ``tick``: notes that still sound and pedals that are still down end there."""
        with self._lock:
            self.end_ticks = max([tick, *(tick for tick, _ in self.events[-1:])])
            self.events += [(self.end_ticks, data) for data in self._ends()]

    def last_bars(self, count: int) -> Tape:
        """Return the last ``count`` bars that have been played to their end, as a tape of their own.

        Any thread may ask, while the performance goes on. Notes that began before are left out, notes that would go on
        end with the last bar.
        """
        with self._lock:
            bars, events, end_ticks = tuple(self.bars), tuple(self.events), self.end_ticks
        end_ticks, bars = (end_ticks, bars) if end_ticks else (bars[-1].start_ticks if bars else 0, bars[:-1])
        copy, bars = Tape(), bars[-count:] if count > 0 else ()
        first_ticks = bars[0].start_ticks if bars else end_ticks
        for start_ticks, bar, is_repeat in bars:
            copy.begin_bar(start_ticks - first_ticks, bar, is_repeat)
        for tick, data in events:
            if first_ticks <= tick < end_ticks and not copy._is_orphan(data):
                copy.write(tick - first_ticks, data)
        copy.finish(end_ticks - first_ticks)
        return copy

    def _ends(self) -> list[bytes]:
        return [data for data in self._ledger.release_messages() if not _is_all_notes_off(data)]

    def _is_orphan(self, data: bytes) -> bool:
        """Return whether this ends a note that is not on the tape."""
        is_off = data[0] & 0xF0 == 0x80 or (data[0] & 0xF0 == 0x90 and not data[2])
        return is_off and (data[0] & 0x0F, data[1]) not in self._ledger.sounding

    def _forget(self, keep_bars: int) -> None:
        """Drop all but the last bars; ticks stay what they are."""
        self.bars = self.bars[-keep_bars:]
        first_ticks = self.bars[0].start_ticks
        self.events = [event for event in self.events if event[0] >= first_ticks]


def _is_all_notes_off(data: bytes) -> bool:
    return data[0] & 0xF0 == 0xB0 and data[1] != _SUSTAIN

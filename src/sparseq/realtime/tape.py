"""A tape of what was played, at its musical tick: the same for the same bars, however the machine was doing."""

from __future__ import annotations

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

    Attributes
    ----------
    events : list of (int, bytes)
        Tick since the start of the performance, and the message; no clock, transport or other real-time bytes.
    bars : list of TapedBar
        The bars that were begun.
    end_ticks : int
        Where the performance ended.
    """

    def __init__(self) -> None:
        self.events: list[tuple[int, bytes]] = []
        self.bars: list[TapedBar] = []
        self.end_ticks = 0
        self._ledger = NoteLedger()

    @property
    def tempos(self) -> tuple[tuple[int, float], ...]:
        """Tick and bpm of each change of tempo, the first at tick 0."""
        changes: list[tuple[int, float]] = []
        for start_ticks, bar, _ in self.bars:
            if not changes or changes[-1][1] != bar.bpm:
                changes.append((start_ticks, bar.bpm))
        return tuple(changes)

    def begin_bar(self, start_ticks: int, bar: Bar, is_repeat: bool) -> None:
        """Note that a bar begins."""
        self.bars.append(TapedBar(start_ticks, bar, is_repeat))

    def write(self, tick: int, data: bytes) -> None:
        """Keep one message that was sent; system messages other than SysEx are left out."""
        if data[0] <= 0xF0:
            self.events.append((tick, data))
            self._ledger.feed(data)

    def finish(self, tick: int) -> None:
        """End the tape at ``tick``: notes that still sound and pedals that are still down end there."""
        self.end_ticks = max([tick, *(tick for tick, _ in self.events[-1:])])
        ends = [data for data in self._ledger.release_messages() if not _is_all_notes_off(data)]
        self.events += [(self.end_ticks, data) for data in ends]


def _is_all_notes_off(data: bytes) -> bool:
    return data[0] & 0xF0 == 0xB0 and data[1] != _SUSTAIN

"""The bars laid end to end: which were taken, which have been played, and where each begins."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sparseq.realtime.agenda import Entry
from sparseq.realtime.bar import Bar
from sparseq.realtime.reports import Position
from sparseq.realtime.tape import Tape
from sparseq.realtime.timeline import Timeline

OnBar = Callable[[int, Bar, bool], None]  # told of a bar: its index, the bar, whether it is a repeat

_RECENT_BARS = 16  # far more than are between taken and played


class Placed(NamedTuple):
    """A bar and where it begins."""

    start_ticks: int
    bar_index: int
    bar: Bar
    is_repeat: bool

    @property
    def end_ticks(self) -> int:
        """Where the next bar begins."""
        return self.start_ticks + self.bar.length_ticks


class Roll:
    """What is played, in order.

    Parameters
    ----------
    tape : Tape, optional
        Keeps what was played.
    on_begin : callable, optional
        Told of each bar that has begun.

    Attributes
    ----------
    end_ticks : int
        Where the next bar will begin.
    latest : Bar or None
        The bar that was placed last, which is the one to repeat.
    taken, bars, events : int
        Bars placed; bars begun; messages that were due.
    """

    def __init__(self, tape: Tape | None, on_begin: OnBar | None = None) -> None:
        self.end_ticks = 0
        self.latest: Bar | None = None
        self.taken = self.bars = self.events = 0
        self._tape = tape
        self._on_begin = on_begin
        self._tape_shift_ticks = 0  # tape minus song
        self._coming: deque[Placed] = deque()  # taken, not begun yet
        self._handed: deque[Entry] = deque()  # given to the port, not due yet
        # Replaced as a whole, for other threads read it. No tuple: CPython keeps thousands of used ones of one length.
        self._recent: list[Placed] = []

    @property
    def recent(self) -> Sequence[Placed]:
        """The last bars, in order; all that are not over yet are among them."""
        return self._recent

    @property
    def last_ticks(self) -> int:
        """Where the bars end, or the last event handed over if it lies after that."""
        return max(self.end_ticks, self._handed[-1].tick if self._handed else 0)

    @property
    def is_settled(self) -> bool:
        """Whether all that was handed over was due."""
        return not self._handed

    def place(self, bar: Bar, is_repeat: bool) -> Placed:
        """Let a bar follow those placed so far."""
        placed = Placed(self.end_ticks, self.taken, bar, is_repeat)
        self._coming.append(placed)
        self._recent = [*self._recent[-_RECENT_BARS:], placed]
        self.latest = bar
        self.end_ticks = placed.end_ticks
        self.taken += 1
        return placed

    def hand(self, entry: Entry) -> None:
        """Note that a message was given to the port."""
        self._handed.append(entry)

    def restart(self, start_ticks: int, length_ticks: int) -> None:
        """Go on at another bar line of the song; the tape goes on at its next bar line."""
        if self.taken:
            played_ticks = self._tape.reached_ticks if self._tape is not None else 0
            self._tape_shift_ticks = -(-played_ticks // length_ticks) * length_ticks - start_ticks
        else:
            self._tape_shift_ticks = -start_ticks
        self._coming.clear()
        self._handed.clear()
        self._recent = []
        self.end_ticks = start_ticks

    def settle(self, timeline: Timeline, now_s: float) -> None:
        """Count, and keep on the tape, what was due by now."""
        while self._coming and timeline.due_s(self._coming[0].start_ticks) <= now_s:
            placed = self._coming.popleft()
            self.bars += 1
            if self._on_begin is not None:
                self._on_begin(placed.bar_index, placed.bar, placed.is_repeat)
            if self._tape is not None:
                self._tape.begin_bar(placed.start_ticks + self._tape_shift_ticks, placed.bar, placed.is_repeat)
        while self._handed and timeline.due_s(self._handed[0].tick) <= now_s:
            entry = self._handed.popleft()
            self.events += 1
            if self._tape is not None:
                self._tape.write(entry.tick + self._tape_shift_ticks, entry.data)

    def rest(self, tick: int) -> None:
        """Forget what was handed over and is not due, for the port has dropped it; what sounds ends on the tape too."""
        self._handed.clear()
        if self._tape is not None:
            self._tape.rest(tick + self._tape_shift_ticks)

    def finish(self, tick: int) -> None:
        """End the tape at a tick of the song."""
        if self._tape is not None:
            self._tape.finish(max(0, tick + self._tape_shift_ticks))

    def position(self, tick: int) -> Position | None:
        """Return what lies at a tick, or None if nothing does."""
        for placed in reversed(self._recent):
            if placed.start_ticks <= tick:
                in_bar_ticks = min(tick - placed.start_ticks, placed.bar.length_ticks - 1)
                return Position(placed.bar_index, in_bar_ticks, placed.bar, placed.is_repeat)
        return None

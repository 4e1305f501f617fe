"""When each tick is due: one straight line for each tempo, so that rounding never adds up."""

from __future__ import annotations

import bisect
from typing import NamedTuple

_KEPT_LINES = 64  # far more than lie between the past that may still be asked for and the future


class _Line(NamedTuple):
    start_tick: float
    start_s: float  # after the origin
    tick_s: float


class Timeline:
    """Maps ticks to seconds and back.

    Parameters
    ----------
    origin_s : float
        When tick 0 is due.
    ppq : int, >= 1
        Ticks per quarter note.
    bpm : float, > 0
        Quarter notes per minute at first; ticks before 0 go by it too.
    """

    def __init__(self, origin_s: float, ppq: int, bpm: float) -> None:
        self.origin_s = origin_s
        self.ppq = ppq
        self._bpm = bpm
        self._lines = [_Line(0, 0.0, 60.0 / (bpm * ppq))]

    @property
    def bpm(self) -> float:
        """The tempo after the last change."""
        return self._bpm

    def set_tempo(self, tick: int, bpm: float) -> None:
        """Let the tempo be ``bpm`` from ``tick`` on, which is not before the last change."""
        if bpm == self._bpm:
            return
        start_s = self._elapsed_s(tick)
        self._bpm = bpm
        self._lines = [*self._lines[-_KEPT_LINES:], _Line(tick, start_s, 60.0 / (bpm * self.ppq))]

    def follow(self, tick: float, at_s: float, bpm: float) -> None:
        """Let ``tick`` be due at ``at_s`` and everything else go by ``bpm`` from there, before it and after."""
        self.origin_s, self._bpm = at_s, bpm
        self._lines = [_Line(tick, 0.0, 60.0 / (bpm * self.ppq))]

    def due_s(self, tick: int) -> float:
        """Return when ``tick`` is due, in seconds."""
        return self.origin_s + self._elapsed_s(tick)

    def tick_at(self, time_s: float) -> int:
        """Return the last tick that is due by ``time_s``; negative before the origin."""
        elapsed_s, lines = time_s - self.origin_s, self._lines
        line = lines[max(0, bisect.bisect_right([line.start_s for line in lines], elapsed_s) - 1)]
        tick = round(line.start_tick + (elapsed_s - line.start_s) / line.tick_s)
        return tick if self.due_s(tick) <= time_s else tick - 1

    def shift(self, delay_s: float) -> None:
        """Let everything be due ``delay_s`` later."""
        self.origin_s += delay_s

    def _elapsed_s(self, tick: int) -> float:
        for line in reversed(self._lines):
            if line.start_tick <= tick:
                break
        return line.start_s + (tick - line.start_tick) * line.tick_s

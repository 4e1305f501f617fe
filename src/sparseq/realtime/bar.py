"""A bar as it is played: MIDI messages at integer ticks, and the tempo they go by."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

from sparseq.errors import InputError


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of events.

    Parameters
    ----------
    length_ticks : int, >= 1
        Where the next bar begins.
    bpm : float, > 0
        Quarter notes per minute from the start of this bar.
    ppq : int, >= 1
        Ticks per quarter note; the same in all bars of a performance.
    events : tuple of (int, bytes)
        Tick in the bar and one complete message, sorted by tick. An event may lie up to half a quarter note before
        the bar (a hit that anticipates the downbeat) or any time after it (the end of a long note).
    tag : object
        Whatever the maker of the bar wants to find again when it is played; it stays when tempo or events are changed.

    Raises
    ------
    InputError
        If a number is out of range, or the events are not sorted or too early.
    """

    length_ticks: int
    bpm: float
    ppq: int
    events: tuple[tuple[int, bytes], ...] = ()
    tag: object = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.length_ticks < 1 or self.ppq < 1:
            raise InputError(f"a bar needs at least 1 tick at 1 tick a quarter, got {self.length_ticks} at {self.ppq}")
        if not (math.isfinite(self.bpm) and self.bpm > 0):
            raise InputError(f"the tempo must be a positive number of beats a minute, got {self.bpm}")
        if self.events and self.events[0][0] < -self.early_ticks:
            raise InputError(
                f"an event may begin at most {self.early_ticks} ticks before its bar, got {-self.events[0][0]}: "
                "put it into the bar before"
            )
        if any(later[0] < earlier[0] for earlier, later in pairwise(self.events)):
            raise InputError("the events of a bar must be sorted by tick, and these are not")

    @property
    def early_ticks(self) -> int:
        """How far before the bar its first event may lie."""
        return self.ppq // 2

"""What a sequencer tells of a performance: where it is, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sparseq.realtime.bar import Bar
from sparseq.realtime.lateness import Lateness


class Position(NamedTuple):
    """Where the performance is: 0-based index of the bar, tick in it, the bar, and whether it is a repeat."""

    bar_index: int
    tick: int
    bar: Bar
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What a performance came to.

    Attributes
    ----------
    bars : int
        Bars begun, repeats included.
    events : int
        Messages sent, clock included, releases not.
    repeats : int
        Bars played again because the next one was not made in time.
    stalls : int
        How often the player was away so long that everything moved.
    lateness : Lateness
        How late messages left the port; where the port cannot tell, how late they were handed over.
    """

    bars: int
    events: int
    repeats: int
    stalls: int
    lateness: Lateness

"""A drum part as a grid of steps and lanes, with what each hit was played like."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparseq.errors import InputError


class Hit(NamedTuple):
    """One stroke in a cell.

    Attributes
    ----------
    pitch : int
        0 to 127.
    velocity : int
        1 to 127.
    offset_ticks : int
        How far behind its step it sounds, at `units.PPQ`; at least minus half a step and below half a step.
    duration_ticks : int
        At `units.PPQ`, at least 1.
    """

    pitch: int
    velocity: int
    offset_ticks: int
    duration_ticks: int


class GridBar(NamedTuple):
    """One bar of a grid.

    Attributes
    ----------
    number : int
        1-based, as people count.
    start_step, length_steps : int
        Where it begins and how long it is.
    numerator, denominator : int
        Its meter.
    """

    number: int
    start_step: int
    length_steps: int
    numerator: int
    denominator: int

    @property
    def stop_step(self) -> int:
        """The first step of the next bar."""
        return self.start_step + self.length_steps


@dataclass(frozen=True, eq=False)
class DrumGrid:
    """A drum part.

    Attributes
    ----------
    tokens_tl : uint8 ndarray of shape (T, L)
        1 where a cell holds an onset, 0 where it rests.
    lanes : tuple of str
        Names of the L lanes.
    hits : mapping of (int, int) to tuple of Hit
        The strokes of each cell (step, lane) that holds any, in order of time.
    steps_per_beat : int
        Steps per quarter note: 4 are sixteenths, 3 are eighth triplets.
    bars : tuple of GridBar
        They cover all T steps.
    """

    tokens_tl: NDArray[np.uint8]
    lanes: tuple[str, ...]
    hits: Mapping[tuple[int, int], tuple[Hit, ...]]
    steps_per_beat: int
    bars: tuple[GridBar, ...]

    def __post_init__(self) -> None:
        n_steps = self.bars[-1].stop_step if self.bars else 0
        if self.tokens_tl.shape != (n_steps, len(self.lanes)):
            raise InputError(
                f"tokens of shape ({n_steps}, {len(self.lanes)}) were wanted, as bars and lanes say, but"
                f" {self.tokens_tl.shape} was given"
            )

    @property
    def n_steps(self) -> int:
        """Number of steps T."""
        return len(self.tokens_tl)

    @property
    def phases_t(self) -> NDArray[np.int64]:
        """The step within its bar of each step: int64 ndarray of shape (T,)."""
        return np.concatenate([np.arange(bar.length_steps) for bar in self.bars] or [np.zeros(0, np.int64)])

    @property
    def bars_t(self) -> NDArray[np.int64]:
        """The 0-based index in `bars` of each step's bar: int64 ndarray of shape (T,)."""
        lengths = np.array([bar.length_steps for bar in self.bars], np.int64)
        return np.repeat(np.arange(len(self.bars)), lengths)

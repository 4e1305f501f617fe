"""Provenance: which example steps a written grid leaned on, and how long it copies one verbatim."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sparseq.engine.grid import Grid
from sparseq.engine.memory import Memory
from sparseq.kernel.api import NO_ORIGIN

OWN = -1
"""Example number of the piece itself."""


class Source(NamedTuple):
    """A step that a cell leaned on: number of the example (`OWN` for the piece itself) and step in it."""

    example: int
    step: int


class Run(NamedTuple):
    """Consecutive steps that are equal to those of one example.

    Attributes
    ----------
    length : int
        In steps; 0 where nothing is copied.
    start : int
        First step of the run in the written grid.
    source : Source
        Where the run begins in its example.
    """

    length: int
    start: int
    source: Source


def leaned_on(grid: Grid, mask_tl: npt.NDArray[np.bool_], memory: Memory) -> Counter[Source]:
    """Count how many masked cells leaned on each step of an example, or of the piece itself.

    Parameters
    ----------
    grid : Grid
        A filled grid.
    mask_tl : bool ndarray of shape (T, L)
        The cells to ask about.
    memory : Memory
        The examples that the grid was filled from.
    """
    tally: Counter[Source] = Counter()
    for origin in grid.origins_tl[mask_tl].tolist():
        if origin >= 0:
            place = memory.place(origin)
            tally[Source(place.example, place.step)] += 1
        elif origin != NO_ORIGIN:
            tally[Source(OWN, (-1 - origin) // grid.cells_tl.shape[1])] += 1
    return tally


def longest_copied_run(
    cells_tl: npt.NDArray[np.integer],
    steps: range,
    examples: Sequence[npt.NDArray[np.integer]],
) -> Run:
    """Return the longest run of whole columns within `steps` that stands in an example, or elsewhere in the piece.

    Parameters
    ----------
    cells_tl : integer ndarray of shape (T, L)
        The piece, without lanes that are only read.
    steps : range
        Steps that were written; they are no source for themselves.
    examples : sequence of integer ndarray of shape (T_e, L)
        The examples' cells.

    Returns
    -------
    Run
        Of equally long ones the first in the piece.
    """
    best = Run(0, steps.start, Source(OWN, 0))
    sources = [(OWN, cells_tl), *enumerate(examples)]
    numbers = _column_numbers([cells for _, cells in sources])
    for (example, _), columns in zip(sources, numbers, strict=True):
        run = _longest_in(numbers[0], steps, columns, example)
        if run.length > best.length:
            best = run
    return best


def _column_numbers(grids: Sequence[npt.NDArray[np.integer]]) -> list[npt.NDArray[np.int64]]:
    """Return numbers of the columns of each grid, equal for equal columns."""
    _, inverse = np.unique(np.concatenate(grids), axis=0, return_inverse=True)
    ends = np.cumsum([len(grid) for grid in grids])
    return np.split(inverse.reshape(-1).astype(np.int64), ends[:-1])


def _longest_in(written: npt.NDArray[np.int64], steps: range, columns: npt.NDArray[np.int64], example: int) -> Run:
    best = Run(0, steps.start, Source(example, 0))
    lengths = np.zeros(len(columns) + 1, np.int64)
    for step in steps:
        # lengths[k + 1]: how many columns up to k of the example equal those up to `step` of the piece.
        lengths[1:] = np.where(columns == written[step], lengths[:-1] + 1, 0)
        if example == OWN:
            lengths[np.asarray(steps) + 1] = 0
        longest = int(lengths.max())
        if longest > best.length:
            end = int(lengths.argmax())
            best = Run(longest, step - longest + 1, Source(example, end - longest))
    return best

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
    sources = [cells_tl, *examples]
    numbers = _column_numbers(sources)
    n_before, columns = _in_one_row(numbers)
    best = Run(0, steps.start, Source(OWN, 0))
    # lengths[k + 1]: how many columns up to k of the sources equal those up to `step` of the piece.
    lengths = np.zeros(len(columns) + 1, np.int64)
    for step in steps:
        lengths[1:] = np.where(columns == numbers[0][step], lengths[:-1] + 1, 0)
        lengths[steps.start + 1 : steps.stop + 1] = 0
        end = int(lengths.argmax())
        if (length := int(lengths[end])) > best.length:
            source = int(np.searchsorted(n_before, end - 1, "right")) - 1
            place = Source(source - 1 if source else OWN, end - length - int(n_before[source]))
            best = Run(length, step - length + 1, place)
    return best


def _in_one_row(numbers: Sequence[npt.NDArray[np.int64]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return where each source begins in a row of all, and the row, with a gap behind each that equals nothing."""
    gap = np.full(1, -1, np.int64)
    row = np.concatenate([part for columns in numbers for part in (columns, gap)])
    return np.cumsum([0, *(len(columns) + 1 for columns in numbers[:-1])]), row


def _column_numbers(grids: Sequence[npt.NDArray[np.integer]]) -> list[npt.NDArray[np.int64]]:
    """Return numbers of the columns of each grid, equal for equal columns."""
    columns = np.concatenate(grids)
    numbers = np.zeros(len(columns), np.int64)
    for cells in columns.T:
        # The number so far and one more lane make a new number, below the count of columns again.
        pairs = numbers * (int(cells.max(initial=0)) + 1) + cells
        order = np.argsort(pairs, kind="stable")
        numbers[order] = np.cumsum(np.diff(pairs[order], prepend=pairs[order[:1]]) != 0)
    ends = np.cumsum([len(grid) for grid in grids])
    return np.split(numbers, ends[:-1])

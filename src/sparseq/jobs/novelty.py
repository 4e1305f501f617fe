"""Novelty: a filling that copies too long a run is changed where it costs least."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sparseq.engine.provenance import Run, longest_copied_run
from sparseq.errors import InputError

if TYPE_CHECKING:
    from sparseq.engine.grid import Grid
    from sparseq.jobs.fill import Filler


def rewrite_copies(filler: Filler, grid: Grid, max_copy: int, seed: int) -> Grid:
    """Return the filling with no more than `max_copy` steps in a row equal to an example or elsewhere in the piece.

    One cell of the longest run at a time takes its next likely token, that which costs least; it is not changed again.

    Raises
    ------
    InputError
        Where every cell was changed and a run is still too long.
    """
    if max_copy < 1:
        raise InputError(f"max_copy: wanted at least 1 step, got {max_copy}")
    free_tl = filler.mask_tl.copy()
    while (run := longest_run(filler, grid)).length > max_copy:
        cell = _cheapest(filler, grid, free_tl, run, max_copy)
        if cell is None:
            raise InputError(
                f"max_copy: wanted at most {max_copy} step{'s' * (max_copy != 1)} in a row that copy, but the cells to "
                "fill leave no choice; "
                "fill more bars or lanes, or allow more"
            )
        grid = _changed(filler, grid, cell, seed)
        free_tl[cell] = False
    return grid


def longest_run(filler: Filler, grid: Grid) -> Run:
    """Return the longest run in the hole, over all drum lanes, that stands in an example or elsewhere in the piece."""
    n_lanes = len(filler.hole.grid.lanes)
    best: Run | None = None
    for steps in holes(filler.mask_tl):
        run = longest_copied_run(grid.cells_tl[:, :n_lanes], steps, [example.tokens_tl for example in filler.grids])
        best = run if best is None or run.length > best.length else best
    assert best is not None  # a hole has cells
    return best


def holes(mask_tl: npt.NDArray[np.bool_]) -> list[range]:
    """Return the stretches of consecutive steps that have masked cells."""
    masked = np.concatenate([[False], mask_tl.any(1), [False]])
    edges = np.flatnonzero(masked[1:] != masked[:-1])
    return [range(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _cheapest(
    filler: Filler, grid: Grid, free_tl: npt.NDArray[np.bool_], run: Run, max_copy: int
) -> tuple[int, int] | None:
    """Return the cell whose other token is likeliest, among those that leave no side of the run too long if any do."""
    stop = run.start + run.length
    for first, last in ((max(stop - max_copy - 1, run.start), min(run.start + max_copy + 1, stop)), (run.start, stop)):
        asked = np.zeros_like(free_tl)
        asked[first:last] = free_tl[first:last]
        if asked.any():
            cells = np.argwhere(asked)
            other = 1 - grid.cells_tl[asked].astype(int)
            cost = filler.probabilities(grid, asked)[np.arange(len(cells)), other]
            step, lane = cells[int(cost.argmax())].tolist()
            return step, lane
    return None


def _changed(filler: Filler, grid: Grid, cell: tuple[int, int], seed: int) -> Grid:
    mask_tl = np.zeros_like(filler.mask_tl)
    mask_tl[cell] = True
    allowed = np.ones((*mask_tl.shape, 2), np.uint8)
    allowed[*cell, int(grid.cells_tl[cell])] = 0
    return filler.refill(grid, mask_tl, seed, allowed)

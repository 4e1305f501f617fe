"""Novelty: a filling that copies too long a run is changed where it costs least."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sparseq.engine.provenance import Run, longest_copied_run
from sparseq.errors import InputError

if TYPE_CHECKING:
    from sparseq.engine.grid import Grid
    from sparseq.jobs.section import Section


def rewrite_copies(section: Section, grid: Grid, max_copy: int, seed: int) -> Grid:
    """Return the filling with no more than `max_copy` steps in a row equal to an example or elsewhere in the piece.

    One cell of the longest run at a time takes its next likely token, that which costs least; it is not changed again.

    Raises
    ------
    InputError
        Where every cell was changed and a run is still too long.
    """
    if max_copy < 1:
        raise InputError(f"max_copy: wanted at least 1 step, got {max_copy}")
    free_tl = section.mask_tl.copy()
    while (run := longest_run(section, grid)).length > max_copy:
        cell = _cheapest(section, grid, free_tl, run, max_copy)
        if cell is None:
            raise InputError(
                f"max_copy: wanted at most {max_copy} step{'s' * (max_copy != 1)} in a row that copy, but the cells to "
                "fill leave no choice; "
                "fill more bars or lanes, or allow more"
            )
        grid = section.changed(grid, cell, seed)
        free_tl[cell] = False
    return grid


def longest_run(section: Section, grid: Grid) -> Run:
    """Return the longest run in the hole, over all lanes, that stands in an example or elsewhere in the piece."""
    columns = section.columns(grid)
    best: Run | None = None
    for steps in holes(section.mask_tl):
        run = longest_copied_run(columns, steps, section.example_columns)
        best = run if best is None or run.length > best.length else best
    assert best is not None  # a hole has cells
    return best


def holes(mask_tl: npt.NDArray[np.bool_]) -> list[range]:
    """Return the stretches of consecutive steps that have masked cells."""
    masked = np.concatenate([[False], mask_tl.any(1), [False]])
    edges = np.flatnonzero(masked[1:] != masked[:-1])
    return [range(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _cheapest(
    section: Section, grid: Grid, free_tl: npt.NDArray[np.bool_], run: Run, max_copy: int
) -> tuple[int, int] | None:
    """Return the cell whose other token is likeliest, among those that leave no side of the run too long if any do."""
    stop = run.start + run.length
    for first, last in ((max(stop - max_copy - 1, run.start), min(run.start + max_copy + 1, stop)), (run.start, stop)):
        asked = np.zeros_like(free_tl)
        asked[first:last] = free_tl[first:last]
        if asked.any():
            likely = section.other_probabilities(grid, asked)
            if likely.max() > 0:
                step, lane = np.argwhere(asked)[int(likely.argmax())].tolist()
                return step, lane
    return None

"""The end of a stream's grid: as much of it as may still be looked at."""

import numpy as np

from sparseq.engine.grid import Grid
from sparseq.kernel.checks import MASK

ROOM_STEPS = 64


class Past:
    """Columns of a stream that may run for hours; the oldest are dropped.

    Attributes
    ----------
    grid : Grid
        The columns, and room for more.
    first_step : int
        Which step of the stream the grid begins with.
    """

    def __init__(self, n_lanes: int) -> None:
        self.grid = Grid.of(np.full((ROOM_STEPS, n_lanes), MASK, np.uint16))
        self.first_step = 0

    def room_for(self, n_steps: int, n_columns: int, keep_steps: int) -> tuple[Grid, int]:
        """Return a grid with room for `n_columns` after step `n_steps`, and where in it they go.

        At least the `keep_steps` columns before them stay. Arrays double until half of them can be dropped, so that a
        column is moved once on the average.
        """
        if n_steps + n_columns - self.first_step > len(self.grid.cells_tl):
            self._move(n_steps, n_columns, keep_steps)
        return self.grid, n_steps - self.first_step

    def _move(self, n_steps: int, n_columns: int, keep_steps: int) -> None:
        held = n_steps - self.first_step
        kept = min(held, keep_steps) if held >= 2 * keep_steps else held
        bigger = Grid.of(np.full((max(2 * kept, kept + n_columns), self.grid.cells_tl.shape[1]), MASK, np.uint16))
        for old, new in (
            (self.grid.cells_tl, bigger.cells_tl),
            (self.grid.origins_tl, bigger.origins_tl),
            (self.grid.logp_tl, bigger.logp_tl),
        ):
            new[:kept] = old[held - kept : held]
        self.grid, self.first_step = bigger, n_steps - kept

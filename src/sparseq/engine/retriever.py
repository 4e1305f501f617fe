"""Retriever: streams a grid column by column, each from what came before and from the examples."""

import numpy as np
import numpy.typing as npt

from sparseq.engine.context import Context, check_causal
from sparseq.engine.grid import Grid, checked_cells
from sparseq.engine.memory import Memory
from sparseq.engine.sampling import SamplingConfig
from sparseq.errors import InputError
from sparseq.kernel.api import SEED_LIMIT
from sparseq.kernel.checks import MASK, check_count
from sparseq.kernel.grid_checks import check_order


class Retriever:
    """A stream in progress.

    Parameters
    ----------
    memory : Memory
        The examples.
    context : Context
        Causal contexts: slots read earlier columns, lanes decided earlier in the same column, or lanes only read.
    order : sequence of int, optional
        Lanes in the order they are decided within a column; rising by default.
    sampling : SamplingConfig
        How tokens are drawn; may be set anew between steps.
    seed : int
        0 up to 2**64 - 1. Draws depend on the seed and the place in the grid alone, so that streaming step by step or
        in one go gives the same.
    own_capacity_steps : int
        How many of its own latest steps the stream remembers.

    Raises
    ------
    InputError
        For a context that reads what is decided later.
    """

    def __init__(
        self,
        memory: Memory,
        context: Context,
        *,
        order: npt.ArrayLike | None = None,
        sampling: SamplingConfig | None = None,
        seed: int = 0,
        own_capacity_steps: int = 512,
    ) -> None:
        self.memory, self.context, self.seed = memory, context, seed
        self.sampling = sampling or SamplingConfig()
        memory.check_context(context)
        check_count("seed", seed, 0, SEED_LIMIT)
        self.order = check_order(context.lanes if order is None else order, context.layout)
        if not len(self.order):
            raise InputError("order: wanted at least one lane to decide, got none")
        check_causal(context, self.order.tolist())
        self._own_capacity_steps = check_count("own_capacity_steps", own_capacity_steps, 0, 1 << 24)
        self.reset()

    def reset(self) -> None:
        """Forget everything written so far."""
        heads = self.context.layout.head_of_lane[self.order]
        lanes_per_head = int(np.bincount(heads).max())
        self._heads = self.memory.heads(self._own_capacity_steps * lanes_per_head)
        self._grid = Grid.of(np.full((64, self.context.layout.n_lanes), MASK, np.uint16))
        self.n_steps = 0

    def feed(self, columns_tl: npt.NDArray[np.uint16]) -> None:
        """Append known columns, uint16 of shape (T, L); they are remembered like written ones."""
        columns = checked_cells("columns_tl", columns_tl, self.context.layout.n_lanes)
        if (columns[:, self.order] == MASK).any():
            raise InputError("columns_tl: wanted known cells, got masked ones; use step to have them filled")
        self.step(columns)

    def step(self, columns_tl: npt.NDArray[np.uint16]) -> Grid:
        """Append columns and fill their masked cells, left to right.

        Parameters
        ----------
        columns_tl : uint16 ndarray of shape (T, L)
            Known cells and `MASK`; lanes that are only read must be known.

        Returns
        -------
        Grid
            The same columns, filled; own origins count cells from the start of the stream.
        """
        columns = checked_cells("columns_tl", columns_tl, self.context.layout.n_lanes)
        start, stop = self.n_steps, self.n_steps + len(columns)
        self._make_room(stop)
        self._grid.cells_tl[start:stop] = columns
        # If the kernel refuses them they stay behind: nothing reads beyond n_steps, and the next step writes over them.
        self.memory.kernel.stream(
            self._heads,
            self.context.layout,
            self._grid.cells_tl,
            self.order,
            start,
            stop,
            self.sampling.params(),
            self.seed,
            origins_tl=self._grid.origins_tl,
            logp_tl=self._grid.logp_tl,
        )
        self.n_steps = stop
        new = slice(start, stop)
        return Grid(self._grid.cells_tl[new].copy(), self._grid.origins_tl[new].copy(), self._grid.logp_tl[new].copy())

    def probs(self, column_l: npt.NDArray[np.uint16]) -> npt.NDArray[np.float64]:
        """Return each lane's probabilities for a next column, given the cells of it that are known.

        Parameters
        ----------
        column_l : uint16 ndarray of shape (L,)
            Known cells and `MASK`.

        Returns
        -------
        float64 ndarray of shape (number of lanes with a head, V)
            In the stream's order of lanes.
        """
        column = checked_cells("column_l", np.asarray(column_l)[None], self.context.layout.n_lanes)[0]
        self._make_room(self.n_steps + 1)
        self._grid.cells_tl[self.n_steps] = column
        cells = self.n_steps * self.context.layout.n_lanes + self.order
        return self.memory.kernel.likelihood(self._heads, self.context.layout, self._grid.cells_tl, cells)

    def _make_room(self, n_steps: int) -> None:
        """Double the arrays when full: a stream may run for hours."""
        if n_steps <= len(self._grid.cells_tl):
            return
        bigger = Grid.of(np.full((max(2 * self.n_steps, n_steps), self.context.layout.n_lanes), MASK, np.uint16))
        bigger.cells_tl[: self.n_steps] = self._grid.cells_tl[: self.n_steps]
        bigger.origins_tl[: self.n_steps] = self._grid.origins_tl[: self.n_steps]
        bigger.logp_tl[: self.n_steps] = self._grid.logp_tl[: self.n_steps]
        self._grid = bigger

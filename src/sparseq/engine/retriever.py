"""Retriever: streams a grid column by column, each from what came before and from the examples."""

import numpy as np
import numpy.typing as npt

from sparseq.engine.context import Context, check_causal
from sparseq.engine.grid import Grid, checked_cells
from sparseq.engine.memory import Memory
from sparseq.engine.past import Past
from sparseq.engine.sampling import SamplingConfig
from sparseq.errors import InputError
from sparseq.kernel.api import SEED_LIMIT
from sparseq.kernel.checks import MASK, check_count
from sparseq.kernel.grid_checks import check_order
from sparseq.kernel.sampling import Sampling


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
        in one go gives the same. May be set anew between steps: after `rewind`, another seed writes another turn.
    own_capacity_steps : int
        How many of its own latest steps the stream remembers.
    rewind_steps : int
        How many of its latest steps `rewind` can take back, at least. A stream keeps no more of its past than these,
        what it remembers, and what contexts reach, however long it runs.

    Attributes
    ----------
    n_steps : int
        Steps written so far; also the mark that `rewind` comes back to.

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
        rewind_steps: int = 512,
    ) -> None:
        self.memory, self.context, self.seed = memory, context, seed
        self.sampling = self._drawn_by = sampling or SamplingConfig()
        self._drawn = self.sampling.params()
        memory.check_context(context)
        check_count("seed", seed, 0, SEED_LIMIT)
        self.order = check_order(context.lanes if order is None else order, context.layout)
        if not len(self.order):
            raise InputError("order: wanted at least one lane to decide, got none")
        check_causal(context, self.order.tolist())
        self._lanes = self.order.astype(np.int32)  # as the kernel takes it
        self._own_steps = check_count("own_capacity_steps", own_capacity_steps, 0, 1 << 24)
        self._rewind_steps = check_count("rewind_steps", rewind_steps, 0, 1 << 24)
        self._lanes_per_head = np.bincount(context.layout.head_of_lane[self.order], minlength=len(context.heads))
        self._reach = -int(context.layout.dt_ls[self.order].min(initial=-1))
        self.reset()

    def reset(self) -> None:
        """Forget everything written so far."""
        self._heads = self.memory.heads((self._own_steps * self._lanes_per_head).tolist())
        self._past = Past(self.context.layout.n_lanes)
        self.n_steps = 0

    @property
    def oldest_mark(self) -> int:
        """The earliest step that `rewind` can still go back to."""
        first = self._past.first_step
        return min(first + self._seen_steps(), self.n_steps) if first else 0

    def rewind(self, n_steps: int) -> None:
        """Forget what was written from step `n_steps` on: from there the stream goes on as if it had never been.

        Raises
        ------
        InputError
            For a step that was not written yet, or that lies before `oldest_mark`.
        """
        check_count("n_steps", n_steps, self.oldest_mark, self.n_steps)
        if n_steps == self.n_steps:
            return
        for head, n_lanes in zip(self._heads, self._lanes_per_head.tolist(), strict=True):
            head.restore(n_steps * n_lanes)
        first = self._past.first_step
        steps = np.arange(max(n_steps - self._own_steps, 0), n_steps) - first
        cells = (steps[:, None] * self.context.layout.n_lanes + self.order).reshape(-1)
        self.memory.kernel.remember(
            self._heads, self.context.layout, self._past.grid.cells_tl[: n_steps - first], cells, first_step=first
        )
        self.n_steps = n_steps

    def feed(self, columns_tl: npt.NDArray[np.uint16]) -> None:
        """Append known columns, uint16 of shape (T, L); they are remembered like written ones."""
        columns = checked_cells("columns_tl", columns_tl, self.context.layout.n_lanes)
        if (columns[:, self.order] == MASK).any():
            raise InputError("columns_tl: wanted known cells, got masked ones; use step to have them filled")
        self.step(columns)

    def step(
        self,
        columns_tl: npt.NDArray[np.uint16],
        *,
        allowed: npt.NDArray[np.uint8] | None = None,
        barred: npt.ArrayLike | None = None,
    ) -> Grid:
        """Append columns and fill their masked cells, left to right.

        Parameters
        ----------
        columns_tl : uint16 ndarray of shape (T, L)
            Known cells and `MASK`; lanes that are only read must be known.
        allowed : uint8 ndarray of shape (L, A) or (T, L, A), optional
            Hard mask: 0 forbids lane l to become token a, in all columns or in each. A is the largest number of
            tokens of any lane that is decided, or more; every masked cell must be left a token.
        barred : array_like of int, shape (B, 3), optional
            What may not follow what: lines of lane, token of that lane one step before, token. The token before may
            be `EDGE`, which stands for the beginning of the stream. So a hold can be kept from following a rest. It
            is looked at for masked cells only, whatever comes before being given or decided.

        Returns
        -------
        Grid
            The same columns, filled; own origins count cells from the start of the stream.

        Raises
        ------
        InputError
            For columns that do not fit, or masks that leave a cell nothing; the stream stays as it was.
        """
        columns = checked_cells("columns_tl", columns_tl, self.context.layout.n_lanes)
        grid, start = self._room_for(len(columns))
        grid.cells_tl[start : start + len(columns)] = columns
        # If the kernel refuses them they stay behind: nothing reads beyond n_steps, and the next step writes over them.
        self.memory.kernel.stream(
            self._heads,
            self.context.layout,
            grid.cells_tl,
            self._lanes,
            start,
            start + len(columns),
            self._params(),
            self.seed,
            origins_tl=grid.origins_tl,
            logp_tl=grid.logp_tl,
            allowed_tlv=allowed,
            barred_b3=barred,
            first_step=self._past.first_step,
        )
        self.n_steps += len(columns)
        new = slice(start, start + len(columns))
        return Grid(grid.cells_tl[new].copy(), grid.origins_tl[new].copy(), grid.logp_tl[new].copy())

    def probs(
        self, column_l: npt.NDArray[np.uint16], *, allowed: npt.NDArray[np.uint8] | None = None
    ) -> npt.NDArray[np.float64]:
        """Return each lane's probabilities for a next column, given the cells of it that are known.

        Parameters
        ----------
        column_l : uint16 ndarray of shape (L,)
            Known cells and `MASK`.
        allowed : uint8 ndarray of shape (L, A), optional
            Hard mask, as in `step`.

        Returns
        -------
        float64 ndarray of shape (number of lanes with a head, V)
            In the stream's order of lanes.
        """
        column = checked_cells("column_l", np.asarray(column_l)[None], self.context.layout.n_lanes)[0]
        grid, start = self._room_for(1)
        grid.cells_tl[start] = column
        cells = start * self.context.layout.n_lanes + self.order
        return self.memory.kernel.likelihood(
            self._heads, self.context.layout, grid.cells_tl, cells, allowed, first_step=self._past.first_step
        )

    def _params(self) -> Sampling:
        """Return the kernel's form of the sampling; the same object until another is set, so it is checked once."""
        if self._drawn_by is not self.sampling:
            self._drawn_by, self._drawn = self.sampling, self.sampling.params()
        return self._drawn

    def _seen_steps(self) -> int:
        """Return how many steps before a step matter to it: its contexts, recent tokens, and what is remembered."""
        return max(self._own_steps + self._reach, self.sampling.no_repeat_window, 1)

    def _room_for(self, n_columns: int) -> tuple[Grid, int]:
        """Return a grid with room for more columns, and its column that comes next."""
        return self._past.room_for(self.n_steps, n_columns, self._rewind_steps + self._seen_steps())

"""Diffuser: fills masked cells of a grid from both sides, the most certain first, then looks again at the least."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sparseq.engine.context import Context
from sparseq.engine.grid import Grid, check_mask, checked_cells, flat_indices
from sparseq.engine.memory import Memory
from sparseq.engine.sampling import SamplingConfig
from sparseq.engine.schedule import DiffusionConfig, masked_counts, noise_table
from sparseq.errors import InputError
from sparseq.kernel.checks import MASK
from sparseq.kernel.sampling import Sampling

DISTANCE_BYTES_LIMIT = 256 << 20
"""Above this the fill measures cells anew instead of keeping every cell's distances."""


class Diffuser:
    """Fills masks on grids from examples, and from the known rest of the grid itself.

    Parameters
    ----------
    memory : Memory
        The examples.
    config : DiffusionConfig
        The schedule.
    sampling : SamplingConfig
        How tokens are drawn.
    """

    def __init__(
        self, memory: Memory, config: DiffusionConfig | None = None, sampling: SamplingConfig | None = None
    ) -> None:
        self.memory = memory
        self.config = config or DiffusionConfig()
        self.sampling = self._drawn_by = sampling or SamplingConfig()
        self._drawn = self.sampling.params()

    def fill(
        self,
        cells_tl: npt.NDArray[np.uint16],
        mask_tl: npt.NDArray[np.bool_],
        context: Context,
        seed: int = 0,
        first_tl: npt.NDArray[np.bool_] | None = None,
        learn_tl: npt.NDArray[np.bool_] | None = None,
        allowed_tlv: npt.NDArray[np.uint8] | None = None,
        follow: Callable[[npt.NDArray[np.uint16]], None] | None = None,
    ) -> Grid:
        """Fill the cells of a mask; all others stay as they are.

        Parameters
        ----------
        cells_tl : uint16 ndarray of shape (T, L)
            The grid; what stands in masked cells is not looked at. It is not changed.
        mask_tl : bool ndarray of shape (T, L)
            Cells to fill.
        context : Context
            Contexts for this grid, with the memory's heads.
        seed : int
            0 up to 2**64 - 1.
        first_tl : bool ndarray of shape (T, L), optional
            Structural cells of the mask that are decided before all others (the anchor).
        learn_tl : bool ndarray of shape (T, L), optional
            Known cells that are remembered as examples; all of them by default.
        allowed_tlv : uint8 ndarray of shape (T, L, V), optional
            Hard mask over tokens: 0 forbids one in a cell. V is the largest number of tokens of any lane.
        follow : callable, optional
            Called with the grid's cells after each step of the schedule: what other lanes say of the cells just decided
            can be written into them, for the next step to see. The most certain cells then come first without noise.

        Returns
        -------
        Grid
            With an origin and a log-probability for every filled cell.
        """
        self.memory.check_context(context)
        work = Grid.of(checked_cells("cells_tl", cells_tl, context.layout.n_lanes))
        check_mask("mask_tl", mask_tl, work.cells_tl.shape)
        if first_tl is not None:
            check_mask("first_tl", first_tl, work.cells_tl.shape)
        work.cells_tl[mask_tl] = MASK
        heads = self._heads(work, mask_tl, context, learn_tl)
        stages = [mask_tl] if first_tl is None else [mask_tl & first_tl, mask_tl & ~first_tl]
        for number, stage in enumerate(stages):
            run = self._run if follow is None else self._followed(follow)
            run(heads, work, flat_indices(stage), context, seed, number, self.config.steps, allowed_tlv)
        for number in range(self.config.rounds):
            again = self._least_likely(heads, work, flat_indices(mask_tl), context, number)
            work.cells_tl.reshape(-1)[again] = MASK
            self._run(
                heads, work, again, context, seed, len(stages) + number, max(self.config.steps // 2, 1), allowed_tlv
            )
        return work

    def likelihood(
        self,
        grid: Grid,
        mask_tl: npt.NDArray[np.bool_],
        context: Context,
        learn_tl: npt.NDArray[np.bool_] | None = None,
    ) -> npt.NDArray[np.float64]:
        """Return the log-probability of each filled cell given all others, in rising order of cells."""
        heads = self._heads_for(grid, mask_tl, context, learn_tl)
        return self._log_probabilities(heads, grid, flat_indices(mask_tl), context)

    def probabilities(
        self,
        grid: Grid,
        mask_tl: npt.NDArray[np.bool_],
        context: Context,
        learn_tl: npt.NDArray[np.bool_] | None = None,
    ) -> npt.NDArray[np.float64]:
        """Return the probabilities of each filled cell's tokens given all others, (C, V), in rising order of cells."""
        heads = self._heads_for(grid, mask_tl, context, learn_tl)
        found: npt.NDArray[np.float64] = self.memory.kernel.likelihood(
            heads, context.layout, grid.cells_tl, flat_indices(mask_tl)
        )
        return found

    def _heads_for(
        self,
        grid: Grid,
        mask_tl: npt.NDArray[np.bool_],
        context: Context,
        learn_tl: npt.NDArray[np.bool_] | None,
    ) -> list[object]:
        self.memory.check_context(context)
        check_mask("mask_tl", mask_tl, grid.cells_tl.shape)
        known = np.where(mask_tl, MASK, grid.cells_tl).astype(np.uint16)
        return self._heads(Grid.of(known), mask_tl, context, learn_tl)

    def _heads(
        self,
        work: Grid,
        mask_tl: npt.NDArray[np.bool_],
        context: Context,
        learn_tl: npt.NDArray[np.bool_] | None = None,
    ) -> list[object]:
        """Heads that remember the known rest of the grid."""
        head_of_lane = context.layout.head_of_lane
        learnt = (work.cells_tl != MASK) & (head_of_lane >= 0)
        if learn_tl is not None:
            learnt &= learn_tl
        known = flat_indices(learnt)
        per_head = np.bincount(head_of_lane[known % len(head_of_lane)], minlength=1)
        heads = self.memory.heads(int(per_head.max(initial=0)))
        self.memory.kernel.remember(heads, context.layout, work.cells_tl, known)
        return heads

    def _run(
        self,
        heads: list[object],
        work: Grid,
        cells: npt.NDArray[np.int64],
        context: Context,
        seed: int,
        number: int,
        steps: int,
        allowed_tlv: npt.NDArray[np.uint8] | None,
    ) -> None:
        if not len(cells):
            return
        left = masked_counts(self.config.schedule, len(cells), steps)
        widest = max(rows.n_rows for rows in self.memory.rows()) + work.cells_tl.size
        self.memory.kernel.fill(
            heads,
            context.layout,
            work.cells_tl,
            cells,
            left,
            noise_table(len(left), self.config.noise) if self.config.noise else None,
            self._params(),
            seed,
            number,
            origins_tl=work.origins_tl,
            logp_tl=work.logp_tl,
            allowed_tlv=allowed_tlv,
            incremental=2 * widest * len(cells) <= DISTANCE_BYTES_LIMIT,
        )

    def _params(self) -> Sampling:
        """Return the kernel's form of the sampling; the same object until another is set, so it is checked once."""
        if self._drawn_by is not self.sampling:
            self._drawn_by, self._drawn = self.sampling, self.sampling.params()
        return self._drawn

    def _followed(self, follow: Callable[[npt.NDArray[np.uint16]], None]) -> Callable[..., None]:
        """Return `_run` step by step, with `follow` called after each."""

        def run(
            heads: list[object],
            work: Grid,
            cells: npt.NDArray[np.int64],
            context: Context,
            seed: int,
            number: int,
            steps: int,
            allowed_tlv: npt.NDArray[np.uint8] | None,
        ) -> None:
            for left in masked_counts(self.config.schedule, len(cells), steps).tolist():
                found = self.memory.kernel.likelihood(heads, context.layout, work.cells_tl, cells, allowed_tlv)
                order = np.argsort(-found.max(1), kind="stable")
                surest = np.sort(cells[order[: len(cells) - left]])
                self._run(heads, work, surest, context, seed, number, 1, allowed_tlv)
                follow(work.cells_tl)
                cells = np.sort(cells[order[len(cells) - left :]])

        return run

    def _least_likely(
        self, heads: list[object], work: Grid, cells: npt.NDArray[np.int64], context: Context, number: int
    ) -> npt.NDArray[np.int64]:
        logp = self._log_probabilities(heads, work, cells, context)
        share = self.config.remask * (1.0 - number / self.config.rounds)
        worst = np.argsort(logp, kind="stable")[: math.ceil(share * len(cells))]
        return np.sort(cells[worst])

    def _log_probabilities(
        self, heads: list[object], grid: Grid, cells: npt.NDArray[np.int64], context: Context
    ) -> npt.NDArray[np.float64]:
        found = self.memory.kernel.likelihood(heads, context.layout, grid.cells_tl, cells)
        tokens = grid.cells_tl.reshape(-1)[cells]
        if len(tokens) and int(tokens.max()) >= found.shape[1]:
            raise InputError("grid: wanted the cells of the mask filled, got one without a token of its lane")
        with np.errstate(divide="ignore"):  # without a prior a token may be impossible: -inf
            logp: npt.NDArray[np.float64] = np.log(found[np.arange(len(cells)), tokens])
        return logp

"""Diffuser: fills masked cells of a grid from both sides, the most certain first, then looks again at the least."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sparseq.engine.context import Context
from sparseq.engine.grid import Grid, check_mask, checked_cells, flat_indices
from sparseq.engine.memory import Memory
from sparseq.engine.sampling import SamplingConfig
from sparseq.engine.schedule import DiffusionConfig, Plans
from sparseq.errors import InputError
from sparseq.kernel.checks import MASK
from sparseq.kernel.sampling import Sampling

DISTANCE_BYTES_LIMIT = 256 << 20
"""Above this the fill measures cells anew instead of keeping every cell's distances."""


class _Hole(NamedTuple):
    """A grid that is being filled, with what all steps of that share."""

    grid: Grid
    context: Context
    heads: list[object]
    seed: int = 0
    allowed_tlv: npt.NDArray[np.uint8] | None = None


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
        self._plans = Plans()

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
        hole = _Hole(work, context, self._heads(work, context, learn_tl), seed, allowed_tlv)
        stages = [mask_tl] if first_tl is None else [mask_tl & first_tl, mask_tl & ~first_tl]
        for number, stage in enumerate(stages):
            if follow is None:
                self._run(hole, flat_indices(stage), number, self.config.steps)
            else:
                self._run_followed(hole, flat_indices(stage), number, follow)
        for number in range(self.config.rounds):
            again = self._least_likely(hole, flat_indices(mask_tl), number)
            work.cells_tl.reshape(-1)[again] = MASK
            self._run(hole, again, len(stages) + number, max(self.config.steps // 2, 1))
        return work

    def likelihood(
        self,
        grid: Grid,
        mask_tl: npt.NDArray[np.bool_],
        context: Context,
        learn_tl: npt.NDArray[np.bool_] | None = None,
    ) -> npt.NDArray[np.float64]:
        """Return the log-probability of each filled cell given all others, in rising order of cells."""
        return self._log_probabilities(self._filled(grid, mask_tl, context, learn_tl), flat_indices(mask_tl))

    def probabilities(
        self,
        grid: Grid,
        mask_tl: npt.NDArray[np.bool_],
        context: Context,
        learn_tl: npt.NDArray[np.bool_] | None = None,
    ) -> npt.NDArray[np.float64]:
        """Return the probabilities of each filled cell's tokens given all others, (C, V), in rising order of cells."""
        return self._probabilities(self._filled(grid, mask_tl, context, learn_tl), flat_indices(mask_tl))

    def _filled(
        self,
        grid: Grid,
        mask_tl: npt.NDArray[np.bool_],
        context: Context,
        learn_tl: npt.NDArray[np.bool_] | None,
    ) -> _Hole:
        """Return a hole that is filled already; its heads remember the rest of the grid alone."""
        self.memory.check_context(context)
        check_mask("mask_tl", mask_tl, grid.cells_tl.shape)
        known = np.where(mask_tl, MASK, grid.cells_tl).astype(np.uint16)
        return _Hole(grid, context, self._heads(Grid.of(known), context, learn_tl))

    def _heads(self, work: Grid, context: Context, learn_tl: npt.NDArray[np.bool_] | None) -> list[object]:
        """Return heads that remember the known rest of the grid."""
        head_of_lane = context.layout.head_of_lane
        learnt = (work.cells_tl != MASK) & (head_of_lane >= 0)
        if learn_tl is not None:
            learnt &= learn_tl
        known = flat_indices(learnt)
        most = len(known)
        if len(context.heads) > 1:
            most = int(np.bincount(head_of_lane[known % len(head_of_lane)], minlength=1).max())
        heads = self.memory.heads(most)
        self.memory.kernel.remember(heads, context.layout, work.cells_tl, known)
        return heads

    def _run(self, hole: _Hole, cells: npt.NDArray[np.int64], number: int, steps: int) -> None:
        if not len(cells):
            return
        left = self._plans.masked(self.config.schedule, len(cells), steps)
        work, layout = hole.grid, hole.context.layout
        widest = max([rows.n_rows for rows in self.memory.rows()]) + work.cells_tl.size
        self.memory.kernel.fill(
            hole.heads,
            layout,
            work.cells_tl,
            cells,
            left,
            self._plans.noise(len(left), self.config.noise) if self.config.noise else None,
            self._params(),
            hole.seed,
            number,
            origins_tl=work.origins_tl,
            logp_tl=work.logp_tl,
            allowed_tlv=hole.allowed_tlv,
            incremental=2 * widest * len(cells) <= DISTANCE_BYTES_LIMIT,
        )

    def _run_followed(
        self,
        hole: _Hole,
        cells: npt.NDArray[np.int64],
        number: int,
        follow: Callable[[npt.NDArray[np.uint16]], None],
    ) -> None:
        """Decide cells step by step, with `follow` called after each."""
        for left in self._plans.masked(self.config.schedule, len(cells), self.config.steps).tolist():
            order = np.argsort(-self._probabilities(hole, cells).max(1), kind="stable")
            self._run(hole, np.sort(cells[order[: len(cells) - left]]), number, 1)
            follow(hole.grid.cells_tl)
            cells = np.sort(cells[order[len(cells) - left :]])

    def _params(self) -> Sampling:
        """Return the kernel's form of the sampling; the same object until another is set, so it is checked once."""
        if self._drawn_by is not self.sampling:
            self._drawn_by, self._drawn = self.sampling, self.sampling.params()
        return self._drawn

    def _least_likely(self, hole: _Hole, cells: npt.NDArray[np.int64], number: int) -> npt.NDArray[np.int64]:
        logp = self._log_probabilities(hole._replace(allowed_tlv=None), cells)
        share = self.config.remask * (1.0 - number / self.config.rounds)
        worst = np.argsort(logp, kind="stable")[: math.ceil(share * len(cells))]
        return np.sort(cells[worst])

    def _log_probabilities(self, hole: _Hole, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        found = self._probabilities(hole, cells)
        tokens = hole.grid.cells_tl.reshape(-1)[cells]
        if len(tokens) and int(tokens.max()) >= found.shape[1]:
            raise InputError("grid: wanted the cells of the mask filled, got one without a token of its lane")
        with np.errstate(divide="ignore"):  # without a prior a token may be impossible: -inf
            logp: npt.NDArray[np.float64] = np.log(found[np.arange(len(cells)), tokens])
        return logp

    def _probabilities(self, hole: _Hole, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        found: npt.NDArray[np.float64] = self.memory.kernel.likelihood(
            hole.heads, hole.context.layout, hole.grid.cells_tl, cells, hole.allowed_tlv
        )
        return found

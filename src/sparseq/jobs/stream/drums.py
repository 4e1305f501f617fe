"""The drums of a stream: every lane from its own past and from the other drums."""

from collections.abc import Mapping, Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

from sparseq.engine.calibration import Calibration, calibrated
from sparseq.engine.config import RetrievalConfig
from sparseq.engine.grid import Grid
from sparseq.engine.memory import Memory
from sparseq.engine.sampling import SamplingConfig
from sparseq.jobs.drums import CODE_LIMIT, stream_context, styled_cells
from sparseq.jobs.examples import is_loop
from sparseq.jobs.hits import Cell, HitReader
from sparseq.jobs.phrases import PHRASE_BARS
from sparseq.jobs.stream.beside import N_BESIDE, beside_weights
from sparseq.jobs.stream.steady import Steadiness
from sparseq.jobs.stream.written import (
    REWIND_STEPS,
    Written,
    another_seed,
    begin_retriever,
    decided_again,
    forget,
    forget_from,
    past_before,
)
from sparseq.kernel.checks import MASK
from sparseq.music.grid import DrumGrid, Hit

RETRIEVAL = RetrievalConfig(sharpness=2.0, prior_weight=1e-7, own_weight=1)
GIVEN_LANES = 3
"""Step in the bar, bar in the phrase and style stand after the drums, and are only read; then what others strike."""


class DrumSection:
    """Drums in progress.

    Parameters
    ----------
    grids : sequence of DrumGrid
        The examples, all with the same lanes.
    styles : sequence of int
        The style of each, as a number.
    bar_steps : int
        Length of a bar.
    calibration : Calibration, optional
        Numbers other than the defaults.
    beside : sequence of uint16 ndarray of shape (T, `N_BESIDE`), optional
        When other parts strike in each example; drums hear no others otherwise.

    Attributes
    ----------
    lanes : tuple of str
        Decided in this order within a step.
    context : Context
        What each cell looks at.
    memory : Memory
        The examples' rows.
    """

    def __init__(
        self,
        grids: Sequence[DrumGrid],
        styles: Sequence[int],
        bar_steps: int,
        calibration: Calibration | None = None,
        beside: Sequence[NDArray[np.uint16]] | None = None,
    ) -> None:
        self.lanes = grids[0].lanes
        weights = [] if beside is None else [beside_weights(lane) for lane in self.lanes]
        plain = stream_context(len(self.lanes), grids[0].steps_per_beat, bar_steps, weights)
        self.context, retrieval = calibrated(calibration, plain, RETRIEVAL)
        self.memory = Memory(self.context.heads, CODE_LIMIT, retrieval)
        for number, (grid, style) in enumerate(zip(grids, styles, strict=True)):
            cells = styled_cells(grid, style)
            if beside is not None:
                cells = np.column_stack([cells, beside[number]])
            self.memory.add(cells, self.context, loop=is_loop(grid))
        self._n_cells = len(self.lanes) + GIVEN_LANES + (0 if beside is None else N_BESIDE)
        self._reader = HitReader(self.memory, grids, self._n_cells)
        self._bar_steps = bar_steps
        rounds = [is_loop(grid) for grid in grids]
        self._steadiness = Steadiness([grid.tokens_tl for grid in grids], rounds, styles, bar_steps)
        self._begin(0)

    def begun(self, seed: int) -> "DrumSection":
        """Return these drums at the start of a stream; what was learnt is shared."""
        other = copy(self)
        other._begin(seed)
        return other

    def _begin(self, seed: int) -> None:
        self._seed = seed
        self._retriever = begin_retriever(self.memory, self.context, seed)
        self._hits: dict[Cell, tuple[Hit, ...]] = {}
        self._past = np.zeros((0, len(self.lanes)), np.uint16)

    def write(
        self,
        style: int,
        sampling: SamplingConfig,
        given: Mapping[int, Written],
        beside_t2: NDArray[np.uint16] | None = None,
    ) -> Written:
        """Return the next bar.

        Parameters
        ----------
        style : int
            The style to keep to.
        sampling : SamplingConfig
            How tokens are drawn.
        given : mapping of int to Written
            By lane a bar that it is to take over.
        beside_t2 : uint16 ndarray of shape (T, `N_BESIDE`), optional
            When other parts strike in this bar, where they are heard.
        """
        start, n_lanes = self._retriever.n_steps, len(self.lanes)
        columns = np.full((self._bar_steps, self._n_cells), MASK, np.uint16)
        columns[:, n_lanes] = np.minimum(np.arange(self._bar_steps), CODE_LIMIT - 1)
        columns[:, n_lanes + 1] = start // self._bar_steps % PHRASE_BARS
        columns[:, n_lanes + 2] = style
        if beside_t2 is not None:
            columns[:, n_lanes + GIVEN_LANES :] = beside_t2
        for lane, bar in given.items():
            columns[:, lane] = bar.tokens_tl[:, lane]
        self._retriever.sampling = sampling
        decided = self._steadied(self._retriever.step(columns), style, given)
        tokens = decided.cells_tl[:, :n_lanes]
        self._past = np.concatenate([self._past, tokens])[-self._steadiness.past_steps - REWIND_STEPS :]
        written = Written(tokens, {}, [])
        for step, lane in np.argwhere(tokens).tolist():
            if lane in given:
                hits = given[lane].hits[step, lane]
            else:
                origin = int(decided.origins_tl[step, lane])
                hits = self._reader.hits(origin, self._hits, self.lanes[lane])
                if origin >= 0:
                    written.leaned_on.append(self.memory.place(origin).example)
            written.hits[step, lane] = self._hits[start + step, lane] = hits
        forget(self._hits, self._retriever.n_steps)
        return written

    def redraw(self, number: int) -> None:
        """Draw as from another seed from here on, one for each number."""
        self._retriever.seed = another_seed(self._seed, number)

    def _steadied(self, drawn: Grid, style: int, given: Mapping[int, Written]) -> Grid:
        """Return a bar as it was drawn, or drawn again where it would wander."""
        n_lanes = len(self.lanes)
        tokens = drawn.cells_tl[:, :n_lanes]
        free_l = ~np.isin(np.arange(n_lanes), list(given))
        broken = self._steadiness.broken(self._past, tokens, drawn.logp_tl[:, :n_lanes], free_l, style)
        if not broken.any():
            return drawn
        again, allowed = drawn.cells_tl.copy(), np.ones((*drawn.cells_tl.shape, 2), np.uint8)
        again[:, :n_lanes][broken] = MASK
        steps, lanes = np.nonzero(broken)
        allowed[steps, lanes, tokens[broken]] = 0
        return decided_again(self._retriever, drawn, again, allowed)

    def rewind(self, step: int) -> None:
        """Go back to a step, as if nothing from there on had been written."""
        self._past = past_before(self._past, self._retriever.n_steps, step)
        self._retriever.rewind(step)
        forget_from(self._hits, step)

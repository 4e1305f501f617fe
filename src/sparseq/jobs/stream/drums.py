"""The drums of a stream: every lane from its own past and from the other drums."""

from collections.abc import Mapping, Sequence
from copy import copy

import numpy as np

from sparseq.engine.config import RetrievalConfig
from sparseq.engine.memory import Memory
from sparseq.engine.sampling import SamplingConfig
from sparseq.jobs.drums import CODE_LIMIT, stream_context, styled_cells
from sparseq.jobs.examples import is_loop
from sparseq.jobs.hits import Cell, HitReader
from sparseq.jobs.stream.written import Written, another_seed, begin_retriever, forget, forget_from
from sparseq.kernel.checks import MASK
from sparseq.music.grid import DrumGrid, Hit

RETRIEVAL = RetrievalConfig(sharpness=2.0, prior_weight=1e-7, own_weight=1)


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

    Attributes
    ----------
    lanes : tuple of str
        Decided in this order within a step.
    """

    def __init__(self, grids: Sequence[DrumGrid], styles: Sequence[int], bar_steps: int) -> None:
        self.lanes = grids[0].lanes
        self._context = stream_context(len(self.lanes), grids[0].steps_per_beat, bar_steps)
        self._memory = Memory(self._context.heads, CODE_LIMIT, RETRIEVAL)
        for grid, style in zip(grids, styles, strict=True):
            self._memory.add(styled_cells(grid, style), self._context, loop=is_loop(grid))
        self._reader = HitReader(self._memory, grids, len(self.lanes) + 2)
        self._bar_steps = bar_steps
        self._begin(0)

    def begun(self, seed: int) -> "DrumSection":
        """Return these drums at the start of a stream; what was learnt is shared."""
        other = copy(self)
        other._begin(seed)
        return other

    def _begin(self, seed: int) -> None:
        self._seed = seed
        self._retriever = begin_retriever(self._memory, self._context, seed)
        self._hits: dict[Cell, tuple[Hit, ...]] = {}

    def write(self, style: int, sampling: SamplingConfig, given: Mapping[int, Written]) -> Written:
        """Return the next bar.

        Parameters
        ----------
        style : int
            The style to keep to.
        sampling : SamplingConfig
            How tokens are drawn.
        given : mapping of int to Written
            By lane a bar that it is to take over.
        """
        start, n_lanes = self._retriever.n_steps, len(self.lanes)
        columns = np.full((self._bar_steps, n_lanes + 2), MASK, np.uint16)
        columns[:, -2] = np.arange(self._bar_steps)
        columns[:, -1] = style
        for lane, bar in given.items():
            columns[:, lane] = bar.tokens_tl[:, lane]
        self._retriever.sampling = sampling
        decided = self._retriever.step(columns)
        tokens = decided.cells_tl[:, :n_lanes]
        written = Written(tokens, {}, [])
        for step, lane in np.argwhere(tokens).tolist():
            if lane in given:
                hits = given[lane].hits[step, lane]
            else:
                origin = int(decided.origins_tl[step, lane])
                hits = self._reader.hits(origin, self._hits, self.lanes[lane])
                if origin >= 0:
                    written.leaned_on.append(self._memory.place(origin).example)
            written.hits[step, lane] = self._hits[start + step, lane] = hits
        forget(self._hits, self._retriever.n_steps)
        return written

    def redraw(self, number: int) -> None:
        """Draw as from another seed from here on, one for each number."""
        self._retriever.seed = another_seed(self._seed, number)

    def rewind(self, step: int) -> None:
        """Go back to a step, as if nothing from there on had been written."""
        self._retriever.rewind(step)
        forget_from(self._hits, step)

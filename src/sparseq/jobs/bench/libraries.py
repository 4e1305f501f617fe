"""Example libraries of any size, with the grain of real ones: contexts of the shipped loops, repeated and jittered."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sparseq.engine.context import HeadSpec
from sparseq.jobs.drums import CODE_LIMIT, stream_context, styled_cells
from sparseq.jobs.examples import lanes_of
from sparseq.jobs.loading import load_examples
from sparseq.jobs.stream import RETRIEVAL
from sparseq.kernel.layout import gather
from sparseq.kernel.model import SlotModel
from sparseq.kernel.rows import Rows, merge_rows

STEPS_PER_BEAT, BAR_STEPS = 4, 16
JITTER = 0.1
"""Share of the slots of a row that take what another row has there: enough that a large library does not repeat a small
one, little enough that its rows still look like drums."""


class Library(NamedTuple):
    """Contexts of one drum lane.

    Attributes
    ----------
    keys_ns : uint16 ndarray of shape (N, S)
        Contexts.
    values_n : uint16 ndarray of shape (N,)
        1 where the drum was struck.
    spec : HeadSpec
        Slot weights.
    """

    keys_ns: npt.NDArray[np.uint16]
    values_n: npt.NDArray[np.uint16]
    spec: HeadSpec

    def model(self, sharpness: float) -> SlotModel:
        """Return distances and softmax as the stream of drums has them, but for the sharpness."""
        return replace(RETRIEVAL, sharpness=sharpness).model_of(self.spec)

    def jittered(self, n: int, seed: int) -> "Library":
        """Return `n` rows drawn from these, each slot now and then taking the code that another row has there."""
        rng = np.random.Generator(np.random.Philox(seed))
        drawn = rng.integers(0, len(self.keys_ns), n, dtype=np.int32)
        keys = np.empty((n, self.keys_ns.shape[1]), np.uint16)
        for slot, column in enumerate(self.keys_ns.T):
            codes = column[drawn]
            strays = np.flatnonzero(rng.random(n, dtype=np.float32) < JITTER)
            codes[strays] = column[rng.integers(0, len(column), len(strays))]
            keys[:, slot] = codes
        return Library(keys, self.values_n[drawn], self.spec)

    def rows(self) -> Rows:
        """Return the rows as a kernel's head takes them."""
        return merge_rows(self.keys_ns, self.values_n, self.spec.n_values, CODE_LIMIT, weights_s=self.spec.weights)


def shipped_library() -> Library:
    """Return the contexts of the drum lane that is struck most often in the shipped 4/4 loops."""
    used = load_examples(()).used
    lanes = lanes_of(example.score for example in used)
    grids = [example.grid(lanes) for example in used]
    styles = sorted({example.style for example in used})
    context = stream_context(len(lanes), STEPS_PER_BEAT, BAR_STEPS)
    lane = int(np.sum([grid.tokens_tl.sum(0) for grid in grids], axis=0).argmax())
    spec = context.heads[lane]
    keys, values = [], []
    for example, grid in zip(used, grids, strict=True):
        # Twice around: the second time, what comes before the start is the end of the loop.
        cells = np.tile(styled_cells(grid, styles.index(example.style)), (2, 1))
        keys.append(gather(context.layout, cells, lane, len(spec.weights))[len(cells) // 2 :])
        values.append(cells[len(cells) // 2 :, lane])
    return Library(np.concatenate(keys), np.concatenate(values), spec)

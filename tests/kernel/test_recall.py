"""Streams and fills that ask the same again and again: what was found before serves as well as what is found afresh."""

import numpy as np
import pytest

from sparseq.kernel import load
from sparseq.kernel.api import NO_ORIGIN
from sparseq.kernel.checks import MASK
from sparseq.kernel.layout import make_layout
from sparseq.kernel.model import slot_model
from sparseq.kernel.rows import merge_rows
from sparseq.kernel.sampling import Sampling

N_STEPS, N_VALUES = 160, 3
LAYOUT = make_layout([[-1, -2], [-1, 0]], [[0, 0], [1, 0]], [0, 1])
ORDER = np.array([0, 1], np.int32)


class Stream:
    """A stream of two lanes over few tokens, so that hardly any context is new."""

    def __init__(self, kernel, capacity, seed, n_rows=40):
        rng = np.random.default_rng(seed)
        self.kernel, self.n_steps, self.seed = kernel, 0, seed
        model = slot_model([3, int(rng.integers(1, 400))], float(rng.choice([0.02, 0.5, 9.0])), prior_weight=0.1)
        self.heads = [
            kernel.head(
                merge_rows(rng.integers(0, N_VALUES, (n_rows, 2)), rng.integers(0, N_VALUES, n_rows), N_VALUES, 4),
                model,
                own_capacity=capacity,
                own_weight=2,
            )
            for _ in ORDER
        ]
        self.cells = np.full((N_STEPS, 2), MASK, np.uint16)
        self.origins, self.logp = np.full(self.cells.shape, NO_ORIGIN), np.zeros(self.cells.shape)

    def step(self, n_steps, allowed=None):
        stop = min(self.n_steps + n_steps, N_STEPS)
        self.kernel.stream(
            self.heads, LAYOUT, self.cells, ORDER, self.n_steps, stop, Sampling(top_k=2, top_p=0.9), self.seed,
            origins_tl=self.origins, logp_tl=self.logp, allowed_tlv=allowed,
        )  # fmt: skip
        self.n_steps = stop

    def go_back(self, n_steps, capacity):
        """Forget from a step on, as a stream does whose own memory may be full."""
        self.cells[n_steps:], self.n_steps = MASK, n_steps
        for head in self.heads:
            head.restore(n_steps)
        kept = np.arange(2 * max(n_steps - capacity, 0), 2 * n_steps)
        self.kernel.remember(self.heads, LAYOUT, self.cells[:n_steps], kept)

    def probabilities(self):
        asked = np.arange(2 * self.n_steps)
        return self.kernel.likelihood(self.heads, LAYOUT, self.cells, asked)


def played(name, capacity, seed, n_rows=40):
    """Return all that a stream with everything that can happen to it says."""
    stream, found = Stream(load(name), capacity, seed, n_rows), []
    rng = np.random.default_rng(seed)
    no_zero = np.ones((2, N_VALUES), np.uint8)
    no_zero[:, 0] = 0
    for turn in range(24):
        stream.step(int(rng.integers(1, 12)), no_zero if turn % 5 == 3 else None)
        if turn % 7 == 5:
            stream.go_back(int(rng.integers(0, stream.n_steps + 1)), capacity)
        if turn % 6 == 4:
            found.append(stream.probabilities())
        found += [stream.cells.copy(), stream.origins.copy(), stream.logp.copy()]
    return found


@pytest.mark.parametrize("capacity", [0, 5, 70, 400])
@pytest.mark.parametrize("seed", range(4))
def test_both_kernels_stream_the_same_whatever_was_asked_and_forgotten_before(capacity, seed):
    for ours, plain in zip(*(played(name, capacity, seed) for name in ("native", "reference")), strict=True):
        np.testing.assert_array_equal(ours, plain)


@pytest.mark.parametrize("n_rows", [0, 1, 3000])
def test_so_they_do_over_no_rows_one_row_and_more_than_are_summed_up_in_groups(n_rows):
    for ours, plain in zip(*(played(name, 70, 9, n_rows) for name in ("native", "reference")), strict=True):
        np.testing.assert_array_equal(ours, plain)


def filled(name, seed):
    """Return what a fill says whose cells read each other on both sides, several being decided at each step."""
    rng, kernel = np.random.default_rng(seed), load(name)
    layout = make_layout([[-1, 1], [-1, 1]], [[0, 0], [1, 1]], [0, 0])
    rows = merge_rows(rng.integers(0, N_VALUES, (30, 2)), rng.integers(0, N_VALUES, 30), N_VALUES, 4)
    heads = [kernel.head(rows, slot_model([3, 2], float(rng.choice([0.2, 1.0])), prior_weight=0.1))]
    cells = np.full((24, 2), MASK, np.uint16)
    origins, logp = np.full(cells.shape, NO_ORIGIN), np.zeros(cells.shape)
    left = np.array([40, 30, 20, 10, 4, 0])
    kernel.fill(
        heads, layout, cells, np.arange(48), left, None, Sampling(top_k=2), seed, origins_tl=origins, logp_tl=logp
    )  # fmt: skip
    return cells, origins, logp


@pytest.mark.parametrize("seed", range(12))
def test_cells_that_ask_the_same_are_filled_as_if_each_asked_alone(seed):
    for ours, plain in zip(filled("native", seed), filled("reference", seed), strict=True):
        np.testing.assert_array_equal(ours, plain)

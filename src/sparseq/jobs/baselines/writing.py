"""What baselines write when nothing is given: bars drawn cell by cell from their own probabilities."""

from typing import Protocol

import numpy as np

from sparseq.jobs.baselines.library import Bits, Library, Piece

KEPT_BARS = 2
"""Bars of its own that a model is shown again: more than any context of the baselines reaches back."""


class Speaks(Protocol):
    """A model of the next cell."""

    def cell_p(self, piece: Piece, step: int, lane: int) -> float:
        """Return the probability of an onset in one cell given all cells before it."""
        ...


def written(model: Speaks, library: Library, n_bars: int, rng: np.random.Generator) -> Bits:
    """Return bars drawn from a model, uint8 of shape (n_bars, S, L)."""
    n_steps, n_lanes = library.pieces[0].bits_bsl.shape[1:]
    out = np.zeros((n_bars, n_steps, n_lanes), np.uint8)
    for bar in range(n_bars):
        shown = out[max(bar - KEPT_BARS, 0) : bar + 1]
        before = (len(shown) - 1) * n_steps
        for step in range(n_steps):
            for lane in range(n_lanes):
                p = model.cell_p(Piece("", "", shown), before + step, lane)
                out[bar, step, lane] = rng.random() < p
    return out

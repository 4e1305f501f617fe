"""The methods of a run: ours and every rival, built from one library and asked the same."""

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from sparseq.jobs.baselines.library import Bits, Bools, Excerpt, Floats, Library, Piece
from sparseq.jobs.baselines.markov import Markov
from sparseq.jobs.baselines.original import Original
from sparseq.jobs.baselines.rules import Copy, Majority, Nearest, Phase, Rule, Uniform
from sparseq.jobs.baselines.writing import written

RIVALS = (
    *("uniform", "phase_marginals", "markov_1", "variable_order"),
    *("copy_previous_bar", "nearest_bar", "majority_of_other_bars", "original"),
)
"""The baselines' names, in the order in which they are built."""

WRITERS = ("uniform", "phase_marginals", "markov_1", "variable_order")
"""Rivals that write by themselves; the others only go on from what is there."""


class Streams(Protocol):
    """A method asked in order of time."""

    def stream_p(self, piece: Piece) -> Floats:
        """Return the probability of an onset in each cell given all cells before it, float64 of shape (T, L)."""
        ...

    def stream_bits(self, piece: Piece) -> Bools:
        """Return the onsets it expects, each cell with all before it known, bool of shape (T, L)."""
        ...


class Fills(Protocol):
    """A method asked about a hole."""

    def fill_p(self, excerpt: Excerpt) -> Floats:
        """Return the probability of an onset in each cell, those asked before it known, float64 of shape (S, L)."""
        ...

    def fill_bits(self, excerpt: Excerpt) -> Bools:
        """Return the onsets it puts into the hole, bool of shape (S, L)."""
        ...


class Rival(Streams, Fills, Protocol):
    """A baseline answers both."""


def rivals(library: Library, rng: np.random.Generator) -> Mapping[str, Callable[[], Rival]]:
    """Return what builds each baseline, by name."""
    builders: tuple[Callable[[], Rival], ...] = (
        Uniform,
        lambda: Rule(Phase(library.bar_steps), library),
        lambda: Markov(library, order_1=True, rng=rng),
        lambda: Markov(library, order_1=False, rng=rng),
        lambda: Rule(Copy(), library),
        lambda: Rule(Nearest(library), library),
        lambda: Rule(Majority(), library),
        lambda: Original(library),
    )
    return dict(zip(RIVALS, builders, strict=True))


def writes(name: str, rival: Rival, library: Library, n_bars: int, rng: np.random.Generator) -> Bits | None:
    """Return bars that a baseline writes by itself, uint8 of shape (n_bars, S, L); None for those that cannot."""
    if name not in WRITERS or not isinstance(rival, (Uniform, Rule, Markov)):
        return None
    return written(rival, library, n_bars, rng)

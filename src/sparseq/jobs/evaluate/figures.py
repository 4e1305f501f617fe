"""Figures of what was written: density, where onsets fall, how alike bars are, what is copied."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sparseq.engine.provenance import longest_copied_run
from sparseq.jobs.baselines.library import Bits, Floats, Library

LOW, HIGH = 5, 95
PHRASE = 4
SMOOTHING = 0.5
"""Added to each count before shares are compared, so that a step never used is no infinity."""


class Figures(NamedTuple):
    """What bars that a method wrote are like, beside the library.

    Attributes
    ----------
    density : float
        Onsets in a bar.
    density_in_range : float
        Share of bars with no fewer and no more onsets than the library's 5th and 95th percentile (those of its bars
        that lie just outside).
    phase_kl : float
        Nats from where in the bar and lane its onsets fall to where the library's do.
    groove_consistency : float
        Mean likeness of a bar and the next: 1 less the share of cells in which they differ.
    turnaround : float
        How much less alike every fourth bar is to the one before it than other bars are: fills at the ends of phrases.
    histogram_overlap : float
        What its share of onsets by lane has in common with the library's, 0 to 1 (lanes are a drummer's pitches).
    longest_copy_bars : float
        Longest run of steps that stands so in a piece of the library, in bars.
    copied_bars : float
        Share of bars that stand so in the library; bars without an onset do not count.
    """

    density: float
    density_in_range: float
    phase_kl: float
    groove_consistency: float
    turnaround: float
    histogram_overlap: float
    longest_copy_bars: float
    copied_bars: float


class Yardstick:
    """The library's side of the figures.

    Parameters
    ----------
    library : Library
        What to compare with.
    """

    def __init__(self, library: Library) -> None:
        bars = library.all_bars()
        self._tally_sl = bars.sum(0, dtype=np.float64)
        onsets = bars.sum((1, 2))
        self._low = np.percentile(onsets, LOW, method="lower")
        self._high = np.percentile(onsets, HIGH, method="higher")
        self._bars = {bar.tobytes() for bar in bars}
        self._steps = [piece.tokens_tl for piece in library.pieces]
        self._bar_steps = library.bar_steps

    def figures(self, pieces: Sequence[Bits], *, copies: bool = True) -> Figures:
        """Return the figures of what a method wrote, pieces of shape (B, S, L).

        Without `copies` nothing is looked for in the library: it would be found there.
        """
        bars = np.concatenate(pieces)
        density = bars.sum((1, 2))
        tally = bars.sum(0, dtype=np.float64)
        heard = [bar for bar in bars if bar.any()]
        alike = np.concatenate([_alike(piece) for piece in pieces])
        fourth = np.concatenate([np.arange(1, len(piece)) % PHRASE == PHRASE - 1 for piece in pieces])
        longest = max(self._longest_copy(piece) for piece in pieces) if copies else 0
        copied = sum(bar.tobytes() in self._bars for bar in heard) if copies else 0
        return Figures(
            float(density.mean()),
            float(((density >= self._low) & (density <= self._high)).mean()),
            _divergence(tally, self._tally_sl),
            float(alike.mean()) if len(alike) else 1.0,
            float(alike[~fourth].mean() - alike[fourth].mean()) if fourth.any() else 0.0,
            float(np.minimum(_shares(tally.sum(0)), _shares(self._tally_sl.sum(0))).sum()),
            longest / self._bar_steps,
            copied / max(len(heard), 1),
        )

    def _longest_copy(self, bits_bsl: Bits) -> int:
        steps = bits_bsl.reshape(-1, bits_bsl.shape[2])
        return longest_copied_run(steps, range(len(steps)), self._steps).length


def _alike(piece: Bits) -> Floats:
    """Return how alike each bar and the one before it are, from the second on."""
    return np.asarray((piece[1:] == piece[:-1]).mean((1, 2)))


def _shares(tally: Floats) -> Floats:
    return np.asarray(tally / max(float(tally.sum()), 1.0))


def _divergence(tally: Floats, other: Floats) -> float:
    p, q = ((one + SMOOTHING) / (one + SMOOTHING).sum() for one in (tally, other))
    return float((p * np.log(p / q)).sum())

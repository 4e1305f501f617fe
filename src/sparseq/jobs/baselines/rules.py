"""Rules that look one thing up: the usual at this step, the bar before, the nearest bar, most of the other bars.

A rule turns what is known of a piece into one code for each cell of a bar. What a code is worth in probability is
counted over the library, by lane: onsets plus 1/2 over cells plus 1. That is how a rule that only says yes or no gets
nats: by how often it is right.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from sparseq.jobs.baselines.library import Bits, Bools, Excerpt, Floats, Ints, Library, Piece

SHARES = 8
"""Shares of bars are told in eighths."""
COUNTED_BARS = 2000
"""So many bars of the library at most, evenly spread, are asked what a code is worth."""


class Coder(Protocol):
    """One rule."""

    n_codes: int

    def codes(self, bits_bsl: Bits, bar: int, known_b: Bools, skip: int) -> Ints:
        """Return a code for each cell of one bar, int64 of shape (S, L).

        Parameters
        ----------
        bits_bsl : uint8 ndarray of shape (B, S, L)
            The piece.
        bar : int
            The bar asked for.
        known_b : bool ndarray of shape (B,)
            Bars that may be looked at; the bar itself is none.
        skip : int
            The library's piece that this one is, which must not be looked at; -1 for a piece of its own.
        """
        ...

    def says(self, codes: Ints) -> Bools | None:
        """Return the onsets that the rule puts down, or None for those more likely than not."""
        ...


class Uniform:
    """Knows nothing: both tokens are as likely."""

    def stream_p(self, piece: Piece) -> Floats:
        """Return one half everywhere, float64 of shape (T, L)."""
        return np.full(piece.tokens_tl.shape, 0.5)

    def fill_p(self, excerpt: Excerpt) -> Floats:
        """Return one half everywhere, float64 of shape (S, L)."""
        return np.full(excerpt.truth_sl.shape, 0.5)

    def stream_bits(self, piece: Piece) -> Bools:
        """Return silence, bool of shape (T, L)."""
        return self.stream_p(piece) > 0.5

    def fill_bits(self, excerpt: Excerpt) -> Bools:
        """Return silence, bool of shape (S, L)."""
        return self.fill_p(excerpt) > 0.5

    def cell_p(self, piece: Piece, step: int, lane: int) -> float:
        """Return one half."""
        return 0.5


class Phase:
    """The step in the bar."""

    def __init__(self, bar_steps: int) -> None:
        self.n_codes = bar_steps

    def codes(self, bits_bsl: Bits, bar: int, known_b: Bools, skip: int) -> Ints:
        """Return the step in the bar."""
        _, n_steps, n_lanes = bits_bsl.shape
        return np.repeat(np.arange(n_steps)[:, None], n_lanes, axis=1)

    def says(self, codes: Ints) -> Bools | None:
        """Leave it to the probabilities."""
        return None


class Copy:
    """The bar before, or the next known one before it; the one after where none is."""

    n_codes = 3

    def codes(self, bits_bsl: Bits, bar: int, known_b: Bools, skip: int) -> Ints:
        """Return what the copied bar plays; 2 where there is none."""
        known = np.flatnonzero(known_b)
        if not len(known):
            return np.full(bits_bsl.shape[1:], 2, np.int64)
        before = known[known < bar]
        copied = bits_bsl[before[-1] if len(before) else known[0]]
        return np.asarray(copied, np.int64)

    def says(self, codes: Ints) -> Bools | None:
        """Return the copied onsets."""
        return np.asarray(codes == 1)


class Majority:
    """The share of the other known bars that play a cell."""

    n_codes = SHARES + 2

    def codes(self, bits_bsl: Bits, bar: int, known_b: Bools, skip: int) -> Ints:
        """Return the share in eighths, an exact half told apart by rounding down; 9 where no bar is known."""
        if not known_b.any():
            return np.full(bits_bsl.shape[1:], SHARES + 1, np.int64)
        share = bits_bsl[known_b].mean(0)
        eighths = np.where(share > 0.5, np.ceil(share * SHARES), np.floor(share * SHARES))
        return np.asarray(eighths, np.int64)

    def says(self, codes: Ints) -> Bools | None:
        """Return what more than half of them play."""
        return np.asarray((codes > SHARES // 2) & (codes <= SHARES))


class Nearest:
    """The bar of the library whose neighbours are most like this bar's neighbours."""

    n_codes = 3

    def __init__(self, library: Library) -> None:
        n_bars = [len(piece.bits_bsl) for piece in library.pieces]
        self._bars = library.all_bars()
        self._owner_b = np.repeat(np.arange(len(n_bars)), n_bars)
        inner_b = np.concatenate([np.arange(n) for n in n_bars])
        self._has = (inner_b > 0, inner_b < np.repeat(n_bars, n_bars) - 1)
        flat = self._bars.reshape(len(self._bars), -1).astype(np.float32)
        self._around = (np.roll(flat, 1, axis=0), np.roll(flat, -1, axis=0))

    def codes(self, bits_bsl: Bits, bar: int, known_b: Bools, skip: int) -> Ints:
        """Return what the nearest bar plays; 2 where nothing is known around."""
        distance_b = np.zeros(len(self._bars), np.float32)
        asked = 0
        for side, there in enumerate((bar - 1, bar + 1)):
            if not 0 <= there < len(bits_bsl) or not known_b[there]:
                continue
            asked += 1
            mine = bits_bsl[there].reshape(-1).astype(np.float32)
            theirs = self._around[side]
            unlike_b = theirs.sum(1) + mine.sum() - 2 * theirs @ mine
            distance_b += np.where(self._has[side], unlike_b, len(mine))
        distance_b[self._owner_b == skip] = np.inf
        if not asked or not np.isfinite(distance_b).any():
            return np.full(bits_bsl.shape[1:], 2, np.int64)
        return np.asarray(self._bars[int(distance_b.argmin())], np.int64)

    def says(self, codes: Ints) -> Bools | None:
        """Return the onsets of that bar."""
        return np.asarray(codes == 1)


class Rule:
    """A coder with what its codes are worth, in a stream (bars before) and in a hole (all other bars).

    Parameters
    ----------
    coder : Coder
        The rule.
    library : Library
        To count over.
    """

    def __init__(self, coder: Coder, library: Library) -> None:
        self._coder = coder
        self._stream_p = _worth(coder, library, _before)
        self._fill_p = _worth(coder, library, _all_but)

    def stream_p(self, piece: Piece) -> Floats:
        """Return the probability of an onset in each cell given all bars before, float64 of shape (T, L)."""
        bits = piece.bits_bsl
        found = [_of(self._stream_p, self._codes(bits, bar, _before)) for bar in range(len(bits))]
        return np.concatenate(found)

    def cell_p(self, piece: Piece, step: int, lane: int) -> float:
        """Return the probability of an onset in one cell given all bars before."""
        return float(self.stream_p(piece)[step, lane])

    def fill_p(self, excerpt: Excerpt) -> Floats:
        """Return the probability of an onset in each cell of the hole, float64 of shape (S, L)."""
        return _of(self._fill_p, self._codes(excerpt.piece.bits_bsl, excerpt.gap, _all_but))

    def stream_bits(self, piece: Piece) -> Bools:
        """Return the onsets that the rule puts down, bar by bar, bool of shape (T, L)."""
        bits = piece.bits_bsl
        said = [self._coder.says(self._codes(bits, bar, _before)) for bar in range(len(bits))]
        p = self.stream_p(piece)
        return p > 0.5 if any(one is None for one in said) else np.concatenate([one for one in said if one is not None])

    def fill_bits(self, excerpt: Excerpt) -> Bools:
        """Return the onsets that the rule puts into the hole, bool of shape (S, L)."""
        said = self._coder.says(self._codes(excerpt.piece.bits_bsl, excerpt.gap, _all_but))
        return np.asarray(self.fill_p(excerpt) > 0.5) if said is None else said

    def _codes(self, bits_bsl: Bits, bar: int, known: Callable[[int, int], Bools]) -> Ints:
        return self._coder.codes(bits_bsl, bar, known(len(bits_bsl), bar), -1)


def _before(n_bars: int, bar: int) -> Bools:
    return np.asarray(np.arange(n_bars) < bar)


def _all_but(n_bars: int, bar: int) -> Bools:
    return np.asarray(np.arange(n_bars) != bar)


def _of(worth_lc: Floats, codes_sl: Ints) -> Floats:
    return np.asarray(worth_lc[np.arange(codes_sl.shape[1]), codes_sl])


def _worth(coder: Coder, library: Library, known: Callable[[int, int], Bools]) -> Floats:
    """Return the share of onsets among the library's cells with each code, float64 of shape (L, C)."""
    places = [(p, b) for p, piece in enumerate(library.pieces) for b in range(len(piece.bits_bsl))]
    chosen = np.unique(np.linspace(0, len(places) - 1, COUNTED_BARS).astype(int))
    n_lanes = len(library.lanes)
    tally = np.zeros((2, n_lanes * coder.n_codes))
    for index in chosen.tolist():
        owner, bar = places[index]
        bits = library.pieces[owner].bits_bsl
        codes = coder.codes(bits, bar, known(len(bits), bar), owner)
        cells = (np.arange(n_lanes) * coder.n_codes + codes).reshape(-1)
        hits = bits[bar].reshape(-1).astype(float)
        tally += [np.bincount(cells, w, tally.shape[1]) for w in (hits, np.ones(len(cells)))]
    return np.asarray((tally[0] + 0.5) / (tally[1] + 1.0)).reshape(n_lanes, coder.n_codes)

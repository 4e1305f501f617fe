"""Markov models of drum cells: order 1, and variable order that also learns from the piece as it goes."""

from collections.abc import Sequence

import numpy as np

from sparseq.engine.markov import Hashes, OwnCounts, VariableOrder, blended, hash_columns
from sparseq.jobs.baselines.library import Bits, Bools, Excerpt, Floats, Ints, Library, Piece

UNKNOWN, EDGE = 2, 3
STREAM_STEPS = (1, 2, 3, 4, 6, 8, 12, 16)
"""Steps of history in the contexts of the variable order, each with all lanes."""
OWN_COUNT = 3
"""What a cell of the piece counts beside one of the library; 1, 3 and 10 were tried, 3 was the strongest rival."""
TRAINED_HOLES = 4000
"""Bars of the library, evenly spread, that holes are learnt from."""


class Markov:
    """A model of a cell given what came before it, or what is known around it.

    Parameters
    ----------
    library : Library
        To count over.
    order_1 : bool
        The step before only; otherwise contexts of rising length, the step in the bar among them.
    rng : Generator
        Which cells of a hole are known while learning.
    """

    def __init__(self, library: Library, *, order_1: bool, rng: np.random.Generator) -> None:
        self._order_1 = order_1
        self._rng = rng
        contexts = [self._causal(piece.bits_bsl) for piece in library.pieces]
        symbols = np.concatenate([piece.tokens_tl.reshape(-1) for piece in library.pieces])
        self._stream = VariableOrder(np.concatenate(contexts, axis=1), symbols, 2)
        self._around = _near(library.bar_steps, len(library.lanes), library.steps_per_beat, order_1)
        self._fill = self._learn_holes(library)

    def stream_p(self, piece: Piece) -> Floats:
        """Return the probability of an onset in each cell given all cells before it, float64 of shape (T, L)."""
        contexts = self._causal(piece.bits_bsl)
        tokens = piece.tokens_tl
        if self._order_1:
            return self._stream.probabilities(contexts)[:, 1].reshape(tokens.shape)
        known = self._stream.counts(contexts)
        own = OwnCounts(2, OWN_COUNT)
        out = np.empty(tokens.shape)
        n_lanes = tokens.shape[1]
        for step in range(len(tokens)):
            now = slice(step * n_lanes, (step + 1) * n_lanes)
            out[step] = _onset(known[:, now] + own.counts(contexts[:, now]))
            own.add(contexts[:, now], tokens[step].tolist())
        return out

    def cell_p(self, piece: Piece, step: int, lane: int) -> float:
        """Return the probability of an onset in one cell given all cells before it, by the library alone."""
        cell = step * piece.bits_bsl.shape[2] + lane
        return float(self._stream.probabilities(self._causal(piece.bits_bsl)[:, cell : cell + 1])[0, 1])

    def stream_bits(self, piece: Piece) -> Bools:
        """Return the likelier token of each cell, bool of shape (T, L)."""
        return self.stream_p(piece) > 0.5

    def fill_p(self, excerpt: Excerpt) -> Floats:
        """Return the probability of an onset in each cell of the hole, those asked before it known, shape (S, L)."""
        return self._walk(excerpt, excerpt.truth_sl)[0]

    def fill_bits(self, excerpt: Excerpt) -> Bools:
        """Return what the model fills in, cell by cell in the order of the excerpt, bool of shape (S, L)."""
        return self._walk(excerpt, None)[1] > 0

    def _causal(self, bits_bsl: Bits) -> Hashes:
        """Return the contexts of all cells of a piece, uint64 of shape (D, T L)."""
        n_bars, n_steps, n_lanes = bits_bsl.shape
        tokens = bits_bsl.reshape(-1, n_lanes)
        lane = _spread(np.arange(n_lanes), n_bars * n_steps)
        now = _so_far(tokens).reshape(-1)
        columns = [_column_before(tokens, away) for away in STREAM_STEPS]
        if self._order_1:
            own = np.concatenate([np.full((1, n_lanes), EDGE), tokens[:-1]]).reshape(1, -1)
            before = _repeat(columns[0], n_lanes)
            short = [lane, hash_columns(own, lane), hash_columns(before, lane)]
            return np.array([*short, hash_columns(now[None], short[-1])])
        phase = hash_columns(np.repeat(np.tile(np.arange(n_steps), n_bars), n_lanes)[None], lane)
        found = [lane, phase, hash_columns(now[None], phase)]
        done = 0
        for away in STREAM_STEPS:
            for step in range(done + 1, away + 1):
                found_here = hash_columns(_repeat(_column_before(tokens, step), n_lanes), found[-1])
                found = [*found[:-1], found_here] if step > done + 1 else [*found, found_here]
            done = away
        return np.array(found)

    def _learn_holes(self, library: Library) -> VariableOrder:
        places = [(p, b) for p, piece in enumerate(library.pieces) for b in range(len(piece.bits_bsl))]
        chosen = np.unique(np.linspace(0, len(places) - 1, TRAINED_HOLES).astype(int))
        contexts, symbols = [], []
        for owner, bar in (places[index] for index in chosen.tolist()):
            bits = library.pieces[owner].bits_bsl
            hidden = self._rng.random(bits[bar].shape) < self._rng.random()
            padded = _padded(bits, bar, hidden)
            steps, lanes = np.nonzero(hidden)
            contexts.append(self._beside(padded, bits.shape[1], bar, steps, lanes))
            symbols.append(bits[bar][hidden])
        return VariableOrder(np.concatenate(contexts, axis=1), np.concatenate(symbols), 2)

    def _walk(self, excerpt: Excerpt, truth_sl: Bits | None) -> tuple[Floats, Bits]:
        bits = excerpt.piece.bits_bsl
        n_steps, n_lanes = bits.shape[1:]
        padded = _padded(bits, excerpt.gap, np.ones((n_steps, n_lanes), bool))
        p_sl, said_sl = np.empty((n_steps, n_lanes)), np.zeros((n_steps, n_lanes), np.uint8)
        for cell in excerpt.order_c.tolist():
            step, lane = divmod(cell, n_lanes)
            contexts = self._beside(padded, n_steps, excerpt.gap, np.array([step]), np.array([lane]))
            p_sl[step, lane] = self._fill.probabilities(contexts)[0, 1]
            said_sl[step, lane] = p_sl[step, lane] > 0.5
            token = said_sl if truth_sl is None else truth_sl
            padded[n_steps * (excerpt.gap + 2) + step, lane] = token[step, lane]
        return p_sl, said_sl

    def _beside(self, padded_tl: Bits, n_steps: int, bar: int, steps: Ints, lanes: Ints) -> Hashes:
        """Return the contexts of cells in a hole, uint64 of shape (D, C); there are two bars of edge on each side."""
        found = [lanes.astype(np.uint64)]
        if not self._order_1:
            found.append(hash_columns(steps[None], found[-1]))
        here = n_steps * (bar + 2) + steps
        for group in self._around:
            there = [(here + dt, (lanes + turn) % padded_tl.shape[1]) for dt, turn in group]
            found.append(hash_columns(np.array([padded_tl[t, lane] for t, lane in there]), found[-1]))
        return np.array(found)


_Group = Sequence[tuple[int, int]]


def _near(bar: int, n_lanes: int, beat: int, order_1: bool) -> list[_Group]:
    """Return what lies around a cell, group by group, nearest first, as steps and lanes away."""
    others = range(1, n_lanes)
    if order_1:
        return [[(-1, 0)], [(1, 0)], [(dt, turn) for turn in others for dt in (-1, 1)]]
    return [
        [(-bar, 0), (bar, 0)],
        [(-1, 0), (1, 0)],
        [(-2 * bar, 0), (2 * bar, 0)],
        [(0, turn) for turn in others],
        [(-2, 0), (2, 0), (-beat, 0), (beat, 0)],
        [(dt, turn) for turn in others for dt in (-1, 1)],
        [(dt, turn) for turn in others for dt in (-bar, bar)],
    ]


def _onset(counts_dmv: Ints) -> Floats:
    return blended(counts_dmv)[:, 1]


def _spread(row: Ints, times: int) -> Hashes:
    return np.tile(row, times).astype(np.uint64)


def _repeat(column_t: Hashes, n_lanes: int) -> Hashes:
    return np.repeat(column_t, n_lanes)[None]


def _so_far(tokens_tl: Bits) -> Hashes:
    """Return a number for the lanes decided before each cell in its own step, uint64 of shape (T, L)."""
    found = [np.zeros(len(tokens_tl), np.uint64)]
    for lane in range(tokens_tl.shape[1] - 1):
        found.append(hash_columns(tokens_tl[:, lane][None], found[-1]))
    return np.stack(found, axis=1)


def _column_before(tokens_tl: Bits, away: int) -> Hashes:
    """Return a number for the step so many before each step, uint64 of shape (T,); the edge has its own."""
    columns = hash_columns(tokens_tl.T)
    return np.concatenate([np.full(min(away, len(columns)), EDGE, np.uint64), columns[:-away]])


def _padded(bits_bsl: Bits, bar: int, hidden_sl: Bools) -> Bits:
    """Return the steps in a row with two bars of edge on each side, and the hidden cells of one bar unknown."""
    padded = np.full((bits_bsl.shape[0] + 4, *bits_bsl.shape[1:]), EDGE, np.uint8)
    padded[2:-2] = bits_bsl
    padded[bar + 2][hidden_sl] = UNKNOWN
    return padded.reshape(-1, bits_bsl.shape[2])

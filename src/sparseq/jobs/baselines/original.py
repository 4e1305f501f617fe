"""The published original as a rival: it knows a step of all lanes as one token, and looks tokens up by embeddings."""

import numpy as np
import numpy.typing as npt

from sparseq.engine.original import (
    FILL_CONFIG,
    NEIGHBOUR_WEIGHTS,
    STREAM_CONFIG,
    OriginalDiffuser,
    OriginalRetriever,
    embedding_table,
)
from sparseq.engine.original import MASK as NOT_KNOWN
from sparseq.jobs.baselines.library import Bits, Bools, Excerpt, Floats, Ints, Library, Piece
from sparseq.kernel.vector import forward

CORPUS_STEPS = 4096
"""It is given the last steps of the library: its attention reads little more than a corpus's tail."""
SMOOTHING = 1e-3
"""Share of the probability that is spread evenly over all combinations of lanes, those never heard among them."""
SEED = 0


class Original:
    """The original's two generators, asked for probabilities.

    Parameters
    ----------
    library : Library
        Its corpus.
    """

    def __init__(self, library: Library) -> None:
        tokens = np.concatenate([piece.tokens_tl for piece in library.pieces])[-CORPUS_STEPS:]
        self._corpus_tl = tokens

    def stream_p(self, piece: Piece) -> Floats:
        """Return the probability of an onset in each cell given the cells before it, float64 of shape (T, L)."""
        columns, corpus, tokens = self._vocabulary(piece.tokens_tl)
        retriever = OriginalRetriever(corpus, len(columns), seed=SEED)
        keys, values = retriever.rows(np.concatenate([corpus, tokens]), len(corpus))
        # The token at a step is looked up from the one before it.
        asked = len(corpus) - 1 + np.arange(len(tokens))
        out = forward(keys[None], keys[None], values[None], STREAM_CONFIG, asked)[0]
        share_tc = _softmax(np.einsum("td,vd->tv", out, retriever.table_vd))
        return _cells_in_order(columns, share_tc, piece.tokens_tl)

    def stream_bits(self, piece: Piece) -> Bools:
        """Return the likelier token of each cell, bool of shape (T, L)."""
        return self.stream_p(piece) > 0.5

    def fill_p(self, excerpt: Excerpt) -> Floats:
        """Return the probability of an onset in each cell of the hole, those asked before it known, shape (S, L).

        A step of which only some lanes are known is a masked token to the original; its probabilities are then taken
        over the combinations that have these lanes.
        """
        n_steps, n_lanes = excerpt.truth_sl.shape
        columns, corpus, canvas = self._vocabulary(excerpt.piece.tokens_tl)
        first = excerpt.gap * n_steps
        looking = _Looking(columns, corpus, canvas, (first, first + n_steps))
        known = np.zeros((n_steps, n_lanes), bool)
        p_sl = np.empty((n_steps, n_lanes))
        for cell in excerpt.order_c.tolist():
            step, lane = divmod(cell, n_lanes)
            p_sl[step, lane] = _given(columns, looking.shares(first + step), known[step], excerpt.truth_sl[step], lane)
            known[step, lane] = True
            if known[step].all():
                looking.settle(first + step, int(canvas[first + step]))
        return p_sl

    def fill_bits(self, excerpt: Excerpt) -> Bools:
        """Return what it fills into the hole with its own schedule and sampling, bool of shape (S, L)."""
        n_steps = len(excerpt.truth_sl)
        columns, corpus, canvas = self._vocabulary(excerpt.piece.tokens_tl)
        hole = slice(excerpt.gap * n_steps, (excerpt.gap + 1) * n_steps)
        canvas[hole] = NOT_KNOWN
        filled = OriginalDiffuser(corpus, len(columns), seed=SEED).fill(len(canvas), known=canvas, seed=SEED)
        return columns[filled[hole]] > 0

    def _vocabulary(self, tokens_tl: Bits) -> tuple[Bits, Ints, Ints]:
        """Return the combinations of lanes that occur, and corpus and piece in numbers of them."""
        both = np.concatenate([self._corpus_tl, tokens_tl])
        columns, numbers = np.unique(both, axis=0, return_inverse=True)
        numbers = numbers.reshape(-1).astype(np.int64)
        return columns, numbers[: len(self._corpus_tl)], numbers[len(self._corpus_tl) :]


class _Looking:
    """Shares of the combinations at masked steps; looked up again only where something near has changed."""

    def __init__(self, columns: Bits, corpus: Ints, canvas: Ints, hole: tuple[int, int]) -> None:
        self._table_vd = embedding_table(len(columns), seed=SEED)
        self._n_corpus = len(corpus)
        self._values_td = self._table_vd[np.concatenate([corpus, canvas])]
        self._values_td[len(corpus) + hole[0] : len(corpus) + hole[1]] = 0.0
        self._found: dict[int, Floats] = {}

    def shares(self, step: int) -> Floats:
        if step not in self._found:
            keys, values = self._keys()[None], self._values_td[None]
            rows = np.array([self._n_corpus + step])
            out = forward(keys, keys, values, FILL_CONFIG, rows)[0]
            self._found[step] = _softmax(np.einsum("td,vd->tv", out, self._table_vd))[0]
        return self._found[step]

    def settle(self, step: int, token: int) -> None:
        self._values_td[self._n_corpus + step] = self._table_vd[token]
        self._found.clear()

    def _keys(self) -> npt.NDArray[np.float32]:
        keys = np.zeros_like(self._values_td)
        for away, weight in enumerate(NEIGHBOUR_WEIGHTS, start=1):
            keys[away:] += np.float32(weight) * self._values_td[:-away]
            keys[:-away] += np.float32(weight) * self._values_td[away:]
        return np.asarray(keys)


def _softmax(logits: npt.NDArray[np.float32]) -> Floats:
    raised = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True))


def _cells_in_order(columns_vl: Bits, share_tv: Floats, tokens_tl: Bits) -> Floats:
    """Return the probability of an onset in each cell given the lanes before it in its step, shape (T, L)."""
    out = np.empty(tokens_tl.shape)
    for step, share_v in enumerate(share_tv):
        consistent = np.ones(len(columns_vl), bool)
        for lane, token in enumerate(tokens_tl[step]):
            out[step, lane] = _onset(columns_vl[:, lane], share_v, consistent, 2.0**-lane)
            consistent &= columns_vl[:, lane] == token
    return out


def _given(columns_vl: Bits, share_v: Floats, known_l: Bools, truth_l: Bits, lane: int) -> float:
    consistent = (columns_vl[:, known_l] == truth_l[known_l]).all(1)
    return _onset(columns_vl[:, lane], share_v, consistent, 2.0 ** -int(known_l.sum()))


def _onset(column_v: Bits, share_v: Floats, consistent_v: Bools, spread: float) -> float:
    """Return the share of onsets among the combinations that fit; `spread` is what even ones have left."""
    fit = np.where(consistent_v, share_v, 0.0)
    onset = (1.0 - SMOOTHING) * float(fit[column_v > 0].sum()) + SMOOTHING * spread / 2
    return onset / ((1.0 - SMOOTHING) * float(fit.sum()) + SMOOTHING * spread)

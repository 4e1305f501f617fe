"""A variable-order Markov model: contexts from short to long, the longest that is known speaks, the rest back it up."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sparseq.errors import InputError
from sparseq.kernel.checks import check_count, check_integers

Hashes = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


def hash_columns(columns_kn: npt.ArrayLike, start_n: Hashes | None = None) -> Hashes:
    """Return one 64-bit number for each column of tokens, uint64 of shape (N,), so that contexts compare at once.

    Parameters
    ----------
    columns_kn : array_like of int, shape (K, N)
        N contexts of K tokens each, 0 or more.
    start_n : uint64 ndarray of shape (N,), optional
        Hashes of shorter contexts that these lengthen.
    """
    columns = np.asarray(columns_kn)
    found = np.zeros(columns.shape[1], np.uint64) if start_n is None else start_n.copy()
    with np.errstate(over="ignore"):
        for row in columns:
            found = (found ^ (row.astype(np.uint64) + np.uint64(1))) * _FACTOR
            found ^= found >> _SHIFT
    return found


class VariableOrder:
    """Counts of symbols after contexts of rising length, blended as in prediction by partial matching.

    The estimate of one length is ``(n_x + u * p_x) / (n + u)``: n_x of the n times that the context was met symbol x
    followed, u different ones did in all (method C of PPM, Moffat 1990), and p is the estimate of the next shorter
    length; that of none is uniform.

    Parameters
    ----------
    contexts_dn : uint64 ndarray of shape (D, N)
        For each of the D lengths, shortest first, a number for the context of each of N symbols: see `hash_columns`.
    symbols_n : array_like of int, shape (N,)
        The symbols, 0 up to ``n_symbols - 1``.
    n_symbols : int
        V, 1 up to 65534.

    Raises
    ------
    InputError
        For shapes that do not fit together, or symbols out of range.
    """

    def __init__(self, contexts_dn: Hashes, symbols_n: npt.ArrayLike, n_symbols: int) -> None:
        self.n_symbols = check_count("n_symbols", n_symbols, 1, 65534)
        symbols = check_integers("symbols_n", symbols_n, 1, 0, n_symbols - 1)
        if contexts_dn.ndim != 2 or contexts_dn.shape[1] != len(symbols):
            raise InputError(f"contexts_dn: wanted {len(symbols)} contexts a length, got shape {contexts_dn.shape}")
        self._tables = [_counted(contexts_n, symbols, n_symbols) for contexts_n in contexts_dn]

    def counts(self, contexts_dm: Hashes) -> npt.NDArray[np.int64]:
        """Return how often each symbol followed each context, int64 of shape (D, M, V)."""
        if len(contexts_dm) != len(self._tables):
            raise InputError(f"contexts_dm: wanted {len(self._tables)} lengths, got {len(contexts_dm)}")
        found = [_looked_up(table, contexts) for table, contexts in zip(self._tables, contexts_dm, strict=True)]
        return np.array(found, np.int64).reshape(len(self._tables), contexts_dm.shape[1], self.n_symbols)

    def probabilities(self, contexts_dm: Hashes, own: "OwnCounts | None" = None) -> Floats:
        """Return the probability of each symbol after each of M contexts, float64 of shape (M, V).

        Parameters
        ----------
        contexts_dm : uint64 ndarray of shape (D, M)
            As at building.
        own : OwnCounts, optional
            Counts of the sequence at hand, added to those of the examples.
        """
        counts = self.counts(contexts_dm)
        return blended(counts if own is None else counts + own.counts(contexts_dm))


class OwnCounts:
    """Counts of the sequence at hand, that grow while it is read.

    Parameters
    ----------
    n_symbols : int
        V.
    weight : int
        What one symbol counts, one of the examples counting 1.
    """

    def __init__(self, n_symbols: int, weight: int = 1) -> None:
        self._n_symbols, self._weight = n_symbols, weight
        self._seen: dict[tuple[int, int], npt.NDArray[np.int64]] = {}

    def add(self, contexts_dm: Hashes, symbols_m: Sequence[int]) -> None:
        """Count M symbols after their contexts."""
        for d, contexts in enumerate(contexts_dm.tolist()):
            for context, symbol in zip(contexts, symbols_m, strict=True):
                known = self._seen.setdefault((d, context), np.zeros(self._n_symbols, np.int64))
                known[symbol] += self._weight

    def counts(self, contexts_dm: Hashes) -> npt.NDArray[np.int64]:
        """Return how often each symbol followed each context, int64 of shape (D, M, V)."""
        none = np.zeros(self._n_symbols, np.int64)
        found = [[self._seen.get((d, c), none) for c in line] for d, line in enumerate(contexts_dm.tolist())]
        return np.array(found, np.int64).reshape(*contexts_dm.shape, self._n_symbols)


def blended(counts_dmv: npt.NDArray[np.int64]) -> Floats:
    """Return the estimates of all lengths blended into one, float64 of shape (M, V)."""
    _, n_contexts, n_symbols = counts_dmv.shape
    p_mv = np.full((n_contexts, n_symbols), 1.0 / n_symbols)
    for counts_mv in counts_dmv:
        # A context never met has nothing to say; its one novelty keeps the shorter estimate as it is.
        novelty_m = np.maximum((counts_mv > 0).sum(1), 1)[:, None]
        p_mv = (counts_mv + novelty_m * p_mv) / (counts_mv.sum(1)[:, None] + novelty_m)
    return p_mv


_Table = tuple[Hashes, npt.NDArray[np.int64]]


def _counted(contexts_n: Hashes, symbols_n: npt.NDArray[np.int64], n_symbols: int) -> _Table:
    known, place_n = np.unique(contexts_n, return_inverse=True)
    tally = np.bincount(place_n * n_symbols + symbols_n, minlength=len(known) * n_symbols)
    # One more line, of zeros, for contexts that are not known.
    return known, np.concatenate([tally.reshape(-1, n_symbols), np.zeros((1, n_symbols), np.int64)])


def _looked_up(table: _Table, contexts_m: Hashes) -> npt.NDArray[np.int64]:
    known, tally = table
    place_m = np.minimum(np.searchsorted(known, contexts_m), max(len(known) - 1, 0))
    hit_m = known[place_m] == contexts_m if len(known) else np.zeros(len(contexts_m), bool)
    return tally[np.where(hit_m, place_m, len(known))]

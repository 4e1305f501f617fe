"""Example rows: equal ones merged into one with a count, laid out slot by slot, those of one value side by side."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sparseq.errors import InputError
from sparseq.kernel.checks import EDGE, MASK, check_codes, check_finite, check_integers, sealed

NARROW_LIMIT = 254
"""Alphabets up to this fit uint8 keys: 254 is the edge, 255 an unknown cell."""
STRIP = 64
"""Lines of keys lie a multiple of this many rows apart, so that the native loops need no remainders."""
DIGIT = 128
"""Counts are kept in 7 bits at a time, too, which processors multiply by the dozen."""
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Rows:
    """The examples of one head.

    Attributes
    ----------
    keys_sn : uint8 or uint16 ndarray of shape (S, N)
        Context codes, one line a slot; the two largest codes of the dtype are the edge and the unknown cell.
    counts_n : uint32 ndarray of shape (N,)
        How many equal rows each stands for.
    value_start_v : int64 ndarray of shape (V + 1,)
        Rows of value v are ``value_start_v[v]`` up to ``value_start_v[v + 1]``.
    origin_start_n : int64 ndarray of shape (N + 1,)
        Where each row's origins start in ``origins``.
    origins : int64 ndarray of shape (number of rows before merging,)
        Origin of every row before merging.
    prior_v : float64 ndarray of shape (V,)
        Share of each value among the rows, add-half smoothed; sums to one.
    n_values : int
        V, at least 1.
    alphabet : int
        Context tokens are below this.
    index : list
        Room for one tree over the rows, grown and kept by the first native head that searches them.
    joint : list
        Room for the keys with several slots to a byte, made and kept by the first native head of many rows.
    small_counts_kn : uint8 ndarray of shape (K, N)
        The counts in digits to the base of 128, lowest first; K is 1 or 2. Without any row where one has more.
    """

    keys_sn: npt.NDArray[np.unsignedinteger]
    counts_n: npt.NDArray[np.uint32]
    value_start_v: npt.NDArray[np.int64]
    origin_start_n: npt.NDArray[np.int64]
    origins: npt.NDArray[np.int64]
    prior_v: npt.NDArray[np.float64]
    n_values: int
    alphabet: int
    index: list[Any] = field(default_factory=list, repr=False, compare=False)
    joint: list[Any] = field(default_factory=list, repr=False, compare=False)
    small_counts_kn: npt.NDArray[np.uint8] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "small_counts_kn", sealed(_digits(self.counts_n)))

    @property
    def n_rows(self) -> int:
        """Rows after merging."""
        return int(self.keys_sn.shape[1])

    def values(self) -> npt.NDArray[np.int64]:
        """Return the value of each merged row, int64 of shape (N,)."""
        return np.repeat(np.arange(self.n_values), np.diff(self.value_start_v))


def merge_rows(
    keys_ns: npt.ArrayLike,
    values_n: npt.ArrayLike,
    n_values: int,
    alphabet: int,
    origins_n: npt.ArrayLike | None = None,
    weights_s: npt.ArrayLike | None = None,
) -> Rows:
    """Merge equal (key, value) rows and lay them out for scanning.

    Parameters
    ----------
    keys_ns : array_like of int, shape (N, S)
        Context codes as cells of a grid: 0 up to 65533, `EDGE` or `MASK`.
    values_n : array_like of int, shape (N,)
        Value of each row, 0 up to ``n_values - 1``.
    n_values : int
        Number of values, 1 up to 65534.
    alphabet : int
        Number of context tokens, 1 up to 65534; up to 254 the keys take one byte each.
    origins_n : array_like of int, optional
        Where each row came from, 0 or more; its index by default.
    weights_s : array_like, shape (S,), optional
        Slots are sorted by these, heaviest first, so that rows alike where it matters lie together.

    Returns
    -------
    Rows
        Sorted by value, then by the heaviest slots; the same for any order of the input rows, origins aside.

    Raises
    ------
    InputError
        For shapes that do not fit together, or codes and values out of range.
    """
    keys, values = _slot_major(keys_ns, values_n, n_values, alphabet)
    given = np.arange(len(values)) if origins_n is None else origins_n
    origins = check_integers("origins_n", given, 1, 0, np.iinfo(np.int64).max)
    if origins.shape != values.shape:
        raise InputError(f"origins_n: wanted one for each of the {len(values)} rows, got shape {origins.shape}")
    order, first = _sorted(keys, values, weights_s)
    starts = np.append(np.flatnonzero(first), len(values)).astype(np.int64)
    kept = order[starts[:-1]]
    return Rows(
        keys_sn=_with_room(keys, kept),
        counts_n=sealed(np.diff(starts).astype(np.uint32)),
        value_start_v=sealed(np.searchsorted(values[kept], np.arange(n_values + 1)).astype(np.int64)),
        origin_start_n=sealed(starts),
        origins=sealed(origins[order]),
        prior_v=sealed((np.bincount(values, minlength=n_values) + 0.5) / (len(values) + 0.5 * n_values)),
        n_values=n_values,
        alphabet=alphabet,
    )


def _digits(counts_n: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    largest = int(counts_n.max(initial=0))
    if largest >= DIGIT**2:
        return np.zeros((1, 0), np.uint8)
    digits = [counts_n % DIGIT, counts_n // DIGIT]
    return np.array(digits[: 2 if largest >= DIGIT else 1], np.uint8)


def _slot_major(
    keys_ns: npt.ArrayLike, values_n: npt.ArrayLike, n_values: int, alphabet: int
) -> tuple[npt.NDArray[np.unsignedinteger], npt.NDArray[np.int64]]:
    """Check and narrow the rows piece by piece: checks take eight bytes a code, libraries have 10**9 codes."""
    keys, values = np.asarray(keys_ns), np.asarray(values_n)
    if keys.ndim != 2 or values.ndim != 1 or len(keys) != len(values) or len(keys) <= _CHUNK:
        checked, values = check_codes(keys, values, n_values, alphabet)
        return narrowed(checked, alphabet).T, values
    out = np.empty(keys.shape[::-1], np.uint8 if alphabet <= NARROW_LIMIT else np.uint16)
    for at in range(0, len(keys), _CHUNK):
        piece = slice(at, at + _CHUNK)
        out[:, piece] = narrowed(check_codes(keys[piece], values[piece], n_values, alphabet)[0], alphabet).T
    return out, values.astype(np.int64, copy=False)


def _with_room(
    keys_sn: npt.NDArray[np.unsignedinteger], kept: npt.NDArray[np.int64]
) -> npt.NDArray[np.unsignedinteger]:
    """Return the kept rows, slot by slot, as a view that leaves room up to a whole strip."""
    out = np.zeros((len(keys_sn), -(-len(kept) // STRIP) * STRIP), keys_sn.dtype)
    for slot, codes in enumerate(keys_sn):
        out[slot, : len(kept)] = codes[kept]
    return sealed(out[:, : len(kept)])


def narrowed(cells: npt.NDArray[np.uint16], alphabet: int) -> npt.NDArray[np.unsignedinteger]:
    """Return grid codes as keys: uint8 where the alphabet fits; edge and unknown become the last two codes."""
    if alphabet > NARROW_LIMIT:
        return cells
    out = cells.astype(np.uint8)
    out[cells == EDGE] = 254
    out[cells == MASK] = 255
    return out


def _sorted(
    keys_sn: npt.NDArray[np.unsignedinteger], values: npt.NDArray[np.int64], weights_s: npt.ArrayLike | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the order by value, then the heaviest slots, and which rows in it differ from the one before."""
    weights = np.zeros(len(keys_sn)) if weights_s is None else check_finite("weights_s", weights_s)
    if weights.shape != keys_sn.shape[:1]:
        raise InputError(f"weights_s: wanted one for each of the {len(keys_sn)} slots, got shape {weights.shape}")
    heavy_first = np.argsort(-weights, kind="stable").tolist()
    words = _packed([values, *(keys_sn[slot] for slot in heavy_first)])
    order = np.lexsort(words[::-1])
    first = np.ones(len(values), bool)
    first[1:] = False
    for word in words:
        in_order = word[order]
        first[1:] |= in_order[1:] != in_order[:-1]
    return order, first


def _packed(columns: Iterable[npt.NDArray[np.integer]]) -> list[npt.NDArray[np.uint64]]:
    """Pack columns of codes, most significant first, into as few 64-bit words as hold their ranks."""
    words: list[npt.NDArray[np.uint64]] = []
    used = 64
    for column in columns:
        present = np.flatnonzero(np.bincount(column))
        bits = max(len(present) - 1, 0).bit_length()
        if words and not bits:
            continue  # the same everywhere
        rank = np.zeros(int(present.max(initial=0)) + 1, np.uint64)
        rank[present] = np.arange(len(present))
        if not words or used + bits > 64:
            words.append(np.zeros(len(column), np.uint64))
            used = 0
        words[-1] <<= np.uint64(bits)
        words[-1] |= rank.take(column)
        used += bits
    return words

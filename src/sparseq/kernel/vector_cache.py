"""The store of one growing sequence, checked here and kept by the native module or its twin."""

import numpy as np
from numpy.typing import ArrayLike

from sparseq.errors import InputError
from sparseq.kernel.vector_checks import check_decode, check_half, rows_of, tokens_of, uniform_of
from sparseq.kernel.vector_config import DrawConfig, Floats, Ints, Mark, VectorConfig, whole
from sparseq.kernel.vector_native import module_of


class KVCache:
    """Keys and values of a growing sequence, with the means of its whole blocks.

    Parameters
    ----------
    n_heads, head_dim : int, at least 1
        H and D.
    capacity : int, at least 1
        Tokens that it can hold.
    block_size : int, at least 1
        Tokens of a block.
    half : bool
        Store half precision; computing stays float32, and block means are those of the stored numbers.

    Raises
    ------
    InputError
        For a number out of its range.
    """

    def __init__(self, n_heads: int, head_dim: int, capacity: int, block_size: int, half: bool = False) -> None:
        sizes = {"n_heads": n_heads, "head_dim": head_dim, "capacity": capacity, "block_size": block_size}
        self._kernel = module_of("_vector_decode")
        self._store = module_of("_vector_cache").KVCache(*(whole(name, x, 1) for name, x in sizes.items()), bool(half))
        self._evictions = 0
        self.n_heads, self.head_dim, self.capacity, self.block_size = sizes.values()
        self.half = bool(half)

    def __len__(self) -> int:
        return len(self._store)

    def append(self, k_htd: ArrayLike, v_htd: ArrayLike) -> None:
        """Add tokens behind the others.

        Parameters
        ----------
        k_htd, v_htd : array_like of shape (H, T, D), or (H, D) for one token
            Keys and values: finite numbers.

        Raises
        ------
        InputError
            For another shape, or NaN, infinity or numbers too large.
        CapacityError
            Where they do not fit; nothing is added then.
        """
        self._store.append(self._rows("k_htd", k_htd), self._rows("v_htd", v_htd, np.shape(k_htd)))

    def mark(self) -> Mark:
        """Return the present state as a point to `rewind` to; an eviction ends its use."""
        return Mark(len(self), self._evictions)

    def rewind(self, mark: Mark) -> None:
        """Forget what was appended since a mark; attention counted since then stays counted.

        Parameters
        ----------
        mark : Mark
            From `mark`, not older than the last eviction nor behind the present end.

        Raises
        ------
        InputError
            For any other mark.
        """
        if mark.evictions != self._evictions:
            raise InputError("mark: wanted one from after the last eviction, got an older one")
        self._store.rewind(whole("mark", mark.length, 0, len(self)))

    def evict(self, keep: int, recent: int | None = None, oldest_first: bool = False) -> Ints:
        """Make room: keep the newest tokens and those that received most attention.

        Afterwards the cache looks up as one does into which only the kept tokens were appended; positions count anew.

        Parameters
        ----------
        keep : int, at least 0
            Tokens that stay.
        recent : int from 0 to `keep`, optional
            How many of these are the newest; half of them where None.
        oldest_first : bool
            Keep only the newest, whatever attention the others received.

        Returns
        -------
        int64 ndarray
            Former positions of the tokens that stay, rising.

        Raises
        ------
        InputError
            For a number out of its range.
        """
        keep = whole("keep", keep, 0)
        recent = whole("recent", keep // 2 if recent is None else recent, 0, keep)
        kept = self._store.evict(min(keep, len(self)), min(recent, len(self)), bool(oldest_first))
        self._evictions += 1
        return np.asarray(kept)

    def attention(self) -> Floats:
        """Return the attention that each token has received, float32 of shape (T,); block means share theirs out."""
        return np.asarray(self._store.attention())

    def keys(self) -> Floats:
        """Return a copy of the stored keys, float32 of shape (H, T, D)."""
        return np.asarray(self._store.keys())

    def stored_values(self) -> Floats:
        """Return a copy of the stored values, float32 of shape (H, T, D)."""
        return np.asarray(self._store.stored_values())

    def decode_step(self, q_hd: ArrayLike, config: VectorConfig) -> Floats:
        """Return what `decode_step` does."""
        check_decode(len(self), self.block_size, config)
        q = rows_of("q_hd", q_hd, "(H, D)", (self.n_heads, self.head_dim))
        return np.asarray(self._kernel.decode_step(q, self._store, config))

    def stream(
        self,
        config: VectorConfig,
        table_vd: ArrayLike,
        places_nd: ArrayLike,
        recent_w: ArrayLike,
        uniform_n: ArrayLike,
        draw: DrawConfig,
    ) -> Ints:
        """Return what `stream` does."""
        check_decode(len(self), self.block_size, config)
        width = self.n_heads * self.head_dim
        table = rows_of("table_vd", table_vd, "(V, H * D)", (None, width))
        uniform = uniform_of("uniform_n", uniform_n, None)
        if len(uniform) == 0:
            return np.zeros(0, np.int64)
        places = rows_of("places_nd", places_nd, "(N, H * D)", (len(uniform), width))
        recent = tokens_of("recent_w", recent_w, 0, len(table) - 1)
        if self.half:
            check_half("table_vd", np.abs(table).max(axis=0) + np.abs(places).max(axis=0))
        return np.asarray(self._kernel.stream(self._store, config, table, places, recent, uniform, draw))

    def _rows(self, name: str, value: ArrayLike, like: tuple[int, ...] | None = None) -> Floats:
        array = np.asarray(value)
        if like is not None and array.shape != like:
            raise InputError(f"{name}: wanted the shape of k_htd, {like}, got {array.shape}")
        rows = array[:, None] if array.ndim == 2 else array
        floats = rows_of(name, rows, "(H, T, D) or (H, D)", (self.n_heads, None, self.head_dim))
        if self.half:
            check_half(name, floats)
        return floats


def decode_step(q_hd: ArrayLike, cache: KVCache, config: VectorConfig) -> Floats:
    """Attention of the newest token of a cache; counts the attention that each token receives.

    Parameters
    ----------
    q_hd : array_like of shape (H, D)
        Query of the newest token, whose key and value are in the cache already.
    cache : KVCache
        With at least one token.
    config : VectorConfig
        Causal; its block size is the cache's.

    Returns
    -------
    float32 ndarray of shape (H, D)
        The last row of `forward` over the tokens of the cache, bit for bit.

    Raises
    ------
    InputError
        For an empty cache, a config that does not fit, another shape, or NaN, infinity or numbers too large.
    """
    return cache.decode_step(q_hd, config)


def stream(
    cache: KVCache,
    config: VectorConfig,
    table_vd: ArrayLike,
    places_nd: ArrayLike,
    recent_w: ArrayLike,
    uniform_n: ArrayLike,
    draw: DrawConfig,
) -> Ints:
    """Draw tokens one after the other, each from a look-up by the newest key, and append them to the cache.

    Logits are the products of the result with each row of the table. A drawn token is appended with the key
    `table[token] + place` and a value of zero.

    Parameters
    ----------
    cache : KVCache
        With at least one token, and room for N more.
    config : VectorConfig
        As in `decode_step`.
    table_vd : array_like of shape (V, H * D)
        Embedding of each token.
    places_nd : array_like of shape (N, H * D)
        What is added to the embedding of each drawn token.
    recent_w : array_like of int of shape (W,)
        Tokens said before, newest last, from 0 to V - 1.
    uniform_n : float ndarray of shape (N,)
        From 0 to below 1; one for each token.
    draw : DrawConfig
        What is penalised and kept.

    Returns
    -------
    int64 ndarray of shape (N,)
        The drawn tokens.

    Raises
    ------
    InputError
        For an empty cache, a config that does not fit, shapes, tokens or numbers out of range.
    CapacityError
        Where the tokens do not fit; nothing is drawn then.
    """
    return cache.stream(config, table_vd, places_nd, recent_w, uniform_n, draw)

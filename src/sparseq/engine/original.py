"""The published original's two generators, re-expressed on the vector kernel: the baseline to beat.

Both look a random Gaussian embedding of the context up among the contexts of a corpus and read back what stood there.
The retriever streams: keys are single tokens with their position, values the tokens that follow. The diffuser fills:
keys are sums of the neighbours, values the tokens themselves, and masked cells are settled in the order of confidence.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from sparseq.errors import InputError
from sparseq.kernel.vector import DrawConfig, KVCache, VectorConfig, decode_step, forward, sample, stream
from sparseq.kernel.vector_checks import tokens_of
from sparseq.kernel.vector_config import Floats, Ints, real, whole

MASK = -1
STREAM_CONFIG = VectorConfig()
FILL_CONFIG = VectorConfig(causal=False)
QUALITY = DrawConfig()
# Weight of a neighbour's embedding by its distance, on each side.
NEIGHBOUR_WEIGHTS = (0.5, 0.10)


def embedding_table(n_tokens: int, head_dim: int = 64, seed: int | np.random.Generator = 0) -> Floats:
    """Draw one Gaussian row of unit variance for each token.

    Parameters
    ----------
    n_tokens, head_dim : int, at least 1
        V and D.
    seed : int, at least 0, or Generator
        Equal seeds make equal tables.

    Returns
    -------
    float32 ndarray of shape (V, D)
        Unlike rows are nearly orthogonal, so a match stands out by a score of about sqrt(D).
    """
    shape = whole("n_tokens", n_tokens, 1), whole("head_dim", head_dim, 1)
    return _generator(seed).standard_normal(shape, dtype=np.float32)


def sinusoids(begin: int, end: int, head_dim: int) -> Floats:
    """Return the sine and cosine code of the positions from `begin` to before `end`, float32 of shape (T, D)."""
    rates = 10_000.0 ** (-2 * np.arange((head_dim + 1) // 2) / head_dim)
    # sin + i cos of a sum of angles is a product, so 64 fine and T / 64 coarse angles do for all.
    fine = np.exp(-1j * np.arange(64)[:, None] * rates)
    coarse = 1j * np.exp(-1j * np.arange(begin, max(end, begin + 1), 64)[:, None] * rates)
    codes = (coarse[:, None] * fine).astype(np.complex64).view(np.float32)
    return np.ascontiguousarray(codes.reshape(-1, codes.shape[-1])[: end - begin, :head_dim])


class OriginalRetriever:
    """Streams tokens from a corpus.

    Parameters
    ----------
    corpus : array_like of int of shape (T,)
        At least one token, each from 0 to `n_tokens` - 1.
    n_tokens : int, at least 1
        Size of the alphabet.
    head_dim : int, at least 1
        Width of the embedding.
    pos_scale : float, at least 0
        Weight of the position in keys and values.
    seed : int, at least 0, or Generator
        Of the embedding.
    config : VectorConfig
        Causal.

    Raises
    ------
    InputError
        For an empty corpus, or tokens or numbers out of range.
    """

    def __init__(
        self,
        corpus: ArrayLike,
        n_tokens: int,
        head_dim: int = 64,
        pos_scale: float = 0.5,
        seed: int | np.random.Generator = 0,
        config: VectorConfig = STREAM_CONFIG,
    ) -> None:
        self.table_vd = embedding_table(n_tokens, head_dim, seed)
        self.corpus = _row("corpus", corpus, n_tokens)
        self.pos_scale = real("pos_scale", pos_scale, 0)
        self.config = config
        if self.corpus.size == 0:
            raise InputError("corpus: wanted at least one token, got none")

    def start(self, room: int, prefix: ArrayLike = (), seed: int | np.random.Generator = 0) -> "OriginalStream":
        """Fill a cache with corpus and prefix, once, for up to `room` tokens to follow.

        Parameters
        ----------
        room : int, at least 0
            Tokens that can be taken.
        prefix : array_like of int
            Tokens that go before the first; where there are none, the corpus is what goes on.
        seed : int, at least 0, or Generator
            Of the draws.

        Returns
        -------
        OriginalStream
            To take tokens from.
        """
        said = _row("prefix", prefix, len(self.table_vd))
        known = np.concatenate([self.corpus, said])
        keys, values = self.rows(known, len(known))
        cache = KVCache(1, keys.shape[1], len(known) + whole("room", room, 0), self.config.block_size)
        cache.append(keys[None], values[None])
        return OriginalStream(self, cache, said, _generator(seed))

    def stream(
        self, n: int, prefix: ArrayLike = (), draw: DrawConfig = QUALITY, seed: int | np.random.Generator = 0
    ) -> Ints:
        """Return `n` tokens that follow `prefix`, int64 of shape (n,); the same for the same seed."""
        return self.start(n, prefix, seed).take(n, draw)

    def stream_slow(
        self, n: int, prefix: ArrayLike = (), draw: DrawConfig = QUALITY, seed: int | np.random.Generator = 0
    ) -> Ints:
        """Return the tokens of `stream`, each by a forward pass over the whole sequence: what the cache saves."""
        said = _row("prefix", prefix, len(self.table_vd))
        uniform = _generator(seed).random(whole("n", n, 0))
        n_known = len(self.corpus) + len(said)
        for j in range(n):
            keys, values = self.rows(np.concatenate([self.corpus, said]), n_known)
            out = forward(keys[None], keys[None], values[None], self.config)[0, -1]
            recent = said[max(0, len(said) - draw.no_repeat_window) :]
            token, _ = sample((self.table_vd @ out)[None], uniform[j : j + 1], draw, recent[None])
            said = np.concatenate([said, token])
        return said[len(said) - n :]

    def rows(self, tokens: Ints, n_known: int) -> tuple[Floats, Floats]:
        """Return keys and values of a sequence, float32 of shape (T, D).

        A key is the token and its position, a value the token that follows and the position. What follows the last of
        the `n_known` tokens was not known when it was stored, and stays zero there and after it.
        """
        places = self.places(0, len(tokens))
        values = np.zeros_like(places)
        values[: n_known - 1] = self.table_vd[tokens[1:n_known]] + places[: n_known - 1]
        return self.table_vd[tokens] + places, values

    def places(self, begin: int, end: int) -> Floats:
        """Return what positions add to keys and values, float32 of shape (T, D)."""
        return np.float32(self.pos_scale) * sinusoids(begin, end, self.table_vd.shape[1])


class OriginalStream:
    """A retriever under way: a cache that grows by each token taken."""

    def __init__(self, retriever: OriginalRetriever, cache: KVCache, said: Ints, draws: np.random.Generator) -> None:
        self.retriever, self.cache, self.said, self.draws = retriever, cache, said, draws

    def take(self, n: int, draw: DrawConfig = QUALITY) -> Ints:
        """Draw `n` more tokens, int64 of shape (n,); `CapacityError` where there is no room for them."""
        uniform = self.draws.random(whole("n", n, 0))
        places = self.retriever.places(len(self.cache), len(self.cache) + n)
        table, config = self.retriever.table_vd, self.retriever.config
        tokens = stream(self.cache, config, table, places, self.said, uniform, draw)
        self.said = np.concatenate([self.said, tokens])
        return tokens

    def logits(self) -> Floats:
        """Return the logits of the next token, float32 of shape (V,)."""
        query = self.cache.keys()[:, -1]
        return np.asarray(self.retriever.table_vd @ decode_step(query, self.cache, self.retriever.config)[0])


class OriginalDiffuser:
    """Fills masked cells from a corpus.

    Parameters
    ----------
    corpus : array_like of int of shape (T,)
        At least one token, each from 0 to `n_tokens` - 1.
    n_tokens : int, at least 1
        Size of the alphabet.
    head_dim : int, at least 1
        Width of the embedding.
    seed : int, at least 0, or Generator
        Of the embedding.
    config : VectorConfig
        Not causal.

    Raises
    ------
    InputError
        For an empty corpus, or tokens or numbers out of range.
    """

    def __init__(
        self,
        corpus: ArrayLike,
        n_tokens: int,
        head_dim: int = 64,
        seed: int | np.random.Generator = 0,
        config: VectorConfig = FILL_CONFIG,
    ) -> None:
        self.table_vd = embedding_table(n_tokens, head_dim, seed)
        self.corpus = _row("corpus", corpus, n_tokens)
        self.config = config
        if self.corpus.size == 0:
            raise InputError("corpus: wanted at least one token, got none")

    def fill(
        self,
        n_cells: int,
        n_steps: int = 24,
        known: ArrayLike | None = None,
        anchors: Mapping[int, int] | None = None,
        draw: DrawConfig = QUALITY,
        seed: int | np.random.Generator = 0,
        every_row: bool = False,
    ) -> Ints:
        """Settle every masked cell, the surest first.

        Parameters
        ----------
        n_cells, n_steps : int, at least 1
            Cells of the canvas, and steps of the cosine schedule; every step settles at least one cell.
        known : array_like of int of shape (n_cells,), optional
            Tokens that stay as they are; `MASK` is to be filled. Without any, a slice of the corpus is laid down first,
            since nothing can be looked up for a canvas without context.
        anchors : mapping of int to int, optional
            Cell to token, such as a floor row: settled before anything else. The slice does not overwrite them.
        draw : DrawConfig
            The penalty does not apply, as no token is more recent than another.
        seed : int, at least 0, or Generator
            Of slice and draws.
        every_row : bool
            At every step look up for all of corpus and canvas, as the original does, not for masked cells alone. The
            result is the same; only the time is not.

        Returns
        -------
        int64 ndarray of shape (n_cells,)
            Without masks; the same for the same seed.

        Raises
        ------
        InputError
            For cells, tokens or numbers out of range.
        """
        draws = _generator(seed)
        canvas = self._start(whole("n_cells", n_cells, 1), known, anchors or {}, draws)
        memory = _Contexts(self.table_vd, self.corpus, canvas)
        for step in range(whole("n_steps", n_steps, 1)):
            masked = np.flatnonzero(canvas == MASK)
            if masked.size == 0:
                break
            # Not a matrix product: BLAS would wake its threads for a few microseconds of work.
            logits = np.einsum("nd,vd->nv", memory.look_up(masked, self.config, every_row), self.table_vd)
            tokens, confidence = sample(logits, draws.random(masked.size), draw)
            chosen = np.argsort(-confidence, kind="stable")[: _n_settled(masked.size, n_cells, step, n_steps)]
            canvas[masked[chosen]] = tokens[chosen]
            memory.settle(masked[chosen], tokens[chosen])
        return canvas

    def _start(self, n: int, known: ArrayLike | None, anchors: Mapping[int, int], draws: np.random.Generator) -> Ints:
        canvas = np.full(n, MASK, np.int64)
        if known is not None:
            canvas[:] = _row("known", known, len(self.table_vd), low=MASK, n=n)
        bare = bool((canvas == MASK).all())
        for cell, token in anchors.items():
            canvas[whole("anchors", cell, 0, n - 1)] = whole("anchors", token, 0, len(self.table_vd) - 1)
        if bare:
            self._lay_slice(canvas, draws)
        return canvas

    def _lay_slice(self, canvas: Ints, draws: np.random.Generator) -> None:
        """Copy a random stretch of the corpus to a random place, where cells are still masked."""
        size = min(max(8, min(64, len(canvas) // 8)), len(self.corpus), len(canvas))
        source = draws.integers(len(self.corpus) - size + 1)
        place = draws.integers(len(canvas) - size + 1)
        target = canvas[place : place + size]
        target[:] = np.where(target == MASK, self.corpus[source : source + size], target)


class _Contexts:
    """Keys and values of corpus and canvas, kept up to date as cells are settled."""

    def __init__(self, table_vd: Floats, corpus: Ints, canvas: Ints) -> None:
        self.table_vd, self.n_corpus = table_vd, len(corpus)
        # The row behind the last token is zero: MASK = -1 picks it.
        with_mask = np.concatenate([table_vd, np.zeros((1, table_vd.shape[1]), np.float32)])
        self.values_td = with_mask[np.concatenate([corpus, canvas])]
        self.keys_td = _neighbours(self.values_td)

    def look_up(self, cells: Ints, config: VectorConfig, every_row: bool = False) -> Floats:
        keys, values, rows = self.keys_td[None], self.values_td[None], self.n_corpus + cells
        if every_row:
            return np.asarray(forward(keys, keys, values, config)[0, rows])
        return np.asarray(forward(keys, keys, values, config, rows)[0])

    def settle(self, cells: Ints, tokens: Ints) -> None:
        self.values_td[self.n_corpus + cells] = self.table_vd[tokens]
        # A cell changes keys from two rows before it on, and these are sums of rows from two further back.
        reach = len(NEIGHBOUR_WEIGHTS)
        begin = max(0, self.n_corpus + int(cells.min()) - reach)
        low = max(0, begin - reach)
        self.keys_td[begin:] = _neighbours(self.values_td[low:])[begin - low :]


def _neighbours(rows_td: Floats) -> Floats:
    """Sum the rows around each row; masked ones are zero."""
    keys = np.zeros_like(rows_td)
    for away, weight in enumerate(NEIGHBOUR_WEIGHTS, start=1):
        share = np.float32(weight) * rows_td
        keys[away:] += share[:-away]
        keys[:-away] += share[away:]
    return keys


def _n_settled(n_masked: int, n_cells: int, step: int, n_steps: int) -> int:
    """Cells that a step settles, so that n cos(pi/2 (step + 1) / steps) stay masked; the last sweeps up all."""
    if step + 1 == n_steps:
        return n_masked
    return max(1, n_masked - math.floor(n_cells * math.cos(math.pi / 2 * (step + 1) / n_steps)))


def _row(name: str, value: ArrayLike, n_tokens: int, low: int = 0, n: int | None = None) -> Ints:
    tokens = tokens_of(name, value, low, whole("n_tokens", n_tokens, 1) - 1)
    if tokens.ndim != 1 or (n is not None and len(tokens) != n):
        count = "any number of" if n is None else n
        raise InputError(f"{name}: wanted {count} tokens in a row, got {tokens.shape}")
    return tokens


def _generator(seed: int | np.random.Generator) -> np.random.Generator:
    if isinstance(seed, np.random.Generator):
        return seed
    return np.random.Generator(np.random.Philox(whole("seed", seed, 0)))

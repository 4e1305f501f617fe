"""Streaming: each token is looked up by the one before it and its position."""

import numpy as np
from numpy.typing import ArrayLike

from sparseq.engine.original.embedding import QUALITY, Corpus, Sinusoids, generator_of, row_of
from sparseq.kernel.vector import DrawConfig, KVCache, VectorConfig, decode_step, forward, sample, stream
from sparseq.kernel.vector_config import Floats, Ints, real, whole

STREAM_CONFIG = VectorConfig()


class OriginalRetriever(Corpus):
    """Streams tokens from a corpus.

    Parameters
    ----------
    corpus, n_tokens, head_dim, seed, config
        As of `Corpus`; the config causal.
    pos_scale : float, at least 0
        Weight of the position in keys and values.

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
        super().__init__(corpus, n_tokens, head_dim, seed, config)
        self.pos_scale = real("pos_scale", pos_scale, 0)
        self._places = Sinusoids(head_dim, self.pos_scale)

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
        said = row_of("prefix", prefix, len(self.table_vd))
        known = np.concatenate([self.corpus, said])
        keys, values = self.rows(known, len(known))
        cache = KVCache(1, keys.shape[1], len(known) + whole("room", room, 0), self.config.block_size)
        cache.append(keys[None], values[None])
        return OriginalStream(self, cache, said, generator_of(seed))

    def stream(
        self, n: int, prefix: ArrayLike = (), draw: DrawConfig = QUALITY, seed: int | np.random.Generator = 0
    ) -> Ints:
        """Return `n` tokens that follow `prefix`, int64 of shape (n,); the same for the same seed."""
        return self.start(n, prefix, seed).take(n, draw)

    def stream_slow(
        self, n: int, prefix: ArrayLike = (), draw: DrawConfig = QUALITY, seed: int | np.random.Generator = 0
    ) -> Ints:
        """Return the tokens of `stream`, each by a forward pass over the whole sequence: what the cache saves."""
        said = row_of("prefix", prefix, len(self.table_vd))
        uniform = generator_of(seed).random(whole("n", n, 0))
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
        return self._places.rows(begin, end)


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

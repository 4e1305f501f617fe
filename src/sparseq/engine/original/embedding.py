"""Tokens as vectors, positions as vectors, and a corpus of tokens: what both generators begin with."""

import numpy as np
from numpy.typing import ArrayLike

from sparseq.errors import InputError
from sparseq.kernel.vector import DrawConfig, VectorConfig
from sparseq.kernel.vector_checks import tokens_of
from sparseq.kernel.vector_config import Floats, Ints, whole

QUALITY = DrawConfig()
FINE = 64
"""Angles of a table."""


class Corpus:
    """Tokens with an embedding, and how they are looked up.

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
        Which tokens a look-up sees.

    Raises
    ------
    InputError
        For an empty corpus, or tokens or numbers out of range.
    """

    def __init__(
        self, corpus: ArrayLike, n_tokens: int, head_dim: int, seed: int | np.random.Generator, config: VectorConfig
    ) -> None:
        self.table_vd = embedding_table(n_tokens, head_dim, seed)
        self.corpus = row_of("corpus", corpus, n_tokens)
        self.config = config
        if self.corpus.size == 0:
            raise InputError("corpus: wanted at least one token, got none")


class Sinusoids:
    """The sine and cosine code of positions.

    Parameters
    ----------
    head_dim : int, at least 1
        D.
    scale : float
        What codes are multiplied by.
    """

    def __init__(self, head_dim: int, scale: float = 1.0) -> None:
        self.head_dim, self.scale = head_dim, scale
        self._rates = 10_000.0 ** (-2 * np.arange((head_dim + 1) // 2) / head_dim)
        # sin + i cos of a sum of angles is a product, so 64 fine and T / 64 coarse angles do for all.
        self._fine = np.exp(-1j * np.arange(FINE)[:, None] * self._rates).astype(np.complex64)

    def rows(self, begin: int, end: int) -> Floats:
        """Return the codes of the positions from `begin` to before `end`, float32 of shape (T, D)."""
        angles = np.arange(begin, max(end, begin + 1), FINE)[:, None] * self._rates
        coarse = (1j * self.scale * np.exp(-1j * angles)).astype(np.complex64)
        codes = (coarse[:, None] * self._fine).view(np.float32)
        return np.ascontiguousarray(codes.reshape(-1, codes.shape[-1])[: end - begin, : self.head_dim])


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
    return generator_of(seed).standard_normal(shape, dtype=np.float32)


def row_of(name: str, value: ArrayLike, n_tokens: int, low: int = 0, n: int | None = None) -> Ints:
    """Return tokens in a row, `n` of them, from `low` to `n_tokens` - 1, or raise `InputError`."""
    tokens = tokens_of(name, value, low, whole("n_tokens", n_tokens, 1) - 1)
    if tokens.ndim != 1 or (n is not None and len(tokens) != n):
        count = "any number of" if n is None else n
        raise InputError(f"{name}: wanted {count} tokens in a row, got {tokens.shape}")
    return tokens


def generator_of(seed: int | np.random.Generator) -> np.random.Generator:
    """Return the generator of a seed, or the one given."""
    if isinstance(seed, np.random.Generator):
        return seed
    return np.random.Generator(np.random.Philox(whole("seed", seed, 0)))

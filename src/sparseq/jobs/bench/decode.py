"""Tokens drawn one after the other by vectors: with a cache of keys and values, and by a full pass for each token."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sparseq.engine.original import FILL_CONFIG, OriginalRetriever, OriginalStream
from sparseq.jobs.bench.sizes import Sizes
from sparseq.jobs.bench.timing import Case, Timing, measure

SEED = 1


def measure_decode(
    corpus: npt.NDArray[np.int64], n_tokens: int, sizes: Sizes, advance: Callable[[int], None]
) -> dict[str, Timing]:
    """Return times of `sizes.decode_tokens` tokens after a corpus.

    Parameters
    ----------
    corpus : int64 ndarray of shape (N,)
        Tokens from 0 to `n_tokens` - 1.
    n_tokens : int
        Size of the alphabet.
    sizes : Sizes
        Tokens and repeats.
    advance : callable
        Told 1 after each round.

    Returns
    -------
    dict of str to Timing
        cached_us and cache_filling_us (the cache over the corpus, once); full_forward_us, in which every token takes a
        pass over all rows that look to both sides as the original's do; full_forward_causal_us, in which they look back
        only. All of them draw the same tokens.
    """
    cached = OriginalRetriever(corpus, n_tokens)
    both_sides = OriginalRetriever(corpus, n_tokens, config=FILL_CONFIG)
    n = sizes.decode_tokens

    def take(stream: OriginalStream) -> object:
        return stream.take(n)

    cases = [
        Case("cached_us", take, lambda: cached.start(n, seed=SEED)),
        Case("cache_filling_us", lambda _: cached.start(n, seed=SEED)),
        Case("full_forward_us", lambda _: both_sides.stream_slow(n, seed=SEED)),
        Case("full_forward_causal_us", lambda _: cached.stream_slow(n, seed=SEED)),
    ]
    return measure(cases, sizes.slow_rounds, sizes, advance)

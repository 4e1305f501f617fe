"""The vector kernel: attention as a lookup over float keys, checked here, computed by the native module or its twin."""

import numpy as np
from numpy.typing import ArrayLike

from sparseq.errors import InputError
from sparseq.kernel.vector_cache import KVCache, decode_step, stream
from sparseq.kernel.vector_checks import positions_of, rows_of, same_rows, tokens_of, uniform_of, weights_of
from sparseq.kernel.vector_config import DrawConfig, Floats, GateWeights, Ints, Mark, VectorConfig, whole
from sparseq.kernel.vector_native import module_of, use_native

__all__ = [
    "DrawConfig",
    "GateWeights",
    "KVCache",
    "Mark",
    "VectorConfig",
    "decode_step",
    "dense",
    "forward",
    "forward_gated",
    "salience",
    "sample",
    "stream",
    "use_native",
]


def dense(q_htd: ArrayLike, k_htd: ArrayLike, v_htd: ArrayLike, causal: bool = False) -> Floats:
    """Attention of every token to every token.

    Parameters
    ----------
    q_htd, k_htd, v_htd : array_like of shape (H, T, D)
        Queries, keys and values: finite numbers, computed with as float32.
    causal : bool
        See no token behind the query.

    Returns
    -------
    float32 ndarray of shape (H, T, D)
        Values mixed by the softmax of `q . k / sqrt(D)`.

    Raises
    ------
    InputError
        For shapes that differ, or NaN, infinity or numbers too large.
    """
    q, k, v = same_rows(q_htd, k_htd, v_htd)
    return np.asarray(module_of("_vector").dense(q, k, v, bool(causal)))


def forward(
    q_htd: ArrayLike, k_htd: ArrayLike, v_htd: ArrayLike, config: VectorConfig, rows_r: ArrayLike | None = None
) -> Floats:
    """Attention of each token to its window, far single tokens, block means and global tokens.

    Parameters
    ----------
    q_htd, k_htd, v_htd : array_like of shape (H, T, D)
        Queries, keys and values: finite numbers, computed with as float32.
    config : VectorConfig
        Which tokens are candidates.
    rows_r : array_like of int of shape (R,), optional
        Rising positions whose results are wanted; all where None.

    Returns
    -------
    float32 ndarray of shape (H, R, D)
        Equal to `dense` to 1e-5 where the window covers the sequence; a row is the same with and without `rows_r`.

    Raises
    ------
    InputError
        For shapes that differ, positions that do not rise or do not exist, or NaN, infinity or numbers too large.
    """
    q, k, v = same_rows(q_htd, k_htd, v_htd)
    rows = None if rows_r is None else positions_of("rows_r", rows_r, q.shape[1])
    return np.asarray(module_of("_vector").forward(q, k, v, config, rows))


def forward_gated(
    q_htd: ArrayLike, k_htd: ArrayLike, v_htd: ArrayLike, salience_t: ArrayLike, top_k: int, config: VectorConfig
) -> Floats:
    """Attention of each token to its window and to the `top_k` most salient tokens beyond it.

    Parameters
    ----------
    q_htd, k_htd, v_htd : array_like of shape (H, T, D)
        Queries, keys and values: finite numbers, computed with as float32.
    salience_t : array_like of shape (T,)
        Salience of each token; of equals the earlier goes first.
    top_k : int, at least 0
        How many tokens each query sees beyond its window, chosen among those that it may see.
    config : VectorConfig
        Only window and causal are used.

    Returns
    -------
    float32 ndarray of shape (H, T, D)
        Equal to `dense` to 1e-5 where `top_k` covers the sequence.

    Raises
    ------
    InputError
        For shapes that differ, a negative `top_k`, or NaN, infinity or numbers too large.
    """
    q, k, v = same_rows(q_htd, k_htd, v_htd)
    salience_values = rows_of("salience_t", salience_t, "(T,) of k_htd", (q.shape[1],))
    return np.asarray(module_of("_vector").forward_gated(q, k, v, salience_values, whole("top_k", top_k, 0), config))


def salience(x_td: ArrayLike, weights: GateWeights) -> Floats:
    """Salience of each token by a small gated recurrence (FastGRNN's cell).

    Parameters
    ----------
    x_td : array_like of shape (T, D)
        One row for each token.
    weights : GateWeights
        Weights for D inputs.

    Returns
    -------
    float32 ndarray of shape (T,)
        From 0 to 1; each depends on its own row and those before it only.

    Raises
    ------
    InputError
        For shapes that do not fit, or NaN, infinity or numbers too large.
    """
    x = rows_of("x_td", x_td, "(T, D)", (None, None))
    return np.asarray(module_of("_vector_gate").salience(x, weights_of(weights, x.shape[1])))


def sample(
    logits_nv: ArrayLike, uniform_n: ArrayLike, draw: DrawConfig, recent_nw: ArrayLike | None = None
) -> tuple[Ints, Floats]:
    """Draw one token for each row of logits.

    Parameters
    ----------
    logits_nv : array_like of shape (N, V)
        Finite numbers.
    uniform_n : float ndarray of shape (N,)
        From 0 to below 1; each chooses a token in the order of the alphabet.
    draw : DrawConfig
        What is penalised and kept.
    recent_nw : array_like of int of shape (N, W), optional
        Tokens said recently, from 0 to V - 1; -1 fills up. None: no penalty.

    Returns
    -------
    tokens_n : int64 ndarray of shape (N,)
        From 0 to V - 1.
    confidence_n : float32 ndarray of shape (N,)
        Top probability of the plain softmax of the row.

    Raises
    ------
    InputError
        For shapes that do not fit, tokens or numbers out of range.
    """
    logits = rows_of("logits_nv", logits_nv, "(N, V)", (None, None))
    n, v = logits.shape
    recent = tokens_of("recent_nw", np.zeros((n, 0), np.int64) if recent_nw is None else recent_nw, -1, v - 1)
    if recent.ndim != 2 or len(recent) != n:
        raise InputError(f"recent_nw: wanted shape (N, W) with N = {n}, got {recent.shape}")
    tokens, confidence = module_of("_vector_decode").sample(logits, recent, uniform_of("uniform_n", uniform_n, n), draw)
    return np.asarray(tokens), np.asarray(confidence)

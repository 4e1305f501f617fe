"""What the vector kernel accepts: arrays of the right shape, of finite numbers, as contiguous float32."""

import math
from typing import Any

import numpy as np

from sparseq.errors import InputError
from sparseq.kernel.vector_config import Floats, GateWeights, Ints, VectorConfig, real

HALF_MAX = 65504.0


def rows_of(name: str, value: Any, shape: str, wanted: tuple[int | None, ...]) -> Floats:
    """Return `value` as contiguous float32.

    Parameters
    ----------
    name : str
        What the caller calls it.
    value : array_like
        Integers or floats.
    shape : str
        The shape in words, such as "(H, T, D)".
    wanted : tuple of int or None
        Length of each axis; None where any from 1 will do.

    Returns
    -------
    float32 ndarray
        The array itself where it fits already.

    Raises
    ------
    InputError
        For another shape, an empty axis, NaN, infinity, or numbers so large that their squares overflow.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise InputError(f"{name}: wanted numbers of shape {shape}, got {array.dtype}")
    sizes = array.shape
    if len(sizes) != len(wanted) or any(w != s if w is not None else s < 1 for w, s in zip(wanted, sizes, strict=True)):
        exact = ", ".join("any" if w is None else str(w) for w in wanted)
        raise InputError(f"{name}: wanted shape {shape} = ({exact}), got {sizes}")
    with np.errstate(over="ignore", invalid="ignore"):
        floats = np.ascontiguousarray(array, np.float32)
        # NaN, infinity and whatever could overflow a score all show in the sum of squares: one pass for three checks.
        # By einsum, as BLAS would wake its threads for a large array.
        fits = math.isfinite(np.einsum("i,i->", floats.reshape(-1), floats.reshape(-1)))
    if not fits:
        raise InputError(f"{name}: wanted finite numbers, their squares too, got NaN, infinity or numbers too large")
    return floats


def same_rows(q: Any, k: Any, v: Any) -> tuple[Floats, Floats, Floats]:
    """Return queries, keys and values of one shape (H, T, D), or raise `InputError`."""
    keys = rows_of("k_htd", k, "(H, T, D)", (None, None, None))
    queries = keys if q is k else rows_of("q_htd", q, "(H, T, D) of k_htd", keys.shape)
    return queries, keys, rows_of("v_htd", v, "(H, T, D) of k_htd", keys.shape)


def positions_of(name: str, value: Any, n: int) -> Ints:
    """Return rising positions below `n` as contiguous int64, or raise `InputError`."""
    array = np.asarray(value)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise InputError(f"{name}: wanted whole numbers of shape (R,), got {array.dtype} of shape {array.shape}")
    positions = np.ascontiguousarray(array, np.int64)
    if positions.size and (positions[0] < 0 or positions[-1] >= n or (np.diff(positions) <= 0).any()):
        raise InputError(f"{name}: wanted rising positions from 0 to {n - 1}, got {positions.tolist()[:8]}")
    return positions


def tokens_of(name: str, value: Any, low: int, high: int) -> Ints:
    """Return tokens of shape (N,) or (N, W) from `low` to `high` as contiguous int64, or raise `InputError`."""
    array = np.asarray(value)
    if array.size == 0:
        return np.zeros(array.shape, np.int64)
    if array.dtype.kind not in "iu":
        raise InputError(f"{name}: wanted tokens as whole numbers, got {array.dtype}")
    if array.min() < low or array.max() > high:
        raise InputError(f"{name}: wanted tokens from {low} to {high}, got {array.min()} to {array.max()}")
    return np.ascontiguousarray(array, np.int64)


def uniform_of(name: str, value: Any, n: int | None) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return `n` numbers of [0, 1) as contiguous float64, or raise `InputError`."""
    array = np.asarray(value)
    if array.ndim != 1 or array.dtype.kind != "f" or (n is not None and len(array) != n):
        raise InputError(f"{name}: wanted {n if n is not None else 'N'} floats, got {array.dtype} {array.shape}")
    outside = array[~((array >= 0) & (array < 1))]
    if outside.size:
        raise InputError(f"{name}: wanted numbers from 0 to below 1, got {outside[0]}")
    return np.ascontiguousarray(array, np.float64)


def weights_of(weights: GateWeights, d: int) -> GateWeights:
    """Return gate weights for rows of `d` floats, contiguous, or raise `InputError`."""
    w_dr = rows_of("w_dr", weights.w_dr, "(D, R)", (d, None))
    r = w_dr.shape[1]
    return GateWeights(
        w_dr,
        rows_of("u_rr", weights.u_rr, "(R, R)", (r, r)),
        rows_of("bias_gate_r", weights.bias_gate_r, "(R,)", (r,)),
        rows_of("bias_update_r", weights.bias_update_r, "(R,)", (r,)),
        rows_of("readout_r", weights.readout_r, "(R,)", (r,)),
        real("zeta", weights.zeta, 0, 1),
        real("nu", weights.nu, 0, 1),
    )


def check_decode(length: int, block_size: int, config: VectorConfig) -> None:
    """Raise `InputError` where a cache cannot be looked up as `config` says."""
    if length == 0:
        raise InputError("cache: wanted at least one token, got none; append first")
    if not config.causal:
        raise InputError("config: wanted causal=True, as a cache holds nothing behind its newest token, got False")
    if config.landmarks and config.block_size != block_size:
        raise InputError(f"config: wanted the cache's block_size of {block_size}, got {config.block_size}")


def check_half(name: str, floats: Floats) -> None:
    """Raise `InputError` where a number does not fit half precision."""
    top = float(np.abs(floats).max())
    if top > HALF_MAX:
        raise InputError(f"{name}: wanted numbers up to {HALF_MAX:g} for half precision, got {top:g}")

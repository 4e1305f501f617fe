"""How sure a figure is: bootstrap intervals over pieces."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

RESAMPLES = 2000
LOW, HIGH = 2.5, 97.5
"""Percentiles of a 95 % interval."""


class Interval(NamedTuple):
    """A 95 % interval."""

    low: float
    high: float


def picks(n_pieces: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return which pieces each resample holds, int64 of shape (RESAMPLES, n_pieces): one draw for all methods."""
    return rng.integers(0, n_pieces, (RESAMPLES, n_pieces))


def interval(figure: Callable[[Floats], Floats], sums_pk: Floats, picks_rp: npt.NDArray[np.int64]) -> Interval:
    """Return the interval of a figure that is made of sums over pieces.

    Parameters
    ----------
    figure : callable
        From sums of shape (R, K) to the figure of shape (R,).
    sums_pk : float64 ndarray of shape (P, K)
        What each piece adds.
    picks_rp : int64 ndarray of shape (R, P)
        Resamples, as of `picks`.
    """
    found = figure(sums_pk[picks_rp].sum(1))
    low, high = np.percentile(found, [LOW, HIGH])
    return Interval(float(low), float(high))


def mean_per_unit(sums_rk: Floats) -> Floats:
    """Return the first sum per unit of the second: nats per cell or step."""
    return np.asarray(sums_rk[:, 0] / sums_rk[:, 1])


def f1(sums_rk: Floats) -> Floats:
    """Return 2 hits / (onsets said + onsets played), of sums in this order; 0 where there are none."""
    return np.asarray(2 * sums_rk[:, 0] / np.maximum(sums_rk[:, 1] + sums_rk[:, 2], 1))

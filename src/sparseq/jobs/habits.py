"""Habits: how often the bars around play a lane at this step of the bar, as tokens that a context can read."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sparseq.music.grid import GridBar

LEVELS = 8
"""Habits are told in eighths: 0 never, 8 always."""
NEAREST_BARS = 8
"""A habit is what so many bars do, the nearest of the same length, the bar itself among them but not counted."""


def habits(
    tokens_tl: npt.NDArray[np.uint8], bars: Sequence[GridBar], known_tl: npt.NDArray[np.bool_]
) -> npt.NDArray[np.uint16]:
    """Return the share of the other bars nearby that have an onset in the same lane at the same step of the bar.

    Parameters
    ----------
    tokens_tl : uint8 ndarray of shape (T, L)
        1 for an onset.
    bars : sequence of GridBar
        They cover all T steps.
    known_tl : bool ndarray of shape (T, L)
        Cells that count; a hole does not say what is usual.

    Returns
    -------
    uint16 ndarray of shape (T, L)
        0 to `LEVELS`; 0 where no other bar is known.
    """
    out = np.zeros(tokens_tl.shape, np.uint16)
    for length in {bar.length_steps for bar in bars}:
        alike = [bar for bar in bars if bar.length_steps == length]
        steps_bs = np.array([bar.start_step for bar in alike])[:, None] + np.arange(length)
        known = known_tl[steps_bs]
        out[steps_bs] = _shares(np.where(known, tokens_tl[steps_bs], 0), known)
    return out


def _shares(hits_bsl: npt.NDArray[np.uint8], known_bsl: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint16]:
    n_bars = len(hits_bsl)
    first_b = np.clip(np.arange(n_bars) - NEAREST_BARS // 2, 0, max(n_bars - NEAREST_BARS, 0))
    last_b = np.minimum(first_b + NEAREST_BARS, n_bars)
    hits = _window_sums(hits_bsl, first_b, last_b) - hits_bsl
    known = _window_sums(known_bsl, first_b, last_b) - known_bsl
    return np.rint(LEVELS * hits / np.maximum(known, 1)).astype(np.uint16)


def _window_sums(
    numbers_bsl: npt.NDArray[np.integer] | npt.NDArray[np.bool_],
    first_b: npt.NDArray[np.integer],
    last_b: npt.NDArray[np.integer],
) -> npt.NDArray[np.int64]:
    none = np.zeros((1, *numbers_bsl.shape[1:]), np.int64)
    sums = np.concatenate([none, np.cumsum(numbers_bsl, axis=0, dtype=np.int64)])
    out: npt.NDArray[np.int64] = sums[last_b] - sums[first_b]
    return out

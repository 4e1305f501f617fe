"""Which deeds may follow which: nothing is held that was not struck in the hole, so that no kept note grows longer."""

import numpy as np
import numpy.typing as npt

from sparseq.jobs.pitched.cells import N_DEEDS, STRIKE
from sparseq.music.pitched import HOLD, REST

Bools = npt.NDArray[np.bool_]


def legal_deeds(filled_tv: Bools, onset_tv: Bools, n_lanes: int) -> npt.NDArray[np.uint8]:
    """Return which deeds each cell may take as far as it depends on no other: uint8 ndarray (T, n_lanes, `N_DEEDS`).

    Parameters
    ----------
    filled_tv : bool ndarray of shape (T, V)
        Cells to fill; the first V of `n_lanes` lanes.
    onset_tv : bool ndarray of shape (T, V)
        Those in which a note may begin.
    n_lanes : int
        Lanes of the whole grid.
    """
    out = np.ones((len(filled_tv), n_lanes, N_DEEDS), np.uint8)
    voices = out[:, : filled_tv.shape[1]]
    voices[filled_tv & ~onset_tv, STRIKE] = 0
    voices[filled_tv & ~_later(filled_tv), HOLD] = 0
    return out


def holding_nothing(deeds_tv: npt.NDArray[np.integer], filled_tv: Bools) -> Bools:
    """Return the filled cells that hold what was not struck in a filled cell."""
    sounds = filled_tv & (deeds_tv != REST)
    held: Bools = filled_tv & (deeds_tv == HOLD) & ~_later(sounds)
    return held


def held_on(deeds_tv: npt.NDArray[np.integer], wrong_tv: Bools, filled_tv: Bools) -> Bools:
    """Return the holds that follow wrong ones without a break."""
    holds = filled_tv & (deeds_tv == HOLD) & ~wrong_tv
    out = np.zeros_like(wrong_tv)
    reached = _later(wrong_tv) & holds
    while reached.any():
        out |= reached
        reached = _later(reached) & holds
    return out


def _later(cells_tv: Bools) -> Bools:
    """Return the same one step later."""
    out = np.zeros_like(cells_tv)
    out[1:] = cells_tv[:-1]
    return out

"""Voices as tokens: for each voice what it does, which pitch it strikes, which pitch sounds; and what all can read.

Lanes, for V voices:

==============  ==================  ==================================================================================
lanes           tokens              what they say
==============  ==================  ==================================================================================
0 to V - 1      `N_DEEDS`           the **deed**: rest, hold, strike
V to 2 V - 1    `N_PITCH_TOKENS`    the **pitch** that is struck, as in a `PartGrid`; not known where none is
2 V to 3 V - 1  `N_PITCH_TOKENS`    the pitch that **sounds**, struck or held; `REST` where none does
then            `ALPHABET`          kick, snare, chord, step in the bar, code of the bar
==============  ==================  ==================================================================================

The first two are filled, deeds first: where a note is likely but its pitch is not, each of its pitches is less likely
than a hold. The third follows from them. The others are only read.
"""

import numpy as np
import numpy.typing as npt

from sparseq.kernel.checks import MASK
from sparseq.music.layout import CHORD, VOICE
from sparseq.music.partgrid import PartGrid
from sparseq.music.pitched import FIRST_ONSET, HOLD, REST

STRIKE = FIRST_ONSET
N_DEEDS = 3
KICK, SNARE, HARMONY, STEP, BAR = range(5)
N_GIVEN = 5
ALPHABET = 256
MOST_BARS = 200
"""A hole learns from so many bars of its own piece, the nearest."""
STRANGE_BAR = MOST_BARS
"""The code of all bars of other pieces, and of those further away."""

Cells = npt.NDArray[np.uint16]


def voice_cells(
    grid: PartGrid, bar_codes_b: npt.NDArray[np.int64] | None = None, *, masked_tl: npt.NDArray[np.bool_] | None = None
) -> Cells:
    """Return the cells of a grid of parts: uint16 ndarray of shape (T, 3 V + `N_GIVEN`).

    Parameters
    ----------
    grid : PartGrid
        The parts.
    bar_codes_b : int64 ndarray of shape (B,), optional
        Code of each bar; all are strange otherwise.
    masked_tl : bool ndarray of shape (T, L), optional
        Cells of the grid that are not known; lanes that the grid says nothing of never are.
    """
    known_tl = np.broadcast_to(grid.known_l, grid.tokens_tl.shape)
    if masked_tl is not None:
        known_tl = known_tl & ~masked_tl
    lanes = grid.indices(kind=VOICE)
    tokens, known = grid.tokens_tl[:, lanes], known_tl[:, lanes]
    deeds = np.where(known, np.minimum(tokens, STRIKE), MASK)
    pitches = np.where(known & (tokens >= FIRST_ONSET), tokens, MASK)
    given = _given(grid, np.where(known_tl, grid.tokens_tl, MASK), bar_codes_b)
    return np.column_stack([deeds, pitches, sounding(deeds, pitches), given]).astype(np.uint16)


def sounding(deeds_tv: npt.NDArray[np.integer], pitches_tv: npt.NDArray[np.integer]) -> Cells:
    """Return the pitch that sounds in each cell, `MASK` where that is not known: uint16 ndarray of shape (T, V)."""
    begins = np.where(deeds_tv == HOLD, -1, np.arange(len(deeds_tv))[:, None])
    latest = np.maximum(np.maximum.accumulate(begins, axis=0), 0)
    at_onset = np.where(deeds_tv == REST, REST, np.where(deeds_tv == MASK, MASK, pitches_tv))
    return np.take_along_axis(at_onset, latest, axis=0).astype(np.uint16)


def _given(grid: PartGrid, tokens_tl: npt.NDArray[np.integer], bar_codes_b: npt.NDArray[np.int64] | None) -> Cells:
    out = np.full((grid.n_steps, N_GIVEN), MASK, np.uint16)
    for given, name in ((KICK, "kick"), (SNARE, "snare")):
        for index in (index for index, lane in enumerate(grid.lanes) if lane.name == name):
            out[:, given] = tokens_tl[:, index]
    out[:, HARMONY] = tokens_tl[:, grid.indices(kind=CHORD)[0]]
    out[:, STEP] = np.minimum(grid.phases_t, ALPHABET - 1)
    codes = np.full(len(grid.bars), STRANGE_BAR) if bar_codes_b is None else bar_codes_b
    out[:, BAR] = codes[grid.bars_t]
    return out


def bar_codes(n_bars: int, hole_bars: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the code of each bar of a piece: the nearest `MOST_BARS` to the hole's have one of their own."""
    indices = np.arange(n_bars)
    after = np.searchsorted(hole_bars, indices)
    right = hole_bars[np.minimum(after, len(hole_bars) - 1)]
    left = hole_bars[np.maximum(after - 1, 0)]
    distance = np.minimum(np.abs(indices - left), np.abs(right - indices))
    nearest = np.sort(np.argsort(distance, kind="stable")[:MOST_BARS])
    codes = np.full(n_bars, STRANGE_BAR)
    codes[nearest] = np.arange(len(nearest))
    return codes

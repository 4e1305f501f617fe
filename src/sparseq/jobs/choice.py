"""What a person chooses to fill, and the chance that decides where only a share is wanted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sparseq.errors import InputError
from sparseq.kernel.philox import philox_words

STRENGTH_DRAW = 3
"""The last word of the counter that a random share of the cells is drawn with."""


NOTHING_CHOSEN = "wanted cells to fill, but nothing lies in all that was chosen"


class NothingToFill(InputError):
    """What was chosen holds no cell of this kind of parts; of another kind there may be some."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What to fill, in a person's words; what lies in all of these is filled.

    Attributes
    ----------
    bars, steps, beats : str or None
        Bars of the file, steps and beats of the bar, counted from 1: "5-6,9". All by default.
    lanes, keep_lanes : str or None
        Drums to fill, drums not to: "kick,hats". Where these are given, drums alone are meant.
    tracks, channels : str or None
        Tracks by number or name, channels 1 to 16.
    strength : float
        Share of these cells that is filled, drawn by the seed: 0 to 1.
    """

    bars: str | None = None
    steps: str | None = None
    beats: str | None = None
    lanes: str | None = None
    keep_lanes: str | None = None
    tracks: str | None = None
    channels: str | None = None
    strength: float = 1.0


def by_chance(
    mask_tl: npt.NDArray[np.bool_], number_l: Sequence[int], strength: float, seed: int
) -> npt.NDArray[np.bool_]:
    """Return a share of the marked cells; whether a cell is among them depends on the seed and its place alone.

    Parameters
    ----------
    mask_tl : bool ndarray of shape (T, L)
        Marked cells.
    number_l : sequence of int
        What the lanes are drawn by, whatever lanes are beside them.
    strength : float
        0 to 1.
    seed : int
        0 up to 2**64 - 1.

    Raises
    ------
    InputError
        If the strength is out of range.
    """
    if not 0.0 <= strength <= 1.0:
        raise InputError(f"strength: wanted 0 to 1, got {strength}")
    if strength == 1.0:
        return mask_tl
    step_c, column_c = np.nonzero(mask_tl)
    word_c, place_c = np.divmod(np.array(number_l, np.int64)[column_c], 4)
    numbers_cw = philox_words(seed, step_c, word_c, STRENGTH_DRAW)
    drawn = np.zeros(mask_tl.shape, np.bool_)
    drawn[step_c, column_c] = numbers_cw[np.arange(len(step_c)), place_c] < strength * 2.0**32
    return drawn


def some_by_chance(
    mask_tl: npt.NDArray[np.bool_], number_l: Sequence[int], strength: float, seed: int
) -> npt.NDArray[np.bool_]:
    """Return what `by_chance` does; raises NothingToFill where that is nothing."""
    drawn = by_chance(mask_tl, number_l, strength, seed)
    if not drawn.any():
        raise NothingToFill(none_drawn(int(mask_tl.sum()), strength, seed))
    return drawn


def none_drawn(n_cells: int, strength: float, seed: int) -> str:
    """Return what to say where no cell is drawn."""
    return (
        f"strength: {strength:g} of {n_cells} cells was wanted, but seed {seed} draws none; "
        "raise the strength, choose more bars or lanes, or take another seed"
    )

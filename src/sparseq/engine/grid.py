"""A grid of tokens, what a driver hands back, and the cells of a mask."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sparseq.errors import InputError
from sparseq.kernel.api import NO_ORIGIN
from sparseq.kernel.checks import MASK, check_integers


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Tokens with what is known of how they came about.

    Attributes
    ----------
    cells_tl : uint16 ndarray of shape (T, L)
        Tokens; `sparseq.kernel.checks.MASK` where not known.
    origins_tl : int64 ndarray of shape (T, L)
        For each decided cell the row it leaned on: 0 or more a place in the examples (`Memory.place`), below 0 the own
        cell ``-1 - origin``; `NO_ORIGIN` for cells that were given.
    logp_tl : float64 ndarray of shape (T, L)
        Natural logarithm of the probability of each decided cell's token; 0 for cells that were given.
    """

    cells_tl: npt.NDArray[np.uint16]
    origins_tl: npt.NDArray[np.int64]
    logp_tl: npt.NDArray[np.float64]

    @classmethod
    def of(cls, cells_tl: npt.NDArray[np.uint16]) -> "Grid":
        """Return a grid with a copy of the given cells, none decided yet."""
        cells = np.array(cells_tl, np.uint16, order="C")
        return cls(cells, np.full(cells.shape, NO_ORIGIN, np.int64), np.zeros(cells.shape))


def checked_cells(name: str, cells_tl: npt.ArrayLike, n_lanes: int) -> npt.NDArray[np.uint16]:
    """Return cells as uint16 of shape (T, n_lanes); raises InputError where another type or shape would be bent."""
    cells = np.asarray(cells_tl)
    if cells.dtype != np.uint16 or cells.ndim != 2:
        cells = check_integers(name, cells, 2, 0, MASK)
    if cells.shape[1] != n_lanes:
        raise InputError(f"{name}: wanted {n_lanes} lanes, got {cells.shape[1]}")
    return cells.astype(np.uint16)


def check_mask(name: str, mask_tl: npt.NDArray[np.bool_], shape: tuple[int, ...]) -> None:
    """Raise InputError unless `mask_tl` is a bool array of this shape: whole numbers would index rows instead."""
    if not isinstance(mask_tl, np.ndarray) or mask_tl.dtype != np.bool_ or mask_tl.shape != shape:
        got = f"{mask_tl.dtype} {mask_tl.shape}" if isinstance(mask_tl, np.ndarray) else type(mask_tl).__name__
        raise InputError(f"{name}: wanted a bool array of shape {shape}, got {got}")


def flat_indices(mask_tl: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return the flat indices of a mask's cells, rising."""
    return np.flatnonzero(mask_tl).astype(np.int64, copy=False)

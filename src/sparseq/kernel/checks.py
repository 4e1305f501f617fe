"""Checks of what callers hand to the kernel: each refusal names the argument, what was wanted and what was got."""

from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from sparseq.errors import InputError

MASK = 65535
"""A grid cell that is not known."""
EDGE = 65534
"""What a slot reads outside the grid."""
NO_ORIGIN = int(np.iinfo(np.int64).min)
"""Origin of a cell whose token no row holds: it came from the prior."""
SEED_LIMIT = (1 << 64) - 1
NOISE_ROWS = 1024
"""Length of one step's table of confidence noise."""
CELL_LIMIT = 1 << 32
"""Most cells of a grid: a cell's place is one 32-bit word of the counter that its draws come from."""


def check_number(name: str, value: float, low: float, high: float, *, open_low: bool = False) -> float:
    """Return `value` as a float if it is a number within low..high, else raise InputError."""
    real = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    # NaN is within nothing.
    if not real or not low <= value <= high or (open_low and value == low):
        wanted = f"above {low:g} up to {high:g}" if open_low else f"{low:g} to {high:g}"
        raise InputError(f"{name}: wanted a number {wanted}, got {value!r}")
    return float(value)


def check_count(name: str, value: int, low: int, high: int) -> int:
    """Return `value` as an int if it is whole and within low..high, else raise InputError."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or not low <= value <= high:
        raise InputError(f"{name}: wanted a whole number {low} to {high}, got {value!r}")
    return int(value)


def check_finite(name: str, array: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return `array` as float64 if every number in it is finite, else raise InputError."""
    numbers = np.asarray(array)
    if numbers.dtype.kind not in "iubf":
        raise InputError(f"{name}: wanted finite numbers, got dtype {numbers.dtype}")
    if not np.isfinite(numbers).all():
        raise InputError(f"{name}: wanted finite numbers, got NaN or infinity")
    return numbers.astype(np.float64, copy=False)


def check_integers(name: str, array: npt.ArrayLike, ndim: int, low: int, high: int) -> npt.NDArray[np.int64]:
    """Return `array` as int64 if it has `ndim` dimensions and whole numbers within low..high, else raise InputError."""
    numbers = np.asarray(array)
    if numbers.ndim != ndim:
        raise InputError(f"{name}: wanted {ndim} dimensions, got {numbers.ndim}")
    if numbers.size == 0:
        return numbers.astype(np.int64)
    if numbers.dtype.kind not in "iub":
        raise InputError(f"{name}: wanted whole numbers, got dtype {numbers.dtype}")
    if int(numbers.min()) < low or int(numbers.max()) > high:
        raise InputError(f"{name}: wanted {low} to {high}, got {numbers.min()} to {numbers.max()}")
    return numbers.astype(np.int64, copy=False)


def check_codes(
    keys_ns: npt.ArrayLike, values_n: npt.ArrayLike, n_values: int, alphabet: int
) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.int64]]:
    """Return keys as uint16 (N, S) and values as int64 (N,) if they fit together, else raise InputError."""
    check_count("n_values", n_values, 1, EDGE)
    check_count("alphabet", alphabet, 1, EDGE)
    keys = keys_ns if _is_grid(keys_ns) else check_integers("keys_ns", keys_ns, 2, 0, MASK)
    values = check_integers("values_n", values_n, 1, 0, n_values - 1)
    if len(keys) != len(values):
        raise InputError(f"values_n: wanted one for each of the {len(keys)} keys, got {len(values)}")
    check_tokens("keys_ns", keys, alphabet)
    return keys.astype(np.uint16, copy=False), values


def _is_grid(keys: npt.ArrayLike) -> TypeGuard[npt.NDArray[np.uint16]]:
    """Whether keys have the type of grid cells, in which every number is one: the way in of whole libraries."""
    return isinstance(keys, np.ndarray) and keys.dtype == np.uint16 and keys.ndim == 2


def check_tokens(name: str, cells: npt.NDArray[np.integer], alphabet: int) -> None:
    """Raise InputError unless every cell is a token below `alphabet`, `EDGE` or `MASK`."""
    if cells.dtype == np.uint16:  # edge and mask go round to 0 and 1: one look at each cell, and no copy of the tokens
        highest = int((cells + np.uint16(2)).max(initial=0)) - 2
    else:
        highest = int(cells[cells < EDGE].max(initial=-1))
    if highest >= alphabet:
        raise InputError(f"{name}: wanted tokens 0 to {alphabet - 1}, got {highest}")


def sealed(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return `array`, from now on read-only: what a head was built over must stay as it was checked."""
    array.flags.writeable = False
    return array


def check_cells(cells_tl: npt.NDArray[np.uint16], n_lanes: int, *, written: bool = True) -> None:
    """Raise InputError unless `cells_tl` is a C-ordered uint16 grid with `n_lanes` lanes, writable where `written`."""
    right = isinstance(cells_tl, np.ndarray) and cells_tl.dtype == np.uint16 and cells_tl.ndim == 2
    if right:
        flags = cells_tl.flags
        right = cells_tl.shape[1] == n_lanes and flags.c_contiguous and (flags.writeable or not written)
    if not right:
        got = f"{cells_tl.dtype} {cells_tl.shape}" if isinstance(cells_tl, np.ndarray) else type(cells_tl).__name__
        kind = "writable C-ordered" if written else "C-ordered"
        raise InputError(f"cells_tl: wanted a {kind} uint16 array of shape (T, {n_lanes}), got {got}")
    if cells_tl.size > CELL_LIMIT:
        raise InputError(f"cells_tl: wanted at most {CELL_LIMIT} cells, got {cells_tl.size}")

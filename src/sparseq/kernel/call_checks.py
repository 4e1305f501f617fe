"""Checks of one whole call each: what it hands in comes back as the loops take it, or is refused.

Callers ask these where a kernel's own quick look (its `..._fit`) does not say that everything is as it should be.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sparseq.errors import InputError
from sparseq.kernel.checks import (
    MASK,
    NOISE_ROWS,
    SEED_LIMIT,
    check_cells,
    check_count,
    check_finite,
    check_integers,
)
from sparseq.kernel.grid_checks import (
    check_asked,
    check_columns,
    check_heads,
    check_held,
    check_order,
    check_output,
    check_written,
)
from sparseq.kernel.layout import Layout


def checked_cells(
    heads: Sequence[Any],
    head_class: type,
    layout: Layout,
    cells_tl: npt.NDArray[np.uint16],
    cell_indices: npt.ArrayLike,
    first_step: int,
    *,
    held: bool,
) -> tuple[npt.NDArray[np.int64], int]:
    """Return the flat indices of cells that are asked about, or that hold tokens to remember; and the first step."""
    check_heads(heads, head_class, layout)
    indices = check_asked(heads, layout, cells_tl, cell_indices, written=False)
    first = _first_step(first_step, cells_tl)
    if held:
        check_held(heads, layout, cells_tl, indices)
    return indices, first


def checked_columns(
    heads: Sequence[Any],
    head_class: type,
    layout: Layout,
    cells_tl: npt.NDArray[np.uint16],
    order: npt.ArrayLike,
    start: int,
    stop: int,
    seed: int,
    first_step: int,
    origins_tl: npt.NDArray[np.int64],
    logp_tl: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.int32], int, int]:
    """Return the lanes of columns to stream, the seed, and the first step."""
    check_heads(heads, head_class, layout)
    lanes = check_order(order, layout)
    check_cells(cells_tl, layout.n_lanes)
    check_count("start", start, 0, len(cells_tl))
    check_count("stop", stop, start, len(cells_tl))
    check_columns(heads, layout, cells_tl, lanes, start, stop)
    check_written(heads)
    first, seed = _first_step(first_step, cells_tl), check_count("seed", seed, 0, SEED_LIMIT)
    _check_outputs(cells_tl, origins_tl, logp_tl)
    return lanes.astype(np.int32), seed, first


def checked_hole(
    heads: Sequence[Any],
    head_class: type,
    layout: Layout,
    cells_tl: npt.NDArray[np.uint16],
    cell_indices: npt.ArrayLike,
    left_s: npt.ArrayLike,
    noise_sk: npt.ArrayLike | None,
    seed: int,
    round_number: int,
    origins_tl: npt.NDArray[np.int64],
    logp_tl: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64] | None, int]:
    """Return the flat indices of masked cells to fill, the schedule, its noise, and the seed."""
    check_heads(heads, head_class, layout)
    indices = check_asked(heads, layout, cells_tl, cell_indices)
    check_written(heads)
    if (cells_tl.reshape(-1)[indices] != MASK).any() or not (np.bincount(indices) < 2).all():
        raise InputError("cell_indices: wanted masked cells, each once, got a known or a repeated one")
    left, noise = _checked_schedule(left_s, noise_sk, len(indices))
    seed = check_count("seed", seed, 0, SEED_LIMIT)
    check_count("round_number", round_number, 0, 1 << 31)
    _check_outputs(cells_tl, origins_tl, logp_tl)
    return indices, left, noise, seed


def _check_outputs(
    cells_tl: npt.NDArray[np.uint16], origins_tl: npt.NDArray[np.int64], logp_tl: npt.NDArray[np.float64]
) -> None:
    check_output("origins_tl", origins_tl, np.int64, cells_tl.shape)
    check_output("logp_tl", logp_tl, np.float64, cells_tl.shape)


def _checked_schedule(
    left_s: npt.ArrayLike, noise_sk: npt.ArrayLike | None, n_cells: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64] | None]:
    left = check_integers("left_s", left_s, 1, 0, n_cells)
    if len(left) == 0 or left[-1] != 0 or (left[1:] > left[:-1]).any():
        raise InputError("left_s: wanted falling counts that end in 0")
    if noise_sk is None:
        return np.ascontiguousarray(left), None
    noise = check_finite("noise_sk", noise_sk)
    if noise.shape != (len(left), NOISE_ROWS):
        raise InputError(f"noise_sk: wanted shape ({len(left)}, {NOISE_ROWS}), got {noise.shape}")
    return np.ascontiguousarray(left), np.ascontiguousarray(noise)


def _first_step(first_step: int, cells_tl: npt.NDArray[np.uint16]) -> int:
    # A place in the piece is 64 bits of origins.
    return check_count("first_step", first_step, 0, ((1 << 62) - cells_tl.size) // max(cells_tl.shape[1], 1))

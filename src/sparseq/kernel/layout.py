"""Where each lane's slots point on the grid, and which head answers for the lane."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sparseq.errors import InputError
from sparseq.kernel.checks import EDGE, check_integers, sealed

EDGE_LANE = -1
"""A slot whose lane is this always reads the edge."""


def constant_lane(code: int) -> int:
    """Return the lane number that makes a slot read the constant `code`, 0 up to 65533."""
    return -2 - code


@dataclass(frozen=True, slots=True)
class Layout:
    """Geometry of the contexts.

    Attributes
    ----------
    dt_ls : int32 ndarray of shape (L, S)
        Steps from the cell to what each slot reads.
    lane_ls : int32 ndarray of shape (L, S)
        Lane that each slot reads; `EDGE_LANE`, or a `constant_lane`.
    head_of_lane : int32 ndarray of shape (L,)
        Index of the lane's head; -1 for a lane that is only read.
    n_heads, n_constants : int
        Heads that there must be, and constant codes: each is below this.
    first_dt, last_dt : int
        How far slots reach, 0 or less and 0 or more.
    """

    dt_ls: npt.NDArray[np.int32]
    lane_ls: npt.NDArray[np.int32]
    head_of_lane: npt.NDArray[np.int32]
    n_heads: int
    n_constants: int
    first_dt: int
    last_dt: int

    @property
    def n_lanes(self) -> int:
        """Lanes of the grid."""
        return len(self.head_of_lane)


def make_layout(dt_ls: npt.ArrayLike, lane_ls: npt.ArrayLike, head_of_lane: npt.ArrayLike) -> Layout:
    """Check and build a Layout; raises InputError where shapes or lanes do not fit, or a slot reads its own cell."""
    dt = check_integers("dt_ls", dt_ls, 2, -(1 << 30), 1 << 30)
    heads = check_integers("head_of_lane", head_of_lane, 1, -1, 1 << 30)
    lanes = check_integers("lane_ls", lane_ls, 2, -1 - EDGE, len(heads) - 1)
    if dt.shape != lanes.shape or len(dt) != len(heads):
        raise InputError(
            f"layout: wanted dt_ls and lane_ls of one shape and {len(heads)} lanes, got {dt.shape} and {lanes.shape}"
        )
    own = (lanes == np.arange(len(heads))[:, None]) & (dt == 0) & (heads >= 0)[:, None]
    if own.any():
        raise InputError(f"layout: slot {int(own.any(0).argmax())} reads the cell it should predict; give it a dt")
    dt_ls, lane_ls, head_of_lane = (sealed(np.array(array, np.int32, order="C")) for array in (dt, lanes, heads))
    return Layout(
        dt_ls,
        lane_ls,
        head_of_lane,
        n_heads=int(heads.max(initial=0)) + 1,
        n_constants=EDGE_LANE - int(lanes.min(initial=EDGE_LANE)),
        first_dt=int(dt.min(initial=0)),
        last_dt=int(dt.max(initial=0)),
    )


def gather(layout: Layout, cells_tl: npt.NDArray[np.uint16], lane: int, n_slots: int) -> npt.NDArray[np.uint16]:
    """Return the contexts of one lane at every step, uint16 of shape (T, n_slots), in grid codes."""
    n_steps = len(cells_tl)
    out = np.full((n_steps, n_slots), EDGE, np.uint16)
    for slot in range(n_slots):
        dt, where = int(layout.dt_ls[lane, slot]), int(layout.lane_ls[lane, slot])
        if where < EDGE_LANE:
            out[:, slot] = -2 - where
        elif where > EDGE_LANE:
            low, high = max(0, -dt), min(n_steps, n_steps - dt)
            if low < high:
                out[low:high, slot] = cells_tl[low + dt : high + dt, where]
    return out

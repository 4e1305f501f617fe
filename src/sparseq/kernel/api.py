"""The kernel as callers see it: every call is checked here, once, before either implementation runs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sparseq.errors import CapacityError, InputError
from sparseq.kernel.checks import MASK, NO_ORIGIN, check_cells, check_count, check_finite, check_integers, check_number
from sparseq.kernel.grid_checks import (
    check_allowed,
    check_asked,
    check_barred,
    check_columns,
    check_heads,
    check_held,
    check_order,
    check_output,
    check_sampling,
    check_written,
    masked_cells,
)
from sparseq.kernel.layout import Layout
from sparseq.kernel.model import MASS_LIMIT, SlotModel
from sparseq.kernel.rows import Rows
from sparseq.kernel.sampling import Sampling

__all__ = ["NOISE_ROWS", "NO_ORIGIN", "SEARCH_ROWS", "SEED_LIMIT", "Kernel"]

NOISE_ROWS = 1024
"""Length of one step's table of confidence noise."""
SEARCH_ROWS = 1 << 14
"""Libraries of more merged rows than this are searched: below, a scan takes less time."""
SEED_LIMIT = (1 << 64) - 1


class Kernel:
    """One implementation behind the checks.

    Attributes
    ----------
    name : str
        "native" or "reference".
    """

    def __init__(self, name: str, head_class: Any, loops: Any) -> None:
        self.name = name
        self._head_class = head_class
        self._loops = loops
        self._sampling: Sampling | None = None

    def head(
        self,
        rows: Rows,
        model: SlotModel,
        *,
        own_capacity: int = 0,
        own_weight: int = 1,
        evict: bool = True,
        epsilon: float = 1e-6,
        search_rows: int = SEARCH_ROWS,
    ) -> Any:
        """Return a SlotHead: example rows and room for own rows, ready to attend.

        Parameters
        ----------
        rows : Rows
            Example rows; may be empty.
        model : SlotModel
            Distances and softmax; as many weights as the rows have slots.
        own_capacity : int
            Room for own rows, 0 up to 2**24.
        own_weight : int
            What an own row counts, an example row counting 1; 1 up to 2**20.
        evict : bool
            Whether a full own memory drops its oldest row; if not, appending raises CapacityError.
        epsilon : float
            Large libraries are searched: rows so far from a query that all of them together have at most this share of
            the mass of the others are left out; 0 up to 1. With 0 no row of any mass is.
        search_rows : int
            From this many example rows on they are searched, 0 or more, if the softmax is sharp enough for that to
            pay, see `spread.is_searched`; otherwise every row counts.

        Raises
        ------
        InputError
            For numbers out of range or slots that do not match.
        CapacityError
            Where all rows together weigh more than the integer softmax can sum.
        """
        check_count("own_capacity", own_capacity, 0, 1 << 24)
        check_count("own_weight", own_weight, 1, 1 << 20)
        check_number("epsilon", epsilon, 0.0, 1.0)
        check_count("search_rows", search_rows, 0, 1 << 62)
        if len(model.weights_s) != len(rows.keys_sn):
            raise InputError(f"model: wanted {len(rows.keys_sn)} slot weights, got {len(model.weights_s)}")
        if model.similarity_kab.shape[1] > rows.alphabet:
            raise InputError(
                f"model: wanted similarity tables of up to {rows.alphabet} tokens, the alphabet of the rows, "
                f"got {model.similarity_kab.shape[1]}"
            )
        total = len(rows.origins) + own_capacity * own_weight
        if total >= MASS_LIMIT:
            raise CapacityError(
                f"rows: wanted a total weight under {MASS_LIMIT}, got {total}; "
                "use fewer examples or a smaller own_weight"
            )
        return self._head_class(
            rows,
            model,
            own_capacity=own_capacity,
            own_weight=own_weight,
            evict=evict,
            epsilon=float(epsilon),
            search_rows=search_rows,
        )

    def remember(
        self,
        heads: Sequence[Any],
        layout: Layout,
        cells_tl: npt.NDArray[np.uint16],
        cell_indices: npt.NDArray[np.int64],
        *,
        first_step: int = 0,
    ) -> None:
        """Append own rows for known cells, given by flat index; the origin of the piece's cell i is ``-1 - i``.

        Parameters
        ----------
        first_step : int
            Which step of the piece the grid begins with, where only its end is at hand.

        Raises
        ------
        InputError
            For cells out of range, masked, or in a lane without a head.
        """
        check_heads(heads, self._head_class, layout)
        indices = check_asked(heads, layout, cells_tl, cell_indices, written=False)
        first_step = _first_step(first_step, cells_tl)
        check_held(heads, layout, cells_tl, indices)
        self._loops.remember(heads, layout, _writable(cells_tl), indices, first_step)

    def likelihood(
        self,
        heads: Sequence[Any],
        layout: Layout,
        cells_tl: npt.NDArray[np.uint16],
        cell_indices: npt.NDArray[np.int64],
        allowed_tlv: npt.NDArray[np.uint8] | None = None,
        *,
        first_step: int = 0,
    ) -> npt.NDArray[np.float64]:
        """Return each cell's probabilities given the rest of the grid as it stands.

        A cell's own row in own memory does not count for itself.

        Parameters
        ----------
        allowed_tlv : uint8 ndarray of shape (T, L, V) or (L, V), optional
            Hard mask over values, of each column or of all; V at least the largest number of values of any head.
        first_step : int
            Which step of the piece the grid begins with, where only its end is at hand.

        Returns
        -------
        float64 ndarray of shape (C, V)
            V is the largest number of values of any head; lines of smaller heads end in zeros.
        """
        check_heads(heads, self._head_class, layout)
        indices = check_asked(heads, layout, cells_tl, cell_indices, written=False)
        allowed = check_allowed(heads, layout, range(len(cells_tl)), indices, allowed_tlv)
        out: npt.NDArray[np.float64] = self._loops.likelihood(
            heads, layout, _writable(cells_tl), indices, allowed, _first_step(first_step, cells_tl)
        )
        return out

    def stream(
        self,
        heads: Sequence[Any],
        layout: Layout,
        cells_tl: npt.NDArray[np.uint16],
        order: npt.ArrayLike,
        start: int,
        stop: int,
        sampling: Sampling,
        seed: int,
        *,
        origins_tl: npt.NDArray[np.int64],
        logp_tl: npt.NDArray[np.float64],
        allowed_tlv: npt.NDArray[np.uint8] | None = None,
        barred_b3: npt.ArrayLike | None = None,
        first_step: int = 0,
    ) -> None:
        """Fill the masked cells of columns `start` to `stop`, left to right, and remember each column.

        Parameters
        ----------
        order : array_like of int
            Lanes in the order they are decided within a column; each must have a head.
        start, stop : int
            Columns (steps), ``0 <= start <= stop <= T``.
        sampling : Sampling
            How tokens are drawn.
        seed : int
            0 up to 2**64 - 1; draws depend on it and on the cell's place alone.
        origins_tl, logp_tl : ndarray of shape (T, L)
            Written: origin of each decided cell (`NO_ORIGIN` where no row held the token) and the natural logarithm of
            its probability before the sampling parameters.
        allowed_tlv : uint8 ndarray of shape (stop - start, L, V) or (L, V), optional
            Hard mask over values, of each column from `start` or of all: 0 forbids one. V is the largest number of
            values of any head, or more; each masked cell must be left one.
        barred_b3 : array_like of int, shape (B, 3), optional
            What may not follow what: lines of lane, token of the lane one step before, token. `EDGE` as the token
            before is the beginning of the piece.
        first_step : int
            Which step of the piece the grid begins with, where only its end is at hand: draws and origins count from
            the beginning of the piece.
        """
        check_heads(heads, self._head_class, layout)
        lanes = check_order(order, layout)
        check_cells(cells_tl, layout.n_lanes)
        check_count("start", start, 0, len(cells_tl))
        check_count("stop", stop, start, len(cells_tl))
        if not self._loops.columns_fit(heads, layout, cells_tl, lanes, start, stop):
            check_columns(heads, layout, cells_tl, lanes, start, stop)
        check_written(heads)
        allowed = barred = None
        if allowed_tlv is not None or barred_b3 is not None:
            masked = masked_cells(cells_tl, lanes, start, stop)
            allowed = check_allowed(heads, layout, range(start, stop), masked, allowed_tlv)
            barred = check_barred(heads, layout, range(start, stop), masked, allowed, barred_b3)
        first_step = _first_step(first_step, cells_tl)
        how, seed = self._checked_sampling(sampling), check_count("seed", seed, 0, SEED_LIMIT)
        check_output("origins_tl", origins_tl, np.int64, cells_tl.shape)
        check_output("logp_tl", logp_tl, np.float64, cells_tl.shape)
        self._loops.stream(
            heads,
            layout,
            cells_tl,
            lanes.astype(np.int32),
            start,
            stop,
            how,
            seed,
            allowed_tlv=allowed,
            origins_tl=origins_tl,
            logp_tl=logp_tl,
            barred_b3=barred,
            first_step=first_step,
        )

    def fill(
        self,
        heads: Sequence[Any],
        layout: Layout,
        cells_tl: npt.NDArray[np.uint16],
        cell_indices: npt.NDArray[np.int64],
        left_s: npt.ArrayLike,
        noise_sk: npt.NDArray[np.float64] | None,
        sampling: Sampling,
        seed: int,
        round_number: int = 0,
        *,
        origins_tl: npt.NDArray[np.int64],
        logp_tl: npt.NDArray[np.float64],
        allowed_tlv: npt.NDArray[np.uint8] | None = None,
        incremental: bool = True,
    ) -> None:
        """Fill masked cells over several steps, the most confident first.

        Schedule and confidence follow MaskGIT (Chang et al., CVPR 2022).

        Parameters
        ----------
        cell_indices : int64 ndarray of shape (C,)
            Flat indices of the cells to fill, each masked.
        left_s : array_like of int
            How many of them stay masked after each step: falling, the last 0.
        noise_sk : float64 ndarray of shape (steps, 1024)
            Factors that a cell's confidence is multiplied by, one drawn per cell and step; None for no noise.
        round_number : int
            Distinguishes the draws of refilling rounds, 0 up to 2**31.
        allowed_tlv : uint8 ndarray of shape (T, L, V) or (L, V), optional
            Hard mask over values, of each column or of all; V at least the largest number of values of any head.
        incremental : bool
            Keep each cell's distances and add only slots that became known: faster, the same result, and memory for
            C times the number of rows.
        """
        check_heads(heads, self._head_class, layout)
        indices = check_asked(heads, layout, cells_tl, cell_indices)
        check_written(heads)
        rising = (indices[1:] > indices[:-1]).all()
        if (cells_tl.reshape(-1)[indices] != MASK).any() or not (rising or (np.bincount(indices) < 2).all()):
            raise InputError("cell_indices: wanted masked cells, each once, got a known or a repeated one")
        left, noise = _checked_schedule(left_s, noise_sk, len(indices))
        allowed = check_allowed(heads, layout, range(len(cells_tl)), indices, allowed_tlv)
        how, seed = self._checked_sampling(sampling), check_count("seed", seed, 0, SEED_LIMIT)
        check_count("round_number", round_number, 0, 1 << 31)
        check_output("origins_tl", origins_tl, np.int64, cells_tl.shape)
        check_output("logp_tl", logp_tl, np.float64, cells_tl.shape)
        self._loops.fill(
            heads,
            layout,
            cells_tl,
            indices,
            left,
            noise,
            how,
            seed,
            round_number,
            allowed_tlv=allowed,
            origins_tl=origins_tl,
            logp_tl=logp_tl,
            incremental=incremental,
        )

    def _checked_sampling(self, sampling: Sampling) -> Sampling:
        """Check sampling parameters, but the same ones only once: a live stream asks for a column at a time."""
        if sampling is not self._sampling:
            self._sampling = check_sampling(sampling)
        return self._sampling


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


def _writable(cells_tl: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    # The loops take one kind of grid, a writable one; a caller that only asks may hand in a read-only one.
    return cells_tl if cells_tl.flags.writeable else cells_tl.copy()

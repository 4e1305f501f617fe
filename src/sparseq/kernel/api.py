"""The kernel as callers see it: every call is checked here, once, before either implementation runs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sparseq.kernel.call_checks import checked_cells, checked_columns, checked_hole
from sparseq.kernel.checks import NO_ORIGIN, NOISE_ROWS, SEED_LIMIT
from sparseq.kernel.grid_checks import check_allowed, check_barred, check_sampling, masked_cells
from sparseq.kernel.head_checks import check_head
from sparseq.kernel.layout import Layout
from sparseq.kernel.model import SlotModel
from sparseq.kernel.rows import Rows
from sparseq.kernel.sampling import Sampling

__all__ = ["NOISE_ROWS", "NO_ORIGIN", "SEARCH_ROWS", "SEED_LIMIT", "Kernel"]

SEARCH_ROWS = 1 << 14
"""Libraries of more merged rows than this are searched: below, a scan takes less time."""


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
        check_head(rows, model, own_capacity, own_weight, epsilon, search_rows)
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
        if not self._loops.held_cells_fit(heads, layout, cells_tl, cell_indices, first_step):
            cell_indices, first_step = checked_cells(
                heads, self._head_class, layout, cells_tl, cell_indices, first_step, held=True
            )
        self._loops.remember(heads, layout, cells_tl, cell_indices, first_step)

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
        if not self._loops.cells_fit(heads, layout, cells_tl, cell_indices, first_step):
            cell_indices, first_step = checked_cells(
                heads, self._head_class, layout, cells_tl, cell_indices, first_step, held=False
            )
        allowed = check_allowed(heads, layout, range(len(cells_tl)), cell_indices, allowed_tlv)
        out: npt.NDArray[np.float64] = self._loops.likelihood(
            heads, layout, cells_tl, cell_indices, allowed, first_step
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
        lanes: Any = order
        how = self._checked_sampling(sampling)
        fits = self._loops.columns_fit
        if not fits(heads, layout, cells_tl, order, start, stop, seed, first_step, origins_tl, logp_tl):
            lanes, seed, first_step = checked_columns(
                heads, self._head_class, layout, cells_tl, order, start, stop, seed, first_step, origins_tl, logp_tl
            )
        allowed = barred = None
        if allowed_tlv is not None or barred_b3 is not None:
            masked = masked_cells(cells_tl, lanes, start, stop)
            allowed = check_allowed(heads, layout, range(start, stop), masked, allowed_tlv)
            barred = check_barred(heads, layout, range(start, stop), masked, allowed, barred_b3)
        self._loops.stream(
            heads,
            layout,
            cells_tl,
            lanes,
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
        how, left, noise = self._checked_sampling(sampling), left_s, noise_sk
        if not self._loops.hole_fits(
            heads, layout, cells_tl, cell_indices, left, noise, NOISE_ROWS, seed, round_number, origins_tl, logp_tl
        ):
            cell_indices, left, noise, seed = checked_hole(
                heads,
                self._head_class,
                layout,
                cells_tl,
                cell_indices,
                left,
                noise,
                seed,
                round_number,
                origins_tl,
                logp_tl,
            )
        allowed = check_allowed(heads, layout, range(len(cells_tl)), cell_indices, allowed_tlv)
        self._loops.fill(
            heads,
            layout,
            cells_tl,
            cell_indices,
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

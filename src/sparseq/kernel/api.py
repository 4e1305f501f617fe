"""The kernel as callers see it: every call is checked here, once, before either implementation runs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sparseq.errors import CapacityError, InputError
from sparseq.kernel.checks import MASK, check_cells, check_count, check_integers, check_number, check_tokens
from sparseq.kernel.layout import Layout
from sparseq.kernel.model import MASS_LIMIT, SlotModel
from sparseq.kernel.rows import Rows
from sparseq.kernel.sampling import Sampling

NO_ORIGIN = np.iinfo(np.int64).min
"""Origin of a cell whose token no row holds: it came from the prior."""
NOISE_ROWS = 1024
"""Length of one step's table of confidence noise."""
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

    def head(
        self, rows: Rows, model: SlotModel, *, own_capacity: int = 0, own_weight: int = 1, evict: bool = True
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

        Raises
        ------
        InputError
            For numbers out of range or slots that do not match.
        CapacityError
            Where all rows together weigh more than the integer softmax can sum.
        """
        check_count("own_capacity", own_capacity, 0, 1 << 24)
        check_count("own_weight", own_weight, 1, 1 << 20)
        if len(model.weights_s) != len(rows.keys_sn):
            raise InputError(f"model: wanted {len(rows.keys_sn)} slot weights, got {len(model.weights_s)}")
        total = int(rows.counts_n.sum(dtype=np.int64)) + own_capacity * own_weight
        if total >= MASS_LIMIT:
            raise CapacityError(
                f"rows: wanted a total weight under {MASS_LIMIT}, got {total}; use fewer examples or a smaller own_weight"
            )
        return self._head_class(rows, model, own_capacity=own_capacity, own_weight=own_weight, evict=evict)

    def remember(
        self,
        heads: Sequence[Any],
        layout: Layout,
        cells_tl: npt.NDArray[np.uint16],
        cell_indices: npt.NDArray[np.int64],
    ) -> None:
        """Append own rows for known cells, given by flat index; the origin of cell i is ``-1 - i``.

        Raises
        ------
        InputError
            For cells out of range, masked, or in a lane without a head.
        """
        indices = self._check_grid(heads, layout, cells_tl, cell_indices)
        values = cells_tl.reshape(-1)[indices]
        if (values >= self._n_values(heads, layout, cells_tl)[indices % cells_tl.shape[1]]).any():
            raise InputError("cell_indices: wanted cells that hold a token of their lane, got a masked one or another")
        self._loops.remember(heads, layout, cells_tl, indices)

    def likelihood(
        self,
        heads: Sequence[Any],
        layout: Layout,
        cells_tl: npt.NDArray[np.uint16],
        cell_indices: npt.NDArray[np.int64],
        allowed_tlv: npt.NDArray[np.uint8] | None = None,
    ) -> npt.NDArray[np.float64]:
        """Return each cell's probabilities given the rest of the grid as it stands.

        A cell's own row in own memory does not count for itself.

        Returns
        -------
        float64 ndarray of shape (C, V)
            V is the largest number of values of any head; lines of smaller heads end in zeros.
        """
        indices = self._check_grid(heads, layout, cells_tl, cell_indices)
        allowed = self._check_allowed(heads, cells_tl, allowed_tlv)
        out: npt.NDArray[np.float64] = self._loops.likelihood(heads, layout, cells_tl, indices, allowed)
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
        allowed_tlv : uint8 ndarray of shape (T, L, V), optional
            Hard mask over values.
        """
        lanes = check_integers("order", order, 1, 0, layout.n_lanes - 1)
        columns = np.arange(check_count("start", start, 0, len(cells_tl)), check_count("stop", stop, start, len(cells_tl)))
        cells = (columns[:, None] * layout.n_lanes + lanes).reshape(-1)
        self._check_grid(heads, layout, cells_tl, cells)
        _check_outputs(cells_tl, origins_tl, logp_tl)
        self._loops.stream(
            heads,
            layout,
            cells_tl,
            lanes.astype(np.int32),
            start,
            stop,
            _checked(sampling),
            check_count("seed", seed, 0, SEED_LIMIT),
            allowed_tlv=self._check_allowed(heads, cells_tl, allowed_tlv),
            origins_tl=origins_tl,
            logp_tl=logp_tl,
        )

    def fill(
        self,
        heads: Sequence[Any],
        layout: Layout,
        cells_tl: npt.NDArray[np.uint16],
        cell_indices: npt.NDArray[np.int64],
        left_s: npt.ArrayLike,
        noise_sk: npt.NDArray[np.float64],
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
            Factors that a cell's confidence is multiplied by, one drawn per cell and step; ones for none.
        round_number : int
            Distinguishes the draws of refilling rounds, 0 up to 2**31.
        incremental : bool
            Keep each cell's distances and add only slots that became known: faster, the same result, and memory for
            C times the number of rows.
        """
        indices = self._check_grid(heads, layout, cells_tl, cell_indices)
        if (cells_tl.reshape(-1)[indices] != MASK).any() or len(np.unique(indices)) != len(indices):
            raise InputError("cell_indices: wanted masked cells, each once, got a known or a repeated one")
        left = check_integers("left_s", left_s, 1, 0, len(indices))
        if len(left) == 0 or left[-1] != 0 or (np.diff(left) > 0).any():
            raise InputError("left_s: wanted falling counts that end in 0")
        if noise_sk.shape != (len(left), NOISE_ROWS) or not np.isfinite(noise_sk).all():
            raise InputError(f"noise_sk: wanted finite numbers of shape ({len(left)}, {NOISE_ROWS}), got {noise_sk.shape}")
        _check_outputs(cells_tl, origins_tl, logp_tl)
        self._loops.fill(
            heads,
            layout,
            cells_tl,
            indices,
            left,
            np.ascontiguousarray(noise_sk, np.float64),
            _checked(sampling),
            check_count("seed", seed, 0, SEED_LIMIT),
            check_count("round_number", round_number, 0, 1 << 31),
            allowed_tlv=self._check_allowed(heads, cells_tl, allowed_tlv),
            origins_tl=origins_tl,
            logp_tl=logp_tl,
            incremental=incremental,
        )

    def _check_grid(
        self,
        heads: Sequence[Any],
        layout: Layout,
        cells_tl: npt.NDArray[np.uint16],
        cell_indices: npt.NDArray[np.int64],
    ) -> npt.NDArray[np.int64]:
        check_cells(cells_tl, layout.n_lanes)
        indices = check_integers("cell_indices", cell_indices, 1, 0, cells_tl.size - 1)
        if not len(heads) or int(layout.head_of_lane.max(initial=-1)) >= len(heads):
            raise InputError(f"heads: wanted {int(layout.head_of_lane.max(initial=0)) + 1}, got {len(heads)}")
        if (layout.head_of_lane[np.unique(indices % layout.n_lanes)] < 0).any():
            raise InputError("cell_indices: wanted cells of lanes that have a head, got one of a lane that is only read")
        if max(head.n_slots for head in heads) > layout.dt_ls.shape[1]:
            raise InputError(f"layout: wanted room for the slots of every head, got {layout.dt_ls.shape[1]}")
        check_tokens("cells_tl", cells_tl, min(head.alphabet for head in heads))
        return np.ascontiguousarray(indices)

    def _n_values(
        self, heads: Sequence[Any], layout: Layout, cells_tl: npt.NDArray[np.uint16]
    ) -> npt.NDArray[np.int64]:
        return np.array([heads[h].n_values if h >= 0 else 0 for h in layout.head_of_lane])

    def _check_allowed(
        self,
        heads: Sequence[Any],
        cells_tl: npt.NDArray[np.uint16],
        allowed_tlv: npt.NDArray[np.uint8] | None,
    ) -> npt.NDArray[np.uint8] | None:
        if allowed_tlv is None:
            return None
        wanted = (*cells_tl.shape, max(head.n_values for head in heads))
        if allowed_tlv.shape != wanted:
            raise InputError(f"allowed_tlv: wanted shape {wanted}, got {allowed_tlv.shape}")
        return np.ascontiguousarray(allowed_tlv, np.uint8)


def _check_outputs(
    cells_tl: npt.NDArray[np.uint16], origins_tl: npt.NDArray[np.int64], logp_tl: npt.NDArray[np.float64]
) -> None:
    for name, array, dtype in (("origins_tl", origins_tl, np.int64), ("logp_tl", logp_tl, np.float64)):
        if array.shape != cells_tl.shape or array.dtype != dtype or not array.flags.c_contiguous:
            raise InputError(f"{name}: wanted a C-ordered {np.dtype(dtype)} array of shape {cells_tl.shape}")


def _checked(sampling: Sampling) -> Sampling:
    check_number("temperature", sampling.temperature, 0.0, 100.0, open_low=True)
    check_count("top_k", sampling.top_k, 0, 65535)
    check_number("top_p", sampling.top_p, 0.0, 1.0)
    check_number("repetition_penalty", sampling.repetition_penalty, 1.0, 100.0)
    check_count("no_repeat_window", sampling.no_repeat_window, 0, 1 << 30)
    return sampling

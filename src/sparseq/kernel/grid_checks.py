"""Checks of what one call asks for as a whole: heads, layout, grid, masks and outputs must fit together.

The native loops index without looking. Whatever these checks let through must not lead them out of an array: see the
reason beside each.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sparseq.errors import InputError
from sparseq.kernel.checks import MASK, check_cells, check_count, check_integers, check_number, check_tokens
from sparseq.kernel.layout import EDGE_LANE, Layout
from sparseq.kernel.sampling import Sampling


def check_heads(heads: Sequence[Any], head_class: type, layout: Layout) -> None:
    """Raise InputError unless the heads are of this kernel, enough for the layout, and its slots fit theirs."""
    wanted = int(layout.head_of_lane.max(initial=0)) + 1
    if len(heads) < wanted:
        raise InputError(f"heads: wanted {wanted}, got {len(heads)}")
    for head in heads:
        # The native loops trust the class.
        if not isinstance(head, head_class):
            raise InputError(f"heads: wanted heads of this kernel, got {type(head).__name__}")
    n_slots = max(head.n_slots for head in heads)
    if n_slots > layout.dt_ls.shape[1]:
        raise InputError(f"layout: wanted room for the {n_slots} slots of every head, got {layout.dt_ls.shape[1]}")
    # A code beyond the alphabet would be cut to a byte and read as another token.
    constant, alphabet = EDGE_LANE - 1 - int(layout.lane_ls.min(initial=0)), _alphabet(heads)
    if constant >= alphabet:
        raise InputError(f"layout: wanted constant codes 0 to {alphabet - 1}, got {constant}")


def check_asked(
    heads: Sequence[Any],
    layout: Layout,
    cells_tl: npt.NDArray[np.uint16],
    cell_indices: npt.ArrayLike,
    *,
    written: bool = True,
) -> npt.NDArray[np.int64]:
    """Return the flat indices of the cells asked for; they lie in lanes with a head, and what they read has codes."""
    check_cells(cells_tl, layout.n_lanes, written=written)
    indices = np.ascontiguousarray(check_integers("cell_indices", cell_indices, 1, 0, cells_tl.size - 1))
    if not len(indices):
        return indices
    if (layout.head_of_lane[indices % layout.n_lanes] < 0).any():
        raise InputError("cell_indices: wanted cells of lanes that have a head, got one that is only read")
    # Only what their contexts reach is looked at: a stream of hours must not be checked from its beginning each step.
    first = int(indices.min()) // layout.n_lanes + min(int(layout.dt_ls.min(initial=0)), 0)
    last = int(indices.max()) // layout.n_lanes + max(int(layout.dt_ls.max(initial=0)), 0)
    check_tokens("cells_tl", cells_tl[max(first, 0) : last + 1], _alphabet(heads))
    return indices


def check_written(heads: Sequence[Any]) -> None:
    """Raise InputError where a head could write a token that another head's contexts have no code for."""
    n_values, alphabet = max(head.n_values for head in heads), _alphabet(heads)
    if n_values > alphabet:
        raise InputError(
            f"heads: wanted values within the {alphabet} tokens that every head reads, got {n_values} values"
        )


def check_given(
    heads: Sequence[Any], layout: Layout, cells_tl: npt.NDArray[np.uint16], cells: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return which of the cells are masked; the others become own rows, so they must hold a value of their head."""
    tokens = cells_tl.reshape(-1)[cells]
    n_values = _n_values(heads, layout, cells)
    foreign = np.flatnonzero((tokens != MASK) & (tokens >= n_values))
    if len(foreign):
        at = foreign[0]
        step, lane = divmod(int(cells[at]), layout.n_lanes)
        raise InputError(
            f"cells_tl: wanted tokens 0 to {n_values[at] - 1} or the mask in lane {lane}, "
            f"got {tokens[at]} at step {step}"
        )
    masked: npt.NDArray[np.int64] = cells[tokens == MASK]
    return masked


def check_allowed(
    heads: Sequence[Any],
    layout: Layout,
    cells_tl: npt.NDArray[np.uint16],
    cells: npt.NDArray[np.int64],
    allowed_tlv: npt.NDArray[np.uint8] | npt.NDArray[np.bool_] | None,
) -> npt.NDArray[np.uint8] | None:
    """Return the hard mask as uint8; it leaves each of the cells at least one value of its head."""
    if allowed_tlv is None:
        return None
    allowed = np.asarray(allowed_tlv)
    if allowed.dtype not in (np.bool_, np.uint8):
        raise InputError(f"allowed_tlv: wanted bool or uint8, got {allowed.dtype}")
    wanted = (*cells_tl.shape, max(head.n_values for head in heads))
    if allowed.shape != wanted:
        raise InputError(f"allowed_tlv: wanted shape {wanted}, got {allowed.shape}")
    n_values = _n_values(heads, layout, cells)
    own = np.arange(wanted[2]) < n_values[:, None]
    barred = np.flatnonzero(~(allowed.reshape(-1, wanted[2])[cells].astype(bool) & own).any(1))
    if len(barred):
        step, lane = divmod(int(cells[barred[0]]), layout.n_lanes)
        raise InputError(
            f"allowed_tlv: wanted at least one of the {n_values[barred[0]]} values of lane {lane} at step {step}, "
            "got none"
        )
    return np.ascontiguousarray(allowed).view(np.uint8)


def check_order(order: npt.ArrayLike, layout: Layout) -> npt.NDArray[np.int64]:
    """Return the lanes of an order of decisions: each once, each with a head."""
    lanes = check_integers("order", order, 1, 0, layout.n_lanes - 1)
    for i, lane in enumerate(lanes.tolist()):
        if layout.head_of_lane[lane] < 0:
            raise InputError(f"order: wanted lanes that have a head, got {lane}, which is only read")
        if lane in lanes[:i]:
            raise InputError(f"order: wanted each lane once, got {lane} repeated")
    return lanes


def check_output(name: str, array: npt.NDArray[Any], dtype: npt.DTypeLike, shape: tuple[int, ...]) -> None:
    """Raise InputError unless `array` can be written as the loops do."""
    right = isinstance(array, np.ndarray) and array.shape == shape and array.dtype == dtype
    if not right or not array.flags.c_contiguous or not array.flags.writeable:
        raise InputError(f"{name}: wanted a writable C-ordered {np.dtype(dtype)} array of shape {shape}")


def check_sampling(sampling: Sampling) -> Sampling:
    """Return the sampling parameters as plain Python numbers, within their ranges."""
    if not isinstance(sampling.greedy, (bool, np.bool_)):
        raise InputError(f"greedy: wanted True or False, got {sampling.greedy!r}")
    return Sampling(
        temperature=check_number("temperature", sampling.temperature, 0.0, 100.0, open_low=True),
        top_k=check_count("top_k", sampling.top_k, 0, 65535),
        top_p=check_number("top_p", sampling.top_p, 0.0, 1.0),
        # The likeliest of 65534 values has at least 1 / 65534; its 50th power is still above 0 in float64.
        repetition_penalty=check_number("repetition_penalty", sampling.repetition_penalty, 1.0, 50.0),
        no_repeat_window=check_count("no_repeat_window", sampling.no_repeat_window, 0, 1 << 30),
        greedy=bool(sampling.greedy),
    )


def _alphabet(heads: Sequence[Any]) -> int:
    return min(int(head.alphabet) for head in heads)


def _n_values(heads: Sequence[Any], layout: Layout, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the number of values of each cell's head."""
    return np.array([head.n_values for head in heads])[layout.head_of_lane[cells % layout.n_lanes]]

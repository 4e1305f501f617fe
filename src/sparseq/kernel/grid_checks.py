"""Checks of what one call asks for as a whole: heads, layout, grid, masks and outputs must fit together.

The native loops index without looking. Whatever these checks let through must not lead them out of an array: see the
reason beside each.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sparseq.errors import InputError
from sparseq.kernel.checks import EDGE, MASK, check_cells, check_count, check_integers, check_number, check_tokens
from sparseq.kernel.layout import Layout
from sparseq.kernel.sampling import Sampling


def check_heads(heads: Sequence[Any], head_class: type, layout: Layout) -> None:
    """Raise InputError unless the heads are of this kernel, enough for the layout, and its slots fit theirs."""
    if len(heads) < layout.n_heads:
        raise InputError(f"heads: wanted {layout.n_heads}, got {len(heads)}")
    for head in heads:
        # The native loops trust the class.
        if not isinstance(head, head_class):
            raise InputError(f"heads: wanted heads of this kernel, got {type(head).__name__}")
    n_slots = max(head.n_slots for head in heads)
    if n_slots > layout.dt_ls.shape[1]:
        raise InputError(f"layout: wanted room for the {n_slots} slots of every head, got {layout.dt_ls.shape[1]}")
    # A code beyond the alphabet would be cut to a byte and read as another token.
    alphabet = _alphabet(heads)
    if layout.n_constants > alphabet:
        raise InputError(f"layout: wanted constant codes 0 to {alphabet - 1}, got {layout.n_constants - 1}")


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
    if (layout.head_of_lane < 0).any() and (layout.head_of_lane[indices % layout.n_lanes] < 0).any():
        raise InputError("cell_indices: wanted cells of lanes that have a head, got one that is only read")
    check_reached(heads, layout, cells_tl, int(indices.min()) // layout.n_lanes, int(indices.max()) // layout.n_lanes)
    return indices


def check_held(
    heads: Sequence[Any], layout: Layout, cells_tl: npt.NDArray[np.uint16], indices: npt.NDArray[np.int64]
) -> None:
    """Raise InputError unless cells hold a token of their lane: own rows' values, which the native loops count by."""
    tokens = cells_tl.reshape(-1)[indices]
    if int(tokens.max(initial=0)) < min(head.n_values for head in heads):
        return
    if (tokens >= _n_values(heads, layout, indices)).any():
        raise InputError("cell_indices: wanted cells that hold a token of their lane, got a masked one or another")


def check_reached(
    heads: Sequence[Any], layout: Layout, cells_tl: npt.NDArray[np.uint16], first: int, last: int
) -> None:
    """Raise InputError unless what the contexts of columns `first` to `last` reach has codes in every head.

    No more is looked at: a stream of hours must not be checked from its beginning at each step.
    """
    reached = cells_tl[max(first + layout.first_dt, 0) : last + layout.last_dt + 1]
    check_tokens("cells_tl", reached, _alphabet(heads))


def check_columns(
    heads: Sequence[Any],
    layout: Layout,
    cells_tl: npt.NDArray[np.uint16],
    lanes: npt.NDArray[np.int64],
    start: int,
    stop: int,
) -> None:
    """Raise InputError unless columns may be streamed: the cells of these lanes are masked or hold a value of theirs.

    They become own rows, whose values the native loops count by.
    """
    if start == stop or not len(lanes):
        return
    check_reached(heads, layout, cells_tl, start, stop - 1)
    tokens = cells_tl[start:stop].take(lanes, axis=1)
    n_values = _n_values(heads, layout, lanes)
    foreign = np.argwhere((tokens != MASK) & (tokens >= n_values))
    if len(foreign):
        step, place = foreign[0].tolist()
        raise InputError(
            f"cells_tl: wanted tokens 0 to {n_values[place] - 1} or the mask in lane {lanes[place]}, "
            f"got {tokens[step, place]} at step {start + step}"
        )


def masked_cells(
    cells_tl: npt.NDArray[np.uint16], lanes: npt.NDArray[np.int64], start: int, stop: int
) -> npt.NDArray[np.int64]:
    """Return the flat indices of the masked cells of these lanes, column by column."""
    steps, places = np.nonzero(cells_tl[start:stop].take(lanes, axis=1) == MASK)
    cells: npt.NDArray[np.int64] = (start + steps) * cells_tl.shape[1] + lanes[places]
    return cells


def check_written(heads: Sequence[Any]) -> None:
    """Raise InputError where a head could write a token that another head's contexts have no code for."""
    n_values, alphabet = max(head.n_values for head in heads), _alphabet(heads)
    if n_values > alphabet:
        raise InputError(
            f"heads: wanted values within the {alphabet} tokens that every head reads, got {n_values} values"
        )


def check_allowed(
    heads: Sequence[Any],
    layout: Layout,
    steps: range,
    cells: npt.NDArray[np.int64],
    allowed_tlv: npt.NDArray[np.uint8] | npt.NDArray[np.bool_] | None,
) -> npt.NDArray[np.uint8] | None:
    """Return the hard mask over the columns `steps` as uint8 of shape (T, L, V), T being 1 where all are alike.

    It leaves each of the cells at least one value of its head.
    """
    if allowed_tlv is None:
        return None
    allowed = np.asarray(allowed_tlv)
    if allowed.dtype not in (np.bool_, np.uint8):
        raise InputError(f"allowed_tlv: wanted bool or uint8, got {allowed.dtype}")
    widest = max(head.n_values for head in heads)
    lines, n_lanes = allowed.shape[:-1], layout.n_lanes
    if lines not in ((n_lanes,), (len(steps), n_lanes)) or allowed.shape[-1] < widest:
        raise InputError(
            f"allowed_tlv: wanted shape ({len(steps)}, {n_lanes}, {widest}) or ({n_lanes}, {widest}), "
            f"got {allowed.shape}"
        )
    # A wider one is cut, so that what was checked is what the loops look at.
    cut = allowed.reshape(-1, n_lanes, allowed.shape[-1])[..., :widest]
    mask: npt.NDArray[np.uint8] = np.ascontiguousarray(cut).view(np.uint8)
    if not len(mask):
        return None
    n_values = _n_values(heads, layout, cells)
    own = np.arange(widest) < n_values[:, None]
    none = np.flatnonzero(~(_lines(mask, steps, cells) & own).any(1))
    if len(none):
        step, lane = divmod(int(cells[none[0]]), n_lanes)
        raise InputError(
            f"allowed_tlv: wanted at least one of the {n_values[none[0]]} values of lane {lane} at step {step}, "
            "got none"
        )
    return mask


def check_barred(
    heads: Sequence[Any],
    layout: Layout,
    steps: range,
    cells: npt.NDArray[np.int64],
    allowed_tlv: npt.NDArray[np.uint8] | None,
    barred_b3: npt.ArrayLike | None,
) -> npt.NDArray[np.int32] | None:
    """Return what may not follow what as int32; whatever comes before a cell, something of the mask is left to it."""
    if barred_b3 is None:
        return None
    barred = check_integers("barred_b3", barred_b3, 2, 0, EDGE)
    if barred.shape[1] != 3:
        raise InputError(f"barred_b3: wanted lines of lane, token before, token, got lines of {barred.shape[1]}")
    for lane, _, token in barred.tolist():
        if lane >= layout.n_lanes or layout.head_of_lane[lane] < 0:
            raise InputError(f"barred_b3: wanted lanes that have a head, got {lane}")
        n_values = heads[layout.head_of_lane[lane]].n_values
        if token >= n_values:
            raise InputError(f"barred_b3: wanted tokens 0 to {n_values - 1} in lane {lane}, got {token}")
    for lane, before in sorted({(lane, before) for lane, before, _ in barred.tolist()}):
        n_values = heads[layout.head_of_lane[lane]].n_values
        here = cells[cells % layout.n_lanes == lane]
        left = np.ones((len(here), n_values), bool)
        if allowed_tlv is not None:
            left &= _lines(allowed_tlv, steps, here)[:, :n_values]
        left[:, barred[(barred[:, 0] == lane) & (barred[:, 1] == before), 2]] = False
        none = np.flatnonzero(~left.any(1))
        if len(none):
            step = int(here[none[0]]) // layout.n_lanes
            raise InputError(
                f"barred_b3: wanted a token left in lane {lane} after {before} at step {step}, got none allowed"
            )
    return np.ascontiguousarray(barred, np.int32)


def _lines(allowed_tlv: npt.NDArray[np.uint8], steps: range, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return the mask of each cell, bool of shape (C, V)."""
    n_lanes = allowed_tlv.shape[1]
    at = cells // n_lanes - steps.start if len(allowed_tlv) > 1 else 0
    lines: npt.NDArray[np.bool_] = allowed_tlv[at, cells % n_lanes].astype(bool)
    return lines


def check_order(order: npt.ArrayLike, layout: Layout) -> npt.NDArray[np.int64]:
    """Return the lanes of an order of decisions: each once, each with a head."""
    lanes = np.asarray(order)
    if lanes.dtype != np.int64 or lanes.ndim != 1 or not _within(lanes.tolist(), layout.n_lanes):
        lanes = check_integers("order", lanes, 1, 0, layout.n_lanes - 1)
    named, heads = lanes.tolist(), layout.head_of_lane.tolist()
    for i, lane in enumerate(named):
        if heads[lane] < 0:
            raise InputError(f"order: wanted lanes that have a head, got {lane}, which is only read")
        if lane in named[:i]:
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
        rest_odds=check_number("rest_odds", sampling.rest_odds, 1e-6, 1e6),
    )


def _within(numbers: Sequence[int], limit: int) -> bool:
    # Of a handful of numbers: numpy takes longer to find their range.
    return bool(numbers) and min(numbers) >= 0 and max(numbers) < limit


def _alphabet(heads: Sequence[Any]) -> int:
    return min(int(head.alphabet) for head in heads)


def _n_values(heads: Sequence[Any], layout: Layout, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the number of values of each cell's head."""
    return np.array([head.n_values for head in heads])[layout.head_of_lane[cells % layout.n_lanes]]

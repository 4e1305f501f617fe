"""Contexts: which cells around a cell its key is made of, and how much each counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sparseq.errors import InputError
from sparseq.kernel.checks import EDGE, check_count, check_finite, check_number
from sparseq.kernel.layout import EDGE_LANE, Layout, make_layout


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """One place that a cell looks at.

    Attributes
    ----------
    dt : int
        Steps from the cell; negative is the past.
    lane : int
        Lane of the grid, absolute; or `sparseq.kernel.layout.constant_lane` of a code, or `EDGE_LANE`.
    weight : float
        Distance where query and row differ here, 0 or more.
    unlike_ab : ndarray of shape (A, A), optional
        Share of the weight (0 to 1) that token a of a query is away from token b of a row; without it, equal or not.
    """

    dt: int
    lane: int
    weight: float
    unlike_ab: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class HeadSpec:
    """What the lanes of one head share: slot weights, dissimilarity tables by slot, number of values."""

    weights: tuple[float, ...]
    unlike: tuple[npt.NDArray[np.float64] | None, ...]
    n_values: int


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """The contexts of every lane of a grid, compiled.

    Attributes
    ----------
    heads : tuple of HeadSpec
        One for each class of lanes.
    layout : Layout
        Where the slots point; it may differ from grid to grid (bars of another length), the heads may not.
    """

    heads: tuple[HeadSpec, ...]
    layout: Layout

    @property
    def lanes(self) -> npt.NDArray[np.int32]:
        """Lanes that have a head, in order."""
        return np.flatnonzero(self.layout.head_of_lane >= 0).astype(np.int32)


def make_context(
    slots_of_lane: Sequence[Sequence[Slot]],
    n_values_of_lane: Sequence[int],
    head_of_lane: Sequence[int] | None = None,
) -> Context:
    """Compile the slots of every lane.

    Parameters
    ----------
    slots_of_lane : sequence of sequence of Slot
        A lane without slots is only read (position codes, chords, ...).
    n_values_of_lane : sequence of int
        Number of tokens of each lane.
    head_of_lane : sequence of int, optional
        Lanes with the same number share examples: their slots must agree in number, weight and tables. By default
        each lane with slots has a head of its own.

    Raises
    ------
    InputError
        Where lanes of one head do not agree, or a slot reads its own cell.
    """
    n_lanes = len(slots_of_lane)
    if len(n_values_of_lane) != n_lanes:
        raise InputError(f"n_values_of_lane: wanted one for each of {n_lanes} lanes, got {len(n_values_of_lane)}")
    if head_of_lane is None:
        numbers = np.cumsum([bool(slots) for slots in slots_of_lane]) - 1
        head_of_lane = [int(n) if slots else -1 for n, slots in zip(numbers, slots_of_lane, strict=True)]
    if len(head_of_lane) != n_lanes:
        raise InputError(f"head_of_lane: wanted one for each of {n_lanes} lanes, got {len(head_of_lane)}")
    width = max((len(slots) for slots in slots_of_lane), default=0)
    dt = np.zeros((n_lanes, width), np.int64)
    where = np.full((n_lanes, width), EDGE_LANE, np.int64)
    for lane, slots in enumerate(slots_of_lane):
        dt[lane, : len(slots)] = [slot.dt for slot in slots]
        where[lane, : len(slots)] = [slot.lane for slot in slots]
    heads = []
    for head in range(max(head_of_lane, default=-1) + 1):
        lanes = [lane for lane, h in enumerate(head_of_lane) if h == head]
        if not lanes:
            raise InputError(f"head_of_lane: wanted heads numbered without a gap, got no lane for head {head}")
        specs = [_spec(slots_of_lane[lane], n_values_of_lane[lane]) for lane in lanes]
        if any(_differ(spec, specs[0]) for spec in specs):
            raise InputError(f"context: wanted lanes {lanes} of head {head} alike, got other weights, tables or values")
        heads.append(specs[0])
    return Context(tuple(heads), make_layout(dt, where, head_of_lane))


def check_causal(context: Context, order: Sequence[int]) -> None:
    """Raise InputError if a slot reads a cell that is decided later, lanes of a column being decided in `order`."""
    place = {lane: i for i, lane in enumerate(order)}
    for lane in order:
        spec = context.heads[context.layout.head_of_lane[lane]]
        for slot in range(len(spec.weights)):
            dt, there = int(context.layout.dt_ls[lane, slot]), int(context.layout.lane_ls[lane, slot])
            if there >= 0 and (dt > 0 or (dt == 0 and place.get(there, -1) >= place[lane])):
                raise InputError(f"context: lane {lane} reads lane {there} at dt {dt}, which is decided later")


def _spec(slots: Sequence[Slot], n_values: int) -> HeadSpec:
    weights = tuple(check_number("weight", slot.weight, 0.0, 65535.0) for slot in slots)
    for slot in slots:
        if slot.unlike_ab is not None:
            shares = check_finite("unlike_ab", slot.unlike_ab)
            if shares.size and not 0.0 <= shares.min() <= shares.max() <= 1.0:
                raise InputError(f"unlike_ab: wanted shares 0 to 1, got {shares.min():g} to {shares.max():g}")
    return HeadSpec(weights, tuple(slot.unlike_ab for slot in slots), check_count("n_values", n_values, 1, EDGE))


def _differ(a: HeadSpec, b: HeadSpec) -> bool:
    same_tables = len(a.unlike) == len(b.unlike) and all(x is y for x, y in zip(a.unlike, b.unlike, strict=True))
    return a.weights != b.weights or a.n_values != b.n_values or not same_tables

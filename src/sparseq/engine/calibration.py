"""The numbers that a calibration chooses, and the groups of slots that it weights together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import Context, HeadSpec
from sparseq.errors import InputError

NEAR_STEPS = 3
LIMITS = {"sharpness": (0.2, 8.0), "prior_weight": (1e-12, 1.0), "own_weight": (1.0, 1024.0)}
GROUPS = ("levels", "others_far", "others_near", "others_now", "own_far", "own_near", "position")
"""Slots are weighted together by what they look at: see `slot_groups`."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Numbers that suit a library.

    Attributes
    ----------
    sharpness, prior_weight, own_weight : float
        As in `RetrievalConfig`.
    scales : mapping of str to float
        Factor of the slot weights of each group, see `slot_groups`.
    nats, nats_before : float
        Nats a cell of the left-out examples, with these numbers and with those at the start; 0 where nothing was asked.
    """

    sharpness: float
    prior_weight: float
    own_weight: float
    scales: Mapping[str, float] = field(default_factory=dict)
    nats: float = 0.0
    nats_before: float = 0.0

    def retrieval(self, resolution: int = 10) -> RetrievalConfig:
        """Return them as a memory wants them."""
        return RetrievalConfig(self.sharpness, self.prior_weight, round(self.own_weight), resolution)

    def applied(self, context: Context) -> Context:
        """Return a context with its slot weights scaled."""
        heads = [_scaled(spec, names, self.scales) for spec, names in zip(context.heads, _names(context), strict=True)]
        return Context(tuple(heads), context.layout)

    def as_json(self) -> dict[str, Any]:
        """Return what a cache keeps."""
        numbers = {name: getattr(self, name) for name in (*LIMITS, "nats", "nats_before")}
        return {**numbers, "scales": dict(self.scales)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Calibration":
        """Return what a cache kept; raises InputError where it is not what `as_json` returns."""
        wanted = {*LIMITS, "nats", "nats_before", "scales"}
        if set(value) != wanted or not isinstance(value["scales"], Mapping):
            raise InputError(f"calibration: wanted {', '.join(sorted(wanted))}, got {', '.join(sorted(value))}")
        scales = {str(name): float(scale) for name, scale in value["scales"].items()}
        return cls(**{name: float(value[name]) for name in wanted - {"scales"}}, scales=scales)


def slot_groups(context: Context) -> list[str]:
    """Return the names of the groups of slots that are weighted together, in order."""
    return sorted({name for names in _names(context) for name in names})


def calibrated(
    calibration: Calibration | None, context: Context, retrieval: RetrievalConfig
) -> tuple[Context, RetrievalConfig]:
    """Return a context and how it is attended to: as given, or by the numbers of a calibration."""
    if calibration is None:
        return context, retrieval
    return calibration.applied(context), calibration.retrieval()


def _names(context: Context) -> list[list[str]]:
    """Return the group of every slot of every head, taken from the first lane of each head."""
    layout = context.layout
    out = []
    for head, spec in enumerate(context.heads):
        lane = int(np.flatnonzero(layout.head_of_lane == head)[0])
        out.append([_name(layout, lane, slot, spec) for slot in range(len(spec.weights))])
    return out


def _name(layout: Any, lane: int, slot: int, spec: HeadSpec) -> str:
    dt, where = int(layout.dt_ls[lane, slot]), int(layout.lane_ls[lane, slot])
    near = abs(dt) <= NEAR_STEPS
    if where == lane:
        return "own_near" if near else "own_far"
    if where < 0 or layout.head_of_lane[where] < 0:
        return "levels" if spec.unlike[slot] is not None else "position"
    if dt == 0:
        return "others_now"
    return "others_near" if near else "others_far"


def _scaled(spec: HeadSpec, names: Sequence[str], scales: Mapping[str, float]) -> HeadSpec:
    weights = tuple(w * scales.get(name, 1.0) for w, name in zip(spec.weights, names, strict=True))
    return HeadSpec(weights, spec.unlike, spec.n_values)

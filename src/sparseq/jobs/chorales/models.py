"""What a memory of chorales weighs: places by their kind and distance, as weights and tables of the kernel."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sparseq.jobs.chorales.key import Floats
from sparseq.jobs.chorales.looks import Place
from sparseq.jobs.chorales.timeline import BEAT, N_CODES, REST
from sparseq.kernel.model import SlotModel, slot_model

RESOLUTION = 40
"""Integer steps of a slot weight of one nat."""
MIDDLE_STEPS = (1.0, 1.5, 3.0, 6.0, 12.0, 24.0)
"""A distance in the middle of each bucket: weights fall with a power of it."""
OWN_SHARES = (0.0, 0.78, 0.84, 0.9, 0.9, 0.94, 0.94, 0.94, 0.97, 0.97, 0.97, 0.97, 0.97)
OTHER_SHARES = (0.0, 0.5, 0.5, 0.8, 0.8, *(1.0,) * 7, 0.4)
NOW_SHARES = (0.0, 0.85, 0.89, 0.93, 0.93, 0.96, 0.96, 0.96, 0.98, 0.98, 0.98, 0.98, 0.3)
"""How unlike two pitches are by their interval in semitones, up to an octave; beyond it, wholly.

For notes of the own voice; of the other voices at other steps, where a step or an octave is nearly as good; and of the
other voices now, where only the octave is: the harmony stays the same.
"""
SIXTEENTH_SHARES = ((1, 1.0), (2, 0.85), (4, 0.4), (8, 0.25))
"""How unlike two steps in the bar are that agree only modulo so many sixteenths."""


class Expert(NamedTuple):
    """What one memory weighs, in nats, and what it counts in the product.

    Attributes
    ----------
    coding : str
        "own": intervals from the own voice's nearest known note; "now": from the nearest voice known at the same step,
        or else as "own"; "key": degrees of the key.
    weights : mapping of str to float
        By kind of place, at a distance of one step.
    decay : float
        Power with which weights fall with distance.
    exponent : float
        Of what it says, in the product.
    """

    coding: str
    weights: Mapping[str, float]
    decay: float
    exponent: float


def model_of(expert: Expert, places: Sequence[Place]) -> SlotModel:
    """Return the kernel's model of one memory over every place that a cell may have."""
    weights = np.array([_weight(expert, place) for place in places])
    whole = np.rint(weights * RESOLUTION).astype(np.int64)
    tables = {}
    for slot, place in enumerate(places):
        shares = _shares(place)
        if shares is not None:
            tables[slot] = np.rint(whole[slot] * shares)
    return slot_model(whole, 1.0 / RESOLUTION, prior_weight=0.0, similarity=tables)


def _weight(expert: Expert, place: Place) -> float:
    near = expert.weights.get(place.kind, 0.0)
    return near if place.kind in ("now", "degree", "sixteenth") else near * MIDDLE_STEPS[place.bucket] ** -expert.decay


def _shares(place: Place) -> Floats | None:
    """Return how unlike two codes are at a place, float64 of shape (A, A); None for equal or not."""
    if place.kind == "sixteenth":
        return _sixteenth_shares()
    if place.kind == "degree":
        return None
    by_interval = np.ones(N_CODES)
    known = OWN_SHARES if place.kind.startswith("own") else NOW_SHARES if place.kind == "now" else OTHER_SHARES
    by_interval[: len(known)] = known
    codes = np.arange(N_CODES)
    shares = by_interval[np.abs(codes[:, None] - codes)]
    shares[REST, :] = shares[:, REST] = 1.0
    np.fill_diagonal(shares, 0.0)
    return np.asarray(shares)


def _sixteenth_shares() -> Floats:
    steps = np.arange(4 * BEAT)
    shares = np.ones((len(steps), len(steps)))
    for modulus, share in SIXTEENTH_SHARES[1:]:
        shares[steps[:, None] % modulus == steps % modulus] = share
    np.fill_diagonal(shares, 0.0)
    return shares


def cut(model: SlotModel, slots: npt.NDArray[np.int64]) -> SlotModel:
    """Return the model of a few of the slots; the softmax table is that of all, and longer than it need be."""
    weights = model.weights_s[slots]
    return replace(
        model,
        weights_s=weights,
        similarity_of_slot_s=model.similarity_of_slot_s[slots],
        largest_distance=int(weights.sum()),
    )

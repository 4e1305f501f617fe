"""How distances weigh: integer slot weights, similarity tables, and the softmax as a table of integers."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal

import numpy as np
import numpy.typing as npt

from sparseq.errors import InputError
from sparseq.kernel.checks import check_finite, check_integers, check_number, sealed

SOFTMAX_BITS = 36
"""The nearest row has mass 2**36; masses are integers, so that sums do not depend on their order or the machine."""
MASS_LIMIT = 1 << 27
"""Most rows, counted with their weights, whose masses still sum within 63 bits."""


@dataclass(frozen=True, slots=True)
class SlotModel:
    """Distances and softmax of one head; build it with `slot_model`.

    Attributes
    ----------
    weights_s : int32 ndarray of shape (S,)
        Distance that a known slot adds where query and row differ.
    similarity_of_slot_s : int32 ndarray of shape (S,)
        Which table of `similarity_kab` a slot looks up; -1: equal or not.
    similarity_kab : uint16 ndarray of shape (K, A, A)
        Distance that token a of a query has from token b of a row, 0 up to the slot's weight.
    softmax_table : uint64 ndarray
        Mass at each distance beyond the nearest, ``round(2**36 * exp(-sharpness * distance))``.
    decay : float64 ndarray
        ``exp(-sharpness * distance)``.
    reach : int
        The largest distance beyond the nearest that still has mass.
    largest_distance : int
        Sum of the weights.
    prior_weight : float
        Mass of the prior, in rows that match in every known slot.
    sharpness : float
        Inverse temperature of the attention, nats per unit of distance.
    """

    weights_s: npt.NDArray[np.int32]
    similarity_of_slot_s: npt.NDArray[np.int32]
    similarity_kab: npt.NDArray[np.uint16]
    softmax_table: npt.NDArray[np.uint64]
    decay: npt.NDArray[np.float64]
    reach: int
    largest_distance: int
    prior_weight: float
    sharpness: float


def slot_model(
    weights_s: npt.ArrayLike,
    sharpness: float,
    *,
    prior_weight: float = 1e-6,
    similarity: Mapping[int, npt.ArrayLike] | None = None,
) -> SlotModel:
    """Build the distances and the softmax table of one head.

    Parameters
    ----------
    weights_s : array_like of int, shape (S,)
        Slot weights, 0 or more; their sum at most 65535.
    sharpness : float
        Inverse temperature, nats per unit of distance; above 0 up to 100.
    prior_weight : float
        Mass of the prior, in rows that match in every known slot; 0 to 1e6.
    similarity : mapping of slot to array_like of shape (A, A), optional
        Distance of token a in the query from token b in the row, 0 up to the slot's weight. Tokens from A on are at
        the full weight from all others, as is the edge.

    Returns
    -------
    SlotModel
        The same on every machine: the exponential is taken in decimal arithmetic, powers by repeated product.

    Raises
    ------
    InputError
        For numbers out of range or tables of the wrong shape.
    """
    weights = check_integers("weights_s", weights_s, 1, 0, 65535).astype(np.int32)
    largest = int(weights.sum())
    if largest > 65535:
        raise InputError(f"weights_s: wanted a sum of at most 65535, got {largest}")
    sharpness = check_number("sharpness", sharpness, 0.0, 100.0, open_low=True)
    prior_weight = check_number("prior_weight", prior_weight, 0.0, 1e6)
    of_slot, tables = _similarity_tables(weights, similarity or {})
    decay = _powers(float((-Decimal(sharpness)).exp(Context(prec=30))), largest + 1)
    table = np.floor(decay * float(1 << SOFTMAX_BITS) + 0.5).astype(np.uint64)
    return SlotModel(
        weights_s=sealed(weights),
        similarity_of_slot_s=sealed(of_slot),
        similarity_kab=sealed(tables),
        softmax_table=sealed(table),
        decay=sealed(decay),
        reach=int(np.flatnonzero(table)[-1]),
        largest_distance=largest,
        prior_weight=prior_weight,
        sharpness=sharpness,
    )


def _powers(base: float, n: int) -> npt.NDArray[np.float64]:
    steps = np.full(n, base)
    steps[0] = 1.0
    # numpy's accumulate multiplies one by one, so that every machine rounds alike.
    return np.multiply.accumulate(steps)


def _similarity_tables(
    weights: npt.NDArray[np.int32], similarity: Mapping[int, npt.ArrayLike]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint16]]:
    of_slot = np.full(len(weights), -1, np.int32)
    tables = [_checked_table(slot, table, weights) for slot, table in sorted(similarity.items())]
    width = max((len(table) for table in tables), default=0)
    stacked = np.zeros((len(tables), width, width), np.uint16)
    for k, (slot, table) in enumerate(zip(sorted(similarity), tables, strict=True)):
        stacked[k] = weights[slot] * (1 - np.eye(width, dtype=np.int32))
        stacked[k, : len(table), : len(table)] = table
        of_slot[slot] = k
    return of_slot, stacked


def _checked_table(slot: int, table: npt.ArrayLike, weights: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    if not 0 <= slot < len(weights):
        raise InputError(f"similarity: wanted slots 0 to {len(weights) - 1}, got {slot}")
    numbers = check_finite(f"similarity[{slot}]", table)
    if numbers.ndim != 2 or numbers.shape[0] != numbers.shape[1] or not len(numbers):
        raise InputError(f"similarity[{slot}]: wanted a square table, got shape {numbers.shape}")
    if numbers.min() < 0 or numbers.max() > weights[slot] or (numbers != np.floor(numbers)).any():
        raise InputError(f"similarity[{slot}]: wanted whole distances 0 to {weights[slot]}, the slot's weight")
    return numbers

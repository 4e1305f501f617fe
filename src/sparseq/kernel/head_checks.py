"""Checks of what a single head is asked: the kernel's calls have theirs in grid_checks."""

import numpy as np
import numpy.typing as npt

from sparseq.errors import CapacityError, InputError
from sparseq.kernel.checks import MASK, check_count, check_integers, check_number
from sparseq.kernel.model import MASS_LIMIT, SlotModel
from sparseq.kernel.rows import Rows

UNKNOWN = -1


def check_head(
    rows: Rows, model: SlotModel, own_capacity: int, own_weight: int, epsilon: float, search_rows: int
) -> None:
    """Raise InputError for numbers out of range or slots that do not match, CapacityError for too much to sum."""
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
            f"rows: wanted a total weight under {MASS_LIMIT}, got {total}; use fewer examples or a smaller own_weight"
        )


def codes_of(name: str, codes_s: npt.ArrayLike, n_slots: int) -> npt.NDArray[np.int32]:
    """Return key codes as int32 if there is one for each slot, else raise InputError; their range is not looked at."""
    if isinstance(codes_s, np.ndarray) and codes_s.dtype == np.int32 and codes_s.ndim == 1:
        codes = np.ascontiguousarray(codes_s)
    else:
        codes = check_integers(name, codes_s, 1, UNKNOWN, MASK).astype(np.int32)
    if len(codes) != n_slots:
        raise InputError(f"{name}: wanted a code for each of {n_slots} slots, got {len(codes)}")
    return codes


def check_known(name: str, codes_s: npt.NDArray[np.int32], alphabet: int, edge_code: int) -> None:
    """Raise InputError unless every code is a token, the edge or unknown."""
    foreign = codes_s[((codes_s < UNKNOWN) | (codes_s >= alphabet)) & (codes_s != edge_code)]
    if len(foreign):
        raise InputError(
            f"{name}: wanted tokens 0 to {alphabet - 1}, {edge_code} for the edge or -1 for unknown, got {foreign[0]}"
        )


def allowed_of(allowed_v: npt.ArrayLike | None, n_values: int) -> npt.NDArray[np.uint8] | None:
    """Return a mask over one head's values as uint8; it leaves at least one."""
    if allowed_v is None:
        return None
    allowed = np.asarray(allowed_v)
    if allowed.dtype not in (np.bool_, np.uint8) or allowed.shape != (n_values,):
        raise InputError(
            f"allowed_v: wanted a bool or uint8 array of {n_values} values, got {allowed.dtype} {allowed.shape}"
        )
    if not allowed.any():
        raise InputError(f"allowed_v: wanted at least one of {n_values} values, got none")
    return np.ascontiguousarray(allowed).view(np.uint8)


def check_value(value: int, n_values: int) -> None:
    """Raise InputError unless an own row's value is one of its head's."""
    if not 0 <= value < n_values:
        raise InputError(f"value: wanted a whole number 0 to {n_values - 1}, got {value}")

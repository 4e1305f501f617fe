"""The numpy twin of the native head: slow, plain, and the same to the last bit.

Scores are distances (0 is a match in every known slot), softmax masses are integers, sums of floats run in index
order: so this twin and the native head return equal masses, probabilities and origins, not just close ones.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sparseq.errors import CapacityError, InputError
from sparseq.kernel.checks import EDGE, MASK
from sparseq.kernel.head_checks import UNKNOWN, allowed_of, check_known, check_value, codes_of
from sparseq.kernel.model import SOFTMAX_BITS, SlotModel
from sparseq.kernel.rows import Rows
from sparseq.kernel.spread import is_searched


class SlotHead:
    """Everything that one class of cells attends to: example rows, and own rows of the piece being written.

    Parameters
    ----------
    rows : Rows
        Example rows, merged.
    model : SlotModel
        Distances and softmax.
    own_capacity : int
        Room for own rows (the cache of keys and values).
    own_weight : int
        What an own row counts, an example row counting 1.
    evict : bool
        Drop the oldest own row when full; otherwise raise CapacityError.
    epsilon : float
        Share of the mass found that a search may leave out.
    search_rows : int
        From this many example rows on they are searched instead of scanned, if the softmax is sharp.

    Attributes
    ----------
    is_searched : bool
        Whether example rows are searched, so that some may be left out.
    """

    def __init__(
        self,
        rows: Rows,
        model: SlotModel,
        *,
        own_capacity: int = 0,
        own_weight: int = 1,
        evict: bool = True,
        epsilon: float = 1e-6,
        search_rows: int = 1 << 14,
    ) -> None:
        self.n_slots, self.n_rows = rows.keys_sn.shape
        self.n_values, self.alphabet = rows.n_values, rows.alphabet
        self.own_capacity, self.own_weight, self.evict = own_capacity, own_weight, evict
        self.largest_distance = model.largest_distance
        self.is_searched = is_searched(model, rows, epsilon, search_rows)
        self._epsilon = epsilon
        self.n_own = self._own_next = 0
        self._hidden = -1
        self._rows, self._model = rows, model
        self._edge_code, self._unknown_code = (65534, 65535) if rows.keys_sn.dtype == np.uint16 else (254, 255)
        self._values = rows.values()
        self._own_keys_sn = np.zeros((self.n_slots, own_capacity), np.int64)
        self._own_values = np.zeros(own_capacity, np.int64)
        self._own_origins = np.zeros(own_capacity, np.int64)

    def append(self, codes_s: npt.NDArray[np.int32], value: int, origin: int) -> None:
        """Append one own row: its context as key codes (-1 = unknown), its value, and where it came from."""
        codes = self._known_codes("codes_s", codes_s)
        check_value(value, self.n_values)
        if self.own_capacity == 0:
            return
        if self._own_next >= self.own_capacity and not self.evict:
            raise CapacityError(
                f"own memory: wanted room for one more row, all {self.own_capacity} are taken; "
                "make own_capacity larger or let it evict"
            )
        at = self._own_next % self.own_capacity
        self._own_keys_sn[:, at] = np.where(codes == UNKNOWN, self._unknown_code, codes)
        self._own_values[at], self._own_origins[at] = value, origin
        self._own_next += 1
        self.n_own = min(self._own_next, self.own_capacity)

    def mark(self) -> int:
        """Return a mark that `rewind` goes back to."""
        return self.n_own

    def rewind(self, mark: int) -> None:
        """Forget the own rows appended since `mark`; raises CapacityError once rows were evicted."""
        if not 0 <= mark <= self.n_own or self.n_own != self._own_next:
            raise CapacityError(f"rewind: wanted a mark up to {self.n_own} with nothing evicted since, got {mark}")
        self.n_own = self._own_next = mark

    def restore(self, n_appended: int) -> None:
        """Count on as after `n_appended` own rows; the caller appends the latest `own_capacity` of them anew.

        So a full cache, whose oldest rows are gone, goes back to what it was.
        """
        if n_appended < 0:
            raise InputError(f"n_appended: wanted a whole number of 0 or more, got {n_appended}")
        self._own_next = max(n_appended - self.own_capacity, 0)
        self.n_own = min(self._own_next, self.own_capacity)

    def distances(self, query_s: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """Return the distance of every row (examples, then own) to a query of key codes, -1 being unknown."""
        query = self._known_codes("query_s", query_s)
        keys = np.concatenate([self._rows.keys_sn.astype(np.int64), self._own_keys_sn[:, : self.n_own]], axis=1)
        total = np.zeros(keys.shape[1], np.int64)
        for slot in range(self.n_slots):
            if query[slot] != UNKNOWN:
                total += self._slot_distances(slot, int(query[slot]), keys[slot])
        return total

    def _slot_distances(self, slot: int, query: int, keys_n: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        weight = int(self._model.weights_s[slot])
        table = int(self._model.similarity_of_slot_s[slot])
        size = self._model.similarity_kab.shape[1]
        if table < 0 or query >= size:
            return np.where(keys_n != query, weight, 0)
        row = self._model.similarity_kab[table, query].astype(np.int64)
        return np.where(keys_n < size, row[np.minimum(keys_n, size - 1)], weight)

    def masses(self, query_s: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.uint64], int]:
        """Return the softmax mass of each value, in units of 2**-36 of the nearest row's, and that row's distance.

        Of all rows, however large the library.
        """
        mass_n, least = self._row_masses(self.distances(query_s))
        return self._by_value(mass_n), least

    def search(self, query_s: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.uint64], int, int, int]:
        """Return masses as generation uses them, the nearest distance, the certificate, and how many rows were read.

        In a large library rows far away are left out. The certificate bounds their mass; it is at most epsilon times
        the mass found.
        """
        distance = self.distances(query_s)
        mass_n, least, skipped = self._counted(distance)
        return self._by_value(mass_n), least, skipped, len(distance)

    def probabilities(
        self, query_s: npt.NDArray[np.int32], allowed_v: npt.NDArray[np.uint8] | None = None
    ) -> npt.NDArray[np.float64]:
        """Return the probability of each value: attended mass plus prior, over the allowed values."""
        return self._predict(self.distances(query_s), allowed_of(allowed_v, self.n_values))

    def _known_codes(self, name: str, given_s: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        codes = codes_of(name, given_s, self.n_slots)
        check_known(name, codes, self.alphabet, self._edge_code)
        return codes

    def _row_masses(
        self, distance_n: npt.NDArray[np.int64], allowed_v: npt.NDArray[np.uint8] | None = None
    ) -> tuple[npt.NDArray[np.uint64], int]:
        visible = np.ones(len(distance_n), bool) if allowed_v is None else allowed_v[self._all_values()].astype(bool)
        if self._hidden >= 0:
            visible[self.n_rows + self._hidden] = False
        least = int(distance_n[visible].min(initial=self.largest_distance))
        own = np.full(self.n_own, self.own_weight, np.uint64)
        counts = np.concatenate([self._rows.counts_n.astype(np.uint64), own])
        # A row that is not visible may be nearer than the nearest visible one: clip, its mass is dropped anyway.
        return counts * self._model.softmax_table[np.maximum(distance_n - least, 0)] * visible, least

    def _counted(
        self, distance_n: npt.NDArray[np.int64], allowed_v: npt.NDArray[np.uint8] | None = None
    ) -> tuple[npt.NDArray[np.uint64], int, int]:
        """Return each row's mass as far as it counts, the nearest distance, and a bound on the mass that does not.

        In a large library example rows count up to the first distance at which all rows beyond it, were they only one
        step farther, have at most epsilon of the mass within it. Own rows always count.
        """
        mass_n, least = self._row_masses(distance_n, allowed_v)
        if not self.is_searched:
            return mass_n, least, 0
        seen_n = self._rows.counts_n.astype(np.int64) * (mass_n[: self.n_rows] > 0)
        beyond = np.maximum(distance_n[: self.n_rows] - least, 0)
        n_steps = self.largest_distance - least + 1
        n_at = np.zeros(n_steps, np.int64)
        np.add.at(n_at, beyond, seen_n)
        table = [*self._model.softmax_table.tolist(), 0]
        mass, left = int(mass_n[self.n_rows :].sum()), int(self._rows.counts_n.sum(dtype=np.int64))
        for step, n in enumerate(n_at.tolist()):
            mass, left = mass + n * table[step], left - n
            skipped = left * table[step + 1]
            if float(skipped) <= self._epsilon * float(mass):
                break
        mass_n[: self.n_rows][beyond > step] = 0
        return mass_n, least, skipped

    def _all_values(self) -> npt.NDArray[np.int64]:
        return np.concatenate([self._values, self._own_values[: self.n_own]])

    def _by_value(self, mass_n: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        mass_v = np.zeros(self.n_values, np.uint64)
        np.add.at(mass_v, self._all_values(), mass_n)
        return mass_v

    def _predict(
        self, distance_n: npt.NDArray[np.int64], allowed_v: npt.NDArray[np.uint8] | None
    ) -> npt.NDArray[np.float64]:
        mass_n, least, _ = self._counted(distance_n, allowed_v)
        mass_v = self._by_value(mass_n)
        allowed = np.ones(self.n_values, bool) if allowed_v is None else allowed_v[: self.n_values].astype(bool)
        # How far away the nearest row is weighs against the prior alone; without one it would only lose digits.
        scale = 2.0**-SOFTMAX_BITS * (float(self._model.decay[least]) if self._model.prior_weight > 0.0 else 1.0)
        weight = np.where(allowed, mass_v.astype(float) * scale + self._model.prior_weight * self._rows.prior_v, 0.0)
        total = sum_in_order(weight.tolist())
        return weight / total if total > 0.0 else allowed / max(int(allowed.sum()), 1)

    def _origin_of(
        self,
        distance_n: npt.NDArray[np.int64],
        allowed_v: npt.NDArray[np.uint8] | None,
        value: int,
        u: float,
        nearest: bool,
    ) -> int | None:
        """Return the origin of a row that counts and holds `value`; None where the value came from the prior."""
        mass_n, *_ = self._counted(distance_n, allowed_v)
        mass_n[self._all_values() != value] = 0
        total = int(mass_n.sum())
        if total == 0:
            return None
        if nearest:
            return self._origin_near(distance_n, mass_n, u)
        target = min(int(u * float(total)), total - 1)
        ends = np.cumsum(mass_n)
        row = int(np.searchsorted(ends, target, side="right"))
        if row >= self.n_rows:
            return int(self._own_origins[row - self.n_rows])
        into = target - (int(ends[row]) - int(mass_n[row]))
        return self._origin_at(row, into // (int(mass_n[row]) // int(self._rows.counts_n[row])))

    def _origin_near(self, distance_n: npt.NDArray[np.int64], mass_n: npt.NDArray[np.uint64], u: float) -> int:
        """Return the origin of the nearest row that has mass, own rows first."""
        rows = np.flatnonzero(mass_n)
        own_first = np.lexsort((rows, rows < self.n_rows, distance_n[rows]))
        row = int(rows[own_first[0]])
        if row >= self.n_rows:
            return int(self._own_origins[row - self.n_rows])
        return self._origin_at(row, int(u * int(self._rows.counts_n[row])))

    def _origin_at(self, row: int, k: int) -> int:
        return int(self._rows.origins[self._rows.origin_start_n[row] + k])

    def _code_of_cell(self, cell: int) -> int:
        if cell == MASK:
            return UNKNOWN
        return self._edge_code if cell == EDGE else cell


def sum_in_order(numbers: Sequence[float]) -> float:
    """Return the sum taken one by one, as the native kernel does (Python's own sum compensates)."""
    total = 0.0
    for number in numbers:
        total += number
    return total

"""The numpy twin of the native slot kernel: slow, plain, and the same to the last bit.

Scores are distances (0 is a match in every known slot), softmax masses are integers, sums of floats run in index
order: so this twin and the native kernel return equal tokens, origins and probabilities, not just close ones.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sparseq.errors import CapacityError
from sparseq.kernel.checks import EDGE, MASK
from sparseq.kernel.layout import EDGE_LANE, Layout
from sparseq.kernel.model import SOFTMAX_BITS, SlotModel
from sparseq.kernel.philox import philox4x32, uniform53
from sparseq.kernel.rows import Rows
from sparseq.kernel.sampling import Sampling

UNKNOWN = -1
NOISE_BITS = 10


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
        From this many example rows on, they are searched instead of scanned.
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
        self._epsilon = epsilon if 0 < self.n_rows >= search_rows else None
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
        if self.own_capacity == 0:
            return
        if self._own_next >= self.own_capacity and not self.evict:
            raise CapacityError(
                f"own memory: wanted room for one more row, all {self.own_capacity} are taken; "
                "make own_capacity larger or let it evict"
            )
        at = self._own_next % self.own_capacity
        self._own_keys_sn[:, at] = np.where(codes_s == UNKNOWN, self._unknown_code, codes_s)
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

    def distances(self, query_s: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """Return the distance of every row (examples, then own) to a query of key codes, -1 being unknown."""
        keys = np.concatenate([self._rows.keys_sn.astype(np.int64), self._own_keys_sn[:, : self.n_own]], axis=1)
        total = np.zeros(keys.shape[1], np.int64)
        for slot in range(self.n_slots):
            if query_s[slot] != UNKNOWN:
                total += self._slot_distances(slot, int(query_s[slot]), keys[slot])
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
        """Return masses as generation uses them, the nearest distance, the certificate, how many rows were measured.

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
        return self._predict(self.distances(query_s), allowed_v)

    def _row_masses(self, distance_n: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.uint64], int]:
        visible = np.ones(len(distance_n), bool)
        if self._hidden >= 0:
            visible[self.n_rows + self._hidden] = False
        least = int(distance_n[visible].min(initial=self.largest_distance))
        own = np.full(self.n_own, self.own_weight, np.uint64)
        counts = np.concatenate([self._rows.counts_n.astype(np.uint64), own])
        # A hidden row may be nearer than the nearest visible one: clip, its mass is dropped anyway.
        return counts * self._model.softmax_table[np.maximum(distance_n - least, 0)] * visible, least

    def _counted(self, distance_n: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.uint64], int, int]:
        """Return each row's mass as far as it counts, the nearest distance, and a bound on the mass that does not.

        In a large library example rows count up to the first distance at which all rows beyond it, were they only one
        step farther, have at most epsilon of the mass within it. Own rows always count.
        """
        mass_n, least = self._row_masses(distance_n)
        if self._epsilon is None:
            return mass_n, least, 0
        beyond = np.maximum(distance_n[: self.n_rows] - least, 0)
        n_steps = self.largest_distance - least + 1
        n_at = np.zeros(n_steps, np.int64)
        np.add.at(n_at, beyond, self._rows.counts_n.astype(np.int64))
        table = [*self._model.softmax_table.tolist(), 0]
        mass, left = int(mass_n[self.n_rows :].sum()), int(n_at.sum())
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
        mass_n, least, _ = self._counted(distance_n)
        mass_v = self._by_value(mass_n)
        allowed = np.ones(self.n_values, bool) if allowed_v is None else allowed_v[: self.n_values].astype(bool)
        scale = 2.0**-SOFTMAX_BITS * float(self._model.decay[least])
        weight = np.where(allowed, mass_v.astype(float) * scale + self._model.prior_weight * self._rows.prior_v, 0.0)
        total = sum_in_order(weight.tolist())
        return weight / total if total > 0.0 else allowed / max(int(allowed.sum()), 1)

    def _origin_of(self, distance_n: npt.NDArray[np.int64], value: int, u: float, nearest: bool) -> int | None:
        """Return the origin of a row that counts and holds `value`; None where the value came from the prior."""
        mass_n, *_ = self._counted(distance_n)
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


def sample(probability_v: npt.NDArray[np.float64], recent_v: npt.NDArray[np.uint8], how: Sampling, u: float) -> int:
    """Return a value: repetition penalty, top-k, temperature, top-p, then greedy or a draw with u in [0, 1)."""
    weight = probability_v.tolist()
    if how.repetition_penalty != 1.0:
        weight = [math.pow(w, how.repetition_penalty) if recent_v[v] else w for v, w in enumerate(weight)]
    best = max(weight)
    if how.greedy:
        return int(weight.index(best))
    if 0 < how.top_k < len(weight):
        bar = sorted(weight, reverse=True)[how.top_k - 1]
        weight = [w if w >= bar else 0.0 for w in weight]
    if how.temperature != 1.0:
        weight = [math.pow(w / best, 1.0 / how.temperature) if w > 0.0 else w for w in weight]
    total = sum_in_order(weight)
    if 0.0 < how.top_p < 1.0:
        weight, total = _nucleus(weight, how.top_p * total)
    return _draw(weight, u * total)


def sum_in_order(numbers: Sequence[float]) -> float:
    """Return the sum taken one by one, as the native kernel does (Python's own sum compensates)."""
    total = 0.0
    for number in numbers:
        total += number
    return total


def _nucleus(weight: Sequence[float], enough: float) -> tuple[list[float], float]:
    kept, total = [0.0] * len(weight), 0.0
    for v in sorted(range(len(weight)), key=lambda v: -weight[v]):
        if total >= enough or weight[v] == 0.0:
            break
        kept[v] = weight[v]
        total += weight[v]
    return kept, total


def _draw(weight: Sequence[float], target: float) -> int:
    """Return the first value whose weights sum to more than the target, or to all there is."""
    upto: list[float] = []
    for w in weight:
        upto.append((upto[-1] if upto else 0.0) + w)
    return next(v for v, seen in enumerate(upto) if target < seen or seen == upto[-1])


class _Grid:
    """A grid with its heads, read slot by slot."""

    def __init__(
        self,
        heads: Sequence[SlotHead],
        layout: Layout,
        cells_tl: npt.NDArray[np.uint16],
        allowed_tlv: npt.NDArray[np.uint8] | None,
    ) -> None:
        self.heads, self.layout, self.cells, self.allowed = heads, layout, cells_tl, allowed_tlv

    def head(self, lane: int) -> SlotHead:
        head: SlotHead = self.heads[self.layout.head_of_lane[lane]]
        return head

    def query(self, t: int, lane: int) -> npt.NDArray[np.int32]:
        head = self.head(lane)
        codes = [head._code_of_cell(self._read(t, lane, slot)) for slot in range(head.n_slots)]
        return np.array(codes, np.int32)

    def _read(self, t: int, lane: int, slot: int) -> int:
        there, where = t + int(self.layout.dt_ls[lane, slot]), int(self.layout.lane_ls[lane, slot])
        if where < EDGE_LANE:
            return -2 - where
        if where == EDGE_LANE or not 0 <= there < len(self.cells):
            return EDGE
        return int(self.cells[there, where])

    def allowed_at(self, t: int, lane: int) -> npt.NDArray[np.uint8] | None:
        return None if self.allowed is None else self.allowed[t, lane]

    def recent(self, t: int, lane: int, window: int) -> npt.NDArray[np.uint8]:
        out = np.zeros(self.head(lane).n_values, np.uint8)
        for token in self.cells[max(t - window, 0) : t, lane]:
            if token < len(out):
                out[token] = 1
        return out


def remember(
    heads: Sequence[SlotHead],
    layout: Layout,
    cells_tl: npt.NDArray[np.uint16],
    cell_indices: npt.NDArray[np.int64],
) -> None:
    """Append own rows for the cells with these flat indices; the origin of cell i is ``-1 - i``."""
    grid = _Grid(heads, layout, cells_tl, None)
    for cell in cell_indices.tolist():
        t, lane = divmod(cell, cells_tl.shape[1])
        grid.head(lane).append(grid.query(t, lane), int(cells_tl[t, lane]), -1 - cell)


def likelihood(
    heads: Sequence[SlotHead],
    layout: Layout,
    cells_tl: npt.NDArray[np.uint16],
    cell_indices: npt.NDArray[np.int64],
    allowed_tlv: npt.NDArray[np.uint8] | None = None,
) -> npt.NDArray[np.float64]:
    """Return each cell's probabilities given the rest of the grid, (C, V); a cell's own row does not count."""
    grid = _Grid(heads, layout, cells_tl, allowed_tlv)
    out = np.zeros((len(cell_indices), max([1, *(head.n_values for head in heads)])))
    for i, cell in enumerate(cell_indices.tolist()):
        t, lane = divmod(cell, cells_tl.shape[1])
        head = grid.head(lane)
        own = np.flatnonzero(head._own_origins[: head.n_own] == -1 - cell)
        head._hidden = int(own[-1]) if len(own) else -1
        out[i, : head.n_values] = head.probabilities(grid.query(t, lane), grid.allowed_at(t, lane))
        head._hidden = -1
    return out


def stream(
    heads: Sequence[SlotHead],
    layout: Layout,
    cells_tl: npt.NDArray[np.uint16],
    order: npt.NDArray[np.int32],
    start: int,
    stop: int,
    sampling: Sampling,
    seed: int,
    *,
    allowed_tlv: npt.NDArray[np.uint8] | None,
    origins_tl: npt.NDArray[np.int64],
    logp_tl: npt.NDArray[np.float64],
) -> None:
    """Fill the masked cells of columns start..stop-1 from left to right, lanes in `order`; remember each column."""
    grid = _Grid(heads, layout, cells_tl, allowed_tlv)
    for t in range(start, stop):
        for lane in order.tolist():
            if cells_tl[t, lane] == MASK:
                _stream_cell(grid, t, lane, sampling, seed, origins_tl, logp_tl)
        for lane in order.tolist():
            cell = t * cells_tl.shape[1] + lane
            grid.head(lane).append(grid.query(t, lane), int(cells_tl[t, lane]), -1 - cell)


def _stream_cell(
    grid: _Grid,
    t: int,
    lane: int,
    how: Sampling,
    seed: int,
    origins_tl: npt.NDArray[np.int64],
    logp_tl: npt.NDArray[np.float64],
) -> None:
    head = grid.head(lane)
    word = philox4x32(seed, t * grid.cells.shape[1] + lane, 0, 0, 0)
    distance = head.distances(grid.query(t, lane))
    probability = head._predict(distance, grid.allowed_at(t, lane))
    recent = grid.recent(t, lane, how.no_repeat_window)
    token = sample(probability, recent, how, uniform53(word[0], word[1]))
    grid.cells[t, lane] = token
    logp_tl[t, lane] = math.log(probability[token])
    origin = head._origin_of(distance, token, uniform53(word[2], word[3]), how.greedy)
    if origin is not None:
        origins_tl[t, lane] = origin


def fill(
    heads: Sequence[SlotHead],
    layout: Layout,
    cells_tl: npt.NDArray[np.uint16],
    cell_indices: npt.NDArray[np.int64],
    left_s: npt.NDArray[np.int64],
    noise_sk: npt.NDArray[np.float64],
    sampling: Sampling,
    seed: int,
    round_number: int,
    *,
    allowed_tlv: npt.NDArray[np.uint8] | None,
    origins_tl: npt.NDArray[np.int64],
    logp_tl: npt.NDArray[np.float64],
    incremental: bool = True,
) -> None:
    """Fill the given masked cells over several steps, the most confident first (MaskGIT, Chang et al. 2022).

    `left_s` holds how many stay masked after each step, `noise_sk` the factors that a cell's confidence is drawn
    from. `incremental` keeps each cell's distances and adds only slots that became known; the result is the same.
    """
    grid = _Grid(heads, layout, cells_tl, allowed_tlv)
    masked = cell_indices.tolist()
    for step, left in enumerate(left_s.tolist()):
        proposals = [_propose(grid, cell, sampling, seed, step, round_number, noise_sk[step]) for cell in masked]
        ranked = sorted(range(len(masked)), key=lambda i, p=proposals: -p[i][1])  # type: ignore[misc]
        chosen = ranked[: max(len(masked) - left, 0)]
        for i in chosen:
            _decide(grid, masked[i], proposals[i], sampling.greedy, seed, round_number, origins_tl, logp_tl)
        masked = [cell for i, cell in enumerate(masked) if i not in set(chosen)]


_Proposal = tuple[int, float, float]


def _propose(
    grid: _Grid, cell: int, how: Sampling, seed: int, step: int, round_number: int, noise_k: npt.NDArray[np.float64]
) -> _Proposal:
    t, lane = divmod(cell, grid.cells.shape[1])
    probability = grid.head(lane).probabilities(grid.query(t, lane), grid.allowed_at(t, lane))
    word = philox4x32(seed, cell, step + 1, round_number, 0)
    token = sample(probability, grid.recent(t, lane, how.no_repeat_window), how, uniform53(word[0], word[1]))
    return token, probability[token] * noise_k[word[2] >> (32 - NOISE_BITS)], probability[token]


def _decide(
    grid: _Grid,
    cell: int,
    proposal: _Proposal,
    nearest: bool,
    seed: int,
    round_number: int,
    origins_tl: npt.NDArray[np.int64],
    logp_tl: npt.NDArray[np.float64],
) -> None:
    t, lane = divmod(cell, grid.cells.shape[1])
    token, _, probability = proposal
    word = philox4x32(seed, cell, 0, round_number, 1)
    grid.cells[t, lane] = token
    logp_tl[t, lane] = math.log(probability)
    head = grid.head(lane)
    distance = head.distances(grid.query(t, lane))
    origin = head._origin_of(distance, token, uniform53(word[0], word[1]), nearest)
    if origin is not None:
        origins_tl[t, lane] = origin

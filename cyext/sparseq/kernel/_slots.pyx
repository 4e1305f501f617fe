"""Slot coding: one head's example rows and own rows, their distances to a query, and the softmax over them."""

import numpy as np

from libc.math cimport pow as c_pow
from libc.string cimport memset

from sparseq.errors import CapacityError

cdef extern from "_scan.h" nogil:
    void add_mismatch_8_8(uint8_t*, const uint8_t*, uint8_t, uint8_t, Py_ssize_t)
    void add_mismatch_8_16(uint16_t*, const uint8_t*, uint8_t, uint16_t, Py_ssize_t)
    void add_mismatch_16_8(uint8_t*, const uint16_t*, uint16_t, uint8_t, Py_ssize_t)
    void add_mismatch_16_16(uint16_t*, const uint16_t*, uint16_t, uint16_t, Py_ssize_t)
    void add_table_8_8(uint8_t*, const uint8_t*, const uint16_t*, uint16_t, uint8_t, Py_ssize_t)
    void add_table_8_16(uint16_t*, const uint8_t*, const uint16_t*, uint16_t, uint16_t, Py_ssize_t)
    void add_table_16_8(uint8_t*, const uint16_t*, const uint16_t*, uint16_t, uint8_t, Py_ssize_t)
    void add_table_16_16(uint16_t*, const uint16_t*, const uint16_t*, uint16_t, uint16_t, Py_ssize_t)
    uint8_t least_8(const uint8_t*, Py_ssize_t, uint8_t)
    uint16_t least_16(const uint16_t*, Py_ssize_t, uint16_t)
    uint64_t mass_8(const uint8_t*, const uint32_t*, const uint64_t*, int, int, Py_ssize_t)
    uint64_t mass_16(const uint16_t*, const uint32_t*, const uint64_t*, int, int, Py_ssize_t)

cdef enum:
    BLOCK_ROWS = 16384          # distances of one block stay in the first cache while all slots pass over them

cdef double UNIT = 1.0 / 68719476736.0      # 2**-36, see rows.SOFTMAX_BITS


cdef class SlotHead:
    # The docstring stands in the numpy twin, sparseq.kernel.reference.SlotHead.

    def __init__(self, rows, model, *, own_capacity=0, own_weight=1, evict=True):
        keys = rows.keys_sn
        self.n_slots, self.n_rows = keys.shape
        self.n_values = rows.n_values
        self.alphabet = rows.alphabet
        self.wide_keys = keys.dtype == np.uint16
        self.edge_code = 65534 if self.wide_keys else 254
        self.unknown_code = 65535 if self.wide_keys else 255
        self.largest_distance = model.largest_distance
        self.wide_distance = model.largest_distance > 255
        self.reach = model.reach
        self.own_capacity = own_capacity
        self.own_weight = own_weight
        self.evict = evict
        self.n_own = self.own_next = 0
        self.hidden = -1
        self.prior_weight = model.prior_weight
        cdef const int64_t[::1] starts = rows.value_start_v, origin_start = rows.origin_start_n, origins = rows.origins
        cdef const uint32_t[::1] counts = rows.counts_n
        cdef const int32_t[::1] weights = model.weights_s, of_slot = model.similarity_of_slot_s
        cdef const uint64_t[::1] table = model.softmax_table
        cdef const double[::1] decay = model.decay, prior = rows.prior_v
        cdef const uint16_t[:, :, ::1] similarity = model.similarity_kab
        cdef const uint8_t[::1] key_bytes = keys.reshape(-1).view(np.uint8)
        own_array = np.zeros((self.n_slots, own_capacity), keys.dtype)
        cdef uint8_t[::1] own_bytes = own_array.reshape(-1).view(np.uint8)
        cdef int32_t[::1] own_values = np.zeros(max(own_capacity, 1), np.int32)
        cdef int64_t[::1] own_origins = np.zeros(max(own_capacity, 1), np.int64)
        cdef uint8_t[::1] distance = np.zeros(max((self.n_rows + own_capacity) * 2, 2), np.uint8)
        cdef uint64_t[::1] mass = np.zeros(self.n_values, np.uint64)
        cdef double[::1] probability = np.zeros(self.n_values)
        cdef double[::1] scratch = np.zeros(self.n_values)
        self._arrays = (keys, own_array, starts, origin_start, origins, counts, weights, of_slot, table, decay, prior,
                        similarity, own_values, own_origins, distance, mass, probability, scratch)
        self.keys = &key_bytes[0] if self.n_rows and self.n_slots else NULL
        self.own_keys = &own_bytes[0] if own_capacity and self.n_slots else NULL
        self.counts = &counts[0] if self.n_rows else NULL
        self.value_start = &starts[0]
        self.origin_start = &origin_start[0]
        self.origins = &origins[0] if self.n_rows else NULL
        self.own_values = &own_values[0]
        self.own_origins = &own_origins[0]
        self.weights = &weights[0] if self.n_slots else NULL
        self.table = &table[0]
        self.decay = &decay[0]
        self.prior = &prior[0]
        self.similarity = &similarity[0, 0, 0] if similarity.size else NULL
        self.similarity_of_slot = &of_slot[0] if self.n_slots else NULL
        self.similarity_size = similarity.shape[1]
        self.distance = &distance[0]
        self.mass = &mass[0]
        self.probability = &probability[0]
        self.scratch = &scratch[0]

    # ---- what Python asks -------------------------------------------------------------------------------------

    def append(self, const int32_t[::1] codes_s, int value, int64_t origin):
        self.remember(&codes_s[0] if self.n_slots else NULL, value, origin)

    def mark(self):
        return self.n_own

    def rewind(self, Py_ssize_t mark):
        if not 0 <= mark <= self.n_own or self.n_own != self.own_next:
            raise CapacityError(f"rewind: wanted a mark up to {self.n_own} with nothing evicted since, got {mark}")
        self.n_own = self.own_next = mark

    def distances(self, const int32_t[::1] query_s):
        cdef uint8_t[::1] out = np.zeros(max((self.n_rows + self.n_own) * self.distance_bytes(), 1), np.uint8)
        self.measure(&query_s[0] if self.n_slots else NULL, &out[0])
        found = np.asarray(out)[:(self.n_rows + self.n_own) * self.distance_bytes()]
        return found.view(np.uint16 if self.wide_distance else np.uint8).astype(np.int64)

    def masses(self, const int32_t[::1] query_s):
        cdef uint64_t[::1] out = np.zeros(self.n_values, np.uint64)
        self.measure(&query_s[0] if self.n_slots else NULL, self.distance)
        cdef int least = self.least(self.distance)
        self.attend(self.distance, least, &out[0])
        return np.asarray(out), least

    def probabilities(self, const int32_t[::1] query_s, const uint8_t[::1] allowed_v=None):
        cdef double[::1] out = np.zeros(self.n_values)
        self.measure(&query_s[0] if self.n_slots else NULL, self.distance)
        self.predict(self.distance, &allowed_v[0] if allowed_v is not None else NULL, &out[0])
        return np.asarray(out)

    # ---- distances --------------------------------------------------------------------------------------------

    cdef Py_ssize_t distance_bytes(self) except -1 nogil:
        return 2 if self.wide_distance else 1

    cdef int distance_at(self, const void* distance, Py_ssize_t row) except -1 nogil:
        return (<const uint16_t*>distance)[row] if self.wide_distance else (<const uint8_t*>distance)[row]

    cdef int code_of_cell(self, int cell) except -2 nogil:
        """A grid cell as this head's key code; UNKNOWN for a masked one."""
        if cell == MASK_CELL:
            return UNKNOWN
        return self.edge_code if cell == EDGE_CELL else cell

    cdef int add_rows(self, const void* keys, Py_ssize_t stride, int slot, int query, void* distance,
                      Py_ssize_t first, Py_ssize_t last) except -1 nogil:
        """Add one slot's distances for rows first..last of a slot-major key array with `stride` rows a slot."""
        cdef Py_ssize_t at = slot * stride + first
        cdef Py_ssize_t n = last - first
        cdef int weight = self.weights[slot]
        cdef int table = self.similarity_of_slot[slot]
        cdef const uint16_t* row
        if n <= 0:
            return 0
        if table >= 0 and query < self.similarity_size:
            row = self.similarity + (<Py_ssize_t>table * self.similarity_size + query) * self.similarity_size
            if self.wide_keys and self.wide_distance:
                add_table_16_16(<uint16_t*>distance + first, <const uint16_t*>keys + at, row, self.similarity_size, weight, n)
            elif self.wide_keys:
                add_table_16_8(<uint8_t*>distance + first, <const uint16_t*>keys + at, row, self.similarity_size, weight, n)
            elif self.wide_distance:
                add_table_8_16(<uint16_t*>distance + first, <const uint8_t*>keys + at, row, self.similarity_size, weight, n)
            else:
                add_table_8_8(<uint8_t*>distance + first, <const uint8_t*>keys + at, row, self.similarity_size, weight, n)
        elif self.wide_keys and self.wide_distance:
            add_mismatch_16_16(<uint16_t*>distance + first, <const uint16_t*>keys + at, query, weight, n)
        elif self.wide_keys:
            add_mismatch_16_8(<uint8_t*>distance + first, <const uint16_t*>keys + at, query, weight, n)
        elif self.wide_distance:
            add_mismatch_8_16(<uint16_t*>distance + first, <const uint8_t*>keys + at, query, weight, n)
        else:
            add_mismatch_8_8(<uint8_t*>distance + first, <const uint8_t*>keys + at, query, weight, n)
        return 0

    cdef int add_slot(self, int slot, int query, void* distance) except -1 nogil:
        """Add one known slot's distances over all rows: example rows first, then own rows."""
        cdef Py_ssize_t own_at = self.n_rows * self.distance_bytes()
        self.add_rows(self.keys, self.n_rows, slot, query, distance, 0, self.n_rows)
        self.add_rows(self.own_keys, self.own_capacity, slot, query, <char*>distance + own_at, 0, self.n_own)
        return 0

    cdef int measure(self, const int32_t* query, void* distance) except -1 nogil:
        """Distances of all rows to a query, block by block."""
        cdef Py_ssize_t size = self.distance_bytes()
        cdef Py_ssize_t first = 0, last
        cdef int slot
        memset(distance, 0, (self.n_rows + self.n_own) * size)
        while first < self.n_rows:
            last = min(first + BLOCK_ROWS, self.n_rows)
            for slot in range(self.n_slots):
                if query[slot] != UNKNOWN:
                    self.add_rows(self.keys, self.n_rows, slot, query[slot], distance, first, last)
            first = last
        for slot in range(self.n_slots):
            if query[slot] != UNKNOWN:
                self.add_rows(self.own_keys, self.own_capacity, slot, query[slot],
                              <char*>distance + self.n_rows * size, 0, self.n_own)
        return 0

    # ---- softmax ----------------------------------------------------------------------------------------------

    cdef int least(self, const void* distance) except -1 nogil:
        """The nearest row's distance; the largest possible one where there is no row."""
        cdef int best = self.largest_distance
        cdef Py_ssize_t row
        cdef int here
        if self.wide_distance:
            best = least_16(<const uint16_t*>distance, self.n_rows, best)
        else:
            best = least_8(<const uint8_t*>distance, self.n_rows, best)
        for row in range(self.n_own):
            here = self.distance_at(distance, self.n_rows + row)
            if here < best and row != self.hidden:
                best = here
        return best

    cdef int attend(self, const void* distance, int least, uint64_t* mass) except -1 nogil:
        """Softmax mass of each value in units of 2**-36 of the nearest row's."""
        cdef Py_ssize_t start, n, row
        cdef int value, here
        for value in range(self.n_values):
            start = self.value_start[value]
            n = self.value_start[value + 1] - start
            if n == 0:
                mass[value] = 0
            elif self.wide_distance:
                mass[value] = mass_16(<const uint16_t*>distance + start, self.counts + start, self.table, least,
                                      self.reach, n)
            else:
                mass[value] = mass_8(<const uint8_t*>distance + start, self.counts + start, self.table, least,
                                     self.reach, n)
        for row in range(self.n_own):
            here = self.distance_at(distance, self.n_rows + row) - least
            if 0 <= here <= self.reach and row != self.hidden:
                mass[self.own_values[row]] += <uint64_t>self.own_weight * self.table[here]
        return 0

    cdef int predict(self, const void* distance, const uint8_t* allowed, double* probability) except -1 nogil:
        """Probability of each value: attended mass plus the prior, over the allowed values."""
        cdef int least = self.least(distance)
        cdef double scale = UNIT * self.decay[least]
        cdef double total = 0.0
        cdef int value, n_allowed = 0
        self.attend(distance, least, self.mass)
        for value in range(self.n_values):
            probability[value] = 0.0
            if allowed == NULL or allowed[value]:
                n_allowed += 1
                probability[value] = <double>self.mass[value] * scale + self.prior_weight * self.prior[value]
                total += probability[value]
        for value in range(self.n_values):
            if total > 0.0:
                probability[value] = probability[value] / total
            elif allowed == NULL or allowed[value]:
                probability[value] = 1.0 / n_allowed
        return 0

    # ---- which example it came from ---------------------------------------------------------------------------

    cdef int origin_of(self, const void* distance, int value, double u, bint nearest, int64_t* origin) except -1 nogil:
        """The origin of one row that holds `value`, drawn by attention with u in [0, 1), or the nearest."""
        cdef int least = self.least(distance)
        cdef uint64_t total, target, step, seen = 0
        cdef Py_ssize_t row
        cdef int here
        self.attend(distance, least, self.mass)
        total = self.mass[value]
        if nearest or total == 0:
            return self.origin_near(distance, value, u, origin)
        target = min(<uint64_t>(u * <double>total), total - 1)
        for row in range(self.value_start[value], self.value_start[value + 1]):
            here = self.distance_at(distance, row) - least
            if here > self.reach:
                continue
            step = <uint64_t>self.counts[row] * self.table[here]
            if target < seen + step:
                origin[0] = self.origins[self.origin_start[row] + <Py_ssize_t>((target - seen) // self.table[here])]
                return 0
            seen += step
        for row in range(self.n_own):
            if self.own_values[row] != value or row == self.hidden:
                continue
            here = self.distance_at(distance, self.n_rows + row) - least
            if here > self.reach:
                continue
            step = <uint64_t>self.own_weight * self.table[here]
            if target < seen + step:
                origin[0] = self.own_origins[row]
                return 0
            seen += step
        return 0

    cdef int origin_near(self, const void* distance, int value, double u, int64_t* origin) except -1 nogil:
        """The origin of the nearest row that holds `value`, own rows first; u picks among equal example rows."""
        cdef int best = self.largest_distance + 1
        cdef Py_ssize_t row
        for row in range(self.n_own):
            if (self.own_values[row] == value and row != self.hidden
                    and self.distance_at(distance, self.n_rows + row) < best):
                best = self.distance_at(distance, self.n_rows + row)
                origin[0] = self.own_origins[row]
        for row in range(self.value_start[value], self.value_start[value + 1]):
            if self.distance_at(distance, row) < best:
                best = self.distance_at(distance, row)
                origin[0] = self.origins[self.origin_start[row] + <Py_ssize_t>(u * self.counts[row])]
        return 0

    # ---- own rows: the cache of the piece being written ---------------------------------------------------------

    cdef int remember(self, const int32_t* codes, int value, int64_t origin) except -1 nogil:
        """Append one own row; a full cache drops its oldest, or refuses where evict is off."""
        cdef int slot, code
        cdef Py_ssize_t at
        if self.own_capacity == 0:
            return 0
        if self.own_next >= self.own_capacity and not self.evict:
            with gil:
                raise CapacityError(f"own memory: wanted room for one more row, all {self.own_capacity} are taken; "
                                    "make own_capacity larger or let it evict")
        at = self.own_next % self.own_capacity
        for slot in range(self.n_slots):
            code = codes[slot] if codes[slot] != UNKNOWN else self.unknown_code
            if self.wide_keys:
                (<uint16_t*>self.own_keys)[slot * self.own_capacity + at] = code
            else:
                (<uint8_t*>self.own_keys)[slot * self.own_capacity + at] = code
        self.own_values[at] = value
        self.own_origins[at] = origin
        self.own_next += 1
        self.n_own = min(self.own_next, self.own_capacity)
        return 0

    # ---- sampling -----------------------------------------------------------------------------------------------

    cdef int sample(self, const double* probability, const uint8_t* recent, const SamplingParams* how,
                    double u) except -1 nogil:
        """A value: repetition penalty, top-k, temperature, top-p, then greedy or a draw with u in [0, 1)."""
        cdef double* weight = self.scratch
        cdef double best = 0.0, total = 0.0, seen = 0.0, bar, nucleus = 0.0
        cdef int value, chosen = 0, n = self.n_values, left
        for value in range(n):
            weight[value] = probability[value]
            if how.repetition_penalty != 1.0 and recent != NULL and recent[value]:
                weight[value] = c_pow(weight[value], how.repetition_penalty)
            if weight[value] > best:
                best = weight[value]
                chosen = value
        if how.greedy:
            return chosen
        if 0 < how.top_k < n:
            keep_largest(weight, n, how.top_k)
        for value in range(n):
            if how.temperature != 1.0 and weight[value] > 0.0:
                weight[value] = c_pow(weight[value] / best, 1.0 / how.temperature)
            total += weight[value]
        if 0.0 < how.top_p < 1.0:
            total = keep_nucleus(weight, n, how.top_p * total)
        for value in range(n):
            if weight[value] > 0.0:
                chosen = value
                seen += weight[value]
                if u * total < seen:
                    break
        return chosen


cdef int keep_largest(double* weight, int n, int k) except -1 nogil:
    """Zero all but the k largest weights; those equal to the k-th stay."""
    cdef double bar = 2.0, best
    cdef int value, left = k
    while left > 0:
        best = 0.0
        for value in range(n):
            if best < weight[value] < bar:
                best = weight[value]
        if best == 0.0:
            return 0
        bar = best
        for value in range(n):
            left -= weight[value] == bar
    for value in range(n):
        if weight[value] < bar:
            weight[value] = 0.0
    return 0


cdef double keep_nucleus(double* weight, int n, double enough) except -1.0 nogil:
    """Zero all but the fewest largest weights (ties by index) that sum to `enough`; returns what they sum to."""
    cdef double total = 0.0, best
    cdef int value, top
    while total < enough:
        top = -1
        best = 0.0
        for value in range(n):
            if weight[value] > best:
                best = weight[value]
                top = value
        if top < 0:
            break
        total += best
        weight[top] = -best
    for value in range(n):
        weight[value] = -weight[value] if weight[value] < 0.0 else 0.0
    return total

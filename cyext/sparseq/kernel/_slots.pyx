"""Slot coding: one head's example rows and own rows, their distances to a query, and the softmax over them."""

import numpy as np

from sparseq.errors import CapacityError

cdef extern from "_scan.h" nogil:
    void add_slot_8_8(uint8_t*, const uint8_t*, const Asked*, int, Py_ssize_t)
    void add_slot_8_16(uint16_t*, const uint8_t*, const Asked*, int, Py_ssize_t)
    void add_slot_16_8(uint8_t*, const uint16_t*, const Asked*, int, Py_ssize_t)
    void add_slot_16_16(uint16_t*, const uint16_t*, const Asked*, int, Py_ssize_t)
    void measure_8_8(uint8_t*, const uint8_t*, Py_ssize_t, const Asked*, int, int, Py_ssize_t)
    void measure_8_16(uint16_t*, const uint8_t*, Py_ssize_t, const Asked*, int, int, Py_ssize_t)
    void measure_16_8(uint8_t*, const uint16_t*, Py_ssize_t, const Asked*, int, int, Py_ssize_t)
    void measure_16_16(uint16_t*, const uint16_t*, Py_ssize_t, const Asked*, int, int, Py_ssize_t)
    int least_8(const uint8_t*, Py_ssize_t, int)
    int least_16(const uint16_t*, Py_ssize_t, int)
    void attend_8(const uint8_t*, const uint32_t*, const int64_t*, int, const uint64_t*, int, int, int, uint64_t*)
    void attend_16(const uint16_t*, const uint32_t*, const int64_t*, int, const uint64_t*, int, int, int, uint64_t*)

cdef double UNIT = 1.0 / 68719476736.0      # 2**-36, see model.SOFTMAX_BITS
cdef enum:
    NEVER = 0xFFFFFFFFFFFFFFFF      # no mass is as large: it marks an error


cdef class SlotHead:
    # The docstring stands in the numpy twin, sparseq.kernel.reference.SlotHead.

    def __init__(self, rows, model, *, own_capacity=0, own_weight=1, evict=True):
        self._arrays = []
        self.alphabet = rows.alphabet
        self.head.own_weight, self.head.evict, self.head.hidden = own_weight, evict, -1
        self._take_rows(rows)
        self._take_model(model)
        self._make_room(own_capacity)

    cdef int _take_rows(self, rows) except -1:
        cdef Head* head = &self.head
        keys = rows.keys_sn
        head.n_slots, head.n_rows = keys.shape
        head.n_values = rows.n_values
        head.wide_keys = keys.dtype == np.uint16
        head.edge_code, head.unknown_code = (65534, 65535) if head.wide_keys else (254, 255)
        cdef const uint8_t[::1] key_bytes = keys.reshape(-1).view(np.uint8)
        cdef const int64_t[::1] starts = rows.value_start_v, origin_start = rows.origin_start_n, origins = rows.origins
        cdef const uint32_t[::1] counts = rows.counts_n
        cdef const double[::1] prior = rows.prior_v
        self._arrays += [keys, starts, origin_start, origins, counts, prior]
        head.keys = &key_bytes[0] if key_bytes.shape[0] else NULL
        head.counts = &counts[0] if head.n_rows else NULL
        head.value_start = &starts[0]
        head.origin_start = &origin_start[0]
        head.origins = &origins[0] if head.n_rows else NULL
        head.prior = &prior[0]
        return 0

    cdef int _take_model(self, model) except -1:
        cdef Head* head = &self.head
        cdef const int32_t[::1] weights = model.weights_s, of_slot = model.similarity_of_slot_s
        cdef const uint64_t[::1] table = model.softmax_table
        cdef const double[::1] decay = model.decay
        cdef const uint16_t[:, :, ::1] similarity = model.similarity_kab
        self._arrays += [model.weights_s, model.similarity_of_slot_s, model.softmax_table, model.decay,
                         model.similarity_kab]
        head.largest_distance = model.largest_distance
        head.wide_distance = model.largest_distance > 255
        head.reach = model.reach
        head.prior_weight = model.prior_weight
        head.weights = &weights[0] if head.n_slots else NULL
        head.similarity_of_slot = &of_slot[0] if head.n_slots else NULL
        head.similarity = &similarity[0, 0, 0] if similarity.size else NULL
        head.similarity_size = similarity.shape[1]
        head.table = &table[0]
        head.decay = &decay[0]
        return 0

    cdef int _make_room(self, Py_ssize_t own_capacity) except -1:
        """Own rows, and scratch for one query; arrays are never empty, so that each has an address."""
        cdef Head* head = &self.head
        head.own_capacity = own_capacity
        cdef uint8_t[::1] own_keys = np.zeros(head.n_slots * own_capacity * (2 if head.wide_keys else 1) + 1, np.uint8)
        cdef int32_t[::1] own_values = np.zeros(own_capacity + 1, np.int32)
        cdef int64_t[::1] own_origins = np.zeros(own_capacity + 1, np.int64)
        cdef uint8_t[::1] asked = np.zeros((head.n_slots + 1) * sizeof(Asked), np.uint8)
        cdef uint8_t[::1] distance = np.empty((head.n_rows + own_capacity) * distance_bytes(head) + 1, np.uint8)
        cdef uint64_t[::1] mass = np.zeros(head.n_values, np.uint64)
        cdef double[::1] probability = np.zeros(head.n_values)
        self._arrays += [own_keys, own_values, own_origins, asked, distance, mass, probability]
        head.own_keys = &own_keys[0]
        head.own_values = &own_values[0]
        head.own_origins = &own_origins[0]
        head.asked = <Asked*>&asked[0]
        head.distance = &distance[0]
        head.mass = &mass[0]
        head.probability = &probability[0]
        return 0

    @property
    def n_slots(self):
        return self.head.n_slots

    @property
    def n_values(self):
        return self.head.n_values

    @property
    def n_rows(self):
        return self.head.n_rows

    @property
    def n_own(self):
        return self.head.n_own

    @property
    def own_capacity(self):
        return self.head.own_capacity

    @property
    def own_weight(self):
        return self.head.own_weight

    @property
    def largest_distance(self):
        return self.head.largest_distance

    @property
    def evict(self):
        return bool(self.head.evict)

    def append(self, const int32_t[::1] codes_s, int value, int64_t origin):
        remember(&self.head, &codes_s[0] if self.head.n_slots else NULL, value, origin)

    def mark(self):
        return self.head.n_own

    def rewind(self, Py_ssize_t mark):
        if not 0 <= mark <= self.head.n_own or self.head.n_own != self.head.own_next:
            raise CapacityError(
                f"rewind: wanted a mark up to {self.head.n_own} with nothing evicted since, got {mark}")
        self.head.n_own = self.head.own_next = mark

    def distances(self, const int32_t[::1] query_s):
        cdef Py_ssize_t n = self.head.n_rows + self.head.n_own
        cdef uint8_t[::1] out = np.empty(n * distance_bytes(&self.head) + 1, np.uint8)
        measure(&self.head, &query_s[0] if self.head.n_slots else NULL, &out[0])
        found = np.asarray(out)[:n * distance_bytes(&self.head)]
        return found.view(np.uint16 if self.head.wide_distance else np.uint8).astype(np.int64)

    def masses(self, const int32_t[::1] query_s):
        ask(&self.head, &query_s[0] if self.head.n_slots else NULL)
        return np.asarray(<uint64_t[:self.head.n_values]>self.head.mass).copy(), self.head.least

    def probabilities(self, const int32_t[::1] query_s, const uint8_t[::1] allowed_v=None):
        cdef double[::1] out = np.zeros(self.head.n_values)
        ask(&self.head, &query_s[0] if self.head.n_slots else NULL)
        predict(&self.head, &allowed_v[0] if allowed_v is not None else NULL, &out[0])
        return np.asarray(out)


# ---- distances ------------------------------------------------------------------------------------------------------

cdef Py_ssize_t distance_bytes(const Head* head) except -1 nogil:
    return 2 if head.wide_distance else 1


cdef inline int distance_at(const Head* head, const void* distance, Py_ssize_t row) except -1 nogil:
    return (<const uint16_t*>distance)[row] if head.wide_distance else (<const uint8_t*>distance)[row]


cdef int code_of_cell(const Head* head, int cell) except -2 nogil:
    """A grid cell as this head's key code; UNKNOWN for a masked one."""
    if cell == MASK_CELL:
        return UNKNOWN
    return head.edge_code if cell == EDGE_CELL else cell


cdef int set_asked(const Head* head, int slot, int code, Asked* asked) except -1 nogil:
    cdef int table = head.similarity_of_slot[slot]
    cdef Py_ssize_t size = head.similarity_size
    asked.slot, asked.code, asked.weight = slot, code, head.weights[slot]
    asked.table = head.similarity + (table * size + code) * size if table >= 0 and code < size else NULL
    return 0


cdef int add_slot(Head* head, int slot, int code, void* distance) except -1 nogil:
    """Add one slot that became known to the distances of all rows: example rows first, then own rows."""
    cdef Asked* asked = head.asked
    set_asked(head, slot, code, asked)
    add_rows(head, head.keys, head.n_rows, asked, distance, head.n_rows)
    add_rows(head, head.own_keys, head.own_capacity, asked, own_part(head, distance), head.n_own)
    return 0


cdef inline void* own_part(const Head* head, const void* distance) except? NULL nogil:
    return <char*>distance + head.n_rows * (2 if head.wide_distance else 1)


cdef int add_rows(const Head* head, const void* keys, Py_ssize_t stride, const Asked* asked, void* distance,
                  Py_ssize_t n) except -1 nogil:
    cdef int size = head.similarity_size
    cdef Py_ssize_t at = asked.slot * stride
    if head.wide_keys and head.wide_distance:
        add_slot_16_16(<uint16_t*>distance, <const uint16_t*>keys + at, asked, size, n)
    elif head.wide_keys:
        add_slot_16_8(<uint8_t*>distance, <const uint16_t*>keys + at, asked, size, n)
    elif head.wide_distance:
        add_slot_8_16(<uint16_t*>distance, <const uint8_t*>keys + at, asked, size, n)
    else:
        add_slot_8_8(<uint8_t*>distance, <const uint8_t*>keys + at, asked, size, n)
    return 0


cdef int measure(Head* head, const int32_t* query, void* distance) except -1 nogil:
    """Distances of all rows to a query: example rows first, then own rows."""
    cdef int slot, n_asked = 0
    for slot in range(head.n_slots):
        if query[slot] != UNKNOWN:
            set_asked(head, slot, query[slot], &head.asked[n_asked])
            n_asked += 1
    measure_rows(head, head.keys, head.n_rows, n_asked, distance, head.n_rows)
    measure_rows(head, head.own_keys, head.own_capacity, n_asked, own_part(head, distance), head.n_own)
    return 0


cdef int measure_rows(const Head* head, const void* keys, Py_ssize_t stride, int n_asked, void* distance,
                      Py_ssize_t n) except -1 nogil:
    cdef int size = head.similarity_size
    if head.wide_keys and head.wide_distance:
        measure_16_16(<uint16_t*>distance, <const uint16_t*>keys, stride, head.asked, n_asked, size, n)
    elif head.wide_keys:
        measure_16_8(<uint8_t*>distance, <const uint16_t*>keys, stride, head.asked, n_asked, size, n)
    elif head.wide_distance:
        measure_8_16(<uint16_t*>distance, <const uint8_t*>keys, stride, head.asked, n_asked, size, n)
    else:
        measure_8_8(<uint8_t*>distance, <const uint8_t*>keys, stride, head.asked, n_asked, size, n)
    return 0


# ---- softmax --------------------------------------------------------------------------------------------------------

cdef int ask(Head* head, const int32_t* query) except -1 nogil:
    """Answer a query: leave its nearest distance and each value's mass in the head."""
    measure(head, query, head.distance)
    return attend(head, head.distance)


cdef int attend(Head* head, const void* distance) except -1 nogil:
    """Nearest row's distance (the largest possible where there is no row), and each value's softmax mass from it."""
    cdef const uint8_t* narrow = <const uint8_t*>distance
    cdef const uint16_t* wide = <const uint16_t*>distance
    cdef int least = head.largest_distance
    least = least_16(wide, head.n_rows, least) if head.wide_distance else least_8(narrow, head.n_rows, least)
    head.seen, head.least = distance, own_least(head, distance, least)
    if head.wide_distance:
        attend_16(wide, head.counts, head.value_start, head.n_values, head.table, head.least, head.reach,
                  head.largest_distance, head.mass)
    else:
        attend_8(narrow, head.counts, head.value_start, head.n_values, head.table, head.least, head.reach,
                 head.largest_distance, head.mass)
    return own_mass(head, distance)


cdef int own_least(const Head* head, const void* distance, int least) except -1 nogil:
    """The nearest own row's distance where it is under `least`."""
    cdef Py_ssize_t row
    for row in range(head.n_own):
        if row != head.hidden:
            least = min(least, distance_at(head, distance, head.n_rows + row))
    return least


cdef int own_mass(Head* head, const void* distance) except -1 nogil:
    cdef Py_ssize_t row
    for row in range(head.n_own):
        if row != head.hidden:
            head.mass[head.own_values[row]] += own_step(head, distance, row)
    return 0


cdef inline uint64_t own_step(const Head* head, const void* distance, Py_ssize_t row) except? NEVER nogil:
    """The mass of one own row."""
    return <uint64_t>head.own_weight * head.table[distance_at(head, distance, head.n_rows + row) - head.least]


cdef int predict(Head* head, const uint8_t* allowed, double* probability) except -1 nogil:
    """Probability of each value by the latest answer: attended mass plus the prior, over the allowed values."""
    cdef double scale = UNIT * head.decay[head.least]
    cdef double total = 0.0
    cdef int value, n_allowed = 0
    for value in range(head.n_values):
        probability[value] = 0.0
        if allowed == NULL or allowed[value]:
            n_allowed += 1
            probability[value] = <double>head.mass[value] * scale + head.prior_weight * head.prior[value]
            total += probability[value]
    for value in range(head.n_values):
        if total > 0.0:
            probability[value] = probability[value] / total
        elif allowed == NULL or allowed[value]:
            probability[value] = 1.0 / n_allowed
    return 0


# ---- which example it came from -------------------------------------------------------------------------------------

cdef int origin_of(Head* head, int value, double u, bint nearest, int64_t* origin) except -1 nogil:
    """The origin of one row that holds `value`, by the latest answer: drawn by attention with u in [0, 1), or nearest."""
    cdef uint64_t target, step, seen = 0
    cdef Py_ssize_t row
    if nearest or head.mass[value] == 0:
        return origin_near(head, value, u, origin)
    target = min(<uint64_t>(u * <double>head.mass[value]), head.mass[value] - 1)
    for row in range(head.value_start[value], head.value_start[value + 1]):
        step = head.table[distance_at(head, head.seen, row) - head.least]
        if target < seen + head.counts[row] * step:
            origin[0] = head.origins[head.origin_start[row] + <Py_ssize_t>((target - seen) // step)]
            return 0
        seen += head.counts[row] * step
    for row in range(head.n_own):
        if head.own_values[row] == value and row != head.hidden:
            seen += own_step(head, head.seen, row)
            if target < seen:
                origin[0] = head.own_origins[row]
                return 0
    return 0


cdef int origin_near(const Head* head, int value, double u, int64_t* origin) except -1 nogil:
    """The origin of the nearest row that holds `value`, own rows first; u picks among equal example rows."""
    cdef int best = head.largest_distance + 1
    cdef Py_ssize_t row
    for row in range(head.n_own):
        if (head.own_values[row] == value and row != head.hidden
                and distance_at(head, head.seen, head.n_rows + row) < best):
            best = distance_at(head, head.seen, head.n_rows + row)
            origin[0] = head.own_origins[row]
    for row in range(head.value_start[value], head.value_start[value + 1]):
        if distance_at(head, head.seen, row) < best:
            best = distance_at(head, head.seen, row)
            origin[0] = head.origins[head.origin_start[row] + <Py_ssize_t>(u * head.counts[row])]
    return 0


# ---- own rows: the cache of the piece being written -----------------------------------------------------------------

cdef int remember(Head* head, const int32_t* codes, int value, int64_t origin) except -1 nogil:
    """Append one own row; a full cache drops its oldest, or refuses where evict is off."""
    cdef int slot, code
    cdef Py_ssize_t at
    if head.own_capacity == 0:
        return 0
    if head.own_next >= head.own_capacity and not head.evict:
        with gil:
            raise CapacityError(f"own memory: wanted room for one more row, all {head.own_capacity} are taken; "
                                "make own_capacity larger or let it evict")
    at = head.own_next % head.own_capacity
    for slot in range(head.n_slots):
        code = codes[slot] if codes[slot] != UNKNOWN else head.unknown_code
        if head.wide_keys:
            (<uint16_t*>head.own_keys)[slot * head.own_capacity + at] = code
        else:
            (<uint8_t*>head.own_keys)[slot * head.own_capacity + at] = code
    head.own_values[at] = value
    head.own_origins[at] = origin
    head.own_next += 1
    head.n_own = min(head.own_next, head.own_capacity)
    return 0

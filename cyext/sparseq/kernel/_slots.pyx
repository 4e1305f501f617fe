"""Slot coding: one head's example rows and own rows, their distances to a query, and the softmax over them."""

import numpy as np

from libc.string cimport memset

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
    void attend_8(const uint8_t*, const uint32_t*, const int64_t*, int, const uint64_t*, int, int, uint64_t*)
    void attend_16(const uint16_t*, const uint32_t*, const int64_t*, int, const uint64_t*, int, int, uint64_t*)
    void attend_own_8(const uint8_t*, const int32_t*, Py_ssize_t, uint64_t, const uint64_t*, int, uint64_t*)
    void attend_own_16(const uint16_t*, const int32_t*, Py_ssize_t, uint64_t, const uint64_t*, int, uint64_t*)

cdef enum:
    STRIP = 64      # rows are measured in whole strips; what lies behind the last row is far from everything

cdef double UNIT = 1.0 / 68719476736.0      # 2**-36, see model.SOFTMAX_BITS


cdef class SlotHead:
    # The docstring stands in the numpy twin, sparseq.kernel.reference.SlotHead.

    def __init__(self, rows, model, *, own_capacity=0, own_weight=1, evict=True):
        self._arrays = []
        self.alphabet = rows.alphabet
        self.head.own_weight, self.head.evict, self.head.hidden = own_weight, evict, -1
        take_rows(self, rows)
        take_model(self, model)
        make_room(self, own_capacity)

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
        cdef uint8_t[::1] out = np.empty(distances_size(&self.head) + 1, np.uint8)
        measure(&self.head, &query_s[0] if self.head.n_slots else NULL, &out[0])
        found = np.asarray(out)[:-1].view(np.uint16 if self.head.wide_distance else np.uint8).astype(np.int64)
        own = found[self.head.stride:]
        return np.concatenate([found[:self.head.n_rows], own[:self.head.n_own]])

    def masses(self, const int32_t[::1] query_s):
        ask(&self.head, &query_s[0] if self.head.n_slots else NULL)
        return np.asarray(<uint64_t[:self.head.n_values]>self.head.mass).copy(), self.head.least

    def probabilities(self, const int32_t[::1] query_s, const uint8_t[::1] allowed_v=None):
        cdef double[::1] out = np.zeros(self.head.n_values)
        ask(&self.head, &query_s[0] if self.head.n_slots else NULL)
        predict(&self.head, &allowed_v[0] if allowed_v is not None else NULL, &out[0])
        return np.asarray(out)


# ---- making one ------------------------------------------------------------------------------------------------------

cdef int take_rows(SlotHead self, rows) except -1:
    cdef Head* head = &self.head
    keys = with_room(rows.keys_sn)
    head.n_slots, head.n_rows = rows.keys_sn.shape
    head.stride = keys.shape[1]
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


cdef with_room(keys):
    """The whole strips that the keys are a view of; a copy with such room where they are not."""
    strips = -(-keys.shape[1] // STRIP) * STRIP
    base = keys.base
    if isinstance(base, np.ndarray) and base.shape == (len(keys), strips) and base.dtype == keys.dtype:
        if base.flags.c_contiguous and base.ctypes.data == keys.ctypes.data:
            return base
    out = np.zeros((len(keys), strips), keys.dtype)
    out[:, :keys.shape[1]] = keys
    return out


cdef int take_model(SlotHead self, model) except -1:
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


cdef int make_room(SlotHead self, Py_ssize_t own_capacity) except -1:
    """Own rows, and scratch for one query; arrays are never empty, so that each has an address."""
    cdef Head* head = &self.head
    head.own_capacity = own_capacity
    head.own_stride = whole_strips(own_capacity)
    cdef uint8_t[::1] own_keys = np.zeros(head.n_slots * head.own_stride * (2 if head.wide_keys else 1) + 1, np.uint8)
    cdef int32_t[::1] own_values = np.zeros(own_capacity + 1, np.int32)
    cdef int64_t[::1] own_origins = np.zeros(own_capacity + 1, np.int64)
    cdef uint8_t[::1] asked = np.zeros((head.n_slots + 1) * sizeof(Asked), np.uint8)
    cdef uint8_t[::1] distance = np.empty((head.stride + head.own_stride) * (2 if head.wide_distance else 1) + 1, np.uint8)
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


# ---- distances ------------------------------------------------------------------------------------------------------

cdef Py_ssize_t whole_strips(Py_ssize_t n) except -1 nogil:
    return (n + STRIP - 1) // STRIP * STRIP


cdef Py_ssize_t distances_size(const Head* head) except -1 nogil:
    """Bytes that the distances of all rows take: example rows, then own rows, each in whole strips."""
    return (head.stride + whole_strips(head.n_own)) * (2 if head.wide_distance else 1)


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
    """Add one slot that became known to the distances of all rows."""
    set_asked(head, slot, code, head.asked)
    add_rows(head, head.keys, head.stride, distance, head.n_rows)
    return add_rows(head, head.own_keys, head.own_stride, own_part(head, distance), head.n_own)


cdef inline void* own_part(const Head* head, const void* distance) except? NULL nogil:
    return <char*>distance + head.stride * (2 if head.wide_distance else 1)


cdef int add_rows(const Head* head, const void* keys, Py_ssize_t stride, void* distance, Py_ssize_t n) except -1 nogil:
    cdef int size = head.similarity_size
    cdef Py_ssize_t at = head.asked.slot * stride, strips = whole_strips(n)
    if head.wide_keys and head.wide_distance:
        add_slot_16_16(<uint16_t*>distance, <const uint16_t*>keys + at, head.asked, size, strips)
    elif head.wide_keys:
        add_slot_16_8(<uint8_t*>distance, <const uint16_t*>keys + at, head.asked, size, strips)
    elif head.wide_distance:
        add_slot_8_16(<uint16_t*>distance, <const uint8_t*>keys + at, head.asked, size, strips)
    else:
        add_slot_8_8(<uint8_t*>distance, <const uint8_t*>keys + at, head.asked, size, strips)
    return close_strip(head, distance, n)


cdef int close_strip(const Head* head, void* distance, Py_ssize_t n) except -1 nogil:
    """Put what lies behind the last row of n farther than any row can be."""
    cdef Py_ssize_t size = 2 if head.wide_distance else 1
    memset(<char*>distance + n * size, 255, (whole_strips(n) - n) * size)
    return 0


cdef int measure(Head* head, const int32_t* query, void* distance) except -1 nogil:
    """Distances of all rows to a query: example rows first, then own rows."""
    cdef int slot, n_asked = 0
    for slot in range(head.n_slots):
        if query[slot] != UNKNOWN:
            set_asked(head, slot, query[slot], &head.asked[n_asked])
            n_asked += 1
    measure_rows(head, head.keys, head.stride, n_asked, distance, head.n_rows)
    return measure_rows(head, head.own_keys, head.own_stride, n_asked, own_part(head, distance), head.n_own)


cdef int measure_rows(const Head* head, const void* keys, Py_ssize_t stride, int n_asked, void* distance,
                      Py_ssize_t n) except -1 nogil:
    cdef int size = head.similarity_size
    cdef Py_ssize_t strips = whole_strips(n)
    if head.wide_keys and head.wide_distance:
        measure_16_16(<uint16_t*>distance, <const uint16_t*>keys, stride, head.asked, n_asked, size, strips)
    elif head.wide_keys:
        measure_16_8(<uint8_t*>distance, <const uint16_t*>keys, stride, head.asked, n_asked, size, strips)
    elif head.wide_distance:
        measure_8_16(<uint16_t*>distance, <const uint8_t*>keys, stride, head.asked, n_asked, size, strips)
    else:
        measure_8_8(<uint8_t*>distance, <const uint8_t*>keys, stride, head.asked, n_asked, size, strips)
    return close_strip(head, distance, n)


# ---- softmax --------------------------------------------------------------------------------------------------------

cdef int ask(Head* head, const int32_t* query) except -1 nogil:
    """Answer a query: leave its nearest distance and each value's mass in the head."""
    measure(head, query, head.distance)
    return attend(head, head.distance)


cdef int attend(Head* head, const void* distance) except -1 nogil:
    """Nearest row's distance (the largest possible where there is no row), and each value's softmax mass from it."""
    cdef const void* own = own_part(head, distance)
    cdef Py_ssize_t after = head.hidden + 1     # own rows but the hidden one: those before it, and those after it
    cdef Py_ssize_t before = after - 1 if after else 0
    cdef int least = least_of(head, distance, 0, head.stride, head.largest_distance)
    least = least_of(head, own, 0, before, least)
    head.least = least_of(head, own, after, head.n_own, least)
    head.seen = distance
    if head.wide_distance:
        attend_16(<const uint16_t*>distance, head.counts, head.value_start, head.n_values, head.table, head.least,
                  head.reach, head.mass)
    else:
        attend_8(<const uint8_t*>distance, head.counts, head.value_start, head.n_values, head.table, head.least,
                 head.reach, head.mass)
    attend_own(head, 0, before)
    return attend_own(head, after, head.n_own)


cdef int least_of(const Head* head, const void* distance, Py_ssize_t first, Py_ssize_t last,
                  int least) except -1 nogil:
    if first >= last:
        return least
    if head.wide_distance:
        return least_16(<const uint16_t*>distance + first, last - first, least)
    return least_8(<const uint8_t*>distance + first, last - first, least)


cdef int attend_own(Head* head, Py_ssize_t first, Py_ssize_t last) except -1 nogil:
    """Add the mass of own rows first..last, as the latest answer saw them."""
    cdef const void* own = own_part(head, head.seen)
    if first >= last:
        return 0
    if head.wide_distance:
        attend_own_16(<const uint16_t*>own + first, head.own_values + first, last - first, head.own_weight,
                      head.table, head.least, head.mass)
    else:
        attend_own_8(<const uint8_t*>own + first, head.own_values + first, last - first, head.own_weight,
                     head.table, head.least, head.mass)
    return 0


cdef inline uint64_t own_step(const Head* head, Py_ssize_t row) except? 0xFFFFFFFFFFFFFFFF nogil:
    """The mass of one own row in the latest answer."""
    return <uint64_t>head.own_weight * head.table[distance_at(head, own_part(head, head.seen), row) - head.least]


cdef int predict(Head* head, const uint8_t* allowed, double* probability) except -1 nogil:
    """Probability of each value by the latest answer: attended mass plus the prior, over the allowed values."""
    cdef double scale = UNIT * head.decay[head.least]
    cdef double total = 0.0
    cdef int value, n_allowed = 0
    for value in range(head.n_values):
        probability[value] = 0.0
        if allowed == NULL or allowed[value]:
            n_allowed += 1
            probability[value] = <double><int64_t>head.mass[value] * scale + head.prior_weight * head.prior[value]
            total += probability[value]
    if total > 0.0:
        for value in range(head.n_values):
            probability[value] = probability[value] / total
        return 0
    for value in range(head.n_values):
        if allowed == NULL or allowed[value]:
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
            seen += own_step(head, row)
            if target < seen:
                origin[0] = head.own_origins[row]
                return 0
    return 0


cdef int origin_near(const Head* head, int value, double u, int64_t* origin) except -1 nogil:
    """The origin of the nearest row that holds `value`, own rows first; u picks among equal example rows."""
    cdef const void* own = own_part(head, head.seen)
    cdef int best = head.largest_distance + 1
    cdef Py_ssize_t row
    for row in range(head.n_own):
        if head.own_values[row] == value and row != head.hidden and distance_at(head, own, row) < best:
            best = distance_at(head, own, row)
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
            (<uint16_t*>head.own_keys)[slot * head.own_stride + at] = code
        else:
            (<uint8_t*>head.own_keys)[slot * head.own_stride + at] = code
    head.own_values[at] = value
    head.own_origins[at] = origin
    head.own_next += 1
    head.n_own = min(head.own_next, head.own_capacity)
    return 0

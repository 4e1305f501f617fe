"""Slot coding: one head of the native kernel as Python sees it."""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from sparseq.errors import CapacityError, InputError
from sparseq.kernel.head_checks import allowed_of, check_known, check_value, codes_of
from sparseq.kernel.spread import is_searched, spread_of

cimport numpy as cnp

from sparseq.kernel._answer cimport ask, predict
from sparseq.kernel._arrays cimport data_of, length_of
from sparseq.kernel._groups cimport UPTO, make_groups, strips_of_groups
from sparseq.kernel._head cimport (
    UNKNOWN, Asked, Groups, Head, attend, distances_room, distances_size, remember, whole_strips,
)
from sparseq.kernel._index cimport SlotIndex
from sparseq.kernel._joint cimport JointKeys, measure_keys
from sparseq.kernel._recall cimport RecallRoom, is_recalled
from sparseq.kernel._search cimport Search, SearchRoom


cdef extern from "_wide.h" nogil:
    enum: SPARSEQ_PLANES
    enum: SPARSEQ_PLANE
    int sparseq_wide()
    void lay_planes(uint8_t*, const uint64_t*, int)


cdef extern from "_joint.h" nogil:
    enum: BYTE_CODES


cnp.import_array()

cdef enum:
    LINE = 64               # bytes that processors fetch at once
    STRIP = 64              # rows that are measured at once
    JOINT_ROWS = 1 << 12    # fewer are measured in less time than joint tables are filled


cdef class SlotHead:
    # The docstring stands in the numpy twin, sparseq.kernel.reference.SlotHead.

    def __init__(self, rows, model, *, own_capacity=0, own_weight=1, evict=True, epsilon=1e-6, search_rows=1 << 14):
        self._arrays = []
        self.alphabet = rows.alphabet
        self.head.own_weight, self.head.evict, self.head.hidden = own_weight, evict, -1
        take_rows(self, rows)
        take_model(self, model)
        make_planes(self, rows)
        make_joint(self, rows)
        make_room(self, own_capacity)
        if is_searched(model, rows, epsilon, search_rows):
            make_search(self, rows, model, epsilon)

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
    def is_searched(self):
        return self.head.search != NULL

    @property
    def evict(self):
        return bool(self.head.evict)

    def append(self, codes_s, int value, int64_t origin):
        cdef const int32_t[::1] codes = known_codes(self, "codes_s", codes_s)
        check_value(value, self.head.n_values)
        remember(&self.head, &codes[0] if self.head.n_slots else NULL, value, origin)

    def mark(self):
        return self.head.n_own

    def rewind(self, Py_ssize_t mark):
        if not 0 <= mark <= self.head.n_own or self.head.n_own != self.head.own_next:
            raise CapacityError(
                f"rewind: wanted a mark up to {self.head.n_own} with nothing evicted since, got {mark}")
        self.head.n_own = self.head.own_next = mark
        self.head.rewinds += 1

    def restore(self, Py_ssize_t n_appended):
        if n_appended < 0:
            raise InputError(f"n_appended: wanted a whole number of 0 or more, got {n_appended}")
        self.head.own_next = max(n_appended - self.head.own_capacity, 0)
        self.head.n_own = min(self.head.own_next, self.head.own_capacity)
        self.head.rewinds += 1

    def distances(self, query_s):
        cdef const int32_t[::1] query = known_codes(self, "query_s", query_s)
        cdef uint8_t[::1] out = np.empty(distances_size(&self.head) + 1, np.uint8)
        measure_keys(&self.head, &query[0] if self.head.n_slots else NULL, &out[0])
        found = np.asarray(out)[:distances_size(&self.head)]
        found = found.view(np.uint16 if self.head.wide_distance else np.uint8).astype(np.int64)
        own = found[self.head.stride:]
        return np.concatenate([found[:self.head.n_rows], own[:self.head.n_own]])

    def masses(self, query_s):
        cdef const int32_t[::1] query = known_codes(self, "query_s", query_s)
        measure_keys(&self.head, &query[0] if self.head.n_slots else NULL, self.head.distance)
        attend(&self.head, self.head.distance, NULL)
        return self._mass(), self.head.least

    def search(self, query_s):
        cdef const int32_t[::1] query = known_codes(self, "query_s", query_s)
        cdef const Search* search = <const Search*>self.head.search
        ask(&self.head, &query[0] if self.head.n_slots else NULL, NULL)
        if search == NULL:
            return self._mass(), self.head.least, 0, self.head.n_rows + self.head.n_own
        return self._mass(), self.head.least, search.skipped, search.n_touched + self.head.n_own

    cdef int recall(self) except -1:
        """Keep answers from now on, where that pays."""
        cdef RecallRoom room
        if self.head.recall == NULL and is_recalled(&self.head):
            room = RecallRoom()
            room.make(&self.head)
            self._arrays.append(room)
            self.head.recall = &room.recall
        return 0

    def _mass(self):
        return np.asarray(<uint64_t[:self.head.n_values]>self.head.mass).copy()

    def probabilities(self, query_s, allowed_v=None):
        cdef const int32_t[::1] query = known_codes(self, "query_s", query_s)
        cdef const uint8_t[::1] allowed = allowed_of(allowed_v, self.head.n_values)
        cdef double[::1] out = np.zeros(self.head.n_values)
        ask(&self.head, &query[0] if self.head.n_slots else NULL, &allowed[0] if allowed is not None else NULL)
        predict(&self.head, &out[0])
        return np.asarray(out)


cdef known_codes(SlotHead self, name, given):
    """Key codes that may be looked up without looking; the range is looked at here, as numpy takes far longer to."""
    codes = codes_of(name, given, self.head.n_slots)
    cdef const int32_t[::1] each = codes
    cdef Py_ssize_t slot
    for slot in range(each.shape[0]):
        if not UNKNOWN <= each[slot] < self.alphabet and each[slot] != self.head.edge_code:
            check_known(name, codes, self.alphabet, self.head.edge_code)
    return codes


# ---- making one ------------------------------------------------------------------------------------------------------

cdef int take_rows(SlotHead self, rows) except -1:
    cdef Head* head = &self.head
    keys = with_room(rows.keys_sn)
    head.n_slots, head.n_rows = rows.keys_sn.shape
    head.stride = keys.shape[1]
    head.n_values = rows.n_values
    head.wide_keys = keys.dtype == np.uint16
    head.edge_code, head.unknown_code = (65534, 65535) if head.wide_keys else (254, 255)
    self._arrays += [keys, rows]
    head.keys = data_of(keys, cnp.NPY_UINT16 if head.wide_keys else cnp.NPY_UINT8, 2)
    head.counts = <uint32_t*>data_of(rows.counts_n, cnp.NPY_UINT32, 1)
    head.value_start = <int64_t*>data_of(rows.value_start_v, cnp.NPY_INT64, 1)
    head.origin_start = <int64_t*>data_of(rows.origin_start_n, cnp.NPY_INT64, 1)
    head.origins = <int64_t*>data_of(rows.origins, cnp.NPY_INT64, 1)
    head.prior = <double*>data_of(rows.prior_v, cnp.NPY_FLOAT64, 1)
    return 0


cdef with_room(keys):
    """The whole strips that the keys are a view of; a copy with such room where they are not."""
    cdef Py_ssize_t strips = whole_strips(keys.shape[1])
    base = keys.base
    if isinstance(base, np.ndarray) and base.shape == (len(keys), strips) and base.dtype == keys.dtype:
        if base.flags.c_contiguous and cnp.PyArray_DATA(base) == cnp.PyArray_DATA(keys):
            return base
    out = np.zeros((len(keys), strips), keys.dtype)
    out[:, :keys.shape[1]] = keys
    return out


cdef int take_model(SlotHead self, model) except -1:
    cdef Head* head = &self.head
    self._arrays.append(model)
    head.largest_distance = model.largest_distance
    head.wide_distance = model.largest_distance > 255
    head.reach = model.reach
    head.prior_weight = model.prior_weight
    head.weights = <int32_t*>data_of(model.weights_s, cnp.NPY_INT32, 1)
    head.similarity_of_slot = <int32_t*>data_of(model.similarity_of_slot_s, cnp.NPY_INT32, 1)
    head.similarity = <uint16_t*>data_of(model.similarity_kab, cnp.NPY_UINT16, 3)
    head.similarity_size = length_of(model.similarity_kab, 1)
    head.table = <uint64_t*>data_of(model.softmax_table, cnp.NPY_UINT64, 1)
    head.decay = <double*>data_of(model.decay, cnp.NPY_FLOAT64, 1)
    return 0


cdef int make_planes(SlotHead self, rows) except -1:
    """What the wide loops look up, if this processor has them, masses end in time, and counts are small enough."""
    cdef Head* head = &self.head
    cdef uint8_t* planes
    counts = rows.small_counts_kn
    cdef bint ends = head.largest_distance < SPARSEQ_PLANE or head.reach < SPARSEQ_PLANE - 1
    if not sparseq_wide() or not ends or length_of(counts, 1) < head.n_rows or not head.n_rows:
        return 0
    room = np.empty(SPARSEQ_PLANES * SPARSEQ_PLANE, np.uint8)
    self._arrays.append(room)
    planes = <uint8_t*>data_of(room, cnp.NPY_UINT8, 1)
    lay_planes(planes, head.table, min(head.largest_distance + 1, SPARSEQ_PLANE))
    head.planes, head.counts_low = planes, <uint8_t*>data_of(counts, cnp.NPY_UINT8, 2)
    head.counts_high = head.counts_low + head.n_rows if length_of(counts) > 1 else NULL
    return 0


cdef int make_joint(SlotHead self, rows) except -1:
    """Join slots of many rows, which is done at the first head over them, where this processor can look them up."""
    cdef Head* head = &self.head
    cdef JointKeys made
    cdef uint8_t[::1] tables
    if not sparseq_wide() or head.wide_keys or head.wide_distance or head.n_rows < JOINT_ROWS:
        return 0
    if not rows.joint:
        rows.joint.append(JointKeys(with_room(rows.keys_sn), head.n_rows))
    made = rows.joint[0]
    if made.joint.n_lines:
        tables = np.zeros(made.joint.n_lines * BYTE_CODES, np.uint8)
        self._arrays += [made, tables]
        head.joint, head.joint_tables = &made.joint, &tables[0]
    return 0


cdef int make_room(SlotHead self, Py_ssize_t own_capacity) except -1:
    """Own rows, and scratch for one query; none is empty, so that each has an address."""
    cdef Head* head = &self.head
    head.own_capacity = own_capacity
    head.own_stride = whole_strips(own_capacity)
    cdef Py_ssize_t wide_key = 2 if head.wide_keys else 1
    cdef Py_ssize_t n_strips = strips_of_groups(head)
    cdef Py_ssize_t[14] sizes = [
        head.n_slots * head.own_stride * wide_key, own_capacity * sizeof(int32_t), own_capacity * sizeof(int64_t),
        head.n_slots * sizeof(Asked), distances_room(head),
        head.n_values * sizeof(uint64_t), head.n_values * sizeof(double), head.n_values * sizeof(double),
        (head.n_values + 1) * sizeof(int32_t), n_strips * sizeof(int32_t), n_strips * sizeof(uint64_t),
        n_strips * STRIP, n_strips * STRIP, (n_strips * UPTO + 1) * sizeof(uint64_t),
    ]
    cdef uint8_t* places[14]
    cdef Py_ssize_t i, size = 0
    for i in range(14):
        sizes[i] = (sizes[i] // LINE + 1) * LINE
        size += sizes[i]
    # All in one: an array for each would take longer than the rest. Pages that are not touched are not there.
    room = np.zeros(size + LINE, np.uint8)
    self._arrays.append(room)
    cdef uint8_t* place = <uint8_t*>data_of(room, cnp.NPY_UINT8, 1)
    place += (-<size_t>place) % LINE
    for i in range(14):
        places[i] = place
        place += sizes[i]
    head.own_keys, head.own_values, head.own_origins = <void*>places[0], <int32_t*>places[1], <int64_t*>places[2]
    head.asked, head.distance = <Asked*>places[3], <void*>places[4]
    head.mass, head.probability = <uint64_t*>places[5], <double*>places[6]
    head.floor = <double*>places[7]
    for i in range(head.n_values):
        head.floor[i] = head.prior_weight * head.prior[i]
    cdef Groups* groups = &head.groups
    groups.start, groups.from_row, groups.places = <int32_t*>places[8], <int32_t*>places[9], <uint64_t*>places[10]
    groups.low, groups.upto = <uint8_t*>places[11], <uint64_t*>places[13]
    groups.high = <uint8_t*>places[12] if head.counts_high != NULL else NULL
    if n_strips:
        make_groups(head, n_strips)
    return 0


cdef int make_search(SlotHead self, rows, model, epsilon) except -1:
    """Search the rows' tree, which is grown at the first head that wants it."""
    if not rows.index:
        rows.index.append(SlotIndex(rows, model.weights_s))
    cdef SearchRoom room = SearchRoom(rows.index[0], model, spread_of(model, rows, epsilon), epsilon,
                                      self.head.joint != NULL)
    self._arrays.append(room)
    self.head.search = &room.search
    return 0

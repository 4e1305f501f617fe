"""What one class of cells attends to: example rows and own rows, their distances to a query, and the masses of all."""

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
    void attend_8(const uint8_t*, const uint32_t*, const int64_t*, int, const uint8_t*, const uint64_t*, int, int,
                  uint64_t*)
    void attend_16(const uint16_t*, const uint32_t*, const int64_t*, int, const uint8_t*, const uint64_t*, int, int,
                   uint64_t*)
    void attend_own_8(const uint8_t*, const int32_t*, Py_ssize_t, uint64_t, const uint64_t*, int, uint64_t*, int)
    void attend_own_16(const uint16_t*, const int32_t*, Py_ssize_t, uint64_t, const uint64_t*, int, uint64_t*, int)

cdef extern from "_groups.h" nogil:
    void sum_groups_8(const uint8_t*, const Groups*, const uint8_t*, int, int, int, uint64_t*)
    void sum_groups_16(const uint16_t*, const Groups*, const uint8_t*, int, int, int, uint64_t*)

cdef extern from "_wide.h" nogil:
    int measure_wide(uint8_t*, const uint8_t*, Py_ssize_t, const Asked*, int, int, Py_ssize_t)
    uint64_t mass_wide_8(const uint8_t*, const uint8_t*, const uint8_t*, const uint8_t*, int, Py_ssize_t, Py_ssize_t)
    uint64_t mass_wide_16(const uint16_t*, const uint8_t*, const uint8_t*, const uint8_t*, int, Py_ssize_t, Py_ssize_t)
    void attend_own_wide_8(const uint8_t*, const int32_t*, Py_ssize_t, uint64_t, const uint8_t*, int, int, uint64_t*)
    void attend_own_wide_16(const uint16_t*, const int32_t*, Py_ssize_t, uint64_t, const uint8_t*, int, int, uint64_t*)
    int sparseq_wide()
    enum: SPARSEQ_WIDE_VALUES

cdef enum:
    FEW_ROWS = 24   # fewer are summed one by one in less time than a strip at once
    STRIP = 64      # rows are measured in whole strips; what lies behind the last row is far from everything


# ---- distances ------------------------------------------------------------------------------------------------------

cdef Py_ssize_t whole_strips(Py_ssize_t n) except -1 nogil:
    return (n + STRIP - 1) // STRIP * STRIP


cdef Py_ssize_t distances_size(const Head* head) except -1 nogil:
    """Bytes that the distances of all rows take: example rows, then own rows, each in whole strips.

    Loops may look at one strip behind them, whatever lies there.
    """
    return (head.stride + whole_strips(head.n_own)) * (2 if head.wide_distance else 1)


cdef Py_ssize_t distances_room(const Head* head) except -1 nogil:
    """As many as they may ever take, with that strip."""
    return (head.stride + head.own_stride + STRIP) * (2 if head.wide_distance else 1)


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
    cdef int n_asked = set_known(head, query)
    measure_rows(head, head.keys, head.stride, n_asked, distance, head.n_rows)
    return measure_rows(head, head.own_keys, head.own_stride, n_asked, own_part(head, distance), head.n_own)


cdef int measure_own(Head* head, const int32_t* query, void* distance) except -1 nogil:
    """As measure, own rows alone."""
    return measure_rows(head, head.own_keys, head.own_stride, set_known(head, query), own_part(head, distance),
                        head.n_own)


cdef int measure_own_from(Head* head, const int32_t* query, void* distance, Py_ssize_t first) except -1 nogil:
    """As measure_own, from the strip of one row on."""
    cdef Py_ssize_t strip = first // STRIP * STRIP
    cdef const char* keys = <const char*>head.own_keys + strip * (2 if head.wide_keys else 1)
    cdef char* place = <char*>own_part(head, distance) + strip * (2 if head.wide_distance else 1)
    return measure_rows(head, keys, head.own_stride, set_known(head, query), place, head.n_own - strip)


cdef int set_known(Head* head, const int32_t* query) except -1 nogil:
    """List what the query knows; returns in how many slots."""
    cdef int slot, n_asked = 0
    for slot in range(head.n_slots):
        if query[slot] != UNKNOWN:
            set_asked(head, slot, query[slot], &head.asked[n_asked])
            n_asked += 1
    return n_asked


cdef int measure_rows(const Head* head, const void* keys, Py_ssize_t stride, int n_asked, void* distance,
                      Py_ssize_t n) except -1 nogil:
    cdef int size = head.similarity_size
    cdef Py_ssize_t strips = whole_strips(n)
    cdef bint done = False
    if sparseq_wide() and not head.wide_keys and not head.wide_distance:
        done = measure_wide(<uint8_t*>distance, <const uint8_t*>keys, stride, head.asked, n_asked, size, strips)
    if done:
        return close_strip(head, distance, n)
    if head.wide_keys and head.wide_distance:
        measure_16_16(<uint16_t*>distance, <const uint16_t*>keys, stride, head.asked, n_asked, size, strips)
    elif head.wide_keys:
        measure_16_8(<uint8_t*>distance, <const uint16_t*>keys, stride, head.asked, n_asked, size, strips)
    elif head.wide_distance:
        measure_8_16(<uint16_t*>distance, <const uint8_t*>keys, stride, head.asked, n_asked, size, strips)
    else:
        measure_8_8(<uint8_t*>distance, <const uint8_t*>keys, stride, head.asked, n_asked, size, strips)
    return close_strip(head, distance, n)


# ---- masses ---------------------------------------------------------------------------------------------------------

cdef int attend(Head* head, const void* distance, const uint8_t* allowed) except -1 nogil:
    """Leave the nearest row's distance, and each value's softmax mass from it, in the head; of allowed values alone."""
    find_least(head, distance, allowed)
    attend_rows(head, head.table, head.planes, head.reach)
    return attend_own(head)


cdef int find_least(Head* head, const void* distance, const uint8_t* allowed) except -1 nogil:
    """The nearest row's distance, the largest possible where there is no row."""
    cdef int value
    head.seen, head.allowed, head.least = distance, allowed, head.largest_distance
    if allowed == NULL:
        head.least = least_of(head, distance, 0, head.stride, head.least)
    else:
        for value in range(head.n_values):
            if allowed[value]:
                head.least = least_of(head, distance, head.value_start[value], head.value_start[value + 1], head.least)
    head.least = least_own(head, distance, head.least)
    return 0


cdef int attend_rows(Head* head, const uint64_t* table, const uint8_t* planes, int reach) except -1 nogil:
    """Each value's mass over the example rows, as the table, and its planes if any, have it at each distance beyond
    the least."""
    cdef int value
    head.used_table, head.used_planes = table, planes
    head.grouped = head.groups.n_strips and head.allowed == NULL and planes == head.planes
    if head.grouped:
        return sum_groups(head)
    if planes != NULL:
        for value in range(head.n_values):
            head.mass[value] = 0
            if head.allowed == NULL or head.allowed[value]:
                head.mass[value] = mass_of(head, head.value_start[value], head.value_start[value + 1])
        return 0
    if head.wide_distance:
        attend_16(<const uint16_t*>head.seen, head.counts, head.value_start, head.n_values, head.allowed, table,
                  head.least, reach, head.mass)
    else:
        attend_8(<const uint8_t*>head.seen, head.counts, head.value_start, head.n_values, head.allowed, table,
                 head.least, reach, head.mass)
    return 0


cdef int sum_groups(Head* head) except -1 nogil:
    if head.wide_distance:
        sum_groups_16(<const uint16_t*>head.seen, &head.groups, head.planes, head.least, head.reach, head.n_values,
                      head.mass)
    else:
        sum_groups_8(<const uint8_t*>head.seen, &head.groups, head.planes, head.least, head.reach, head.n_values,
                     head.mass)
    head.seen_upto = head.groups.upto
    return 0


cdef uint64_t mass_of(const Head* head, Py_ssize_t first, Py_ssize_t last) except? 0xFFFFFFFFFFFFFFFF nogil:
    """The mass of some example rows in the latest answer; where there are planes."""
    cdef uint64_t mass = 0
    cdef Py_ssize_t row
    if last - first < FEW_ROWS:
        for row in range(first, last):
            mass += head.counts[row] * head.used_table[distance_at(head, head.seen, row) - head.least]
        return mass
    if head.wide_distance:
        return mass_wide_16(<const uint16_t*>head.seen, head.counts_low, head.counts_high, head.used_planes, head.least,
                            first, last)
    return mass_wide_8(<const uint8_t*>head.seen, head.counts_low, head.counts_high, head.used_planes, head.least, first,
                       last)


cdef int least_of(const Head* head, const void* distance, Py_ssize_t first, Py_ssize_t last,
                  int least) except -1 nogil:
    if first >= last:
        return least
    if head.wide_distance:
        return least_16(<const uint16_t*>distance + first, last - first, least)
    return least_8(<const uint8_t*>distance + first, last - first, least)


cdef int least_between(const Head* head, const void* distance, Py_ssize_t first, int least) except -1 nogil:
    """The distance of the nearest own row from one on where it is under `least`."""
    return least_of(head, own_part(head, distance), first, head.n_own, least)


cdef int least_own(const Head* head, const void* distance, int least) except -1 nogil:
    """The distance of the nearest own row where it is under `least`; the hidden one does not count."""
    cdef const void* own = own_part(head, distance)
    cdef Py_ssize_t row
    if head.allowed != NULL:
        for row in range(head.n_own):
            if head.allowed[head.own_values[row]] and row != head.hidden:
                least = min(least, distance_at(head, own, row))
        return least
    if head.hidden < 0:
        return least_of(head, own, 0, head.n_own, least)
    least = least_of(head, own, 0, head.hidden, least)
    return least_of(head, own, head.hidden + 1, head.n_own, least)


cdef int attend_own(Head* head) except -1 nogil:
    """Add the masses of own rows, as the latest answer saw them; the hidden one has none."""
    cdef Py_ssize_t row
    if head.allowed != NULL:
        for row in range(head.n_own):
            if head.allowed[head.own_values[row]] and row != head.hidden:
                head.mass[head.own_values[row]] += own_step(head, row)
        return 0
    if head.hidden < 0:
        return add_own(head, 0)
    attend_range(head, 0, head.hidden)
    return attend_range(head, head.hidden + 1, head.n_own)


cdef int add_own(Head* head, Py_ssize_t first) except -1 nogil:
    """Add the masses of own rows from one on."""
    if head.planes != NULL and head.n_own - first >= FEW_ROWS and head.n_values <= SPARSEQ_WIDE_VALUES:
        return attend_own_wide(head, first)
    return attend_range(head, first, head.n_own)


cdef int attend_own_wide(Head* head, Py_ssize_t first) except -1 nogil:
    cdef const void* own = own_part(head, head.seen)
    cdef const int32_t* values = head.own_values + first
    cdef Py_ssize_t n = head.n_own - first
    if head.wide_distance:
        attend_own_wide_16(<const uint16_t*>own + first, values, n, head.own_weight, head.planes, head.least,
                           head.reach, head.mass)
    else:
        attend_own_wide_8(<const uint8_t*>own + first, values, n, head.own_weight, head.planes, head.least,
                          head.reach, head.mass)
    return 0


cdef int attend_range(Head* head, Py_ssize_t first, Py_ssize_t last) except -1 nogil:
    cdef const void* own = own_part(head, head.seen)
    if head.wide_distance:
        attend_own_16(<const uint16_t*>own + first, head.own_values + first, last - first, head.own_weight,
                      head.table, head.least, head.mass, head.n_values)
    else:
        attend_own_8(<const uint8_t*>own + first, head.own_values + first, last - first, head.own_weight,
                     head.table, head.least, head.mass, head.n_values)
    return 0


# ---- own rows: the cache of the piece being written -----------------------------------------------------------------

cdef int remember(Head* head, const int32_t* codes, int value, int64_t origin) except -1 nogil:
    """Append one own row; a full cache drops its oldest, or refuses where evict is off."""
    cdef int slot, code
    cdef Py_ssize_t at
    if head.own_capacity == 0:
        return 0
    if head.own_next >= head.own_capacity and not head.evict:
        return refuse_row(head)
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


cdef int refuse_row(const Head* head) except -1 with gil:
    # By itself: a function with a part that takes the lock of the interpreter takes it at each return.
    raise CapacityError(f"own memory: wanted room for one more row, all {head.own_capacity} are taken; "
                        "make own_capacity larger or let it evict")

"""Answers to queries: by the scan of all rows or by the search, then probabilities and origins from what was found."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint64_t

from sparseq.kernel._head cimport Head, attend, distance_at, mass_of, own_part, own_step
from sparseq.kernel._found cimport drawn_row, nearest_row
from sparseq.kernel._joint cimport measure_keys
from sparseq.kernel._recall cimport ask_again
from sparseq.kernel._search cimport search_rows

cdef extern from "_few.h" nogil:
    double share_out(const uint64_t*, const double*, double, int, double*)

cdef extern from "_wide.h" nogil:
    uint64_t mass_alike_8(const uint8_t*, const int32_t*, int, const uint8_t*, int)
    uint64_t mass_alike_16(const uint16_t*, const int32_t*, int, const uint8_t*, int)

cdef extern from "_groups.h" nogil:
    enum: SPARSEQ_GROUP
    Py_ssize_t count_within(const uint64_t*, Py_ssize_t, Py_ssize_t, uint64_t)

cdef enum:
    STRIP = 64

cdef int64_t NO_ORIGIN = -9223372036854775807 - 1   # see checks.NO_ORIGIN
cdef double UNIT = 1.0 / 68719476736.0      # 2**-36, see model.SOFTMAX_BITS


cdef int ask(Head* head, const int32_t* query, const uint8_t* allowed) except -1 nogil:
    """Answer a query: leave its nearest distance and each value's mass in the head; of allowed values alone.

    The mask must stay as it is for as long as the answer is asked about: NULL, or one number for each value.
    """
    if head.search != NULL:
        return search_rows(head, query, allowed)
    if head.recall != NULL and allowed == NULL and head.hidden < 0:
        return ask_again(head, query)
    head.searched = False
    measure_keys(head, query, head.distance)
    return attend(head, head.distance, allowed)


cdef int predict(Head* head, double* probability) except -1 nogil:
    """Probability of each value by the latest answer: attended mass plus the prior, over the allowed values."""
    # How far away the nearest row is weighs against the prior alone; without one it would only lose digits.
    cdef double scale = UNIT * head.decay[head.least] if head.prior_weight > 0.0 else UNIT
    cdef const uint8_t* allowed = head.allowed
    cdef double total = 0.0
    cdef int value, n_allowed = 0
    if allowed == NULL and share_out(head.mass, head.floor, scale, head.n_values, probability) > 0.0:
        return 0
    for value in range(head.n_values):
        probability[value] = 0.0
        if allowed == NULL or allowed[value]:
            n_allowed += 1
            probability[value] = <double><int64_t>head.mass[value] * scale + head.floor[value]
            total += probability[value]
    if total > 0.0:
        for value in range(head.n_values):
            probability[value] = probability[value] / total
        return 0
    for value in range(head.n_values):
        if allowed == NULL or allowed[value]:
            probability[value] = 1.0 / n_allowed
    return 0


cdef int origin_of(Head* head, int value, double u, bint nearest, int64_t* origin) except -1 nogil:
    """The origin of one row that holds `value`, by the latest answer: drawn by attention with u in [0, 1), or nearest.

    None where no row has mass: the value came from the prior.
    """
    origin[0] = NO_ORIGIN
    if head.mass[value] == 0:
        return 0
    if nearest:
        return origin_near(head, value, u, origin)
    return origin_drawn(head, value, min(<uint64_t>(u * <double>head.mass[value]), head.mass[value] - 1), origin)


cdef int origin_drawn(Head* head, int value, uint64_t target, int64_t* origin) except -1 nogil:
    """Count off the masses of example rows, then of own rows, up to the target."""
    cdef uint64_t step
    cdef Py_ssize_t row
    cdef int distance
    if head.searched:
        row = drawn_row(head, value, &target, &distance)
    else:
        row = counted_row(head, value, &target, &distance)
    if row >= 0:
        step = head.table[distance - head.least]
        origin[0] = head.origins[head.origin_start[row] + <Py_ssize_t>(target // step)]
        return 0
    for row in range(pass_own(head, value, &target), head.n_own):
        if head.own_values[row] == value and row != head.hidden:
            step = own_step(head, row)
            if target < step:
                origin[0] = head.own_origins[row]
                return 0
            target -= step
    return 0


cdef Py_ssize_t pass_own(const Head* head, int value, uint64_t* target) except -1 nogil:
    """How many own rows stand in strips before the target, which becomes what is left of it."""
    cdef Py_ssize_t first = 0
    cdef uint64_t mass
    if head.planes == NULL or head.hidden >= 0 or head.allowed != NULL or head.n_values > 256:
        return 0
    while head.n_own - first > STRIP:
        mass = own_mass_of(head, value, first)
        if target[0] < mass:
            break
        target[0] -= mass
        first += STRIP
    return first


cdef uint64_t own_mass_of(const Head* head, int value, Py_ssize_t first) except? 0xFFFFFFFFFFFFFFFF nogil:
    """The mass of those of a strip of own rows that hold a value."""
    cdef const void* own = own_part(head, head.seen)
    if head.wide_distance:
        return head.own_weight * mass_alike_16(<const uint16_t*>own + first, head.own_values + first, value,
                                               head.planes, head.least)
    return head.own_weight * mass_alike_8(<const uint8_t*>own + first, head.own_values + first, value, head.planes,
                                          head.least)


cdef Py_ssize_t counted_row(const Head* head, int value, uint64_t* target, int* distance) except -2 nogil:
    """The example row in which the target lies, which becomes what is left of it there; -1: it lies in own rows."""
    cdef uint64_t mass
    cdef Py_ssize_t row, first = head.value_start[value], last = head.value_start[value + 1]
    if head.grouped:
        first += pass_groups(head, value, target)
        last = min(last, first + SPARSEQ_GROUP)
    # Where whole strips are summed up in no time, find the one in which it lies.
    while head.used_planes != NULL and last - first > STRIP:
        mass = mass_of(head, first, first + STRIP)
        if target[0] < mass:
            break
        target[0] -= mass
        first += STRIP
    for row in range(first, last):
        distance[0] = distance_at(head, head.seen, row)
        mass = head.counts[row] * head.used_table[distance[0] - head.least]
        if target[0] < mass:
            return row
        target[0] -= mass
    return -1


cdef Py_ssize_t pass_groups(const Head* head, int value, uint64_t* target) except -1 nogil:
    """How many of a value's rows stand in groups before the target, which becomes what is left of it."""
    cdef const uint64_t* upto = head.seen_upto
    cdef Py_ssize_t first = head.groups.start[value], last = head.groups.start[value + 1]
    cdef Py_ssize_t passed = count_within(upto, first, last, target[0])
    target[0] -= upto[first + passed] - upto[first]
    return passed * SPARSEQ_GROUP


cdef int origin_near(Head* head, int value, double u, int64_t* origin) except -1 nogil:
    """The origin of the nearest row that holds `value` and counts, own rows first; u picks among equal example rows."""
    cdef const void* own = own_part(head, head.seen)
    cdef int best = head.largest_distance + 1
    cdef Py_ssize_t row, found = -1
    for row in range(head.n_own):
        if head.own_values[row] == value and row != head.hidden and distance_at(head, own, row) < best:
            best = distance_at(head, own, row)
            origin[0] = head.own_origins[row]
    found = nearest_row(head, value, best) if head.searched else scanned_row(head, value, best)
    if found >= 0:
        origin[0] = head.origins[head.origin_start[found] + <Py_ssize_t>(u * head.counts[found])]
    return 0


cdef Py_ssize_t scanned_row(const Head* head, int value, int under) except -2 nogil:
    """The first of the nearest example rows that hold a value and count, if nearer than `under`; else -1."""
    cdef Py_ssize_t row, best = -1
    cdef int here
    for row in range(head.value_start[value], head.value_start[value + 1]):
        here = distance_at(head, head.seen, row)
        if here < under and head.used_table[here - head.least] > 0:
            best, under = row, here
    return best

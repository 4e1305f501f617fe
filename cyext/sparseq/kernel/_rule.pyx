"""The rule that says up to which distance rows count, and the scan that follows it where a search does not pay."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.string cimport memcpy, memset

from sparseq.kernel._head cimport attend_own, attend_rows, find_least
from sparseq.kernel._joint cimport measure_keys

cdef extern from "_tally.h" nogil:
    void tally_8(const uint8_t*, const uint32_t*, Py_ssize_t, int, uint64_t*)
    void tally_16(const uint16_t*, const uint32_t*, Py_ssize_t, int, uint64_t*)

cdef extern from "_wide.h" nogil:
    enum: SPARSEQ_PLANE
    void lay_planes(uint8_t*, const uint64_t*, int)


cdef int begin_rule(Head* head, Rule* rule) except -1 nogil:
    """The least distance being known, begin with own rows, which always count."""
    cdef int value
    rule.seen = rule.mass = 0
    memset(head.mass, 0, head.n_values * sizeof(uint64_t))
    attend_own(head)
    for value in range(head.n_values):
        rule.mass += head.mass[value]
    return 0


cdef bint is_enough(const Head* head, Search* search, Rule* rule, int distance) except -1 nogil:
    """Whether rows beyond this distance need not count; all at it, and all nearer ones before, are tallied."""
    rule.seen += search.counted[distance]
    rule.mass += search.counted[distance] * head.table[distance - head.least]
    search.skipped = 0
    if distance < head.largest_distance:
        search.skipped = (search.index.n_counted - rule.seen) * head.table[distance + 1 - head.least]
    return <double>search.skipped <= search.epsilon * <double>rule.mass


cdef int tighten(const Head* head, Search* search, Rule rule, int distance) except -1 nogil:
    """Lower the limit to where the rule must hold by what is known now: rows yet to be found only add mass."""
    cdef uint64_t rest = search.index.n_counted - rule.seen
    while distance + 1 < search.limit:
        distance += 1
        rule.mass += search.counted[distance] * head.table[distance - head.least]
        if <double>(rest * head.table[distance + 1 - head.least]) <= search.epsilon * <double>rule.mass:
            search.limit = distance
    return 0


cdef int clear(Search* search) except -1 nogil:
    """Leave buckets and counts as the next query wants them."""
    cdef int distance
    for distance in range(search.farthest + 1):
        search.bucket[distance] = -1
        search.counted[distance] = 0
    return 0


# ---- the scan --------------------------------------------------------------------------------------------------------

cdef int scan_rows(Head* head, Search* search, const int32_t* query) except -1 nogil:
    """The same answer, from the distances of all rows."""
    cdef Rule rule
    cdef int distance
    measure_keys(head, query, head.distance)
    find_least(head, head.distance, head.allowed)
    head.searched = False
    search.n_touched = head.n_rows
    search.farthest = min(head.least + search.spread, head.largest_distance)
    tally_allowed(head, search)
    begin_rule(head, &rule)
    distance = head.least
    while not is_enough(head, search, &rule, distance):
        distance += 1
    clear(search)
    distance -= head.least
    memcpy(search.table, head.table, (distance + 1) * sizeof(uint64_t))
    memset(search.table + distance + 1, 0, (head.largest_distance - distance) * sizeof(uint64_t))
    if head.planes != NULL:
        lay_planes(search.planes, search.table, min(head.largest_distance + 1, SPARSEQ_PLANE))
    attend_rows(head, search.table, NULL if head.planes == NULL else search.planes, distance)
    return attend_own(head)


cdef int tally_allowed(Head* head, Search* search) except -1 nogil:
    """Count how many rows of allowed values are how far."""
    cdef int value
    if head.allowed == NULL:
        return tally(head, search, 0, head.n_rows)
    for value in range(head.n_values):
        if head.allowed[value]:
            tally(head, search, head.value_start[value], head.value_start[value + 1])
    return 0


cdef int tally(Head* head, Search* search, Py_ssize_t first, Py_ssize_t last) except -1 nogil:
    if head.wide_distance:
        tally_16(<const uint16_t*>head.distance + first, head.counts + first, last - first, search.farthest,
                 search.counted)
    else:
        tally_8(<const uint8_t*>head.distance + first, head.counts + first, last - first, search.farthest,
                search.counted)
    return 0

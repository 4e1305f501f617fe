"""Searching a large library for all rows that matter to a query, with a bound on the mass of all others.

Strips are visited by the least distance that their rows can have. Once all up to some distance are done, every row
within it is known. The search ends at the first distance at which all rows beyond it, were they only one step
farther, could not have more than epsilon of the mass within it. So which rows count depends on the rows alone: the
numpy twin states the same rule over a list of all distances, and so does the scan that takes over where too many rows
matter for a search to pay.
"""

import numpy as np

from libc.stdint cimport uint8_t, uint16_t
from libc.string cimport memcpy, memset

from sparseq.kernel._head cimport (
    UNKNOWN, attend_own, attend_rows, find_least, least_own, measure_own, set_asked,
)
from sparseq.kernel._joint cimport measure_keys
from sparseq.kernel._index cimport ENTRIES, SlotIndex, Strip

cdef extern from "_tally.h" nogil:
    void tally_8(const uint8_t*, const uint32_t*, Py_ssize_t, int, uint64_t*)
    void tally_16(const uint16_t*, const uint32_t*, Py_ssize_t, int, uint64_t*)

cdef extern from "_wide.h" nogil:
    enum: SPARSEQ_PLANES
    enum: SPARSEQ_PLANE
    void lay_planes(uint8_t*, const uint64_t*, int)

cdef extern from "_strip.h" nogil:
    ctypedef struct Near "sparseq_near":
        bint leaf
        int bound
        int limit
        int n_entries
    void prefetch_line(const void*)
    int lowest_bit(uint64_t)
    uint64_t measure_strip_8(void*, const uint64_t*, int, const Asked*, int, const Near*)
    uint64_t measure_strip_16(void*, const uint64_t*, int, const Asked*, int, const Near*)

cdef enum:
    VISIT_ROWS = 100    # a visit takes about as long as the scan of so many rows
    MOST_PAUSE = 63     # queries scanned at once after searches in vain


cdef struct Rule:
    uint64_t seen               # rows that count so far, before merging
    uint64_t mass               # what they and own rows have


cdef class SearchRoom:

    def __init__(self, SlotIndex tree, model, int spread, double epsilon):
        cdef Search* search = &self.search
        cdef int largest = model.largest_distance
        cdef uint8_t[::1] asked = np.zeros((len(model.weights_s) + 1) * sizeof(Asked), np.uint8)
        cdef int32_t[::1] bucket = np.full(largest + 2, -1, np.int32)
        cdef uint64_t[::1] counted = np.zeros(largest + 2, np.uint64)
        # As many as could ever be needed: pages that are not touched are not there.
        cdef uint8_t[::1] waiting = np.empty(tree.index.n_strips * sizeof(Waiting), np.uint8)
        cdef uint8_t[::1] found = np.empty(tree.index.n_rows * sizeof(Found), np.uint8)
        cdef uint64_t[::1] table = np.zeros(largest + 2, np.uint64)
        self._arrays = (tree, asked, bucket, counted, waiting, found, table)
        search.index = &tree.index
        search.epsilon = epsilon
        search.spread = spread
        search.asked = <Asked*>&asked[0]
        search.most_visits = tree.index.n_rows // VISIT_ROWS
        search.bucket, search.counted, search.table = &bucket[0], &counted[0], &table[0]
        cdef uint8_t[::1] planes = np.zeros(SPARSEQ_PLANES * SPARSEQ_PLANE, np.uint8)
        self._arrays += (planes,)
        search.planes = &planes[0]
        search.waiting, search.found = <Waiting*>&waiting[0], <Found*>&found[0]


cdef int search_rows(Head* head, const int32_t* query, const uint8_t* allowed) except -1 nogil:
    """Answer a query: leave its nearest distance, each value's mass and the certificate in the head."""
    cdef Search* search = <Search*>head.search
    cdef int cut
    head.allowed = allowed
    if search.n_pause > 0:
        search.n_pause -= 1
        return scan_rows(head, search, query)
    begin(head, search, query)
    cut = visit_by_distance(head, search)
    if cut >= 0:
        add_found(head, search, cut)
    clear(search)
    # After a search in vain the next queries are scanned at once, the more the oftener that happened.
    search.n_vain = 0 if cut >= 0 else min(2 * search.n_vain + 1, MOST_PAUSE)
    search.n_pause = search.n_vain
    return scan_rows(head, search, query) if cut < 0 else 0


cdef int begin(Head* head, Search* search, const int32_t* query) except -1 nogil:
    cdef int slot
    for slot in range(head.n_slots):
        search.asked[slot].weight = 0
        if query[slot] != UNKNOWN:
            set_asked(head, slot, query[slot], &search.asked[slot])
    measure_own(head, query, head.distance)
    head.seen, head.searched = head.distance, True
    search.n_waiting = search.n_found = search.n_visits = search.n_touched = search.farthest = 0
    search.nearest = search.limit = head.largest_distance
    come_nearer(search, least_own(head, head.distance, head.largest_distance))
    return wait(search, 0, 0)


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


# ---- the rule -------------------------------------------------------------------------------------------------------

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


# ---- visits ---------------------------------------------------------------------------------------------------------

cdef int come_nearer(Search* search, int distance) except -1 nogil:
    """A row is as near as this: rows much farther cannot matter."""
    if distance < search.nearest:
        search.nearest = distance
        search.limit = min(search.limit, distance + search.spread)
    return 0


cdef int visit_by_distance(Head* head, Search* search) except -2 nogil:
    """Visit strips, the nearest first, until what is left need not count.

    Returns up to which distance rows count; -1 where so many rows matter that a scan takes less time.
    """
    cdef Rule rule
    cdef int distance = 0
    rule.seen = rule.mass = 0
    while True:
        prefetch_bucket(search, distance)
        while search.bucket[distance] >= 0:
            visit(head, search, distance)
            if search.n_visits > search.most_visits:
                return -1
        if distance == search.nearest:
            head.least = distance
            begin_rule(head, &rule)
        if distance >= search.nearest:
            if is_enough(head, search, &rule, distance):
                return distance
            tighten(head, search, rule, distance)
        distance += 1


cdef int wait(Search* search, uint32_t strip, int distance) except -1 nogil:
    cdef Waiting* waiting = search.waiting + search.n_waiting
    waiting.strip, waiting.next = strip, search.bucket[distance]
    search.bucket[distance] = search.n_waiting
    search.farthest = max(search.farthest, distance)
    search.n_waiting += 1
    prefetch_line(search.index.strips + strip)
    return 0


cdef int visit(const Head* head, Search* search, int bound) except -1 nogil:
    """Take the latest strip from a bucket: note the rows that are near enough, let the strips that are wait."""
    cdef const Waiting* waiting = search.waiting + search.bucket[bound]
    cdef const Strip* strip = search.index.strips + waiting.strip
    cdef uint16_t distance[ENTRIES]
    cdef uint64_t left
    cdef int i, here
    cdef Near near
    near.leaf, near.bound, near.limit, near.n_entries = strip.leaf, bound, search.limit, strip.n_entries
    if head.wide_distance:
        left = measure_strip_16(distance, search.index.words + strip.word, strip.n_columns, search.asked,
                                head.similarity_size, &near)
    else:
        left = measure_strip_8(distance, search.index.words + strip.word, strip.n_columns, search.asked,
                               head.similarity_size, &near)
    search.bucket[bound] = waiting.next
    search.n_visits += 1
    search.n_touched += strip.n_entries if strip.leaf else 0
    while left:
        i = lowest_bit(left)
        left &= left - 1
        here = distance[i] if head.wide_distance else (<uint8_t*>distance)[i]
        if strip.leaf:
            if head.allowed == NULL or head.allowed[search.index.values[strip.first + i]]:
                find(search, strip.first + i, here)
        else:
            wait(search, strip.first + i, here)
    return 0


cdef int prefetch_bucket(const Search* search, int distance) except -1 nogil:
    cdef int32_t at = search.bucket[distance]
    while at >= 0:
        prefetch(search, search.index.strips + search.waiting[at].strip)
        at = search.waiting[at].next
    return 0


cdef int prefetch(const Search* search, const Strip* strip) except -1 nogil:
    """Ask the memory for what the visit of a strip will read: most of the time of a search goes into waiting for it."""
    # As much as most strips have: asking for more than there is costs less than a count that is guessed wrong.
    cdef const char* words = <const char*>(search.index.words + strip.word)
    cdef int i
    for i in range(8):
        prefetch_line(words + 64 * i)
    if strip.leaf:
        prefetch_line(search.index.counts + strip.first)
        prefetch_line(search.index.counts + strip.first + 16)
        prefetch_line(search.index.values + strip.first)
    return 0


cdef int find(Search* search, uint32_t position, int distance) except -1 nogil:
    """Note a row that may matter."""
    cdef Found* found = search.found + search.n_found
    found.position, found.distance = position, distance
    search.n_found += 1
    search.counted[distance] += search.index.counts[position]
    search.farthest = max(search.farthest, distance)
    return come_nearer(search, distance)


cdef int add_found(Head* head, Search* search, int cut) except -1 nogil:
    """Add the masses of the rows that count, and forget the others."""
    cdef Py_ssize_t i, n_kept = 0
    cdef const Found* found
    for i in range(search.n_found):
        found = search.found + i
        if <int>found.distance <= cut:
            head.mass[search.index.values[found.position]] += (
                search.index.counts[found.position] * head.table[<int>found.distance - head.least])
            search.found[n_kept] = found[0]
            n_kept += 1
    search.n_found = n_kept
    return 0


cdef int clear(Search* search) except -1 nogil:
    """Leave buckets and counts as the next query wants them."""
    cdef int distance
    for distance in range(search.farthest + 1):
        search.bucket[distance] = -1
        search.counted[distance] = 0
    return 0


# ---- which row it came from -----------------------------------------------------------------------------------------

cdef Py_ssize_t drawn_row(Head* head, int value, uint64_t* target, int* distance) except -2 nogil:
    """The found row in which the target lies, which becomes what is left of it there; -1: it lies in own rows.

    As if the masses of the value's rows were counted off in the order of the rows: by quickselect.
    """
    cdef Search* search = <Search*>head.search
    cdef Py_ssize_t first = 0, last = gather_value(search, value), middle
    cdef uint64_t before, here
    while first < last:
        middle = part(head, search, first, last, &before)
        here = found_mass(head, search, middle)
        if target[0] < before:
            last = middle
        elif target[0] < before + here:
            target[0] -= before
            distance[0] = search.found[middle].distance
            return search.index.rows[search.found[middle].position]
        else:
            target[0] -= before + here
            first = middle + 1
    return -1


cdef uint64_t found_mass(const Head* head, const Search* search, Py_ssize_t i) except? 0xFFFFFFFFFFFFFFFF nogil:
    return search.index.counts[search.found[i].position] * head.table[<int>search.found[i].distance - head.least]


cdef Py_ssize_t gather_value(Search* search, int value) except -1 nogil:
    """Move the found rows of one value to the front; returns how many there are."""
    cdef Py_ssize_t i, n = 0
    for i in range(search.n_found):
        if search.index.values[search.found[i].position] == value:
            search.found[i], search.found[n] = search.found[n], search.found[i]
            n += 1
    return n


cdef Py_ssize_t part(const Head* head, Search* search, Py_ssize_t first, Py_ssize_t last,
                     uint64_t* before) except -1 nogil:
    """Move found rows that stand before the middle one, in the order of rows, to its left; returns its place."""
    cdef Py_ssize_t i, place = first, middle = (first + last) // 2
    cdef uint32_t pivot = search.index.rows[search.found[middle].position]
    search.found[middle], search.found[last - 1] = search.found[last - 1], search.found[middle]
    before[0] = 0
    for i in range(first, last - 1):
        if search.index.rows[search.found[i].position] < pivot:
            before[0] += found_mass(head, search, i)
            search.found[i], search.found[place] = search.found[place], search.found[i]
            place += 1
    search.found[place], search.found[last - 1] = search.found[last - 1], search.found[place]
    return place


cdef Py_ssize_t nearest_row(Head* head, int value, int under) except -2 nogil:
    """The first of the nearest found rows that hold a value, if nearer than `under`; else -1."""
    cdef Search* search = <Search*>head.search
    cdef Py_ssize_t i, row, best = -1
    cdef int here
    for i in range(search.n_found):
        here = search.found[i].distance
        row = search.index.rows[search.found[i].position]
        if search.index.values[search.found[i].position] == value and here <= under:
            if here < under or (best >= 0 and row < best):
                best, under = row, here
    return best

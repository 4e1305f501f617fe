"""Searching a large library for all rows that matter to a query, with a bound on the mass of all others.

Strips are visited by the least distance that their rows can have. Once all up to some distance are done, every row
within it is known. The search ends at the first distance at which all rows beyond it, were they only one step
farther, could not have more than epsilon of the mass within it. So which rows count depends on the rows alone: the
numpy twin states the same rule over a list of all distances, and so does the scan that takes over where too many rows
matter for a search to pay.
"""

import numpy as np

from libc.stdint cimport uint8_t, uint16_t

from sparseq.kernel._head cimport UNKNOWN, least_own, measure_own, set_asked
from sparseq.kernel._index cimport ENTRIES, SlotIndex, Strip
from sparseq.kernel._rule cimport Rule, begin_rule, clear, is_enough, scan_rows, tighten

cdef extern from "_wide.h" nogil:
    enum: SPARSEQ_PLANES
    enum: SPARSEQ_PLANE

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
    VISIT_ROWS = 100        # a visit takes about as long as the scan of so many rows,
    JOINT_ROWS = 300        # or of so many with several slots to a byte
    MOST_PAUSE = 63         # queries scanned at once after searches in vain
    AHEAD = 2               # steps of distance


cdef class SearchRoom:

    def __init__(self, SlotIndex tree, model, int spread, double epsilon, bint joint):
        cdef Search* search = &self.search
        cdef int largest = model.largest_distance
        cdef uint8_t[::1] asked = np.zeros((len(model.weights_s) + 1) * sizeof(Asked), np.uint8)
        cdef int32_t[::1] bucket = np.full(largest + 2, -1, np.int32)
        cdef uint64_t[::1] counted = np.zeros(largest + 2, np.uint64)
        # As many as could ever be needed: pages that are not touched are not there.
        cdef uint8_t[::1] waiting = np.empty(tree.index.n_strips * sizeof(Waiting), np.uint8)
        cdef uint8_t[::1] found = np.empty(tree.index.n_rows * sizeof(Found), np.uint8)
        cdef uint64_t[::1] table = np.zeros(largest + 2, np.uint64)
        cdef uint8_t[::1] planes = np.zeros(SPARSEQ_PLANES * SPARSEQ_PLANE, np.uint8)
        self._arrays = (tree, asked, bucket, counted, waiting, found, table, planes)
        search.index = &tree.index
        search.epsilon = epsilon
        search.spread = spread
        search.asked = <Asked*>&asked[0]
        search.most_visits = tree.index.n_rows // (JOINT_ROWS if joint else VISIT_ROWS)
        search.bucket, search.counted, search.table = &bucket[0], &counted[0], &table[0]
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
        prefetch_ahead(head, search, distance)
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


cdef int prefetch_ahead(const Head* head, const Search* search, int distance) except -1 nogil:
    """Strips that wait a step or two farther will be visited soon, too, and the memory takes longer than most visits."""
    cdef int ahead
    for ahead in range(distance, min(distance + AHEAD, head.largest_distance) + 1):
        prefetch_bucket(search, ahead)
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

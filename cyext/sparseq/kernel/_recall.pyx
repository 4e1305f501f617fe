"""Answers to earlier queries: a stream asks the same again and again, and only the own rows since then are new.

The example rows stay as they are, and so do their distances to a query. Own rows are appended; what is no longer true
after a rewind is asked afresh.
"""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport int32_t, uint8_t, uint64_t
from libc.string cimport memcpy, memset

from sparseq.kernel._head cimport (
    Head, add_own, attend, distances_room, least_between, measure_own_from,
)
from sparseq.kernel._joint cimport measure_keys
from sparseq.kernel._groups cimport UPTO
from sparseq.kernel._queries cimport hash_of, same_query

cdef enum:
    MOST_ANSWERS = 128
    MOST_BYTES = 1 << 20    # of all answers: more would not stay in the cache
    LEAST_ANSWERS = 16


cdef Py_ssize_t answer_size(const Head* head) except -1:
    """Bytes of one answer, each part in whole eights."""
    cdef Py_ssize_t numbers = head.n_values + UPTO * head.groups.n_strips + 1 + (head.n_slots + 1) // 2
    return 8 * numbers + (distances_room(head) + 7) // 8 * 8


cdef bint is_recalled(const Head* head) except -1:
    """Whether rows are so few that answers may be kept."""
    return head.search == NULL and LEAST_ANSWERS * answer_size(head) <= MOST_BYTES


cdef class RecallRoom:

    def __dealloc__(self):
        PyMem_Free(self._room)

    cdef int make(self, const Head* head) except -1:
        cdef Recall* recall = &self.recall
        cdef Py_ssize_t size = answer_size(head), n = MOST_ANSWERS
        while n * size > MOST_BYTES:
            n //= 2
        # Not zeroed: pages that are not touched are not there.
        self._room = PyMem_Malloc(n * (1 + sizeof(Answer) + size))
        if self._room == NULL:
            raise MemoryError
        recall.n_places, recall.size, recall.answers = n, size, <Answer*>self._room
        recall.room = <char*>(recall.answers + n)
        recall.given = <uint8_t*>(recall.room + n * size)
        memset(recall.given, 0, n)
        return 0


cdef int lay_out(const Head* head, Recall* recall, Py_ssize_t at) except -1 nogil:
    """Give an answer its room."""
    cdef Answer* answer = recall.answers + at
    answer.mass = <uint64_t*>(recall.room + at * recall.size)
    answer.upto = answer.mass + head.n_values
    answer.query = <int32_t*>(answer.upto + UPTO * head.groups.n_strips + 1)
    answer.distance = answer.query + (head.n_slots + 1) // 2 * 2
    recall.given[at] = True
    return 0


cdef int ask_again(Head* head, const int32_t* query) except -1 nogil:
    """As the scan of all rows answers a query, all values being allowed."""
    cdef Recall* recall = <Recall*>head.recall
    cdef Py_ssize_t at = hash_of(query, head.n_slots) & (recall.n_places - 1)
    cdef Answer* answer = recall.answers + at
    cdef bint new = not recall.given[at]
    if new:
        lay_out(head, recall, at)
    if new or answer.rewinds != head.rewinds or not same_query(answer.query, query, head.n_slots):
        answer.rewinds = head.rewinds
        memcpy(answer.query, query, head.n_slots * sizeof(int32_t))
        measure_keys(head, query, answer.distance)
        return keep(head, answer)
    if head.own_next > head.own_capacity:  # rows have gone, too
        measure_own_from(head, query, answer.distance, 0)
        return keep(head, answer)
    if answer.own_next == head.own_next:
        return take(head, answer)
    measure_own_from(head, query, answer.distance, answer.own_next)
    if least_between(head, answer.distance, answer.own_next, answer.least) < answer.least:
        return keep(head, answer)
    take(head, answer)
    add_own(head, answer.own_next)
    memcpy(answer.mass, head.mass, head.n_values * sizeof(uint64_t))
    answer.own_next = head.own_next
    return 0


cdef int keep(Head* head, Answer* answer) except -1 nogil:
    """Answer from the distances of all rows."""
    attend(head, answer.distance, NULL)
    answer.own_next, answer.least = head.own_next, head.least
    memcpy(answer.mass, head.mass, head.n_values * sizeof(uint64_t))
    memcpy(answer.upto, head.groups.upto, (UPTO * head.groups.n_strips + 1) * sizeof(uint64_t))
    head.seen_upto = answer.upto
    return 0


cdef int take(Head* head, const Answer* answer) except -1 nogil:
    """Leave an answer in the head, as `attend` does."""
    head.seen, head.allowed, head.least = answer.distance, NULL, answer.least
    head.searched, head.grouped = False, head.groups.n_strips > 0
    head.used_table, head.used_planes, head.seen_upto = head.table, head.planes, answer.upto
    memcpy(head.mass, answer.mass, head.n_values * sizeof(uint64_t))
    return 0

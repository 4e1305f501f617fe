# Answers to earlier queries; see _recall.pyx.
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t

from sparseq.kernel._head cimport Head


cdef struct Answer:
    int32_t* query
    # what the own rows were
    int64_t rewinds
    Py_ssize_t own_next
    # what was found
    int least
    void* distance
    uint64_t* mass
    uint64_t* upto              # see _groups.h


cdef struct Recall:
    Py_ssize_t n_places         # a power of 2
    uint8_t* given              # whether a place holds an answer
    Answer* answers
    char* room                  # what the answers' pointers look at: `size` bytes each
    Py_ssize_t size


cdef class RecallRoom:
    """Owns what a Recall's pointers look at."""
    cdef Recall recall
    cdef void* _room
    cdef int make(self, const Head* head) except -1


cdef bint is_recalled(const Head* head) except -1
cdef int ask_again(Head* head, const int32_t* query) except -1 nogil

# Which rows count towards the answer to a query; see _rule.pyx.
from libc.stdint cimport int32_t, uint64_t

from sparseq.kernel._head cimport Head
from sparseq.kernel._search cimport Search


cdef struct Rule:
    uint64_t seen               # rows that count so far, before merging
    uint64_t mass               # what they and own rows have


cdef int begin_rule(Head* head, Rule* rule) except -1 nogil
cdef bint is_enough(const Head* head, Search* search, Rule* rule, int distance) except -1 nogil
cdef int tighten(const Head* head, Search* search, Rule rule, int distance) except -1 nogil
cdef int clear(Search* search) except -1 nogil
cdef int scan_rows(Head* head, Search* search, const int32_t* query) except -1 nogil

# Searching the tree for all rows that matter to a query; see _search.pyx.
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t

from sparseq.kernel._head cimport Asked, Head
from sparseq.kernel._index cimport Index


cdef struct Found:
    uint32_t position
    uint32_t distance


cdef struct Waiting:
    # A strip that waits for its turn, and the one that came to the same bucket before it; -1: none.
    uint32_t strip
    int32_t next


cdef struct Search:
    const Index* index
    double epsilon
    int spread              # no row farther than this beyond the nearest matters to any query
    Asked* asked            # the query: an entry for each slot, of weight 0 where it is not known
    int32_t* bucket         # the strips that wait, by the least distance that their rows can have
    Waiting* waiting
    Py_ssize_t n_waiting
    Found* found            # rows that may matter
    Py_ssize_t n_found
    uint64_t* counted       # their counts by distance, up to `farthest`; zero beyond
    int nearest             # distance of the nearest row so far
    int limit               # rows farther than this do not matter
    int farthest
    uint64_t* table         # the softmax's, without what does not count
    uint8_t* planes         # the same byte by byte, where the head has such
    # when to scan instead
    Py_ssize_t n_visits
    Py_ssize_t most_visits
    int n_vain
    int n_pause
    # the certificate
    uint64_t skipped        # rows that do not count have no more mass than this
    Py_ssize_t n_touched    # example rows that were measured


cdef class SearchRoom:
    """Owns what a Search's pointers look at."""
    cdef Search search
    cdef object _arrays


cdef int search_rows(Head* head, const int32_t* query, const uint8_t* allowed) except -1 nogil

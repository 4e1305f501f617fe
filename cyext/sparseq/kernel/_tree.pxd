# A tree over rows while it grows; see _tree.pyx.
from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t

from sparseq.kernel._index cimport ENTRIES

cdef enum:
    VARIES = -1


cdef struct Tree:
    Py_ssize_t n_rows
    Py_ssize_t n_slots
    bint wide
    const void* keys            # row by row
    const int32_t* weights
    uint32_t* order             # rows; each node has a range of it
    uint32_t* sorted            # room to reorder a range
    # nodes, the root first, children of one node side by side behind it
    Py_ssize_t n_nodes
    uint32_t* start
    uint32_t* stop
    uint32_t* first
    uint32_t* n_children        # 0: a leaf
    int32_t* agreed             # by node and slot: the code of all its rows, or VARIES
    # rows of each code, zero between uses, and the codes in use
    uint32_t* tally
    uint16_t* codes


cdef class RowTree:
    """Owns what a Tree's pointers look at."""
    cdef Tree tree
    cdef readonly object order
    cdef list _arrays

    cdef int _make_room(self, keys) except -1


cdef int key_at(const Tree* tree, uint32_t row, Py_ssize_t slot) except -1 nogil

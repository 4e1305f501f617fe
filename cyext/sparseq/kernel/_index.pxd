# The tree that large libraries are searched through; see _index.pyx.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

cdef enum:
    ENTRIES = 64        # of a strip


cdef struct Strip:
    # Up to 64 rows, or up to 64 strips, side by side; a column for each slot in which they do not all agree.
    uint32_t first      # its first row's position, or its first strip
    uint32_t word       # where its columns begin, see _strip.h
    uint16_t n_columns
    uint8_t n_entries
    bint leaf           # its entries are rows


cdef struct Index:
    Py_ssize_t n_rows
    Py_ssize_t n_strips
    uint64_t n_counted          # rows before merging
    const Strip* strips         # the root first: a strip of one strip
    const uint64_t* words
    # by position: rows in the order of the leaves
    const uint32_t* rows
    const uint32_t* counts
    const uint16_t* values


cdef class SlotIndex:
    cdef Index index
    cdef object _arrays         # owns what the index's pointers look at

# The tree that large libraries are searched through; see _index.pyx.
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

cdef enum:
    LEAF_ROWS = 64      # room for rows in a leaf's columns


cdef struct Fact:
    # All rows below a node have this code in this slot, those below its parent do not.
    uint16_t slot
    uint16_t code


cdef struct Node:
    uint32_t first      # its first child; of a leaf, its first column
    uint32_t fact       # its first fact
    uint32_t position   # of a leaf: its first row
    uint16_t n_facts
    uint16_t n_children # 0: a leaf
    uint16_t n_columns
    uint16_t n_rows


cdef struct Index:
    Py_ssize_t n_rows
    Py_ssize_t n_nodes
    uint64_t n_counted          # rows before merging
    const Node* nodes           # children of one node side by side, the root first
    const Fact* facts
    const void* columns         # of each leaf, for each slot in which its rows differ: LEAF_ROWS codes
    const uint16_t* slot_of_column
    # by position: rows in the order of the leaves
    const uint32_t* rows
    const uint32_t* counts
    const uint16_t* values


cdef class SlotIndex:
    cdef Index index
    cdef object _arrays         # owns what the index's pointers look at

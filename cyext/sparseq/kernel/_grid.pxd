# A grid with its heads, read slot by slot; see _grid.pyx.
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t

from sparseq.kernel._head cimport Head


cdef struct Grid:
    Py_ssize_t n_steps
    Py_ssize_t n_lanes
    Py_ssize_t n_slots          # entries a lane in dt and lane
    int64_t first_step          # of the whole piece, where the grid is only its end: places count from there
    uint16_t* cells
    const int32_t* dt
    const int32_t* lane
    Head** head_of_lane         # NULL: the lane is only read
    # which values a cell may take; NULL: every one
    const uint8_t* allowed
    Py_ssize_t allowed_from     # the column of its first step
    Py_ssize_t allowed_step     # entries from one column's to the next's; 0: all columns are alike
    Py_ssize_t allowed_lane     # entries from one lane's to the next's
    # (lane, token one step before, token that may not follow it)
    const int32_t* barred
    Py_ssize_t n_barred
    int64_t* origins
    double* logp


cdef class GridArrays:
    """Owns what a Grid's pointers look at, for one call."""
    cdef Grid grid
    cdef Head** head_of_lane
    cdef object _arrays


cdef Py_ssize_t target(const Grid* grid, Py_ssize_t t, Py_ssize_t lane, int slot) except -2 nogil
cdef int query_of(const Grid* grid, const Head* head, Py_ssize_t t, Py_ssize_t lane, int32_t* out) except -1 nogil
cdef int recent_of(const Grid* grid, Py_ssize_t t, Py_ssize_t lane, int window, int n_values,
                   uint8_t* out) except -1 nogil
cdef int64_t place_of(const Grid* grid, Py_ssize_t cell) except -1 nogil
cdef const uint8_t* allowed_at(const Grid* grid, Py_ssize_t cell) except? NULL nogil
cdef const uint8_t* allowed_after(const Grid* grid, Py_ssize_t cell, uint8_t* room) except? NULL nogil
cdef Py_ssize_t widest(heads) except -1

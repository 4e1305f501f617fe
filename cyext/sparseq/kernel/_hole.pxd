# A hole: the masked cells of a fill, and what is known of each; see _hole.pyx.
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

from sparseq.kernel._draw cimport Weights
from sparseq.kernel._grid cimport Grid, GridArrays
from sparseq.kernel._head cimport Head

cdef enum:
    MOST_ROOMS = 16


cdef struct Hole:
    Py_ssize_t n_cells
    Py_ssize_t n_values
    Py_ssize_t n_slots
    const int64_t* cell
    Head** head
    # cells still masked, rising, and a heap of them by confidence
    Py_ssize_t n_masked
    int32_t* masked
    int32_t* heap
    # what each would become
    uint8_t* stale              # its context changed since it was weighed
    uint8_t* known
    int32_t* token
    double* confidence
    double* probability
    Weights* weights            # what its token is drawn by
    uint32_t* words             # three lines of random words, one each for the cells that are masked at this step
    # its query when it was weighed or decided, and a table of cells by queries: places counted from 1, 0 for none
    int32_t* query
    int32_t* place
    Py_ssize_t n_places         # a power of 2
    int32_t* next               # the next cell that was decided by the same query; -1: none
    # its distances, kept up to date slot by slot; -1: measured anew each time
    int64_t* row_at
    char* distances
    # watchers of cell i, the cells that read it: entries watcher_start[i] .. watcher_start[i + 1]
    int64_t* watcher_start
    int32_t* watcher
    int32_t* watcher_slot
    uint8_t* recent             # room


cdef class HoleArrays:
    """Owns what a Hole's pointers look at, for one call."""
    cdef Hole hole
    cdef void* _rooms[MOST_ROOMS]
    cdef int _n_rooms
    cdef char* _room(self, Py_ssize_t n_bytes, bint zero=*) except NULL
    cdef int _make_rows(self, Grid* grid, bint incremental) except -1
    cdef int _find_watchers(self, Grid* grid) except -1

"""A hole: the masked cells of a fill, what each would become, and which of them read which."""

from cpython.mem cimport PyMem_Calloc, PyMem_Free, PyMem_Malloc
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

cimport numpy as cnp

from sparseq.kernel._arrays cimport data_of, length_of
from sparseq.kernel._draw cimport FEW, Weights
from sparseq.kernel._grid cimport Grid, GridArrays, target, widest
from sparseq.kernel._head cimport Head, distances_size

cnp.import_array()

cdef enum:
    STRIP_BYTES = 128   # behind the last distances, see _head.distances_size
    KEPT_ROWS = 1024    # fewer are measured anew in less time than slot by slot


cdef class HoleArrays:

    def __dealloc__(self):
        cdef int i
        for i in range(self._n_rooms):
            PyMem_Free(self._rooms[i])

    def __init__(self, GridArrays arrays, heads, cell_indices, bint incremental):
        cdef Hole* hole = &self.hole
        cdef Py_ssize_t n = length_of(cell_indices), i
        hole.n_cells = hole.n_masked = n
        hole.n_values = max([head.n_values for head in heads], default=1)
        hole.n_slots = widest(heads)
        hole.cell = <int64_t*>data_of(cell_indices, cnp.NPY_INT64, 1)
        hole.n_places = 16
        while hole.n_places < 4 * n:
            hole.n_places *= 2
        # One line of each kind of number a cell: an array for each would cost more than a small fill.
        cdef double* doubles = <double*>self._room(8 * n * (1 + 2 * hole.n_values), False)
        hole.confidence, hole.probability = doubles, doubles + n
        cdef int32_t* numbers = <int32_t*>self._room(4 * n * (7 + hole.n_values + hole.n_slots), False)
        hole.masked, hole.heap, hole.token, hole.next = numbers, numbers + n, numbers + 2 * n, numbers + 3 * n
        hole.words, hole.query = <uint32_t*>(numbers + 4 * n), numbers + 7 * n
        cdef int32_t* values = hole.query + n * hole.n_slots
        hole.place = <int32_t*>self._room(4 * hole.n_places)
        hole.weights = <Weights*>self._room(n * sizeof(Weights), False)
        hole.head = <Head**>self._room(n * sizeof(Head*), False)
        cdef uint8_t* flags = <uint8_t*>self._room(2 * n + max(hole.n_values, FEW))
        hole.stale, hole.known, hole.recent = flags, flags + n, flags + 2 * n
        for i in range(n):
            hole.masked[i], hole.stale[i] = i, 1
            hole.head[i] = arrays.grid.head_of_lane[hole.cell[i] % arrays.grid.n_lanes]
            hole.weights[i].upto = doubles + (1 + hole.n_values) * n + i * hole.n_values
            hole.weights[i].value = values + i * hole.n_values
        self._make_rows(&arrays.grid, incremental)
        self._find_watchers(&arrays.grid)

    cdef char* _room(self, Py_ssize_t n_bytes, bint zero=True) except NULL:
        """Fresh memory, zero or not, that lives as long as this; aligned for numbers of eight bytes."""
        cdef void* room = PyMem_Calloc(n_bytes + 1, 1) if zero else PyMem_Malloc(n_bytes + 1)
        if room == NULL:
            raise MemoryError
        self._rooms[self._n_rooms] = room
        self._n_rooms += 1
        return <char*>room

    cdef int _make_rows(self, Grid* grid, bint incremental) except -1:
        cdef Hole* hole = &self.hole
        cdef Py_ssize_t i, size = 0
        hole.row_at = <int64_t*>self._room(8 * hole.n_cells, False)
        for i in range(hole.n_cells):
            hole.row_at[i] = -1
            if incremental and hole.head[i].search == NULL and hole.head[i].n_rows > KEPT_ROWS:
                hole.row_at[i] = size
                size += distances_size(hole.head[i])
        hole.distances = self._room(size + STRIP_BYTES, False)
        return 0

    cdef int _find_watchers(self, Grid* grid) except -1:
        """For each masked cell the masked cells whose slots read it, by counting sort."""
        cdef Hole* hole = &self.hole
        cdef Py_ssize_t i
        # Where a cell of the grid stands among the masked ones, counted from 1; 0: it is not masked.
        cdef int32_t* place = <int32_t*>self._room(4 * grid.n_steps * grid.n_lanes)
        for i in range(hole.n_cells):
            place[hole.cell[i]] = i + 1
        hole.watcher_start = <int64_t*>self._room(8 * (hole.n_cells + 2))
        # Counted two places on, summed, and moved down one place while listed.
        each_watcher(grid, hole, place, hole.watcher_start + 1, False)
        for i in range(hole.n_cells):
            hole.watcher_start[i + 2] += hole.watcher_start[i + 1]
        hole.watcher = <int32_t*>self._room(4 * hole.watcher_start[hole.n_cells + 1], False)
        hole.watcher_slot = <int32_t*>self._room(4 * hole.watcher_start[hole.n_cells + 1], False)
        return each_watcher(grid, hole, place, hole.watcher_start, True)


cdef int each_watcher(const Grid* grid, Hole* hole, const int32_t* place, int64_t* tally, bint listed) except -1 nogil:
    """Add one to the tally of each masked cell for each masked cell that reads it, and list the reader there."""
    cdef Py_ssize_t i, there, t, lane
    cdef int slot
    for i in range(hole.n_cells):
        t = hole.cell[i] // grid.n_lanes
        lane = hole.cell[i] % grid.n_lanes
        for slot in range(hole.head[i].n_slots):
            there = target(grid, t, lane, slot)
            if there < 0 or place[there] == 0:
                continue
            if listed:
                hole.watcher[tally[place[there]]] = i
                hole.watcher_slot[tally[place[there]]] = slot
            tally[place[there]] += 1
    return 0

"""Filling a hole: masked cells over several steps, the most confident first (MaskGIT, Chang et al. 2022)."""

from cpython.mem cimport PyMem_Calloc, PyMem_Free, PyMem_Malloc
from libc.math cimport log as c_log
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

cimport numpy as cnp

from sparseq.kernel._arrays cimport data_of, length_of
from sparseq.kernel._answer cimport ask, origin_of, predict
from sparseq.kernel._draw cimport SamplingParams, draw, params_of, shape
from sparseq.kernel._grid cimport Grid, GridArrays, allowed_at, query_of, recent_of, target, widest
from sparseq.kernel._philox cimport philox4x32, uniform53
from sparseq.kernel._head cimport Head, add_slot, attend, distances_size
from sparseq.kernel._joint cimport measure_keys

cdef extern from "_philox.h" nogil:
    void philox_each(uint64_t, const int64_t*, const int32_t*, Py_ssize_t, uint32_t, uint32_t, uint32_t, uint32_t*)

cnp.import_array()

cdef enum:
    NOISE_BITS = 10     # rows of the confidence-noise table, see checks.NOISE_ROWS
    MOST_ROOMS = 16


cdef struct Hole:
    Py_ssize_t n_cells
    Py_ssize_t n_values
    const int64_t* cell
    # cells still masked, rising, and a heap of them by confidence
    Py_ssize_t n_masked
    int32_t* masked
    int32_t* heap
    # what each would become
    uint8_t* stale              # its context changed since it was proposed
    uint8_t* known
    int32_t* token
    double* confidence
    double* probability
    double* upto                # sums of the weights that it is drawn by, see _draw.shape
    double* total
    uint32_t* words             # three lines of random words, one each for the cells that are masked at this step
    # its distances, kept up to date slot by slot; -1: measured anew each time
    int64_t* row_at
    char* distances
    # watchers of cell i, the cells that read it: entries watcher_start[i] .. watcher_start[i + 1]
    int64_t* watcher_start
    int32_t* watcher
    int32_t* watcher_slot
    # room for one query
    int32_t* query
    uint8_t* recent


cdef struct Draws:
    SamplingParams how
    uint64_t seed
    uint32_t round_number


cdef class HoleArrays:
    """Owns what a Hole's pointers look at, for one call."""
    cdef Hole hole
    cdef void* _rooms[MOST_ROOMS]
    cdef int _n_rooms

    def __dealloc__(self):
        cdef int i
        for i in range(self._n_rooms):
            PyMem_Free(self._rooms[i])

    def __init__(self, GridArrays arrays, heads, cell_indices, bint incremental):
        cdef Hole* hole = &self.hole
        cdef Py_ssize_t n = length_of(cell_indices), width = widest(heads), i
        hole.n_cells = hole.n_masked = n
        hole.n_values = max([head.n_values for head in heads], default=1)
        hole.cell = <int64_t*>data_of(cell_indices, cnp.NPY_INT64, 1)
        # One line of eight-byte numbers a cell, one of four-byte ones: an array for each would cost more than the fill.
        cdef double* doubles = <double*>self._room(8 * (n * (2 + 2 * hole.n_values) + 1))
        hole.confidence, hole.total = doubles, doubles + n
        hole.probability, hole.upto = doubles + 2 * n, doubles + (2 + hole.n_values) * n
        cdef int32_t* numbers = <int32_t*>self._room(4 * (6 * n + width))
        hole.masked, hole.heap, hole.token, hole.query = numbers, numbers + n, numbers + 2 * n, numbers + 6 * n
        hole.words = <uint32_t*>(numbers + 3 * n)
        cdef uint8_t* flags = <uint8_t*>self._room(2 * n + width)
        hole.stale, hole.known, hole.recent = flags, flags + n, flags + 2 * n
        for i in range(n):
            hole.masked[i] = i
            hole.stale[i] = 1
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
        cdef Head* head
        hole.row_at = <int64_t*>self._room(8 * hole.n_cells)
        for i in range(hole.n_cells):
            hole.row_at[i] = -1
            head = grid.head_of_lane[hole.cell[i] % grid.n_lanes]
            if incremental and head.search == NULL:
                hole.row_at[i] = size
                size += distances_size(head)
        hole.distances = self._room(size, False)
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
        for slot in range(grid.head_of_lane[lane].n_slots):
            there = target(grid, t, lane, slot)
            if there < 0 or place[there] == 0:
                continue
            if listed:
                hole.watcher[tally[place[there]]] = i
                hole.watcher_slot[tally[place[there]]] = slot
            tally[place[there]] += 1
    return 0


def fill(heads, layout, cells_tl, cell_indices, left_s, noise_sk, sampling, uint64_t seed,
         uint32_t round_number, *, allowed_tlv, origins_tl, logp_tl, bint incremental=True):
    cdef GridArrays arrays = GridArrays(heads, layout, cells_tl, allowed_tlv, origins_tl, logp_tl)
    cdef HoleArrays hole_arrays = HoleArrays(arrays, heads, cell_indices, incremental)
    cdef Grid* grid = &arrays.grid
    cdef Hole* hole = &hole_arrays.hole
    cdef Draws draws
    cdef const int64_t* left = <int64_t*>data_of(left_s, cnp.NPY_INT64, 1)
    cdef Py_ssize_t n_steps = length_of(left_s), i, step
    cdef const double* noise = NULL
    if noise_sk is not None:
        noise = <double*>data_of(noise_sk, cnp.NPY_FLOAT64, 2)
    draws.how, draws.seed, draws.round_number = params_of(sampling), seed, round_number
    with nogil:
        for i in range(hole.n_cells):
            begin(grid, hole, i)
        for step in range(n_steps):
            philox_each(seed, hole.cell, hole.masked, hole.n_masked, step + 1, round_number, 0, hole.words)
            for i in range(hole.n_masked):
                propose(grid, hole, i, &draws, noise + (step << NOISE_BITS) if noise != NULL else NULL)
            decide_surest(grid, hole, left[step], &draws)


cdef int ask_cell(const Grid* grid, Hole* hole, Py_ssize_t i) except -1 nogil:
    """Leave the answer to a cell's query in its head."""
    cdef Py_ssize_t t = hole.cell[i] // grid.n_lanes, lane = hole.cell[i] % grid.n_lanes
    cdef Head* head = grid.head_of_lane[lane]
    if hole.row_at[i] >= 0:
        return attend(head, hole.distances + hole.row_at[i], allowed_at(grid, hole.cell[i]))
    query_of(grid, head, t, lane, hole.query)
    return ask(head, hole.query, allowed_at(grid, hole.cell[i]))


cdef int begin(const Grid* grid, Hole* hole, Py_ssize_t i) except -1 nogil:
    """Measure a cell's distances, where they are kept."""
    cdef Py_ssize_t t = hole.cell[i] // grid.n_lanes, lane = hole.cell[i] % grid.n_lanes
    cdef Head* head = grid.head_of_lane[lane]
    if hole.row_at[i] >= 0:
        query_of(grid, head, t, lane, hole.query)
        measure_keys(head, hole.query, hole.distances + hole.row_at[i])
    return 0


cdef int propose(const Grid* grid, Hole* hole, Py_ssize_t at, const Draws* draws, const double* noise) except -1 nogil:
    """What the masked cell at this place among them would become at this step, and how sure that is."""
    cdef Py_ssize_t i = hole.masked[at], n = hole.n_masked
    cdef double* upto = hole.upto + i * hole.n_values
    if hole.stale[i] or draws.how.repetition_penalty != 1.0:
        weigh(grid, hole, i, draws)
    hole.token[i] = draw(upto, hole.n_values, uniform53(hole.words[at], hole.words[n + at]) * hole.total[i])
    hole.confidence[i] = hole.probability[i * hole.n_values + hole.token[i]]
    if noise != NULL:
        hole.confidence[i] *= noise[hole.words[2 * n + at] >> (32 - NOISE_BITS)]
    return 0


cdef int weigh(const Grid* grid, Hole* hole, Py_ssize_t i, const Draws* draws) except -1 nogil:
    """The weights that cell i's token is drawn by, from its context as it is now."""
    cdef Py_ssize_t t = hole.cell[i] // grid.n_lanes, lane = hole.cell[i] % grid.n_lanes
    cdef Head* head = grid.head_of_lane[lane]
    cdef double* probability = hole.probability + i * hole.n_values
    cdef double* upto = hole.upto + i * hole.n_values
    cdef int value
    if hole.stale[i]:
        ask_cell(grid, hole, i)
        predict(head, probability)
        hole.stale[i] = 0
    if draws.how.repetition_penalty != 1.0:
        recent_of(grid, t, lane, draws.how.no_repeat_window, head.n_values, hole.recent)
    hole.total[i] = shape(probability, head.n_values, hole.recent, &draws.how, upto)
    for value in range(head.n_values, hole.n_values):
        upto[value] = upto[head.n_values - 1]  # what no token of this lane has adds nothing
    return 0


cdef int decide_surest(const Grid* grid, Hole* hole, Py_ssize_t left, const Draws* draws) except -1 nogil:
    """Decide the most confident cells, ties by place, until `left` are masked."""
    cdef Py_ssize_t i, n_heap = hole.n_masked, n_kept = 0
    for i in range(n_heap):
        hole.heap[i] = hole.masked[i]
    for i in range(n_heap // 2 - 1, -1, -1):
        sift_down(hole, i, n_heap)
    while n_heap > left:
        decide_and_tell(grid, hole, hole.heap[0], draws)
        n_heap -= 1
        hole.heap[0] = hole.heap[n_heap]
        sift_down(hole, 0, n_heap)
    for i in range(hole.n_masked):
        if not hole.known[hole.masked[i]]:
            hole.masked[n_kept] = hole.masked[i]
            n_kept += 1
    hole.n_masked = n_kept
    return 0


cdef int sift_down(Hole* hole, Py_ssize_t at, Py_ssize_t n) except -1 nogil:
    """Let the cell at a place of the heap sink below all that are surer."""
    cdef int32_t cell = hole.heap[at]
    cdef Py_ssize_t child = 2 * at + 1
    while child < n:
        if child + 1 < n and is_surer(hole, hole.heap[child + 1], hole.heap[child]):
            child += 1
        if not is_surer(hole, hole.heap[child], cell):
            break
        hole.heap[at] = hole.heap[child]
        at = child
        child = 2 * at + 1
    hole.heap[at] = cell
    return 0


cdef inline bint is_surer(const Hole* hole, int32_t a, int32_t b) except -1 nogil:
    if hole.confidence[a] == hole.confidence[b]:
        return a < b
    return hole.confidence[a] > hole.confidence[b]


cdef int decide_and_tell(const Grid* grid, Hole* hole, Py_ssize_t i, const Draws* draws) except -1 nogil:
    """Write cell i; the masked cells that read it learn what it is."""
    cdef int64_t cell = hole.cell[i], k
    cdef uint32_t word[4]
    cdef Head* head = grid.head_of_lane[cell % grid.n_lanes]
    cdef int32_t watcher
    philox4x32(draws.seed, <uint32_t>cell, 0, draws.round_number, 1, word)
    grid.cells[cell] = hole.token[i]
    grid.logp[cell] = c_log(hole.probability[i * hole.n_values + hole.token[i]])
    ask_cell(grid, hole, i)
    origin_of(head, hole.token[i], uniform53(word[0], word[1]), draws.how.greedy, &grid.origins[cell])
    hole.known[i] = 1
    for k in range(hole.watcher_start[i], hole.watcher_start[i + 1]):
        watcher = hole.watcher[k]
        if not hole.known[watcher]:
            tell(grid, hole, watcher, hole.watcher_slot[k], hole.token[i])
    return 0


cdef int tell(const Grid* grid, Hole* hole, int32_t watcher, int slot, int token) except -1 nogil:
    """One masked cell learns what one of its slots now reads."""
    cdef Head* head = grid.head_of_lane[hole.cell[watcher] % grid.n_lanes]
    hole.stale[watcher] = 1
    if hole.row_at[watcher] >= 0:
        add_slot(head, slot, token, hole.distances + hole.row_at[watcher])
    return 0

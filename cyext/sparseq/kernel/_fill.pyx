"""Filling a hole: masked cells over several steps, the most confident first (MaskGIT, Chang et al. 2022)."""

from libc.math cimport log as c_log
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

cimport numpy as cnp

from sparseq.kernel._answer cimport ask, origin_of, predict
from sparseq.kernel._arrays cimport data_of, length_of
from sparseq.kernel._draw cimport SamplingParams, Weights, draw, params_of, shape
from sparseq.kernel._grid cimport Grid, GridArrays, allowed_at, query_of, recent_of
from sparseq.kernel._hole cimport Hole, HoleArrays
from sparseq.kernel._queries cimport hash_of, same_query
from sparseq.kernel._philox cimport philox4x32, uniform53
from sparseq.kernel._head cimport Head, add_slot, attend
from sparseq.kernel._joint cimport measure_keys

cdef extern from "_philox.h" nogil:
    void philox_each(uint64_t, const int64_t*, const int32_t*, Py_ssize_t, uint32_t, uint32_t, uint32_t, uint32_t*)

cnp.import_array()

cdef enum:
    NOISE_BITS = 10     # rows of the confidence-noise table, see checks.NOISE_ROWS


cdef struct Draws:
    SamplingParams how
    uint64_t seed
    uint32_t round_number


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
            decide_surest(grid, hole, left[step])
        find_origins(grid, hole, &draws)


cdef int begin(const Grid* grid, Hole* hole, Py_ssize_t i) except -1 nogil:
    """Measure a cell's distances, where they are kept."""
    if hole.row_at[i] >= 0:
        measure_keys(hole.head[i], read(grid, hole, i), hole.distances + hole.row_at[i])
    return 0


cdef int32_t* read(const Grid* grid, Hole* hole, Py_ssize_t i) except NULL nogil:
    """A cell's query as its context is now, which becomes its own."""
    cdef int32_t* query = hole.query + i * hole.n_slots
    query_of(grid, hole.head[i], hole.cell[i] // grid.n_lanes, hole.cell[i] % grid.n_lanes, query)
    return query


# ---- cells that ask the same ----------------------------------------------------------------------------------------

cdef int32_t* place_of_query(Hole* hole, Py_ssize_t i) except NULL nogil:
    """Where in the table cells with this cell's query stand."""
    return hole.place + (hash_of(hole.query + i * hole.n_slots, hole.head[i].n_slots) & (hole.n_places - 1))


cdef bint ask_the_same(const Hole* hole, Py_ssize_t i, Py_ssize_t j) except -1 nogil:
    if hole.head[i] != hole.head[j]:
        return False
    return same_query(hole.query + i * hole.n_slots, hole.query + j * hole.n_slots, hole.head[i].n_slots)


cdef bint is_answered(const Hole* hole, Py_ssize_t i, Py_ssize_t j) except -1 nogil:
    """Whether cell i asks what cell j was weighed by; that was not its last query where that came to be known later."""
    return not (hole.known[j] and hole.stale[j]) and ask_the_same(hole, i, j)


cdef int copy_answer(Hole* hole, Py_ssize_t i, Py_ssize_t j) except -1 nogil:
    """Give cell i what cell j, which asks the same, would be drawn by."""
    cdef Weights* to = hole.weights + i
    cdef const Weights* given = hole.weights + j
    memcpy(hole.probability + i * hole.n_values, hole.probability + j * hole.n_values,
           hole.head[i].n_values * sizeof(double))
    to.n, to.total = given.n, given.total
    memcpy(to.value, given.value, given.n * sizeof(int32_t))
    memcpy(to.upto, given.upto, given.n * sizeof(double))
    return 0


# ---- one step -------------------------------------------------------------------------------------------------------

cdef int propose(const Grid* grid, Hole* hole, Py_ssize_t at, const Draws* draws, const double* noise) except -1 nogil:
    """What the masked cell at this place among them would become at this step, and how sure that is."""
    cdef Py_ssize_t i = hole.masked[at], n = hole.n_masked
    cdef const Weights* weights = hole.weights + i
    if hole.stale[i] or draws.how.repetition_penalty != 1.0:
        weigh(grid, hole, i, draws)
    hole.token[i] = draw(weights, uniform53(hole.words[at], hole.words[n + at]) * weights.total)
    hole.confidence[i] = hole.probability[i * hole.n_values + hole.token[i]]
    if noise != NULL:
        hole.confidence[i] *= noise[hole.words[2 * n + at] >> (32 - NOISE_BITS)]
    return 0


cdef int weigh(const Grid* grid, Hole* hole, Py_ssize_t i, const Draws* draws) except -1 nogil:
    """The weights that cell i's token is drawn by, from its context as it is now."""
    cdef Head* head = hole.head[i]
    cdef double* probability = hole.probability + i * hole.n_values
    cdef int64_t cell = hole.cell[i]
    cdef bint penalised = draws.how.repetition_penalty != 1.0
    cdef int32_t* place
    if hole.stale[i]:
        hole.stale[i] = 0
        read(grid, hole, i)
        place = place_of_query(hole, i)
        # What a cell may become, and what came before it, is its own.
        if place[0] and grid.allowed == NULL and not penalised and is_answered(hole, i, place[0] - 1):
            copy_answer(hole, i, place[0] - 1)
            place[0] = i + 1
            return 0
        place[0] = i + 1
        ask_cell(grid, hole, i)
        predict(head, probability)
    if penalised:
        recent_of(grid, cell // grid.n_lanes, cell % grid.n_lanes, draws.how.no_repeat_window, head.n_values,
                  hole.recent)
    return shape(probability, head.n_values, hole.recent, &draws.how, hole.weights + i)


cdef int ask_cell(const Grid* grid, Hole* hole, Py_ssize_t i) except -1 nogil:
    """Leave the answer to a cell's own query in its head."""
    cdef const uint8_t* allowed = allowed_at(grid, hole.cell[i])
    if hole.row_at[i] >= 0:
        return attend(hole.head[i], hole.distances + hole.row_at[i], allowed)
    return ask(hole.head[i], hole.query + i * hole.n_slots, allowed)


cdef int decide_surest(const Grid* grid, Hole* hole, Py_ssize_t left) except -1 nogil:
    """Decide the most confident cells, ties by place, until `left` are masked."""
    cdef Py_ssize_t i, n_heap = hole.n_masked, n_kept = 0
    for i in range(n_heap):
        hole.heap[i] = hole.masked[i]
    for i in range(n_heap // 2 - 1, -1, -1):
        sift_down(hole, i, n_heap)
    while n_heap > left:
        decide_and_tell(grid, hole, hole.heap[0])
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


cdef int decide_and_tell(const Grid* grid, Hole* hole, Py_ssize_t i) except -1 nogil:
    """Write cell i; the masked cells that read it learn what it is."""
    cdef int64_t cell = hole.cell[i], k
    cdef int32_t watcher
    grid.cells[cell] = hole.token[i]
    grid.logp[cell] = c_log(hole.probability[i * hole.n_values + hole.token[i]])
    if hole.stale[i]:
        read(grid, hole, i)  # others were decided since it was weighed
    hole.known[i] = 1
    for k in range(hole.watcher_start[i], hole.watcher_start[i + 1]):
        watcher = hole.watcher[k]
        if not hole.known[watcher]:
            hole.stale[watcher] = 1
            if hole.row_at[watcher] >= 0:
                add_slot(hole.head[watcher], hole.watcher_slot[k], hole.token[i],
                         hole.distances + hole.row_at[watcher])
    return 0


# ---- where tokens came from -----------------------------------------------------------------------------------------

cdef int find_origins(const Grid* grid, Hole* hole, const Draws* draws) except -1 nogil:
    """Find each cell's origin by the query it was decided by; cells that ask the same are answered together."""
    cdef Py_ssize_t i, j
    chain(grid, hole)
    for i in range(hole.n_cells):
        if not hole.known[i]:
            continue
        ask_cell(grid, hole, i)
        j = i
        while j >= 0:
            find_origin(grid, hole, j, draws)
            hole.known[j] = 0
            j = hole.next[j]
    return 0


cdef int chain(const Grid* grid, Hole* hole) except -1 nogil:
    """Chain each cell to a later one that asks the same."""
    cdef Py_ssize_t i
    cdef int32_t* place
    for i in range(hole.n_places):
        hole.place[i] = 0
    for i in range(hole.n_cells - 1, -1, -1):
        hole.next[i] = -1
        place = place_of_query(hole, i)
        if place[0] and grid.allowed == NULL and ask_the_same(hole, i, place[0] - 1):
            hole.next[i] = place[0] - 1
        place[0] = i + 1
    return 0


cdef int find_origin(const Grid* grid, Hole* hole, Py_ssize_t i, const Draws* draws) except -1 nogil:
    cdef int64_t cell = hole.cell[i]
    cdef uint32_t word[4]
    philox4x32(draws.seed, <uint32_t>cell, 0, draws.round_number, 1, word)
    return origin_of(hole.head[i], hole.token[i], uniform53(word[0], word[1]), draws.how.greedy, &grid.origins[cell])

"""The generation loops over a grid: stream, remember, likelihood, and fill. One Python call a run, not a cell."""

import numpy as np

from sparseq.kernel._fill import fill  # noqa: F401: the loops are looked up in this module
from sparseq.kernel._fits import cells_fit, columns_fit, held_cells_fit, hole_fits  # noqa: F401: so are these

from libc.math cimport log as c_log
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

cimport numpy as cnp

from sparseq.kernel._arrays cimport data_of, length_of
from sparseq.kernel._answer cimport ask, origin_of, predict
from sparseq.kernel._draw cimport FEW, SamplingParams, Weights, draw, params_of, shape
from sparseq.kernel._grid cimport (
    Grid, GridArrays, allowed_after, allowed_at, place_of, query_of, recent_of, widest,
)
from sparseq.kernel._slots cimport SlotHead
from sparseq.kernel._philox cimport philox4x32, uniform53
from sparseq.kernel._head cimport MASK_CELL, Head
from sparseq.kernel._head cimport remember as remember_row

cnp.import_array()


def remember(heads, layout, cells_tl, cell_indices, int64_t first_step=0):
    cdef GridArrays arrays = GridArrays(heads, layout, cells_tl, first_step=first_step)
    cdef const int64_t* cells = <int64_t*>data_of(cell_indices, cnp.NPY_INT64, 1)
    cdef Py_ssize_t n = length_of(cell_indices), i
    room = np.empty(widest(heads), np.int32)
    cdef int32_t* query = <int32_t*>data_of(room, cnp.NPY_INT32, 1)
    with nogil:
        for i in range(n):
            remember_cell(&arrays.grid, cells[i], query)


cdef int remember_cell(const Grid* grid, int64_t cell, int32_t* query) except -1 nogil:
    cdef Py_ssize_t t = cell // grid.n_lanes, lane = cell % grid.n_lanes
    cdef Head* head = grid.head_of_lane[lane]
    query_of(grid, head, t, lane, query)
    return remember_row(head, query, grid.cells[cell], -1 - place_of(grid, cell))


def likelihood(heads, layout, cells_tl, cell_indices, allowed_tlv=None, int64_t first_step=0):
    cdef GridArrays arrays = GridArrays(heads, layout, cells_tl, allowed_tlv, first_step=first_step)
    cdef const int64_t* cells = <int64_t*>data_of(cell_indices, cnp.NPY_INT64, 1)
    cdef Py_ssize_t n = length_of(cell_indices), n_values = max([head.n_values for head in heads], default=1), i
    room, out = np.empty(widest(heads), np.int32), np.zeros((n, n_values))
    cdef int32_t* query = <int32_t*>data_of(room, cnp.NPY_INT32, 1)
    cdef double* line = <double*>data_of(out, cnp.NPY_FLOAT64, 2)
    with nogil:
        for i in range(n):
            predict_cell(&arrays.grid, cells[i], query, line + i * n_values)
    return out


cdef int predict_cell(const Grid* grid, int64_t cell, int32_t* query, double* probability) except -1 nogil:
    """One cell's probabilities; its own row in own memory does not count for itself."""
    cdef Py_ssize_t t = cell // grid.n_lanes, lane = cell % grid.n_lanes, row
    cdef Head* head = grid.head_of_lane[lane]
    for row in range(head.n_own):
        if head.own_origins[row] == -1 - place_of(grid, cell):
            head.hidden = row
    query_of(grid, head, t, lane, query)
    ask(head, query, allowed_at(grid, cell))
    predict(head, probability)
    head.hidden = -1
    return 0


def stream(heads, layout, cells_tl, order, Py_ssize_t start, Py_ssize_t stop, sampling, uint64_t seed, *,
           allowed_tlv, origins_tl, logp_tl, barred_b3=None, int64_t first_step=0):
    cdef GridArrays arrays = GridArrays(heads, layout, cells_tl, allowed_tlv, origins_tl, logp_tl,
                                        first_step=first_step, allowed_from=start, barred_b3=barred_b3)
    cdef const int32_t* lanes = <int32_t*>data_of(order, cnp.NPY_INT32, 1)
    cdef Py_ssize_t n_lanes = length_of(order), width = max(widest(heads), FEW), t, i
    cdef SamplingParams how = params_of(sampling)
    # Sums and their values, a query, recent values and allowed ones, in one: an array for each would take longer.
    all_room = np.empty(3 * width)
    cdef Weights weights
    weights.upto = <double*>data_of(all_room, cnp.NPY_FLOAT64, 1)
    weights.value = <int32_t*>(weights.upto + width)
    cdef int32_t* query = weights.value + width
    cdef uint8_t* recent = <uint8_t*>(weights.upto + 2 * width)
    cdef uint8_t* room = recent + width
    cdef Grid* grid = &arrays.grid
    for head in heads:
        (<SlotHead?>head).recall()
    with nogil:
        for t in range(start, stop):
            for i in range(n_lanes):
                if grid.cells[t * grid.n_lanes + lanes[i]] == MASK_CELL:
                    stream_cell(grid, t, lanes[i], &how, seed, query, recent, room, &weights)
            for i in range(n_lanes):
                remember_cell(grid, t * grid.n_lanes + lanes[i], query)


cdef int stream_cell(const Grid* grid, Py_ssize_t t, Py_ssize_t lane, const SamplingParams* how, uint64_t seed,
                     int32_t* query, uint8_t* recent, uint8_t* room, Weights* weights) except -1 nogil:
    """Decide one cell of the column t from everything before it and the lanes decided before it."""
    cdef Head* head = grid.head_of_lane[lane]
    cdef Py_ssize_t cell = t * grid.n_lanes + lane
    cdef uint64_t place = place_of(grid, cell)
    cdef uint32_t word[4]
    cdef int token
    philox4x32(seed, <uint32_t>place, <uint32_t>(place >> 32), 0, 0, word)
    query_of(grid, head, t, lane, query)
    ask(head, query, allowed_after(grid, cell, room))
    predict(head, head.probability)
    if how.repetition_penalty != 1.0:
        recent_of(grid, t, lane, how.no_repeat_window, head.n_values, recent)
    shape(head.probability, head.n_values, recent, how, weights)
    token = draw(weights, uniform53(word[0], word[1]) * weights.total)
    grid.cells[cell] = token
    grid.logp[cell] = c_log(head.probability[token])
    return origin_of(head, token, uniform53(word[2], word[3]), how.greedy, &grid.origins[cell])

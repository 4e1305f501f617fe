"""The generation loops over a grid: stream, remember, likelihood, and fill. One Python call a run, not a cell."""

import numpy as np

from sparseq.kernel._fill import fill  # noqa: F401: the loops are looked up in this module

from libc.math cimport log as c_log
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from sparseq.kernel._answer cimport ask, origin_of, predict
from sparseq.kernel._draw cimport SamplingParams, draw, params_of, shape
from sparseq.kernel._grid cimport (
    Grid, GridArrays, allowed_after, allowed_at, place_of, query_of, recent_of, widest,
)
from sparseq.kernel._philox cimport philox4x32, uniform53
from sparseq.kernel._head cimport EDGE_CELL, MASK_CELL, Head
from sparseq.kernel._head cimport remember as remember_row


def columns_fit(heads, layout, const uint16_t[:, ::1] cells_tl, const int64_t[::1] lanes, Py_ssize_t start,
                Py_ssize_t stop):
    """Whether columns may be streamed, see grid_checks.check_columns: nothing is raised, and what fits fits in no time."""
    cdef const int32_t[::1] head_of_lane = layout.head_of_lane
    cdef Py_ssize_t first = max(start + <Py_ssize_t>layout.first_dt, 0)
    cdef Py_ssize_t last = min(stop + <Py_ssize_t>layout.last_dt, cells_tl.shape[0]), n_lanes = cells_tl.shape[1], t, i
    cdef int alphabet = min([head.alphabet for head in heads]), n_values, token
    for t in range(first, last):
        for i in range(n_lanes):
            if alphabet <= cells_tl[t, i] < EDGE_CELL:
                return False
    for i in range(lanes.shape[0]):
        n_values = heads[head_of_lane[lanes[i]]].n_values
        for t in range(start, stop):
            token = cells_tl[t, lanes[i]]
            if token != MASK_CELL and token >= n_values:
                return False
    return True


def remember(heads, layout, cells_tl, cell_indices, int64_t first_step=0):
    cdef GridArrays arrays = GridArrays(heads, layout, cells_tl, first_step=first_step)
    cdef const int64_t[::1] cells = cell_indices
    cdef int32_t[::1] query = np.zeros(widest(heads), np.int32)
    cdef Py_ssize_t i
    with nogil:
        for i in range(cells.shape[0]):
            remember_cell(&arrays.grid, cells[i], &query[0])


cdef int remember_cell(const Grid* grid, int64_t cell, int32_t* query) except -1 nogil:
    cdef Py_ssize_t t = cell // grid.n_lanes, lane = cell % grid.n_lanes
    cdef Head* head = grid.head_of_lane[lane]
    query_of(grid, head, t, lane, query)
    return remember_row(head, query, grid.cells[cell], -1 - place_of(grid, cell))


def likelihood(heads, layout, cells_tl, cell_indices, allowed_tlv=None, int64_t first_step=0):
    cdef GridArrays arrays = GridArrays(heads, layout, cells_tl, allowed_tlv, first_step=first_step)
    cdef const int64_t[::1] cells = cell_indices
    cdef int32_t[::1] query = np.zeros(widest(heads), np.int32)
    cdef double[:, ::1] out = np.zeros((cells.shape[0], max([head.n_values for head in heads], default=1)))
    cdef Py_ssize_t i
    with nogil:
        for i in range(cells.shape[0]):
            predict_cell(&arrays.grid, cells[i], &query[0], &out[i, 0])
    return np.asarray(out)


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
    cdef const int32_t[::1] lanes = order
    cdef SamplingParams how = params_of(sampling)
    cdef Py_ssize_t width = widest(heads)
    # Sums, a query, recent values and allowed ones, in one: an array for each would take longer than a column.
    cdef double[::1] upto = np.empty(3 * width)
    cdef int32_t* query = <int32_t*>(&upto[0] + width)
    cdef uint8_t* recent = <uint8_t*>(&upto[0] + 2 * width)
    cdef uint8_t* room = recent + width
    cdef Grid* grid = &arrays.grid
    cdef Py_ssize_t t, i
    with nogil:
        for t in range(start, stop):
            for i in range(lanes.shape[0]):
                if grid.cells[t * grid.n_lanes + lanes[i]] == MASK_CELL:
                    stream_cell(grid, t, lanes[i], &how, seed, query, recent, room, &upto[0])
            for i in range(lanes.shape[0]):
                remember_cell(grid, t * grid.n_lanes + lanes[i], query)


cdef int stream_cell(const Grid* grid, Py_ssize_t t, Py_ssize_t lane, const SamplingParams* how, uint64_t seed,
                     int32_t* query, uint8_t* recent, uint8_t* room, double* upto) except -1 nogil:
    """Decide one cell of the column t from everything before it and the lanes decided before it."""
    cdef Head* head = grid.head_of_lane[lane]
    cdef Py_ssize_t cell = t * grid.n_lanes + lane
    cdef uint64_t place = place_of(grid, cell)
    cdef uint32_t word[4]
    cdef double total
    cdef int token
    philox4x32(seed, <uint32_t>place, <uint32_t>(place >> 32), 0, 0, word)
    query_of(grid, head, t, lane, query)
    ask(head, query, allowed_after(grid, cell, room))
    predict(head, head.probability)
    if how.repetition_penalty != 1.0:
        recent_of(grid, t, lane, how.no_repeat_window, head.n_values, recent)
    total = shape(head.probability, head.n_values, recent, how, upto)
    token = draw(upto, head.n_values, uniform53(word[0], word[1]) * total)
    grid.cells[cell] = token
    grid.logp[cell] = c_log(head.probability[token])
    return origin_of(head, token, uniform53(word[2], word[3]), how.greedy, &grid.origins[cell])

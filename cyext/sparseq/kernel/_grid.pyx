"""A grid with its heads: what each slot of each cell reads."""

import numpy as np

from libc.string cimport memcpy, memset

from libc.stdint cimport uint64_t

from sparseq.kernel._head cimport EDGE_CELL, MASK_CELL, UNKNOWN, code_of_cell
from sparseq.kernel._slots cimport SlotHead

cdef enum:
    EDGE_LANE = -1      # a slot that always reads the edge; below it -2 - code reads a constant code


cdef class GridArrays:

    def __init__(self, heads, layout, uint16_t[:, ::1] cells_tl, const uint8_t[:, :, ::1] allowed_tlv=None,
                 int64_t[:, ::1] origins_tl=None, double[:, ::1] logp_tl=None, *, int64_t first_step=0,
                 Py_ssize_t allowed_from=0, const int32_t[:, ::1] barred_b3=None):
        cdef Grid* grid = &self.grid
        cdef const int32_t[:, ::1] dt = layout.dt_ls, lane = layout.lane_ls
        cdef const int32_t[::1] head_of_lane = layout.head_of_lane
        cdef uint64_t[::1] address = np.zeros(head_of_lane.shape[0] + 1, np.uint64)
        cdef Py_ssize_t i
        for i in range(head_of_lane.shape[0]):
            if head_of_lane[i] >= 0:
                address[i] = <size_t>&(<SlotHead?>heads[head_of_lane[i]]).head
        self._arrays = (list(heads), cells_tl, allowed_tlv, barred_b3, origins_tl, logp_tl, dt, lane, address)
        grid.n_steps, grid.n_lanes = cells_tl.shape[0], cells_tl.shape[1]
        grid.n_slots, grid.first_step = dt.shape[1], first_step
        grid.head_of_lane = <Head**>&address[0]
        grid.cells = &cells_tl[0, 0] if cells_tl.size else NULL
        grid.dt = &dt[0, 0] if dt.size else NULL
        grid.lane = &lane[0, 0] if lane.size else NULL
        if allowed_tlv is not None and allowed_tlv.size:
            grid.allowed, grid.allowed_from = &allowed_tlv[0, 0, 0], allowed_from
            grid.allowed_lane = allowed_tlv.shape[2]
            grid.allowed_step = allowed_tlv.shape[1] * allowed_tlv.shape[2] if allowed_tlv.shape[0] > 1 else 0
        if barred_b3 is not None and barred_b3.size:
            grid.barred, grid.n_barred = &barred_b3[0, 0], barred_b3.shape[0]
        if origins_tl is not None and origins_tl.size:
            grid.origins = &origins_tl[0, 0]
            grid.logp = &logp_tl[0, 0]


cdef Py_ssize_t target(const Grid* grid, Py_ssize_t t, Py_ssize_t lane, int slot) except -2 nogil:
    """The flat index of the cell that a slot reads; -1 where it reads none."""
    cdef Py_ssize_t there = t + grid.dt[lane * grid.n_slots + slot]
    cdef int where = grid.lane[lane * grid.n_slots + slot]
    return there * grid.n_lanes + where if where >= 0 and 0 <= there < grid.n_steps else -1


cdef int query_of(const Grid* grid, const Head* head, Py_ssize_t t, Py_ssize_t lane, int32_t* out) except -1 nogil:
    """The key codes of a cell's context, UNKNOWN where it is masked."""
    cdef const int32_t* dt = grid.dt + lane * grid.n_slots
    cdef const int32_t* where = grid.lane + lane * grid.n_slots
    cdef Py_ssize_t there
    cdef int slot
    for slot in range(head.n_slots):
        there = t + dt[slot]
        if where[slot] < EDGE_LANE:
            out[slot] = EDGE_LANE - 1 - where[slot]
        elif where[slot] == EDGE_LANE or there < 0 or there >= grid.n_steps:
            out[slot] = head.edge_code
        else:
            out[slot] = code_of_cell(head, grid.cells[there * grid.n_lanes + where[slot]])
    return 0


cdef int recent_of(const Grid* grid, Py_ssize_t t, Py_ssize_t lane, int window, int n_values,
                   uint8_t* out) except -1 nogil:
    """Mark the tokens of the lane's last `window` steps before t."""
    cdef Py_ssize_t step
    cdef int token
    memset(out, 0, n_values)
    for step in range(max(t - window, 0), t):
        token = grid.cells[step * grid.n_lanes + lane]
        if token < n_values:
            out[token] = 1
    return 0


cdef int64_t place_of(const Grid* grid, Py_ssize_t cell) except -1 nogil:
    """A cell's place in the whole piece."""
    return grid.first_step * grid.n_lanes + cell


cdef const uint8_t* allowed_at(const Grid* grid, Py_ssize_t cell) except? NULL nogil:
    """Which values a cell may take, whatever comes before it; NULL: every one."""
    if grid.allowed == NULL:
        return NULL
    return (grid.allowed + (cell // grid.n_lanes - grid.allowed_from) * grid.allowed_step
            + cell % grid.n_lanes * grid.allowed_lane)


cdef const uint8_t* allowed_after(const Grid* grid, Py_ssize_t cell, uint8_t* room) except? NULL nogil:
    """Which values a cell may take after its lane's token one step before; `room` for as many."""
    cdef const uint8_t* allowed = allowed_at(grid, cell)
    cdef Py_ssize_t lane = cell % grid.n_lanes, i
    cdef int before = grid.cells[cell - grid.n_lanes] if cell >= grid.n_lanes else EDGE_CELL
    cdef int n_values = grid.head_of_lane[lane].n_values
    cdef const int32_t* barred
    for i in range(grid.n_barred):
        barred = grid.barred + 3 * i
        if barred[0] != lane or barred[1] != before:
            continue
        if allowed == NULL:
            memset(room, 1, n_values)
        elif allowed != room:
            memcpy(room, allowed, n_values)
        allowed = room
        room[barred[2]] = 0
    return allowed


cdef Py_ssize_t widest(heads) except -1:
    """The most slots or values of any head."""
    cdef Py_ssize_t most = 1
    for head in heads:
        most = max(most, (<SlotHead?>head).head.n_slots, (<SlotHead?>head).head.n_values)
    return most

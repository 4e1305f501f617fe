"""A grid with its heads: what each slot of each cell reads."""

from cpython.mem cimport PyMem_Calloc, PyMem_Free
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t
from libc.string cimport memcpy, memset

cimport numpy as cnp

from sparseq.kernel._arrays cimport data_of, length_of
from sparseq.kernel._head cimport EDGE_CELL, MASK_CELL, UNKNOWN, code_of_cell
from sparseq.kernel._slots cimport SlotHead

cnp.import_array()

cdef enum:
    EDGE_LANE = -1      # a slot that always reads the edge; below it -2 - code reads a constant code


cdef class GridArrays:

    def __cinit__(self, heads, layout, *_, **__):
        self.head_of_lane = <Head**>PyMem_Calloc(length_of(layout.head_of_lane) + 1, sizeof(Head*))
        if self.head_of_lane == NULL:
            raise MemoryError

    def __dealloc__(self):
        PyMem_Free(self.head_of_lane)

    def __init__(self, heads, layout, cells_tl, allowed_tlv=None, origins_tl=None, logp_tl=None, *,
                 int64_t first_step=0, Py_ssize_t allowed_from=0, barred_b3=None):
        cdef Grid* grid = &self.grid
        dt, lane, head_of_lane = layout.dt_ls, layout.lane_ls, layout.head_of_lane
        cdef const int32_t* place = <int32_t*>data_of(head_of_lane, cnp.NPY_INT32, 1)
        cdef Py_ssize_t i
        for i in range(length_of(head_of_lane)):
            if place[i] >= 0:
                self.head_of_lane[i] = &(<SlotHead?>heads[place[i]]).head
        self._arrays = (heads, cells_tl, allowed_tlv, barred_b3, origins_tl, logp_tl, layout)
        grid.n_steps, grid.n_lanes = length_of(cells_tl), length_of(cells_tl, 1)
        grid.n_slots, grid.first_step = length_of(dt, 1), first_step
        grid.head_of_lane = self.head_of_lane
        grid.cells = <uint16_t*>data_of(cells_tl, cnp.NPY_UINT16, 2, origins_tl is not None)
        grid.dt, grid.lane = <int32_t*>data_of(dt, cnp.NPY_INT32, 2), <int32_t*>data_of(lane, cnp.NPY_INT32, 2)
        if allowed_tlv is not None:
            grid.allowed, grid.allowed_from = <uint8_t*>data_of(allowed_tlv, cnp.NPY_UINT8, 3), allowed_from
            grid.allowed_lane = length_of(allowed_tlv, 2)
            if length_of(allowed_tlv) > 1:
                grid.allowed_step = length_of(allowed_tlv, 1) * grid.allowed_lane
        if barred_b3 is not None:
            grid.barred, grid.n_barred = <int32_t*>data_of(barred_b3, cnp.NPY_INT32, 2), length_of(barred_b3)
        if origins_tl is not None:
            grid.origins = <int64_t*>data_of(origins_tl, cnp.NPY_INT64, 2, True)
            grid.logp = <double*>data_of(logp_tl, cnp.NPY_FLOAT64, 2, True)


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

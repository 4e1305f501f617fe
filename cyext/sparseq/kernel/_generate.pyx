"""The generation loops over a grid: stream, fill, remember, likelihood. One Python call a run, not a cell."""

import numpy as np

from libc.math cimport log as c_log
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from sparseq.kernel._philox cimport philox4x32, uniform53
from sparseq.kernel._slots cimport EDGE_CELL, MASK_CELL, UNKNOWN, SamplingParams, SlotHead

cdef enum:
    NOISE_BITS = 10     # rows of the confidence-noise table, see reference.NOISE_ROWS
    EDGE_LANE = -1      # a slot that always reads the edge; below it -2 - code reads a constant code


cdef class _Grid:
    """Typed looks at the arrays of one call: the grid, its heads and where each lane's slots point."""
    cdef uint16_t[:, ::1] cells
    cdef const int32_t[:, ::1] dt
    cdef const int32_t[:, ::1] lane
    cdef const int32_t[::1] head_of_lane
    cdef const uint8_t[:, :, ::1] allowed
    cdef int64_t[:, ::1] origins
    cdef double[:, ::1] logp
    cdef list heads
    cdef bint limited

    def __init__(self, heads, layout, cells_tl, allowed_tlv, origins_tl, logp_tl):
        self.heads = list(heads)
        self.cells = cells_tl
        self.dt = layout.dt_ls
        self.lane = layout.lane_ls
        self.head_of_lane = layout.head_of_lane
        self.limited = allowed_tlv is not None
        self.allowed = allowed_tlv
        self.origins = origins_tl
        self.logp = logp_tl

    cdef SlotHead head(self, Py_ssize_t lane):
        return <SlotHead>self.heads[self.head_of_lane[lane]]

    cdef Py_ssize_t target(self, Py_ssize_t t, Py_ssize_t lane, int slot) except -2 nogil:
        """The flat index of the cell that a slot reads; -1 where it reads none."""
        cdef Py_ssize_t there = t + self.dt[lane, slot]
        if self.lane[lane, slot] < 0 or not 0 <= there < self.cells.shape[0]:
            return -1
        return there * self.cells.shape[1] + self.lane[lane, slot]

    cdef int code(self, SlotHead head, Py_ssize_t t, Py_ssize_t lane, int slot) except -2 nogil:
        cdef Py_ssize_t there = t + self.dt[lane, slot]
        cdef int where = self.lane[lane, slot]
        if where < EDGE_LANE:
            return -2 - where
        if where == EDGE_LANE or not 0 <= there < self.cells.shape[0]:
            return head.code_of_cell(EDGE_CELL)
        return head.code_of_cell(self.cells[there, where])

    cdef int query(self, SlotHead head, Py_ssize_t t, Py_ssize_t lane, int32_t* out) except -1 nogil:
        cdef int slot
        for slot in range(head.n_slots):
            out[slot] = self.code(head, t, lane, slot)
        return 0

    cdef const uint8_t* allowed_at(self, Py_ssize_t t, Py_ssize_t lane) except? NULL nogil:
        return &self.allowed[t, lane, 0] if self.limited else NULL

    cdef int recent(self, Py_ssize_t t, Py_ssize_t lane, int window, int n_values, uint8_t* out) except -1 nogil:
        """Mark the tokens of the lane's last `window` steps before t."""
        cdef Py_ssize_t step
        memset(out, 0, n_values)
        for step in range(max(t - window, 0), t):
            if self.cells[step, lane] < n_values:
                out[self.cells[step, lane]] = 1
        return 0


cdef SamplingParams params_of(sampling) except *:
    cdef SamplingParams how
    how.temperature, how.top_k, how.top_p = sampling.temperature, sampling.top_k, sampling.top_p
    how.repetition_penalty, how.no_repeat_window = sampling.repetition_penalty, sampling.no_repeat_window
    how.greedy = sampling.greedy
    return how


cdef Py_ssize_t widest(heads) except -1:
    return max([1] + [max(head.n_slots, head.n_values) for head in heads])


def remember(heads, layout, cells_tl, cell_indices):
    cdef _Grid grid = _Grid(heads, layout, cells_tl, None, None, None)
    cdef const int64_t[::1] cells = cell_indices
    cdef int32_t[::1] query = np.zeros(widest(heads), np.int32)
    cdef SlotHead head
    cdef Py_ssize_t i, t, lane
    for i in range(cells.shape[0]):
        t = cells[i] // grid.cells.shape[1]
        lane = cells[i] % grid.cells.shape[1]
        head = grid.head(lane)
        with nogil:
            grid.query(head, t, lane, &query[0])
            head.remember(&query[0], grid.cells[t, lane], -1 - cells[i])


def likelihood(heads, layout, cells_tl, cell_indices, allowed_tlv=None):
    cdef _Grid grid = _Grid(heads, layout, cells_tl, allowed_tlv, None, None)
    cdef const int64_t[::1] cells = cell_indices
    cdef int32_t[::1] query = np.zeros(widest(heads), np.int32)
    cdef double[:, ::1] out = np.zeros((cells.shape[0], max([1] + [head.n_values for head in heads])))
    cdef SlotHead head
    cdef Py_ssize_t i, t, lane, row
    for i in range(cells.shape[0]):
        t = cells[i] // grid.cells.shape[1]
        lane = cells[i] % grid.cells.shape[1]
        head = grid.head(lane)
        with nogil:
            for row in range(head.n_own):
                if head.own_origins[row] == -1 - cells[i]:
                    head.hidden = row
            grid.query(head, t, lane, &query[0])
            head.measure(&query[0], head.distance)
            head.predict(head.distance, grid.allowed_at(t, lane), &out[i, 0])
            head.hidden = -1
    return np.asarray(out)


def stream(heads, layout, cells_tl, order, Py_ssize_t start, Py_ssize_t stop, sampling, uint64_t seed, *,
           allowed_tlv, origins_tl, logp_tl):
    cdef _Grid grid = _Grid(heads, layout, cells_tl, allowed_tlv, origins_tl, logp_tl)
    cdef const int32_t[::1] lanes = order
    cdef SamplingParams how = params_of(sampling)
    cdef int32_t[::1] query = np.zeros(widest(heads), np.int32)
    cdef uint8_t[::1] recent = np.zeros(widest(heads), np.uint8)
    cdef Py_ssize_t t, i
    cdef SlotHead head
    for t in range(start, stop):
        for i in range(lanes.shape[0]):
            if grid.cells[t, lanes[i]] == MASK_CELL:
                head = grid.head(lanes[i])
                with nogil:
                    stream_cell(grid, head, t, lanes[i], &how, seed, &query[0], &recent[0])
        for i in range(lanes.shape[0]):
            head = grid.head(lanes[i])
            with nogil:
                grid.query(head, t, lanes[i], &query[0])
                head.remember(&query[0], grid.cells[t, lanes[i]], -1 - (t * grid.cells.shape[1] + lanes[i]))


cdef int stream_cell(_Grid grid, SlotHead head, Py_ssize_t t, Py_ssize_t lane, const SamplingParams* how,
                     uint64_t seed, int32_t* query, uint8_t* recent) except -1 nogil:
    """Decide one cell of the column t from everything before it and the lanes decided before it."""
    cdef uint32_t word[4]
    cdef int token
    philox4x32(seed, <uint32_t>(t * grid.cells.shape[1] + lane), 0, 0, 0, word)
    grid.query(head, t, lane, query)
    head.measure(query, head.distance)
    head.predict(head.distance, grid.allowed_at(t, lane), head.probability)
    if how.repetition_penalty != 1.0:
        grid.recent(t, lane, how.no_repeat_window, head.n_values, recent)
    token = head.sample(head.probability, recent, how, uniform53(word[0], word[1]))
    grid.cells[t, lane] = token
    grid.logp[t, lane] = c_log(head.probability[token])
    head.origin_of(head.distance, token, uniform53(word[2], word[3]), how.greedy, &grid.origins[t, lane])
    return 0


cdef class _Hole:
    """The masked cells of one fill: their distance rows, who looks at whom, and what each would become."""
    cdef const int64_t[::1] cell
    cdef int64_t[::1] row_at          # byte offset of a cell's distances; -1: measured anew each time
    cdef uint8_t[::1] distances
    cdef int64_t[::1] watcher_start   # watchers of cell c: entries watcher_start[c] .. watcher_start[c + 1]
    cdef int32_t[::1] watcher
    cdef int32_t[::1] watcher_slot
    cdef uint8_t[::1] stale
    cdef uint8_t[::1] known
    cdef int32_t[::1] token
    cdef double[::1] confidence
    cdef double[:, ::1] probability
    cdef int32_t[::1] query

    def __init__(self, _Grid grid, cells, n_values, bint incremental):
        cdef Py_ssize_t n = len(cells), i, width = grid.cells.shape[1]
        self.cell = cells
        self.stale = np.ones(n, np.uint8)
        self.known = np.zeros(n, np.uint8)
        self.token = np.zeros(n, np.int32)
        self.confidence = np.zeros(n)
        self.probability = np.zeros((n, n_values))
        self.query = np.zeros(widest(grid.heads), np.int32)
        sizes = [0] * n
        if incremental:
            for i in range(n):
                head = grid.head(cells[i] % width)
                sizes[i] = (head.n_rows + head.n_own) * 2
        offsets = np.cumsum([0, *sizes]).astype(np.int64)
        self.row_at = offsets[:n].copy() if incremental else np.full(n, -1, np.int64)
        self.distances = np.zeros(max(sum(sizes), 1), np.uint8)
        self.find_watchers(grid)

    cdef int find_watchers(self, _Grid grid) except -1:
        """For each masked cell, the masked cells whose slots read it, by counting sort."""
        cdef Py_ssize_t n = self.cell.shape[0], width = grid.cells.shape[1], i, t, lane, there
        cdef int slot
        cdef SlotHead head
        cdef int32_t[::1] place = np.full(grid.cells.shape[0] * width, -1, np.int32)
        cdef int64_t[::1] fill_at
        for i in range(n):
            place[self.cell[i]] = i
        self.watcher_start = np.zeros(n + 1, np.int64)
        for i in range(n):
            t = self.cell[i] // width
            lane = self.cell[i] % width
            head = grid.head(lane)
            for slot in range(head.n_slots):
                there = grid.target(t, lane, slot)
                if there >= 0 and place[there] >= 0:
                    self.watcher_start[place[there] + 1] += 1
        for i in range(n):
            self.watcher_start[i + 1] += self.watcher_start[i]
        self.watcher = np.zeros(max(self.watcher_start[n], 1), np.int32)
        self.watcher_slot = np.zeros(max(self.watcher_start[n], 1), np.int32)
        fill_at = np.array(self.watcher_start)
        for i in range(n):
            t = self.cell[i] // width
            lane = self.cell[i] % width
            head = grid.head(lane)
            for slot in range(head.n_slots):
                there = grid.target(t, lane, slot)
                if there >= 0 and place[there] >= 0:
                    self.watcher[fill_at[place[there]]] = i
                    self.watcher_slot[fill_at[place[there]]] = slot
                    fill_at[place[there]] += 1
        return 0

    cdef void* measured(self, _Grid grid, SlotHead head, Py_ssize_t i) except NULL nogil:
        """The cell's distances: kept up to date slot by slot, or measured now into the head's own buffer."""
        if self.row_at[i] >= 0:
            return &self.distances[self.row_at[i]]
        grid.query(head, self.cell[i] // grid.cells.shape[1], self.cell[i] % grid.cells.shape[1], &self.query[0])
        head.measure(&self.query[0], head.distance)
        return head.distance

    cdef int start(self, _Grid grid, SlotHead head, Py_ssize_t i) except -1 nogil:
        if self.row_at[i] >= 0:
            grid.query(head, self.cell[i] // grid.cells.shape[1], self.cell[i] % grid.cells.shape[1], &self.query[0])
            head.measure(&self.query[0], &self.distances[self.row_at[i]])
        return 0

    cdef int propose(self, _Grid grid, SlotHead head, Py_ssize_t i, const SamplingParams* how, uint64_t seed,
                     uint32_t step, uint32_t round_number, const double* noise, uint8_t* recent) except -1 nogil:
        """What cell i would become at this step, and how sure that is."""
        cdef uint32_t word[4]
        cdef Py_ssize_t t = self.cell[i] // grid.cells.shape[1]
        cdef Py_ssize_t lane = self.cell[i] % grid.cells.shape[1]
        if self.stale[i]:
            head.predict(self.measured(grid, head, i), grid.allowed_at(t, lane), &self.probability[i, 0])
            self.stale[i] = 0
        philox4x32(seed, <uint32_t>self.cell[i], step + 1, round_number, 0, word)
        if how.repetition_penalty != 1.0:
            grid.recent(t, lane, how.no_repeat_window, head.n_values, recent)
        self.token[i] = head.sample(&self.probability[i, 0], recent, how, uniform53(word[0], word[1]))
        self.confidence[i] = self.probability[i, self.token[i]] * noise[word[2] >> (32 - NOISE_BITS)]
        return 0

    cdef int decide(self, _Grid grid, SlotHead head, Py_ssize_t i, bint nearest, uint64_t seed,
                    uint32_t round_number) except -1 nogil:
        """Write cell i."""
        cdef uint32_t word[4]
        cdef Py_ssize_t t = self.cell[i] // grid.cells.shape[1]
        cdef Py_ssize_t lane = self.cell[i] % grid.cells.shape[1]
        philox4x32(seed, <uint32_t>self.cell[i], 0, round_number, 1, word)
        grid.cells[t, lane] = self.token[i]
        grid.logp[t, lane] = c_log(self.probability[i, self.token[i]])
        head.origin_of(self.measured(grid, head, i), self.token[i], uniform53(word[0], word[1]), nearest,
                       &grid.origins[t, lane])
        self.known[i] = 1
        return 0

    cdef int tell(self, SlotHead head, Py_ssize_t watcher, int slot, int token) except -1 nogil:
        """One masked cell learns what one of its slots now reads."""
        if self.row_at[watcher] >= 0:
            head.add_slot(slot, token, &self.distances[self.row_at[watcher]])
        self.stale[watcher] = 1
        return 0


def fill(heads, layout, cells_tl, cell_indices, left_s, noise_sk, sampling, uint64_t seed, uint32_t round_number, *,
         allowed_tlv, origins_tl, logp_tl, bint incremental=True):
    cdef _Grid grid = _Grid(heads, layout, cells_tl, allowed_tlv, origins_tl, logp_tl)
    cdef SamplingParams how = params_of(sampling)
    cdef const int64_t[::1] left = left_s
    cdef const double[:, ::1] noise = noise_sk
    cdef Py_ssize_t n = len(cell_indices), i, step, width = grid.cells.shape[1]
    cdef _Hole hole = _Hole(grid, cell_indices, max([1] + [head.n_values for head in heads]), incremental)
    cdef uint8_t[::1] recent = np.zeros(widest(heads), np.uint8)
    cdef SlotHead head
    for i in range(n):
        head = grid.head(hole.cell[i] % width)
        with nogil:
            hole.start(grid, head, i)
    for step in range(left.shape[0]):
        for i in range(n):
            if not hole.known[i]:
                head = grid.head(hole.cell[i] % width)
                hole.propose(grid, head, i, &how, seed, step, round_number, &noise[step, 0], &recent[0])
        for i in surest(hole, left[step]):
            decide_and_tell(grid, hole, i, how.greedy, seed, round_number)


cdef list surest(_Hole hole, Py_ssize_t left):
    """The masked cells to decide now, so that `left` stay masked: most confident first, ties by place."""
    masked = np.flatnonzero(np.asarray(hole.known) == 0)
    ranked = masked[np.argsort(-np.asarray(hole.confidence)[masked], kind="stable")]
    return ranked[:max(len(masked) - left, 0)].tolist()


cdef int decide_and_tell(_Grid grid, _Hole hole, Py_ssize_t i, bint nearest, uint64_t seed,
                         uint32_t round_number) except -1:
    cdef Py_ssize_t width = grid.cells.shape[1], k, watcher
    cdef SlotHead head = grid.head(hole.cell[i] % width)
    hole.decide(grid, head, i, nearest, seed, round_number)
    for k in range(hole.watcher_start[i], hole.watcher_start[i + 1]):
        watcher = hole.watcher[k]
        if not hole.known[watcher]:
            head = grid.head(hole.cell[watcher] % width)
            hole.tell(head, watcher, hole.watcher_slot[k], hole.token[i])
    return 0

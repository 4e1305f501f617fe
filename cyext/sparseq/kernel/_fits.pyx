"""Whether what a call asks for fits: a look at all of it in no time, and nothing is raised.

What is wanted and why stands in grid_checks, whose checks take far longer; they are asked where these say no, and know
what to say. These may refuse what those let pass, never the other way round.
"""

from sparseq.kernel.checks import CELL_LIMIT, SEED_LIMIT

from libc.math cimport isfinite
from libc.stdint cimport int32_t, int64_t, uint16_t

cimport numpy as cnp

from sparseq.kernel._arrays cimport data_of, is_array, length_of
from sparseq.kernel._head cimport EDGE_CELL, MASK_CELL, Head
from sparseq.kernel._slots cimport SlotHead

cnp.import_array()

cdef int64_t MOST_CELLS = CELL_LIMIT
cdef int64_t FARTHEST_PLACE = 1 << 62       # a place in the piece is 64 bits of origins


cdef struct Given:
    # a grid
    Py_ssize_t n_steps
    Py_ssize_t n_lanes
    const uint16_t* cells
    const int32_t* head_of_lane
    # its heads: what all of them read, and the most values of any
    int alphabet
    int n_values
    # how far slots reach
    Py_ssize_t first_dt
    Py_ssize_t last_dt


def columns_fit(heads, layout, cells_tl, order, start, stop, seed, first_step, origins_tl, logp_tl):
    """See api.Kernel.stream."""
    cdef Given given
    if not (take_asked(heads, layout, cells_tl, True, &given) and outputs_fit(cells_tl, origins_tl, logp_tl)):
        return False
    if not (is_count(start, given.n_steps) and is_count(stop, given.n_steps) and start <= stop):
        return False
    if not (is_count(seed, SEED_LIMIT) and first_step_fits(first_step, &given) and lanes_fit(order, &given)):
        return False
    if given.n_values > given.alphabet or not reach_fits(&given, start, stop - 1):
        return False
    return tokens_fit(heads, order, start, stop, &given)


def cells_fit(heads, layout, cells_tl, cell_indices, first_step):
    """See api.Kernel.likelihood."""
    cdef Given given
    if not take_asked(heads, layout, cells_tl, False, &given) or not first_step_fits(first_step, &given):
        return False
    return indices_fit(cell_indices, &given)


def held_cells_fit(heads, layout, cells_tl, cell_indices, first_step):
    """See api.Kernel.remember."""
    cdef Given given
    if not take_asked(heads, layout, cells_tl, False, &given) or not first_step_fits(first_step, &given):
        return False
    return indices_fit(cell_indices, &given) and values_fit(heads, cell_indices, &given)


def hole_fits(heads, layout, cells_tl, cell_indices, left_s, noise_sk, noise_rows, seed, round_number, origins_tl,
              logp_tl):
    """See api.Kernel.fill."""
    cdef Given given
    if not (take_asked(heads, layout, cells_tl, True, &given) and outputs_fit(cells_tl, origins_tl, logp_tl)):
        return False
    if not (is_count(seed, SEED_LIMIT) and is_count(round_number, 1 << 31)) or given.n_values > given.alphabet:
        return False
    if not indices_fit(cell_indices, &given) or not masks_fit(cell_indices, &given):
        return False
    return schedule_fits(left_s, length_of(cell_indices)) and noise_fits(noise_sk, length_of(left_s), noise_rows)


cdef bint is_count(number, limit) except -1:
    return type(number) is int and 0 <= number <= limit


cdef bint take_asked(heads, layout, cells_tl, bint written, Given* given) except -1:
    """Take the grid and what its heads have in common, if they are what the loops take and fit together."""
    cdef const Head* head
    cdef int n_slots = 0, alphabet = EDGE_CELL, n_values = 0
    if not is_array(cells_tl, cnp.NPY_UINT16, 2, written) or len(heads) < layout.n_heads:
        return False
    for each in heads:
        if not isinstance(each, SlotHead):
            return False
        head = &(<SlotHead>each).head
        alphabet = min(alphabet, (<SlotHead>each).alphabet)
        n_slots, n_values = max(n_slots, head.n_slots), max(n_values, head.n_values)
    head_of_lane = layout.head_of_lane
    given.n_steps, given.n_lanes = length_of(cells_tl), length_of(cells_tl, 1)
    given.cells, given.head_of_lane = <uint16_t*>data_of(cells_tl, cnp.NPY_UINT16, 2), NULL
    given.head_of_lane = <int32_t*>data_of(head_of_lane, cnp.NPY_INT32, 1)
    given.alphabet, given.n_values = alphabet, n_values
    given.first_dt, given.last_dt = layout.first_dt, layout.last_dt
    if given.n_lanes != length_of(head_of_lane) or given.n_steps * given.n_lanes > MOST_CELLS:
        return False
    return n_slots <= length_of(layout.dt_ls, 1) and layout.n_constants <= alphabet


cdef bint outputs_fit(cells_tl, origins_tl, logp_tl) except -1:
    cdef int axis
    if not (is_array(origins_tl, cnp.NPY_INT64, 2, True) and is_array(logp_tl, cnp.NPY_FLOAT64, 2, True)):
        return False
    for axis in range(2):
        if not length_of(cells_tl, axis) == length_of(origins_tl, axis) == length_of(logp_tl, axis):
            return False
    return True


cdef bint first_step_fits(first_step, const Given* given) except -1:
    return is_count(first_step, (FARTHEST_PLACE - given.n_steps * given.n_lanes) // max(given.n_lanes, 1))


cdef bint lanes_fit(order, const Given* given) except -1:
    """Each once, each with a head."""
    cdef const int32_t* lanes
    cdef Py_ssize_t i, j
    if not is_array(order, cnp.NPY_INT32, 1, False):
        return False
    lanes = <int32_t*>data_of(order, cnp.NPY_INT32, 1)
    for i in range(length_of(order)):
        if not 0 <= lanes[i] < given.n_lanes or given.head_of_lane[lanes[i]] < 0:
            return False
        for j in range(i):
            if lanes[j] == lanes[i]:
                return False
    return True


cdef bint reach_fits(const Given* given, Py_ssize_t first, Py_ssize_t last) except -1:
    """Whether every head has a code for what the contexts of these columns reach."""
    cdef Py_ssize_t begin = max(first + given.first_dt, 0) * given.n_lanes
    cdef Py_ssize_t end = min(last + given.last_dt + 1, given.n_steps) * given.n_lanes, i
    cdef int highest = -1
    for i in range(begin, end):
        # Edge and mask go round to 0 and 1.
        highest = max(highest, <int><uint16_t>(given.cells[i] + 2))
    return highest - 2 < given.alphabet


cdef bint tokens_fit(heads, order, Py_ssize_t start, Py_ssize_t stop, const Given* given) except -1:
    """Whether the cells of these columns are masked or hold a value of their lane."""
    cdef const int32_t* lanes = <int32_t*>data_of(order, cnp.NPY_INT32, 1)
    cdef Py_ssize_t i, t
    cdef int n_values, token
    for i in range(length_of(order)):
        n_values = (<SlotHead>heads[given.head_of_lane[lanes[i]]]).head.n_values
        for t in range(start, stop):
            token = given.cells[t * given.n_lanes + lanes[i]]
            if token != MASK_CELL and token >= n_values:
                return False
    return True


cdef bint indices_fit(cell_indices, const Given* given) except -1:
    """Whether these are cells of the grid in lanes with a head, and what their contexts reach has codes."""
    cdef const int64_t* cells
    cdef int64_t low = 0, high = -1
    cdef Py_ssize_t i
    if not is_array(cell_indices, cnp.NPY_INT64, 1, False):
        return False
    cells = <int64_t*>data_of(cell_indices, cnp.NPY_INT64, 1)
    for i in range(length_of(cell_indices)):
        if not 0 <= cells[i] < given.n_steps * given.n_lanes or given.head_of_lane[cells[i] % given.n_lanes] < 0:
            return False
        low, high = cells[i] if i == 0 else min(low, cells[i]), max(high, cells[i])
    return high < 0 or reach_fits(given, low // given.n_lanes, high // given.n_lanes)


cdef bint values_fit(heads, cell_indices, const Given* given) except -1:
    """Whether these cells hold a token of their lane."""
    cdef const int64_t* cells = <int64_t*>data_of(cell_indices, cnp.NPY_INT64, 1)
    cdef Py_ssize_t i
    for i in range(length_of(cell_indices)):
        if given.cells[cells[i]] >= (<SlotHead>heads[given.head_of_lane[cells[i] % given.n_lanes]]).head.n_values:
            return False
    return True


cdef bint masks_fit(cell_indices, const Given* given) except -1:
    """Whether these cells are masked, and rise."""
    cdef const int64_t* cells = <int64_t*>data_of(cell_indices, cnp.NPY_INT64, 1)
    cdef Py_ssize_t i
    for i in range(length_of(cell_indices)):
        if given.cells[cells[i]] != MASK_CELL or (i and cells[i] <= cells[i - 1]):
            return False
    return True


cdef bint schedule_fits(left_s, Py_ssize_t n_cells) except -1:
    """Whether these counts fall to 0."""
    cdef const int64_t* left
    cdef int64_t before = n_cells
    cdef Py_ssize_t i
    if not is_array(left_s, cnp.NPY_INT64, 1, False):
        return False
    left = <int64_t*>data_of(left_s, cnp.NPY_INT64, 1)
    for i in range(length_of(left_s)):
        if not 0 <= left[i] <= before:
            return False
        before = left[i]
    return length_of(left_s) > 0 and before == 0


cdef bint noise_fits(noise_sk, Py_ssize_t n_steps, Py_ssize_t n_rows) except -1:
    cdef const double* noise
    cdef Py_ssize_t i
    if noise_sk is None:
        return True
    if not is_array(noise_sk, cnp.NPY_FLOAT64, 2, False):
        return False
    if length_of(noise_sk) != n_steps or length_of(noise_sk, 1) != n_rows:
        return False
    noise = <double*>data_of(noise_sk, cnp.NPY_FLOAT64, 2)
    for i in range(n_steps * n_rows):
        if not isfinite(noise[i]):
            return False
    return True

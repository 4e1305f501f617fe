# The head that the generation loops attend through; see _slots.pyx.
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef enum:
    MASK_CELL = 65535   # a grid cell that is not known
    EDGE_CELL = 65534   # what a slot reads outside the grid
    UNKNOWN = -1        # a query's slot that is not known: it adds no distance


cdef struct SamplingParams:
    double temperature
    int top_k
    double top_p
    double repetition_penalty
    int no_repeat_window
    bint greedy


cdef class SlotHead:
    cdef readonly int n_slots
    cdef readonly int n_values
    cdef readonly int alphabet
    cdef readonly Py_ssize_t n_rows
    cdef readonly Py_ssize_t n_own
    cdef readonly Py_ssize_t own_capacity
    cdef readonly int own_weight
    cdef readonly int largest_distance
    cdef readonly bint evict
    cdef bint wide_keys
    cdef bint wide_distance
    cdef int edge_code
    cdef int unknown_code
    cdef int reach
    cdef Py_ssize_t own_next
    cdef Py_ssize_t hidden
    cdef double prior_weight
    cdef object _arrays     # owns what the pointers below look at
    cdef const void* keys
    cdef void* own_keys
    cdef const uint32_t* counts
    cdef const int64_t* value_start
    cdef const int64_t* origin_start
    cdef const int64_t* origins
    cdef int32_t* own_values
    cdef int64_t* own_origins
    cdef const int32_t* weights
    cdef const uint64_t* table
    cdef const double* decay
    cdef const double* prior
    cdef const uint16_t* similarity
    cdef const int32_t* similarity_of_slot
    cdef int similarity_size
    cdef void* distance
    cdef uint64_t* mass
    cdef double* probability
    cdef double* scratch

    cdef Py_ssize_t distance_bytes(self) except -1 nogil
    cdef int distance_at(self, const void* distance, Py_ssize_t row) except -1 nogil
    cdef int code_of_cell(self, int cell) except -2 nogil
    cdef int add_rows(self, const void* keys, Py_ssize_t stride, int slot, int query, void* distance,
                      Py_ssize_t first, Py_ssize_t last) except -1 nogil
    cdef int add_slot(self, int slot, int query, void* distance) except -1 nogil
    cdef int measure(self, const int32_t* query, void* distance) except -1 nogil
    cdef int least(self, const void* distance) except -1 nogil
    cdef int attend(self, const void* distance, int least, uint64_t* mass) except -1 nogil
    cdef int predict(self, const void* distance, const uint8_t* allowed, double* probability) except -1 nogil
    cdef int origin_of(self, const void* distance, int value, double u, bint nearest, int64_t* origin) except -1 nogil
    cdef int origin_near(self, const void* distance, int value, double u, int64_t* origin) except -1 nogil
    cdef int remember(self, const int32_t* codes, int value, int64_t origin) except -1 nogil
    cdef int sample(self, const double* probability, const uint8_t* recent, const SamplingParams* how,
                    double u) except -1 nogil

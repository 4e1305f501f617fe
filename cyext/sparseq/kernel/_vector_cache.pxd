# The key and value store of one growing sequence; see _vector_cache.pyx.
from libc.stdint cimport int64_t, uint16_t


cdef class KVCache:
    # Sizes; dp: head_dim in whole lanes.
    cdef readonly int64_t n_heads, head_dim, capacity, block_size
    cdef readonly bint half
    cdef int64_t dp, n_panels, n_blocks, n_mean_panels
    cdef float scale
    # What is stored: n tokens, of which the last n_silent have values of nothing but zeros.
    cdef int64_t n, n_silent
    cdef uint16_t[:, :, :, ::1] half_panels
    cdef uint16_t[:, :, ::1] half_values
    cdef float[:, :, :, ::1] panels
    cdef float[:, :, ::1] values
    cdef float[:, :, :, ::1] mean_panels
    cdef float[:, :, ::1] mean_values
    # Attention received.
    cdef float[::1] token_mass
    cdef float[::1] block_mass
    # Room for a look-up.
    cdef float[::1] block_rows   # one block of rows, one row, one query, one result
    cdef int64_t scratch_window
    cdef float[::1] scores
    cdef float[::1] strip_panels
    cdef float[::1] strip_values
    cdef int64_t[::1] far


cdef int put_row(KVCache c, int64_t h, int64_t t, const float *k, const float *v) except -1 nogil
cdef int key_row(KVCache c, int64_t h, int64_t t, float *out) except -1 nogil
cdef int value_row(KVCache c, int64_t h, int64_t t, float *out) except -1 nogil
cdef int grow(KVCache c) except -1 nogil

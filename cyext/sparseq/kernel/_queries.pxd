# Queries as keys of tables.
from libc.stdint cimport int32_t, uint32_t
from libc.string cimport memcmp


cdef inline uint32_t hash_of(const int32_t* query, int n_slots) noexcept nogil:
    """Of any slots that differ the lowest bits are likely to."""
    cdef uint32_t total = 0, factor = 2654435761u
    cdef int slot
    for slot in range(n_slots):
        total += (<uint32_t>query[slot] + 1) * (factor * (2 * slot + 1))
    total ^= total >> 15
    total *= 0x846CA68Bu
    return total ^ total >> 16


cdef inline bint same_query(const int32_t* a, const int32_t* b, int n_slots) noexcept nogil:
    return memcmp(a, b, n_slots * sizeof(int32_t)) == 0

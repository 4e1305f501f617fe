# Philox4x32-10, a counter-based generator: the same key and counter give the same numbers on every machine, in any
# order of asking. Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
from libc.stdint cimport uint32_t, uint64_t


cdef inline void philox4x32(uint64_t key, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3,
                            uint32_t* out) noexcept nogil:
    """Fill out[0:4] with the block of one counter; a scalar leaf that indexes nothing but its own four words."""
    cdef uint32_t k0 = <uint32_t>key
    cdef uint32_t k1 = <uint32_t>(key >> 32)
    cdef uint64_t p0, p1
    cdef int i
    for i in range(10):
        p0 = <uint64_t>0xD2511F53u * c0
        p1 = <uint64_t>0xCD9E8D57u * c2
        c0 = <uint32_t>(p1 >> 32) ^ c1 ^ k0
        c1 = <uint32_t>p1
        c2 = <uint32_t>(p0 >> 32) ^ c3 ^ k1
        c3 = <uint32_t>p0
        k0 = k0 + 0x9E3779B9u
        k1 = k1 + 0xBB67AE85u
    out[0] = c0
    out[1] = c1
    out[2] = c2
    out[3] = c3


cdef inline double uniform53(uint32_t high, uint32_t low) noexcept nogil:
    """Two words to a float64 in [0, 1) with 53 random bits."""
    return <double>(((<uint64_t>high << 32) | low) >> 11) * (1.0 / 9007199254740992.0)

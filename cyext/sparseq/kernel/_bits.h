/* Masks of 64 places. */
#ifndef SPARSEQ_BITS_H
#define SPARSEQ_BITS_H

#include <stdint.h>

#include "_clones.h"

#if defined(_MSC_VER)
#include <intrin.h>
#endif

/* The place of the lowest bit of a mask that is not 0. */
SPARSEQ_INLINE int lowest_bit(uint64_t mask) {
#if defined(_MSC_VER)
    unsigned long place;
    _BitScanForward64(&place, mask);
    return (int)place;
#else
    return __builtin_ctzll(mask);
#endif
}

#endif

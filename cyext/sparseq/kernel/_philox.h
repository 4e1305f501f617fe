/* Philox4x32-10 for many counters at once; see _philox.pxd, which has one at a time and the source. */
#ifndef SPARSEQ_PHILOX_H
#define SPARSEQ_PHILOX_H

#include <stddef.h>
#include <stdint.h>

#include "_clones.h"

enum { SPARSEQ_PHILOX_LANES = 16 };

/* The first three words for each of n counters (cell[which[i]], c1, c2, c3), in lines of n words. */
SPARSEQ_CLONES static void philox_each(uint64_t key, const int64_t *cell, const int32_t *which, ptrdiff_t n,
                                       uint32_t c1, uint32_t c2, uint32_t c3, uint32_t *SPARSEQ_RESTRICT words) {
    for (ptrdiff_t base = 0; base < n; base += SPARSEQ_PHILOX_LANES) {
        uint32_t a[SPARSEQ_PHILOX_LANES], b[SPARSEQ_PHILOX_LANES], c[SPARSEQ_PHILOX_LANES], d[SPARSEQ_PHILOX_LANES];
        ptrdiff_t n_here = n - base < SPARSEQ_PHILOX_LANES ? n - base : SPARSEQ_PHILOX_LANES;
        uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
        for (int i = 0; i < SPARSEQ_PHILOX_LANES; i++) {
            a[i] = (uint32_t)cell[which[base + (i < n_here ? i : n_here - 1)]];
            b[i] = c1;
            c[i] = c2;
            d[i] = c3;
        }
        for (int round = 0; round < 10; round++) {
            for (int i = 0; i < SPARSEQ_PHILOX_LANES; i++) {
                uint64_t p0 = (uint64_t)0xD2511F53u * a[i], p1 = (uint64_t)0xCD9E8D57u * c[i];
                a[i] = (uint32_t)(p1 >> 32) ^ b[i] ^ k0;
                b[i] = (uint32_t)p1;
                c[i] = (uint32_t)(p0 >> 32) ^ d[i] ^ k1;
                d[i] = (uint32_t)p0;
            }
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        for (ptrdiff_t i = 0; i < n_here; i++) {
            words[base + i] = a[i];
            words[n + base + i] = b[i];
            words[2 * n + base + i] = c[i];
        }
    }
}

#endif

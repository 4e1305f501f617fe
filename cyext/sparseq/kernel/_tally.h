/* How many rows are how far, for the rule that ends a search; see _scan.h for the form. */
#ifndef SPARSEQ_TALLY_H
#define SPARSEQ_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "_clones.h"
#include "_strip.h"

#define SPARSEQ_TALLY(NAME, DIST)                                                                                      \
    /* Add up the counts of rows at each distance up to `limit`. Rows beyond it are passed over by the strip. */       \
    SPARSEQ_CLONES static void tally_##NAME(const DIST *SPARSEQ_RESTRICT dist,                                         \
                                            const uint32_t *SPARSEQ_RESTRICT counts, ptrdiff_t n, int limit,           \
                                            uint64_t *SPARSEQ_RESTRICT counted) {                                      \
        uint8_t within[SPARSEQ_ENTRIES];                                                                               \
        ptrdiff_t first = 0;                                                                                           \
        for (; first + SPARSEQ_ENTRIES <= n; first += SPARSEQ_ENTRIES) {                                               \
            for (int i = 0; i < SPARSEQ_ENTRIES; i++)                                                                  \
                within[i] = dist[first + i] <= limit;                                                                  \
            for (uint64_t left = mask_of(within); left; left &= left - 1) {                                            \
                ptrdiff_t row = first + lowest_bit(left);                                                              \
                counted[dist[row]] += counts[row];                                                                     \
            }                                                                                                          \
        }                                                                                                              \
        for (; first < n; first++)                                                                                     \
            if (dist[first] <= limit)                                                                                  \
                counted[dist[first]] += counts[first];                                                                 \
    }

SPARSEQ_TALLY(8, uint8_t)
SPARSEQ_TALLY(16, uint16_t)

#endif

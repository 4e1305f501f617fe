/* How many rows are how far, for the rule that ends a search; see _scan.h for the form. */
#ifndef SPARSEQ_TALLY_H
#define SPARSEQ_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "_clones.h"

#define SPARSEQ_TALLY(NAME, DIST)                                                                                      \
    /* Add up the counts of rows at each distance up to `limit`. */                                                    \
    static void tally_##NAME(const DIST *SPARSEQ_RESTRICT dist, const uint32_t *SPARSEQ_RESTRICT counts, ptrdiff_t n,  \
                             int limit, uint64_t *SPARSEQ_RESTRICT counted) {                                          \
        for (ptrdiff_t i = 0; i < n; i++)                                                                              \
            if (dist[i] <= limit)                                                                                      \
                counted[dist[i]] += counts[i];                                                                         \
    }

SPARSEQ_TALLY(8, uint8_t)
SPARSEQ_TALLY(16, uint16_t)

#endif

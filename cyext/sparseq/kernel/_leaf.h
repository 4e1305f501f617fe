/* One leaf's rows against a query; see _scan.h for the reasons of the form. */
#ifndef SPARSEQ_LEAF_H
#define SPARSEQ_LEAF_H

#include "_asked.h"
#include "_clones.h"

enum { SPARSEQ_LEAF = 64 };

#if defined(__GNUC__)
#define SPARSEQ_PREFETCH(ADDRESS) __builtin_prefetch(ADDRESS)
#else
#define SPARSEQ_PREFETCH(ADDRESS)
#endif

/* Distances of a leaf's rows: `bound` for the slots in which they agree, and the columns of those in which they differ.
 * `asked` has an entry for each slot, of weight 0 where the query does not know it. */
#define SPARSEQ_LEAF_SCAN(NAME, KEY)                                                                                   \
    SPARSEQ_CLONES static void measure_leaf_##NAME(uint16_t *SPARSEQ_RESTRICT dist, const KEY *SPARSEQ_RESTRICT keys,  \
                                                   const uint16_t *slot_of_column, int n_columns,                      \
                                                   const sparseq_asked *asked, int size, int bound) {                  \
        for (int i = 0; i < SPARSEQ_LEAF; i++)                                                                         \
            dist[i] = (uint16_t)bound;                                                                                 \
        for (int k = 0; k < n_columns; k++, keys += SPARSEQ_LEAF) {                                                    \
            const sparseq_asked *here = asked + slot_of_column[k];                                                     \
            const uint16_t *SPARSEQ_RESTRICT row = here->table;                                                        \
            const KEY code = (KEY)here->code;                                                                          \
            const uint16_t weight = (uint16_t)here->weight;                                                            \
            if (weight == 0)                                                                                           \
                continue;                                                                                              \
            if (row != NULL)                                                                                           \
                for (int i = 0; i < SPARSEQ_LEAF; i++)                                                                 \
                    dist[i] = (uint16_t)(dist[i] + (keys[i] < size ? row[keys[i]] : weight));                          \
            else                                                                                                       \
                for (int i = 0; i < SPARSEQ_LEAF; i++)                                                                 \
                    dist[i] = (uint16_t)(dist[i] + (keys[i] != code ? weight : 0));                                    \
        }                                                                                                              \
    }

SPARSEQ_LEAF_SCAN(8, uint8_t)
SPARSEQ_LEAF_SCAN(16, uint16_t)

#endif

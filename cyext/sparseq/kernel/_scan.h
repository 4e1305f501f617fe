/* The hot loops: plain C over restrict pointers, because a byte pointer that may alias everything keeps the compiler
 * from vectorising (20 times slower). All arithmetic is on integers, so every clone gives the same bits. */
#ifndef SPARSEQ_SCAN_H
#define SPARSEQ_SCAN_H

#include <stddef.h>
#include <stdint.h>

#if defined(_MSC_VER)
#define SPARSEQ_RESTRICT __restrict
#else
#define SPARSEQ_RESTRICT __restrict__
#endif

/* Wheels are built for the oldest processor; the loader picks the widest clone that this one runs. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__linux__)
#define SPARSEQ_CLONES __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define SPARSEQ_CLONES
#endif

#define SPARSEQ_SCAN(NAME, KEY, DIST)                                                                                  \
    SPARSEQ_CLONES static void add_mismatch_##NAME(DIST *SPARSEQ_RESTRICT dist, const KEY *SPARSEQ_RESTRICT keys,      \
                                                   KEY query, DIST weight, ptrdiff_t n) {                              \
        for (ptrdiff_t i = 0; i < n; i++)                                                                              \
            dist[i] = (DIST)(dist[i] + (keys[i] != query ? weight : (DIST)0));                                         \
    }                                                                                                                  \
    static void add_table_##NAME(DIST *SPARSEQ_RESTRICT dist, const KEY *SPARSEQ_RESTRICT keys,                        \
                                 const uint16_t *SPARSEQ_RESTRICT row, uint16_t size, DIST weight, ptrdiff_t n) {      \
        for (ptrdiff_t i = 0; i < n; i++)                                                                              \
            dist[i] = (DIST)(dist[i] + (keys[i] < size ? (DIST)row[keys[i]] : weight));                                \
    }

SPARSEQ_SCAN(8_8, uint8_t, uint8_t)
SPARSEQ_SCAN(8_16, uint8_t, uint16_t)
SPARSEQ_SCAN(16_8, uint16_t, uint8_t)
SPARSEQ_SCAN(16_16, uint16_t, uint16_t)

#define SPARSEQ_SOFTMAX(NAME, DIST)                                                                                    \
    SPARSEQ_CLONES static DIST least_##NAME(const DIST *SPARSEQ_RESTRICT dist, ptrdiff_t n, DIST least) {              \
        for (ptrdiff_t i = 0; i < n; i++)                                                                              \
            least = dist[i] < least ? dist[i] : least;                                                                 \
        return least;                                                                                                  \
    }                                                                                                                  \
    SPARSEQ_CLONES static uint64_t mass_##NAME(const DIST *SPARSEQ_RESTRICT dist,                                      \
                                               const uint32_t *SPARSEQ_RESTRICT counts,                                \
                                               const uint64_t *SPARSEQ_RESTRICT table, int least, int reach,           \
                                               ptrdiff_t n) {                                                          \
        uint64_t sum = 0;                                                                                              \
        for (ptrdiff_t first = 0; first < n; first += 64) {                                                            \
            ptrdiff_t last = first + 64 < n ? first + 64 : n;                                                          \
            DIST near = (DIST)-1;                                                                                      \
            for (ptrdiff_t i = first; i < last; i++)                                                                   \
                near = dist[i] < near ? dist[i] : near;                                                                \
            if ((int)near - least > reach)                                                                             \
                continue;                                                                                              \
            for (ptrdiff_t i = first; i < last; i++)                                                                   \
                sum += (uint64_t)counts[i] * table[(int)dist[i] - least];                                              \
        }                                                                                                              \
        return sum;                                                                                                    \
    }

SPARSEQ_SOFTMAX(8, uint8_t)
SPARSEQ_SOFTMAX(16, uint16_t)

#endif

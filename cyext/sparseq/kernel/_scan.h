/* The hot loops: plain C over restrict pointers, because a byte pointer that may alias everything keeps the compiler
 * from vectorising (20 times slower). All arithmetic is on integers, so every clone gives the same bits. */
#ifndef SPARSEQ_SCAN_H
#define SPARSEQ_SCAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(_MSC_VER)
#define SPARSEQ_RESTRICT __restrict
#define SPARSEQ_INLINE static __forceinline
#else
#define SPARSEQ_RESTRICT __restrict__
#define SPARSEQ_INLINE static inline __attribute__((always_inline))
#endif

/* Wheels are built for the oldest processor; the loader picks the widest clone that this one runs. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__linux__)
#define SPARSEQ_CLONES __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define SPARSEQ_CLONES
#endif

/* What a query compares: one entry for each slot that it knows. */
typedef struct {
    int32_t slot;
    int32_t code;
    int32_t weight;
    const uint16_t *table; /* distance from `code` to each token, or NULL: the weight where codes differ */
} sparseq_asked;

enum {
    SPARSEQ_BLOCK = 8192, /* distances of one block stay in the first cache while all slots pass over them */
    SPARSEQ_STRIP = 64    /* rows that are skipped together where none is near enough */
};

#define SPARSEQ_SCAN(NAME, KEY, DIST)                                                                                  \
    SPARSEQ_INLINE void add_inline_##NAME(DIST *SPARSEQ_RESTRICT dist, const KEY *SPARSEQ_RESTRICT keys,               \
                                          const sparseq_asked *asked, int size, ptrdiff_t n) {                         \
        const uint16_t *SPARSEQ_RESTRICT row = asked->table;                                                           \
        const KEY code = (KEY)asked->code;                                                                             \
        const DIST weight = (DIST)asked->weight;                                                                       \
        if (row != NULL)                                                                                               \
            for (ptrdiff_t i = 0; i < n; i++)                                                                          \
                dist[i] = (DIST)(dist[i] + (keys[i] < size ? (DIST)row[keys[i]] : weight));                            \
        else                                                                                                           \
            for (ptrdiff_t i = 0; i < n; i++)                                                                          \
                dist[i] = (DIST)(dist[i] + (keys[i] != code ? weight : (DIST)0));                                      \
    }                                                                                                                  \
    /* One slot over n rows. */                                                                                        \
    SPARSEQ_CLONES static void add_slot_##NAME(DIST *dist, const KEY *keys, const sparseq_asked *asked, int size,      \
                                               ptrdiff_t n) {                                                          \
        add_inline_##NAME(dist, keys, asked, size, n);                                                                 \
    }                                                                                                                  \
    /* All slots over n rows that lie slot by slot, `stride` keys apart. */                                            \
    SPARSEQ_CLONES static void measure_##NAME(DIST *dist, const KEY *keys, ptrdiff_t stride,                           \
                                              const sparseq_asked *asked, int n_asked, int size, ptrdiff_t n) {        \
        for (ptrdiff_t first = 0; first < n; first += SPARSEQ_BLOCK) {                                                 \
            ptrdiff_t here = n - first < SPARSEQ_BLOCK ? n - first : SPARSEQ_BLOCK;                                    \
            memset(dist + first, 0, (size_t)here * sizeof(DIST));                                                      \
            for (int k = 0; k < n_asked; k++)                                                                          \
                add_inline_##NAME(dist + first, keys + asked[k].slot * stride + first, asked + k, size, here);         \
        }                                                                                                              \
    }

SPARSEQ_SCAN(8_8, uint8_t, uint8_t)
SPARSEQ_SCAN(8_16, uint8_t, uint16_t)
SPARSEQ_SCAN(16_8, uint16_t, uint8_t)
SPARSEQ_SCAN(16_16, uint16_t, uint16_t)

#define SPARSEQ_SOFTMAX(NAME, DIST)                                                                                    \
    SPARSEQ_INLINE DIST least_inline_##NAME(const DIST *SPARSEQ_RESTRICT dist, ptrdiff_t n, DIST least) {              \
        for (ptrdiff_t i = 0; i < n; i++)                                                                              \
            least = dist[i] < least ? dist[i] : least;                                                                 \
        return least;                                                                                                  \
    }                                                                                                                  \
    SPARSEQ_CLONES static int least_##NAME(const DIST *dist, ptrdiff_t n, int least) {                                 \
        return least_inline_##NAME(dist, n, (DIST)least);                                                              \
    }                                                                                                                  \
    SPARSEQ_INLINE uint64_t sum_inline_##NAME(const DIST *SPARSEQ_RESTRICT dist,                                       \
                                              const uint32_t *SPARSEQ_RESTRICT counts,                                 \
                                              const uint64_t *SPARSEQ_RESTRICT table, int least, ptrdiff_t n) {        \
        uint64_t sum = 0;                                                                                              \
        for (ptrdiff_t i = 0; i < n; i++)                                                                              \
            sum += (uint64_t)counts[i] * table[(int)dist[i] - least];                                                  \
        return sum;                                                                                                    \
    }                                                                                                                  \
    /* Mass of each value's rows; `table` begins at the nearest row's distance and is zero beyond `reach`. */          \
    SPARSEQ_CLONES static void attend_##NAME(const DIST *dist, const uint32_t *counts, const int64_t *start,           \
                                             int n_values, const uint64_t *table, int least, int reach, int largest,   \
                                             uint64_t *mass) {                                                         \
        for (int value = 0; value < n_values; value++) {                                                               \
            ptrdiff_t first = start[value], last = start[value + 1];                                                   \
            uint64_t sum = 0;                                                                                          \
            if (largest - least <= reach) {                                                                            \
                sum = sum_inline_##NAME(dist + first, counts + first, table, least, last - first);                     \
            } else {                                                                                                   \
                for (; first < last; first += SPARSEQ_STRIP) {                                                         \
                    ptrdiff_t n = last - first < SPARSEQ_STRIP ? last - first : SPARSEQ_STRIP;                         \
                    if (least_inline_##NAME(dist + first, n, (DIST)largest) - least <= reach)                          \
                        sum += sum_inline_##NAME(dist + first, counts + first, from_least, n);                         \
                }                                                                                                      \
            }                                                                                                          \
            mass[value] = sum;                                                                                         \
        }                                                                                                              \
    }

SPARSEQ_SOFTMAX(8, uint8_t)
SPARSEQ_SOFTMAX(16, uint16_t)

#endif

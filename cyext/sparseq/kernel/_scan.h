/* The hot loops: plain C over restrict pointers, because a byte pointer that may alias everything keeps the compiler
 * from vectorising (20 times slower). All arithmetic is on integers, so every clone gives the same bits. */
#ifndef SPARSEQ_SCAN_H
#define SPARSEQ_SCAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "_asked.h"
#include "_clones.h"

enum {
    SPARSEQ_BLOCK = 8192, /* distances of one block stay in the first cache while all slots pass over them */
    SPARSEQ_FEW = 64,     /* values that a line of sums has room for */
    SPARSEQ_STRIP = 64    /* rows that are skipped together where none is near enough */
};

#define SPARSEQ_SCAN(NAME, KEY, DIST)                                                                                  \
    SPARSEQ_INLINE void add_table_##NAME(DIST *SPARSEQ_RESTRICT dist, const KEY *SPARSEQ_RESTRICT keys,                \
                                         const uint16_t *SPARSEQ_RESTRICT row, DIST weight, int size, ptrdiff_t n) {   \
        DIST near[256]; /* the table of all one-byte codes, so that none needs a question whether it is in it */       \
        if (sizeof(KEY) == 1 && n > 256) {                                                                             \
            for (int code = 0; code < 256; code++)                                                                     \
                near[code] = code < size ? (DIST)row[code] : weight;                                                   \
            for (ptrdiff_t i = 0; i < n; i++)                                                                          \
                dist[i] = (DIST)(dist[i] + near[keys[i]]);                                                             \
        } else {                                                                                                       \
            for (ptrdiff_t i = 0; i < n; i++)                                                                          \
                dist[i] = (DIST)(dist[i] + (keys[i] < size ? (DIST)row[keys[i]] : weight));                            \
        }                                                                                                              \
    }                                                                                                                  \
    SPARSEQ_INLINE void add_inline_##NAME(DIST *SPARSEQ_RESTRICT dist, const KEY *SPARSEQ_RESTRICT keys,               \
                                          const sparseq_asked *asked, int size, ptrdiff_t n) {                         \
        const KEY code = (KEY)asked->code;                                                                             \
        const DIST weight = (DIST)asked->weight;                                                                       \
        if (asked->table != NULL)                                                                                      \
            add_table_##NAME(dist, keys, asked->table, weight, size, n);                                               \
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
    /* Mass of one strip of rows, added to the values that they hold; `value` is the first row's or one before it. */  \
    SPARSEQ_INLINE int strip_inline_##NAME(const DIST *SPARSEQ_RESTRICT dist, const uint32_t *SPARSEQ_RESTRICT counts, \
                                           const uint64_t *SPARSEQ_RESTRICT table, int least, const int64_t *start,    \
                                           ptrdiff_t first, ptrdiff_t last, int value,                                 \
                                           uint64_t *SPARSEQ_RESTRICT mass) {                                          \
        while (first < last) {                                                                                         \
            while (start[value + 1] <= first)                                                                          \
                value++;                                                                                               \
            ptrdiff_t end = start[value + 1] < last ? start[value + 1] : last;                                         \
            uint64_t sum = 0;                                                                                          \
            for (; first < end; first++) {                                                                             \
                SPARSEQ_ONE_BY_ONE                                                                                     \
                sum += (uint64_t)counts[first] * table[(int)dist[first] - least];                                      \
            }                                                                                                          \
            mass[value] += sum;                                                                                        \
        }                                                                                                              \
        return value;                                                                                                  \
    }                                                                                                                  \
    /* Mass of each allowed value's rows, those of value v being start[v] .. start[v + 1]; `allowed` NULL: of every    \
     * value's. The table is zero beyond `reach`. */                                                                   \
    SPARSEQ_CLONES static void attend_##NAME(const DIST *dist, const uint32_t *counts, const int64_t *start,           \
                                             int n_values, const uint8_t *allowed, const uint64_t *table, int least,   \
                                             int reach, uint64_t *mass) {                                              \
        memset(mass, 0, (size_t)n_values * sizeof(uint64_t));                                                          \
        for (int value = 0; allowed != NULL && value < n_values; value++)                                              \
            if (allowed[value])                                                                                        \
                strip_inline_##NAME(dist, counts, table, least, start, start[value], start[value + 1], value, mass);   \
        if (allowed != NULL)                                                                                           \
            return;                                                                                                    \
        int value = 0;                                                                                                 \
        for (ptrdiff_t first = 0; first < start[n_values]; first += SPARSEQ_STRIP) {                                   \
            ptrdiff_t last = first + SPARSEQ_STRIP < start[n_values] ? first + SPARSEQ_STRIP : start[n_values];        \
            if (least_inline_##NAME(dist + first, SPARSEQ_STRIP, (DIST)-1) - least <= reach)                           \
                value = strip_inline_##NAME(dist, counts, table, least, start, first, last, value, mass);              \
        }                                                                                                              \
    }                                                                                                                  \
    /* Mass of own rows, each with a value of its own. Sums in turn into four lines: one row's need not wait for that  \
     * of the row before it, which often has the same value. */                                                        \
    static void attend_own_##NAME(const DIST *SPARSEQ_RESTRICT dist, const int32_t *SPARSEQ_RESTRICT values,           \
                                  ptrdiff_t n, uint64_t weight, const uint64_t *SPARSEQ_RESTRICT table, int least,     \
                                  uint64_t *SPARSEQ_RESTRICT mass, int n_values) {                                     \
        uint64_t lines[4][SPARSEQ_FEW];                                                                                \
        ptrdiff_t i = 0;                                                                                               \
        if (n_values <= SPARSEQ_FEW && n >= SPARSEQ_STRIP) {                                                           \
            for (int line = 0; line < 4; line++)                                                                       \
                memset(lines[line], 0, (size_t)n_values * sizeof(uint64_t));                                           \
            for (; i + 4 <= n; i += 4)                                                                                 \
                for (int line = 0; line < 4; line++)                                                                   \
                    lines[line][values[i + line]] += table[(int)dist[i + line] - least];                               \
            for (int value = 0; value < n_values; value++)                                                             \
                mass[value] += weight * (lines[0][value] + lines[1][value] + lines[2][value] + lines[3][value]);       \
        }                                                                                                              \
        for (; i < n; i++)                                                                                             \
            mass[values[i]] += weight * table[(int)dist[i] - least];                                                   \
    }

SPARSEQ_SOFTMAX(8, uint8_t)
SPARSEQ_SOFTMAX(16, uint16_t)

#endif

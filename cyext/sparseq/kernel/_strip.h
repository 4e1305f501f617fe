/* One strip of the tree against a query: up to 64 rows, or strips below, side by side; see _scan.h for the form.
 *
 * A strip is a record of 64-bit words for each slot in which its entries do not all agree, records of one size so that
 * the processor can read ahead, and behind them the codes and maps that do not fit:
 *   1 word    the slot, a first code, how many other codes (n), and where n is 1 that code; 16 bits each, lowest first
 *   1 word    which entries are known to have any one code; not in leaves, where all are
 *   1 word    where n is 1, which entries have the other code; else how many words from the strip's beginning lie
 *             the other codes, four a word, and then for each which entries have it
 * Entries that are known and have none of the other codes have the first.
 */
#ifndef SPARSEQ_STRIP_H
#define SPARSEQ_STRIP_H

#include <stddef.h>
#include <string.h>

#include "_asked.h"
#include "_bits.h"
#include "_clones.h"

#if defined(__GNUC__) && defined(__x86_64__)
#include <immintrin.h>
#define SPARSEQ_AVX512 1
#else
#define SPARSEQ_AVX512 0
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "lanes of a word are read as an array: written for little-endian processors"
#endif

enum { SPARSEQ_ENTRIES = 64 };

/* What a strip is measured for: entries within `limit`, all being at least `bound` away. */
typedef struct {
    int leaf;
    int bound;
    int limit;
    int n_entries;
} sparseq_near;

typedef struct {
    int slot;
    int first_code;
    int n_codes;
    uint64_t known;
    const uint64_t *codes; /* the others, four a word */
    const uint64_t *maps;
} sparseq_column;

SPARSEQ_INLINE void prefetch_line(const void *address) {
#if defined(__GNUC__)
    __builtin_prefetch(address);
#endif
}

SPARSEQ_INLINE sparseq_column column_at(const uint64_t *words, int k, int leaf) {
    const uint64_t *record = words + (ptrdiff_t)k * (leaf ? 2 : 3);
    const uint64_t *last = record + (leaf ? 1 : 2);
    sparseq_column column;
    column.slot = (int)(record[0] & 0xFFFF);
    column.first_code = (int)(record[0] >> 16 & 0xFFFF);
    column.n_codes = (int)(record[0] >> 32 & 0xFFFF);
    column.known = leaf ? ~(uint64_t)0 : record[1];
    column.codes = words + (column.n_codes == 1 ? 0 : *last);
    column.maps = column.n_codes == 1 ? last : column.codes + (column.n_codes + 3) / 4;
    if (column.n_codes == 1)
        column.codes = record;
    return column;
}

SPARSEQ_INLINE int code_of_map(const sparseq_column *column, int i) {
    if (column->n_codes == 1)
        return (int)(column->codes[0] >> 48);
    return (int)(column->codes[i / 4] >> 16 * (i % 4) & 0xFFFF);
}

/* All bits where two codes are equal, else none: a branch would be guessed wrong half of the time. */
SPARSEQ_INLINE uint64_t where_equal(int a, int b) {
    return 0 - (uint64_t)(a == b);
}

/* Entries known to have another code than `code`. */
SPARSEQ_INLINE uint64_t unlike(const sparseq_column *column, int code) {
    uint64_t alike = 0, others = 0;
    for (int i = 0; i < column->n_codes; i++) {
        alike |= column->maps[i] & where_equal(code_of_map(column, i), code);
        others |= column->maps[i];
    }
    return column->known & ~(alike | (~others & where_equal(column->first_code, code)));
}

/* A strip's entries as a mask. */
SPARSEQ_INLINE uint64_t entries_of(const sparseq_near *near) {
    return ~(uint64_t)0 >> (SPARSEQ_ENTRIES - near->n_entries);
}

/* Bytes of 0 and 1 as a mask: the product gathers those of eight bytes in the highest one. */
SPARSEQ_INLINE uint64_t mask_of(const uint8_t *flags) {
    uint64_t mask = 0, eight;
    for (int i = 0; i < 8; i++) {
        memcpy(&eight, flags + 8 * i, sizeof(eight));
        mask |= eight * UINT64_C(0x0102040810204080) >> 56 << 8 * i;
    }
    return mask;
}

/* Distances of 64 entries are lanes of BITS bits in words; a mask's bit is spread over its lane by
 *   EACH  a one in each lane,  BIT  the bit of the mask that a lane stands for. No lane overflows into the next. */
#define SPARSEQ_STRIP_SCAN(BITS, EACH, BIT)                                                                            \
    SPARSEQ_INLINE void add_where_##BITS(uint64_t *SPARSEQ_RESTRICT sum, uint64_t mask, int distance) {                \
        const uint64_t all = EACH * (uint64_t)distance;                                                                \
        SPARSEQ_ROLLED                                                                                                 \
        for (int i = 0; i < BITS; i++) {                                                                               \
            uint64_t bits = mask >> (64 / BITS) * i & ((1 << 64 / BITS) - 1);                                          \
            bits |= bits << BITS;                                                                                      \
            bits |= bits << 2 * BITS;                                                                                  \
            bits |= BITS == 8 ? bits << 4 * BITS % 64 : 0;                                                             \
            uint64_t ones = ((bits & BIT) + EACH * ((1 << (BITS - 1)) - 1)) >> (BITS - 1) & EACH;                      \
            sum[i] += all & ((ones << BITS) - ones);                                                                   \
        }                                                                                                              \
    }                                                                                                                  \
    SPARSEQ_INLINE void add_table_##BITS(uint64_t *sum, const sparseq_column *column, const sparseq_asked *asked,      \
                                         int size) {                                                                   \
        uint64_t others = 0;                                                                                           \
        int code = column->first_code;                                                                                 \
        for (int i = 0; i < column->n_codes; i++) {                                                                    \
            int other = code_of_map(column, i);                                                                        \
            add_where_##BITS(sum, column->maps[i], other < size ? asked->table[other] : asked->weight);                \
            others |= column->maps[i];                                                                                 \
        }                                                                                                              \
        add_where_##BITS(sum, column->known & ~others, code < size ? asked->table[code] : asked->weight);              \
    }                                                                                                                  \
    /* Least distances of the entries: the bound, for slots in which all agree, and the columns of the others. `asked` \
     * has an entry for each slot, of weight 0 where the query does not know it. Returns those near. */                \
    SPARSEQ_CLONES static uint64_t measure_strip_any_##BITS(void *dist, const uint64_t *words, int n_columns,          \
                                                            const sparseq_asked *asked, int size,                      \
                                                            const sparseq_near *near) {                                \
        uint64_t sum[BITS];                                                                                            \
        uint##BITS##_t lane[SPARSEQ_ENTRIES];                                                                          \
        uint8_t within[SPARSEQ_ENTRIES];                                                                               \
        for (int i = 0; i < BITS; i++)                                                                                 \
            sum[i] = EACH * (uint64_t)near->bound;                                                                     \
        for (int k = 0; k < n_columns; k++) {                                                                          \
            sparseq_column column = column_at(words, k, near->leaf);                                                   \
            const sparseq_asked *here = asked + column.slot;                                                           \
            if (here->weight == 0)                                                                                     \
                continue;                                                                                              \
            if (here->table == NULL)                                                                                   \
                add_where_##BITS(sum, unlike(&column, here->code), here->weight);                                      \
            else                                                                                                       \
                add_table_##BITS(sum, &column, here, size);                                                            \
        }                                                                                                              \
        memcpy(lane, sum, sizeof(sum));                                                                                \
        for (int i = 0; i < SPARSEQ_ENTRIES; i++)                                                                      \
            within[i] = lane[i] <= near->limit;                                                                        \
        memcpy(dist, lane, sizeof(lane));                                                                              \
        return mask_of(within) & entries_of(near);                                                                     \
    }

SPARSEQ_STRIP_SCAN(8, UINT64_C(0x0101010101010101), UINT64_C(0x8040201008040201))
SPARSEQ_STRIP_SCAN(16, UINT64_C(0x0001000100010001), UINT64_C(0x0008000400020001))

#if SPARSEQ_AVX512
#define SPARSEQ_STRIP_CODE __attribute__((target("avx512bw")))

SPARSEQ_STRIP_CODE static inline __m512i add_where_avx512(__m512i sum, uint64_t mask, int distance) {
    return _mm512_mask_add_epi8(sum, mask, sum, _mm512_set1_epi8((char)distance));
}

SPARSEQ_STRIP_CODE static inline __m512i add_table_avx512(__m512i sum, const sparseq_column *column,
                                                          const sparseq_asked *asked, int size) {
    uint64_t rest = column->known;
    int code = column->first_code;
    for (int i = 0; i < column->n_codes; i++) {
        int other = code_of_map(column, i);
        sum = add_where_avx512(sum, column->maps[i], other < size ? asked->table[other] : asked->weight);
        rest &= ~column->maps[i];
    }
    return add_where_avx512(sum, rest, code < size ? asked->table[code] : asked->weight);
}

/* The same where a mask is an operand: a third of the time. Names only what measure_strip_any_8 says at length. */
SPARSEQ_STRIP_CODE static uint64_t measure_strip_avx512(void *dist, const uint64_t *words, int n_columns,
                                                        const sparseq_asked *asked, int size,
                                                        const sparseq_near *near) {
    __m512i sum = _mm512_set1_epi8((char)near->bound);
    for (int k = 0; k < n_columns; k++) {
        sparseq_column column = column_at(words, k, near->leaf);
        const sparseq_asked *here = asked + column.slot;
        if (here->table == NULL || here->weight == 0)
            sum = add_where_avx512(sum, unlike(&column, here->code), here->weight);
        else
            sum = add_table_avx512(sum, &column, here, size);
    }
    _mm512_storeu_si512(dist, sum);
    return _mm512_cmple_epu8_mask(sum, _mm512_set1_epi8((char)near->limit)) & entries_of(near);
}
#endif

/* Distances of one byte; `size`: the tokens of the similarity tables. */
static uint64_t measure_strip_8(void *dist, const uint64_t *words, int n_columns, const sparseq_asked *asked, int size,
                                const sparseq_near *near) {
#if SPARSEQ_AVX512
    if (__builtin_cpu_supports("avx512bw"))
        return measure_strip_avx512(dist, words, n_columns, asked, size, near);
#endif
    return measure_strip_any_8(dist, words, n_columns, asked, size, near);
}

/* Distances of two bytes. */
static uint64_t measure_strip_16(void *dist, const uint64_t *words, int n_columns, const sparseq_asked *asked, int size,
                                 const sparseq_near *near) {
    return measure_strip_any_16(dist, words, n_columns, asked, size, near);
}

#endif

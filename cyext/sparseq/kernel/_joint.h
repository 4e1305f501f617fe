/* Distances from keys of which a byte holds several slots, see _joint.pyx; for the processors of _wide.h. */
#ifndef SPARSEQ_JOINT_H
#define SPARSEQ_JOINT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "_clones.h"

enum {
    BYTE_CODES = 256, /* codes of a byte */
    BLOCK_ROWS = 256  /* rows whose bytes lie together, line by line */
};

#if defined(__GNUC__) && defined(__x86_64__)
#include <immintrin.h>
#define SPARSEQ_JOINT_CODE __attribute__((target("avx512f,avx512bw,avx512vbmi")))

/* Add what a line's bytes look up in the table of its distances: of 64 codes a part, `n_codes` of them in use. */
SPARSEQ_JOINT_CODE static inline __m512i add_joint(__m512i sum, const uint8_t *bytes, const __m512i *part, int n_codes) {
    const __m512i code = _mm512_loadu_si512(bytes);
    __m512i found = _mm512_permutex2var_epi8(part[0], code, part[1]);
    if (n_codes > 128)
        found = _mm512_mask_blend_epi8(_mm512_movepi8_mask(code), found,
                                       _mm512_permutex2var_epi8(part[2], code, part[3]));
    return _mm512_add_epi8(sum, found);
}

/* Distances of n rows, whole strips, from the tables of all lines. */
SPARSEQ_JOINT_CODE static void measure_joint(uint8_t *SPARSEQ_RESTRICT dist, const uint8_t *SPARSEQ_RESTRICT block,
                                             const uint8_t *SPARSEQ_RESTRICT tables, const int32_t *n_codes, int n_lines,
                                             ptrdiff_t n) {
    for (ptrdiff_t first = 0; first < n; first += BLOCK_ROWS) {
        __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
        for (int line = 0; line < n_lines; line++, block += BLOCK_ROWS) {
            const uint8_t *table = tables + (ptrdiff_t)line * BYTE_CODES;
            const __m512i part[4] = {_mm512_loadu_si512(table), _mm512_loadu_si512(table + 64),
                                     _mm512_loadu_si512(table + 128), _mm512_loadu_si512(table + 192)};
            a = add_joint(a, block, part, n_codes[line]);
            b = add_joint(b, block + 64, part, n_codes[line]);
            c = add_joint(c, block + 128, part, n_codes[line]);
            d = add_joint(d, block + 192, part, n_codes[line]);
        }
        _mm512_storeu_si512(dist + first, a);
        if (first + 64 < n)
            _mm512_storeu_si512(dist + first + 64, b);
        if (first + 128 < n)
            _mm512_storeu_si512(dist + first + 128, c);
        if (first + 192 < n)
            _mm512_storeu_si512(dist + first + 192, d);
    }
}
#else
static void measure_joint(uint8_t *dist, const uint8_t *block, const uint8_t *tables, const int32_t *n_codes,
                          int n_lines, ptrdiff_t n) {
}
#endif

/* Repeat a table of n bytes for each code of one more slot, as much farther as that is; the first code's stays in place. */
SPARSEQ_CLONES static void spread_table(uint8_t *table, int n, const uint8_t *farther, int n_codes) {
    for (int digit = n_codes - 1; digit >= 0; digit--) {
        const uint8_t more = farther[digit];
        uint8_t *to = table + digit * n;
        int i = 0;
        for (; i + 16 <= n; i += 16) {
            uint8_t part[16];
            memcpy(part, table + i, sizeof(part));
            for (int k = 0; k < 16; k++)
                part[k] = (uint8_t)(part[k] + more);
            memcpy(to + i, part, sizeof(part));
        }
        for (; i < n; i++)
            to[i] = (uint8_t)(table[i] + more);
    }
}

/* Add what a slot's codes stand for to the bytes of one line of `n_lines`, for n rows. */
static void add_digit(uint8_t *SPARSEQ_RESTRICT line, const uint8_t *SPARSEQ_RESTRICT keys, ptrdiff_t n, int n_lines,
                      const uint8_t *SPARSEQ_RESTRICT digit) {
    for (ptrdiff_t first = 0; first < n; first += BLOCK_ROWS, line += (ptrdiff_t)n_lines * BLOCK_ROWS)
        for (ptrdiff_t i = 0; i < BLOCK_ROWS && first + i < n; i++)
            line[i] = (uint8_t)(line[i] + digit[keys[first + i]]);
}

/* Mark the codes that n keys have. */
static void find_codes(const uint8_t *SPARSEQ_RESTRICT keys, ptrdiff_t n, uint8_t *SPARSEQ_RESTRICT present) {
    for (ptrdiff_t i = 0; i < n; i++)
        present[keys[i]] = 1;
}

#endif

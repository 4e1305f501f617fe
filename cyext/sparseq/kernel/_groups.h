/* The masses of few rows of many values: a strip at once, whatever values meet in it; see _wide.h.
 *
 * Rows of one value lie side by side. They are looked up in groups of four, a value's last group being filled up with
 * nothing: the processor adds up four bytes at a time, and what comes before a group is subtracted from what comes
 * before the group of the next value. */
#ifndef SPARSEQ_GROUPS_H
#define SPARSEQ_GROUPS_H

#include "_group_layout.h"
#include "_wide.h"

#if defined(__GNUC__) && defined(__x86_64__)

/* Add up the masses of the groups of a strip, eight and eight; `bytes` are the planes of the masses of its rows. */
SPARSEQ_WIDE_CODE static inline void add_groups(__m512i *first, __m512i *second, const __m512i *bytes,
                                                const uint8_t *counts, int shift) {
    const __m512i count = _mm512_loadu_si512(counts), zero = _mm512_setzero_si512();
    const __m512i a = _mm512_dpbusd_epi32(zero, bytes[0], count), b = _mm512_dpbusd_epi32(zero, bytes[1], count);
    const __m512i c = _mm512_dpbusd_epi32(zero, bytes[2], count), d = _mm512_dpbusd_epi32(zero, bytes[3], count);
    const __m512i e = _mm512_dpbusd_epi32(zero, bytes[4], count);
    /* A sum of four is below 2**17. */
    const __m512i ab = _mm512_add_epi32(a, _mm512_slli_epi32(b, 8)), cd = _mm512_add_epi32(c, _mm512_slli_epi32(d, 8));
    for (int half = 0; half < 2; half++) {
        const __m512i low = _mm512_cvtepu32_epi64(half ? _mm512_extracti64x4_epi64(ab, 1) : _mm512_castsi512_si256(ab));
        const __m512i mid = _mm512_cvtepu32_epi64(half ? _mm512_extracti64x4_epi64(cd, 1) : _mm512_castsi512_si256(cd));
        const __m512i high = _mm512_cvtepu32_epi64(half ? _mm512_extracti64x4_epi64(e, 1) : _mm512_castsi512_si256(e));
        __m512i sum = _mm512_add_epi64(low, _mm512_slli_epi64(mid, 16));
        sum = _mm512_slli_epi64(_mm512_add_epi64(sum, _mm512_slli_epi64(high, 32)), shift);
        if (half)
            *second = _mm512_add_epi64(*second, sum);
        else
            *first = _mm512_add_epi64(*first, sum);
    }
}

/* Each of eight numbers and all before it, and `before`. */
SPARSEQ_WIDE_CODE static inline __m512i sum_upto(__m512i each, __m512i before) {
    const __m512i zero = _mm512_setzero_si512();
    each = _mm512_add_epi64(each, _mm512_alignr_epi64(each, zero, 7));
    each = _mm512_add_epi64(each, _mm512_alignr_epi64(each, zero, 6));
    each = _mm512_add_epi64(each, _mm512_alignr_epi64(each, zero, 4));
    return _mm512_add_epi64(each, before);
}

#define SPARSEQ_SUM_GROUPS(NAME, DIST)                                                                                 \
    /* Fill in what comes before each group, and each value's mass. Distances go on for a strip behind the last. */    \
    SPARSEQ_WIDE_CODE static void sum_groups_##NAME(const DIST *dist, const sparseq_groups *groups,                    \
                                                    const uint8_t *planes, int least, int reach, int n_values,         \
                                                    uint64_t *mass) {                                                  \
        const __m512i farthest = _mm512_set1_epi8((char)(reach < 255 ? reach : 255)), last = _mm512_set1_epi64(7);     \
        __m512i before = _mm512_setzero_si512();                                                                       \
        for (int s = 0; s < groups->n_strips; s++) {                                                                   \
            uint64_t *upto = groups->upto + (ptrdiff_t)SPARSEQ_GROUPS * s + 1;                                         \
            const __m512i beyond =                                                                                     \
                _mm512_maskz_expand_epi8(groups->places[s], beyond_##NAME(dist + groups->from[s], least));             \
            __m512i first = _mm512_setzero_si512(), second = first, bytes[SPARSEQ_PLANES];                             \
            if (_mm512_mask_cmple_epu8_mask(groups->places[s], beyond, farthest)) {                                    \
                for (int p = 0; p < SPARSEQ_PLANES; p++)                                                               \
                    bytes[p] = bytes_of(planes, p, beyond);                                                            \
                add_groups(&first, &second, bytes, groups->low + 64 * (ptrdiff_t)s, 0);                                \
                if (groups->high != NULL)                                                                              \
                    add_groups(&first, &second, bytes, groups->high + 64 * (ptrdiff_t)s, 7);                           \
            }                                                                                                          \
            first = sum_upto(first, before);                                                                           \
            second = sum_upto(second, _mm512_permutexvar_epi64(last, first));                                          \
            before = _mm512_permutexvar_epi64(last, second);                                                           \
            _mm512_storeu_si512(upto, first);                                                                          \
            _mm512_storeu_si512(upto + 8, second);                                                                     \
        }                                                                                                              \
        for (int v = 0; v < n_values; v++)                                                                             \
            mass[v] = groups->upto[groups->start[v + 1]] - groups->upto[groups->start[v]];                             \
    }

SPARSEQ_SUM_GROUPS(8, uint8_t)
SPARSEQ_SUM_GROUPS(16, uint16_t)

#else

static void sum_groups_8(const uint8_t *dist, const sparseq_groups *groups, const uint8_t *planes, int least, int reach,
                         int n_values, uint64_t *mass) {
}

static void sum_groups_16(const uint16_t *dist, const sparseq_groups *groups, const uint8_t *planes, int least,
                          int reach, int n_values, uint64_t *mass) {
}

#endif

/* How many of upto[first + 1] .. upto[last] lie no farther above upto[first] than the target. */
SPARSEQ_CLONES static ptrdiff_t count_within(const uint64_t *SPARSEQ_RESTRICT upto, ptrdiff_t first, ptrdiff_t last,
                                             uint64_t target) {
    const uint64_t most = upto[first] + target;
    ptrdiff_t n = 0;
    for (ptrdiff_t i = first + 1; i <= last; i++)
        n += upto[i] <= most;
    return n;
}

#endif

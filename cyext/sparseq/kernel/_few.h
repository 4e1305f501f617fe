/* The hot loops over few values: a branch that depends on what is found would be guessed wrong, and cost more. */
#ifndef SPARSEQ_FEW_H
#define SPARSEQ_FEW_H

#include <stddef.h>
#include <stdint.h>

#include "_clones.h"
#include "_wide.h"

enum { SPARSEQ_FEW_VALUES = 16 }; /* weights that are compared each with each */

/* probability[v] becomes the share of mass[v] * scale + floor[v]; returns what these sum to, and leaves them where that
 * is 0. */
SPARSEQ_CLONES static double share_out(const uint64_t *SPARSEQ_RESTRICT mass, const double *SPARSEQ_RESTRICT floor,
                                       double scale, int n, double *SPARSEQ_RESTRICT probability) {
    double total = 0.0;
    for (int v = 0; v < n; v++)
        probability[v] = (double)(int64_t)mass[v] * scale + floor[v];
    for (int v = 0; v < n; v++)
        total += probability[v];
    if (total > 0.0)
        for (int v = 0; v < n; v++)
            probability[v] = probability[v] / total;
    return total;
}

#if defined(__GNUC__) && defined(__x86_64__)

/* Which of up to 16 weights, one bit each, may be among the k largest when the first is multiplied by `odds`, and those
 * of the values in `recent` are raised to `power`. All that are among them are, and their like; a few others may be.
 * Weights of 0 are not. */
SPARSEQ_WIDE_CODE static unsigned candidates_wide(const double *weight, int n, double odds, unsigned recent,
                                                  double power, int k) {
    const unsigned all = (1u << n) - 1;
    const __m512d given = _mm512_maskz_loadu_pd((__mmask8)all, weight);
    const __m512d a = _mm512_mask_mul_pd(given, 1, given, _mm512_set1_pd(odds));
    const __m512d b = _mm512_maskz_loadu_pd((__mmask8)(all >> 8), weight + 8);
    const __m512d one = _mm512_set1_pd(1.0), less = _mm512_set1_pd(1.0 - 1e-9);
    __m512d low_a = _mm512_mul_pd(a, less), low_b = _mm512_mul_pd(b, less);
    __m512i n_a = _mm512_setzero_si512(), n_b = n_a;
    const __m512i step = _mm512_set1_epi64(1), most = _mm512_set1_epi64(k);
    double low[SPARSEQ_FEW_VALUES];
    unsigned found;
    if (recent) { /* at least its next whole power is left of a weight up to 1; one above 1 may become anything */
        const unsigned above = _mm512_cmp_pd_mask(a, one, _CMP_GT_OQ);
        if (recent & (above | (unsigned)_mm512_cmp_pd_mask(b, one, _CMP_GT_OQ) << 8))
            return all;
        for (double raised = 1.0; raised < power; raised += 1.0) {
            low_a = _mm512_mask_mul_pd(low_a, (__mmask8)recent, low_a, a);
            low_b = _mm512_mask_mul_pd(low_b, (__mmask8)(recent >> 8), low_b, b);
        }
    }
    _mm512_storeu_pd(low, low_a);
    _mm512_storeu_pd(low + 8, low_b);
    for (int u = 0; u < n; u++) {
        const __m512d here = _mm512_set1_pd(low[u]);
        n_a = _mm512_mask_add_epi64(n_a, _mm512_cmp_pd_mask(here, a, _CMP_GT_OQ), n_a, step);
        n_b = _mm512_mask_add_epi64(n_b, _mm512_cmp_pd_mask(here, b, _CMP_GT_OQ), n_b, step);
    }
    found = _mm512_cmplt_epi64_mask(n_a, most) | (unsigned)_mm512_cmplt_epi64_mask(n_b, most) << 8;
    found &= _mm512_cmp_pd_mask(a, _mm512_setzero_pd(), _CMP_GT_OQ) |
             (unsigned)_mm512_cmp_pd_mask(b, _mm512_setzero_pd(), _CMP_GT_OQ) << 8;
    return found & all;
}

/* Put up to 16 weights in falling order, those alike as they stand: falling[r] is which has r before it. */
SPARSEQ_WIDE_CODE static void order_wide(const double *weight, int n, int32_t *falling) {
    const unsigned all = (1u << n) - 1;
    const __m512d a = _mm512_maskz_loadu_pd((__mmask8)all, weight);
    const __m512d b = _mm512_maskz_loadu_pd((__mmask8)(all >> 8), weight + 8);
    const __m512i step = _mm512_set1_epi64(1);
    __m512i n_a = _mm512_setzero_si512(), n_b = n_a;
    int64_t rank[SPARSEQ_FEW_VALUES];
    for (int u = 0; u < n; u++) {
        const __m512d here = _mm512_set1_pd(weight[u]);
        const unsigned later = 0xFFFEu << u;
        const __mmask8 alike = _mm512_mask_cmp_pd_mask((__mmask8)later, here, a, _CMP_EQ_OQ);
        n_a = _mm512_mask_add_epi64(n_a, _mm512_cmp_pd_mask(here, a, _CMP_GT_OQ) | alike, n_a, step);
        if (n > 8) {
            const __mmask8 alike_b = _mm512_mask_cmp_pd_mask((__mmask8)(later >> 8), here, b, _CMP_EQ_OQ);
            n_b = _mm512_mask_add_epi64(n_b, _mm512_cmp_pd_mask(here, b, _CMP_GT_OQ) | alike_b, n_b, step);
        }
    }
    _mm512_storeu_si512(rank, n_a);
    _mm512_storeu_si512(rank + 8, n_b);
    for (int v = 0; v < n; v++)
        falling[rank[v]] = v;
}

/* Bit v of the result is set where byte v is not 0; there are 16. */
static unsigned bits_of(const uint8_t *bytes, int n) {
    const __m128i zero = _mm_setzero_si128(), given = _mm_loadu_si128((const __m128i *)bytes);
    return ~(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(given, zero)) & ((1u << n) - 1);
}

#else

static unsigned candidates_wide(const double *weight, int n, double odds, unsigned recent, double power, int k) {
    return (1u << n) - 1;
}

static void order_wide(const double *weight, int n, int32_t *falling) {
}

static unsigned bits_of(const uint8_t *bytes, int n) {
    unsigned bits = 0;
    for (int v = 0; v < n; v++)
        bits |= (unsigned)(bytes[v] != 0) << v;
    return bits;
}

#endif

static void order_few(const double *weight, int n, int32_t *falling) {
    if (sparseq_wide()) {
        order_wide(weight, n, falling);
        return;
    }
    for (int v = 0; v < n; v++) {
        int at = v;
        for (; at > 0 && weight[falling[at - 1]] < weight[v]; at--)
            falling[at] = falling[at - 1];
        falling[at] = v;
    }
}

/* The same for any processor: elsewhere all of them may be. */
static unsigned candidates(const double *weight, int n, double odds, unsigned recent, double power, int k) {
    return sparseq_wide() ? candidates_wide(weight, n, odds, recent, power, k) : (1u << n) - 1;
}

#endif

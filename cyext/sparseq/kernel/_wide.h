/* The hot loops of _scan.h for processors that look 128 bytes up at once (AVX-512 with VBMI and VNNI). All arithmetic
 * is on integers, so the results are the same to the bit; elsewhere sparseq_wide() says no. */
#ifndef SPARSEQ_WIDE_H
#define SPARSEQ_WIDE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "_asked.h"
#include "_clones.h"

enum {
    SPARSEQ_PLANES = 5,        /* bytes of a mass: 2**36 is the largest */
    SPARSEQ_PLANE = 256,       /* distances that masses are laid out for; those beyond must be 0 */
    SPARSEQ_NEAR = 128,        /* codes that a similarity table is laid out for */
    SPARSEQ_CACHED = 1 << 20,  /* bytes of keys up to which reading all slots' lines at once does not wait for memory */
    SPARSEQ_WIDE_VALUES = 32,  /* values that own rows are summed by */
    SPARSEQ_TABLES = 16,       /* slots with a similarity table that a query may have */
    SPARSEQ_FLUSH = 512 * 64   /* rows whose sums fit the lanes' 32 bits */
};

#if defined(__GNUC__) && defined(__x86_64__)
#include <immintrin.h>
#define SPARSEQ_WIDE_CODE __attribute__((target("avx512f,avx512bw,avx512vbmi,avx512vbmi2,avx512vnni")))

static int sparseq_wide(void) {
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") &&
           __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vnni");
}

/* A slot's distances from a query's code to each code of a row, for those below 128. */
SPARSEQ_WIDE_CODE static void near_of(uint8_t *SPARSEQ_RESTRICT near, const sparseq_asked *asked, int size) {
    const uint16_t *SPARSEQ_RESTRICT table = asked->table;
    memset(near, asked->weight, SPARSEQ_NEAR);
    for (int code = 0; code < size; code++)
        near[code] = (uint8_t)table[code];
}

/* Add one slot's distances for 64 rows. `near` NULL: equal or not. */
SPARSEQ_WIDE_CODE static inline __m512i add_64(__m512i sum, const uint8_t *keys, const sparseq_asked *asked,
                                               const uint8_t *near) {
    const __m512i key = _mm512_loadu_si512(keys), weight = _mm512_set1_epi8((char)asked->weight);
    if (near == NULL)
        return _mm512_mask_add_epi8(sum, _mm512_cmpneq_epi8_mask(key, _mm512_set1_epi8((char)asked->code)), sum,
                                    weight);
    __m512i found = _mm512_permutex2var_epi8(_mm512_loadu_si512(near), key, _mm512_loadu_si512(near + 64));
    return _mm512_add_epi8(sum, _mm512_mask_blend_epi8(_mm512_movepi8_mask(key), found, weight));
}

/* As measure_8_8, the sums of 256 rows staying in registers; returns 0 where there are more tables than it has room for,
 * or more rows than pay. */
SPARSEQ_WIDE_CODE static int measure_wide(uint8_t *dist, const uint8_t *keys, ptrdiff_t stride,
                                          const sparseq_asked *asked, int n_asked, int size, ptrdiff_t n) {
    uint8_t tables[SPARSEQ_TABLES][SPARSEQ_NEAR];
    const uint8_t *near[256];
    int n_tables = 0;
    if (size > SPARSEQ_NEAR || n_asked > 256 || n_asked * n > SPARSEQ_CACHED)
        return 0;
    for (int k = 0; k < n_asked; k++) {
        near[k] = NULL;
        if (asked[k].table == NULL)
            continue;
        if (n_tables == SPARSEQ_TABLES)
            return 0;
        near_of(tables[n_tables], asked + k, size);
        near[k] = tables[n_tables++];
    }
    ptrdiff_t first = 0;
    for (; first + 256 <= n; first += 256) {
        __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
        for (int k = 0; k < n_asked; k++) {
            const uint8_t *line = keys + asked[k].slot * stride + first;
            a = add_64(a, line, asked + k, near[k]);
            b = add_64(b, line + 64, asked + k, near[k]);
            c = add_64(c, line + 128, asked + k, near[k]);
            d = add_64(d, line + 192, asked + k, near[k]);
        }
        _mm512_storeu_si512(dist + first, a);
        _mm512_storeu_si512(dist + first + 64, b);
        _mm512_storeu_si512(dist + first + 128, c);
        _mm512_storeu_si512(dist + first + 192, d);
    }
    for (; first < n; first += 64) {
        __m512i a = _mm512_setzero_si512();
        for (int k = 0; k < n_asked; k++)
            a = add_64(a, keys + asked[k].slot * stride + first, asked + k, near[k]);
        _mm512_storeu_si512(dist + first, a);
    }
    return 1;
}

/* How far 64 rows are beyond the least, 255 at most. */
SPARSEQ_WIDE_CODE static inline __m512i beyond_8(const uint8_t *dist, int least) {
    return _mm512_subs_epu8(_mm512_loadu_si512(dist), _mm512_set1_epi8((char)least));
}

SPARSEQ_WIDE_CODE static inline __m512i beyond_16(const uint16_t *dist, int least) {
    const __m512i from = _mm512_set1_epi16((short)least);
    __m512i low = _mm512_subs_epu16(_mm512_loadu_si512(dist), from);
    __m512i high = _mm512_subs_epu16(_mm512_loadu_si512(dist + 32), from);
    __m256i low_bytes = _mm512_cvtusepi16_epi8(low), high_bytes = _mm512_cvtusepi16_epi8(high);
    return _mm512_inserti64x4(_mm512_castsi256_si512(low_bytes), high_bytes, 1);
}

/* The values of up to 64 own rows, a byte each. */
SPARSEQ_WIDE_CODE static inline __m512i bytes_of_values(const int32_t *values, __mmask64 here) {
    __m128i part[4];
    for (int i = 0; i < 4; i++)
        part[i] = _mm512_cvtepi32_epi8(_mm512_maskz_loadu_epi32((__mmask16)(here >> 16 * i), values + 16 * i));
    __m512i all = _mm512_inserti32x4(_mm512_castsi128_si512(part[0]), part[1], 1);
    return _mm512_inserti32x4(_mm512_inserti32x4(all, part[2], 2), part[3], 3);
}

/* The bytes of the masses of 64 rows, in one plane. A look-up has 128 entries; few rows need the other half. */
SPARSEQ_WIDE_CODE static inline __m512i bytes_of(const uint8_t *planes, int p, __m512i beyond) {
    const uint8_t *plane = planes + SPARSEQ_PLANE * p;
    const __mmask64 far = _mm512_movepi8_mask(beyond);
    __m512i bytes = _mm512_permutex2var_epi8(_mm512_loadu_si512(plane), beyond, _mm512_loadu_si512(plane + 64));
    if (far == 0)
        return bytes;
    return _mm512_mask_blend_epi8(far, bytes, _mm512_permutex2var_epi8(_mm512_loadu_si512(plane + 128), beyond,
                                                                       _mm512_loadu_si512(plane + 192)));
}

SPARSEQ_WIDE_CODE static inline uint64_t lanes_of(__m512i sum, int shift) {
    return (uint64_t)(uint32_t)_mm512_reduce_add_epi32(sum) << shift;
}

/* The mass of rows `first` up to `last`, one digit of their counts: that times the mass at their distance, byte by byte
 * of the mass. */
#define SPARSEQ_WIDE_MASS(NAME, DIST)                                                                                  \
    SPARSEQ_WIDE_CODE static uint64_t digit_mass_##NAME(const DIST *dist, const uint8_t *counts,                       \
                                                        const uint8_t *planes, int least, ptrdiff_t first,             \
                                                        ptrdiff_t last) {                                              \
        uint64_t mass = 0;                                                                                             \
        while (first < last) {                                                                                         \
            __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a, e = a;                                            \
            ptrdiff_t end = last - first > SPARSEQ_FLUSH ? first + SPARSEQ_FLUSH : last;                               \
            while (first < end) {                                                                                      \
                ptrdiff_t strip = first & ~(ptrdiff_t)63;                                                              \
                __mmask64 here = ~(__mmask64)0 << (first - strip);                                                     \
                if (end - strip < 64)                                                                                  \
                    here &= ~(__mmask64)0 >> (64 - (end - strip));                                                     \
                const __m512i beyond = beyond_##NAME(dist + strip, least);                                             \
                const __m512i count = _mm512_maskz_loadu_epi8(here, counts + strip);                                   \
                a = _mm512_dpbusd_epi32(a, bytes_of(planes, 0, beyond), count);                                        \
                b = _mm512_dpbusd_epi32(b, bytes_of(planes, 1, beyond), count);                                        \
                c = _mm512_dpbusd_epi32(c, bytes_of(planes, 2, beyond), count);                                        \
                d = _mm512_dpbusd_epi32(d, bytes_of(planes, 3, beyond), count);                                        \
                e = _mm512_dpbusd_epi32(e, bytes_of(planes, 4, beyond), count);                                        \
                first = strip + 64 < end ? strip + 64 : end;                                                           \
            }                                                                                                          \
            mass += lanes_of(a, 0) + lanes_of(b, 8) + lanes_of(c, 16) + lanes_of(d, 24) + lanes_of(e, 32);             \
        }                                                                                                              \
        return mass;                                                                                                   \
    }                                                                                                                  \
    /* The mass of rows `first` up to `last`; `high` is NULL where no count has a second digit. */                     \
    static uint64_t mass_wide_##NAME(const DIST *dist, const uint8_t *low, const uint8_t *high, const uint8_t *planes, \
                                     int least, ptrdiff_t first, ptrdiff_t last) {                                     \
        uint64_t mass = digit_mass_##NAME(dist, low, planes, least, first, last);                                      \
        return high == NULL ? mass : mass + (digit_mass_##NAME(dist, high, planes, least, first, last) << 7);          \
    }

SPARSEQ_WIDE_MASS(8, uint8_t)
SPARSEQ_WIDE_MASS(16, uint16_t)

/* Add the masses of own rows, each with a value of its own, to their values' sums: all rows of a strip that share one
 * together. */
#define SPARSEQ_WIDE_OWN(NAME, DIST)                                                                                   \
    SPARSEQ_WIDE_CODE static void attend_own_wide_##NAME(const DIST *dist, const int32_t *values, ptrdiff_t n,         \
                                                         uint64_t weight, const uint8_t *planes, int least,            \
                                                         int reach, uint64_t *mass) {                                  \
        const __m512i farthest = _mm512_set1_epi8((char)(reach < 255 ? reach : 255));                                  \
        __m512i sum[SPARSEQ_WIDE_VALUES][SPARSEQ_PLANES];                                                              \
        uint64_t seen = 0;                                                                                             \
        for (ptrdiff_t first = 0; first < n; first += 64) {                                                            \
            __mmask64 left = n - first < 64 ? ~(__mmask64)0 >> (64 - (n - first)) : ~(__mmask64)0;                     \
            const __m512i beyond = beyond_##NAME(dist + first, least);                                                 \
            left &= _mm512_cmple_epu8_mask(beyond, farthest);                                                          \
            if (left == 0)                                                                                             \
                continue;                                                                                              \
            const __m512i held = bytes_of_values(values + first, left);                                                \
            const __m512i a = bytes_of(planes, 0, beyond), b = bytes_of(planes, 1, beyond);                            \
            const __m512i c = bytes_of(planes, 2, beyond), d = bytes_of(planes, 3, beyond);                            \
            const __m512i e = bytes_of(planes, 4, beyond);                                                             \
            while (left) {                                                                                             \
                int value = values[first + __builtin_ctzll(left)];                                                     \
                __mmask64 alike = _mm512_mask_cmpeq_epi8_mask(left, held, _mm512_set1_epi8((char)value));              \
                const __m512i one = _mm512_maskz_set1_epi8(alike, 1);                                                  \
                __m512i *s = sum[value];                                                                               \
                if (!(seen >> value & 1))                                                                              \
                    s[0] = s[1] = s[2] = s[3] = s[4] = _mm512_setzero_si512();                                         \
                seen |= (uint64_t)1 << value;                                                                          \
                s[0] = _mm512_dpbusd_epi32(s[0], a, one);                                                              \
                s[1] = _mm512_dpbusd_epi32(s[1], b, one);                                                              \
                s[2] = _mm512_dpbusd_epi32(s[2], c, one);                                                              \
                s[3] = _mm512_dpbusd_epi32(s[3], d, one);                                                              \
                s[4] = _mm512_dpbusd_epi32(s[4], e, one);                                                              \
                left &= ~alike;                                                                                        \
            }                                                                                                          \
        }                                                                                                              \
        for (; seen; seen &= seen - 1) {                                                                               \
            int value = __builtin_ctzll(seen);                                                                         \
            const __m512i *s = sum[value];                                                                             \
            mass[value] += weight * (lanes_of(s[0], 0) + lanes_of(s[1], 8) + lanes_of(s[2], 16) + lanes_of(s[3], 24) + \
                                     lanes_of(s[4], 32));                                                              \
        }                                                                                                              \
    }

/* The mass of those of 64 own rows that hold a value below 256. */
#define SPARSEQ_WIDE_ALIKE(NAME, DIST)                                                                                 \
    SPARSEQ_WIDE_CODE static uint64_t mass_alike_##NAME(const DIST *dist, const int32_t *values, int value,            \
                                                        const uint8_t *planes, int least) {                            \
        const __m512i beyond = beyond_##NAME(dist, least), zero = _mm512_setzero_si512();                              \
        const __m512i held = bytes_of_values(values, ~(__mmask64)0);                                                   \
        const __m512i one = _mm512_maskz_set1_epi8(_mm512_cmpeq_epi8_mask(held, _mm512_set1_epi8((char)value)), 1);    \
        uint64_t mass = 0;                                                                                             \
        for (int p = 0; p < SPARSEQ_PLANES; p++)                                                                       \
            mass += lanes_of(_mm512_dpbusd_epi32(zero, bytes_of(planes, p, beyond), one), 8 * p);                      \
        return mass;                                                                                                   \
    }

SPARSEQ_WIDE_ALIKE(8, uint8_t)
SPARSEQ_WIDE_ALIKE(16, uint16_t)
SPARSEQ_WIDE_OWN(8, uint8_t)
SPARSEQ_WIDE_OWN(16, uint16_t)

#else

static int sparseq_wide(void) {
    return 0;
}

static int measure_wide(uint8_t *dist, const uint8_t *keys, ptrdiff_t stride, const sparseq_asked *asked, int n_asked,
                        int size, ptrdiff_t n) {
    return 0;
}

static uint64_t mass_wide_8(const uint8_t *dist, const uint8_t *low, const uint8_t *high, const uint8_t *planes,
                            int least, ptrdiff_t first, ptrdiff_t last) {
    return 0;
}

static uint64_t mass_wide_16(const uint16_t *dist, const uint8_t *low, const uint8_t *high, const uint8_t *planes,
                             int least, ptrdiff_t first, ptrdiff_t last) {
    return 0;
}

static uint64_t mass_alike_8(const uint8_t *dist, const int32_t *values, int value, const uint8_t *planes, int least) {
    return 0;
}

static uint64_t mass_alike_16(const uint16_t *dist, const int32_t *values, int value, const uint8_t *planes,
                              int least) {
    return 0;
}

static void attend_own_wide_8(const uint8_t *dist, const int32_t *values, ptrdiff_t n, uint64_t weight,
                              const uint8_t *planes, int least, int reach, uint64_t *mass) {
}

static void attend_own_wide_16(const uint16_t *dist, const int32_t *values, ptrdiff_t n, uint64_t weight,
                               const uint8_t *planes, int least, int reach, uint64_t *mass) {
}

#endif

/* Lay a table of masses out byte by byte; entries beyond its end are 0. */
static void lay_planes(uint8_t *planes, const uint64_t *table, int n) {
    for (int p = 0; p < SPARSEQ_PLANES; p++)
        for (int i = 0; i < SPARSEQ_PLANE; i++)
            planes[SPARSEQ_PLANE * p + i] = (uint8_t)(i < n ? table[i] >> 8 * p : 0);
}

#endif

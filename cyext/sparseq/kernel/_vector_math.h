/* The inner loops of the vector kernel, compiled for each processor level and picked by the processor that runs them.

   Keys lie in panels: sixteen keys side by side, one row of sixteen floats for each of the `d` places. Values lie in rows
   of `dp` floats, d rounded up to sixteen with zeros behind. So no loop needs a sum across lanes but the last step of a
   softmax, and one query gets the same bits alone as it gets in a tile of eight. Levels differ in rounding only. */
#ifndef SPARSEQ_VECTOR_MATH_H
#define SPARSEQ_VECTOR_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define LANES 16
#define TILE 8

#if defined(_MSC_VER)
#define RESTRICT __restrict
#define INLINE static __forceinline
#else
#define RESTRICT restrict
#define INLINE static inline __attribute__((always_inline))
#endif

#if defined(__GNUC__)
/* Each module uses only some of the functions. Vectors are passed to inlined functions only, so no convention changes. */
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

#if defined(__GNUC__) && !defined(__clang__)
#define UNROLL _Pragma("GCC unroll 8")
#else
#define UNROLL
#endif
#define EACH_LANE(expression) do { lanes r_; for (int l = 0; l < WIDTH; l++) r_.f[l] = (expression); return r_; } while (0)

/* Short names in the loops, one function each for each level. */
#define lanes LEVEL(lanes)
#define ilanes LEVEL(ilanes)
#define lanes_load LEVEL(lanes_load)
#define lanes_store LEVEL(lanes_store)
#define lanes_set LEVEL(lanes_set)
#define lanes_add LEVEL(lanes_add)
#define lanes_sub LEVEL(lanes_sub)
#define lanes_muladd LEVEL(lanes_muladd)
#define lanes_scaleadd LEVEL(lanes_scaleadd)
#define lanes_pick LEVEL(lanes_pick)
#define lanes_max LEVEL(lanes_max)
#define lanes_shift_exponent LEVEL(lanes_shift_exponent)
#define lanes_zero_below LEVEL(lanes_zero_below)
#define lanes_total LEVEL(lanes_total)
#define lanes_highest LEVEL(lanes_highest)
#define lanes_exp LEVEL(lanes_exp)
#define shift_exponent LEVEL(shift_exponent)

#define LEVEL(name) name##_base
#define WIDTH 4
#include "_vector_loops.h"
#undef LEVEL
#undef WIDTH

/* SPARSEQ_VECTOR_LEVEL=0, 1 or 2 forbids the levels above it, for tests. */
#ifndef SPARSEQ_VECTOR_LEVEL
#define SPARSEQ_VECTOR_LEVEL 2
#endif

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define LEVEL(name) name##_avx2
#define WIDTH 8
#include "_vector_loops.h"
#undef LEVEL
#undef WIDTH
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma,avx512f,avx512vl,avx512bw,avx512dq")
#define LEVEL(name) name##_avx512
#define WIDTH 16
#include "_vector_loops.h"
#undef LEVEL
#undef WIDTH
#pragma GCC pop_options

static inline int vec_level(void)
{
    if (SPARSEQ_VECTOR_LEVEL >= 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))
        return 2;
    return SPARSEQ_VECTOR_LEVEL >= 1 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#define PICK(name) (vec_level() == 2 ? name##_avx512 : vec_level() ? name##_avx2 : name##_base)
#else
#define PICK(name) name##_base
#endif

#define vec_scores_tile PICK(vec_scores_tile)
#define vec_scores_one PICK(vec_scores_one)
#define vec_scores_far PICK(vec_scores_far)
#define vec_exponentials PICK(vec_exponentials)
#define vec_mix_tile PICK(vec_mix_tile)
#define vec_mix_one PICK(vec_mix_one)
#define vec_mix_far PICK(vec_mix_far)
#define vec_mean PICK(vec_mean)
#define vec_from_half PICK(vec_from_half)
#define vec_gate_step PICK(vec_gate_step)

/* Rows [0, n) of `d` floats, `stride` apart, into panels; the lanes behind the last row are zero. */
static void vec_pack_panels(const float *RESTRICT rows, int64_t n, int64_t d, int64_t stride, float *RESTRICT panels)
{
    int64_t whole = (n + LANES - 1) / LANES;
    for (int64_t p = 0; p < whole; p++, rows += LANES * stride, panels += LANES * d) {
        int64_t here = n - p * LANES < LANES ? n - p * LANES : LANES;
        for (int64_t k = 0; k < d; k++) {
            for (int64_t l = 0; l < here; l++) panels[k * LANES + l] = rows[l * stride + k];
            for (int64_t l = here; l < LANES; l++) panels[k * LANES + l] = 0.0f;
        }
    }
}

/* One key out of its panel into a row. */
static inline void vec_unpack_key(const float *RESTRICT panels, int64_t t, int64_t d, float *RESTRICT row)
{
    const float *from = panels + (t / LANES) * d * LANES + t % LANES;
    for (int64_t k = 0; k < d; k++) row[k] = from[k * LANES];
}

#endif

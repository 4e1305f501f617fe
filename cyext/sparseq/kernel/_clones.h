/* How the hot loops are told to the compiler. */
#ifndef SPARSEQ_CLONES_H
#define SPARSEQ_CLONES_H

#if defined(_MSC_VER)
#define SPARSEQ_RESTRICT __restrict
#define SPARSEQ_INLINE static __forceinline
#define SPARSEQ_ONE_BY_ONE
#else
#define SPARSEQ_RESTRICT __restrict__
#define SPARSEQ_INLINE static inline __attribute__((always_inline))
/* Keeps a loop scalar: a table look-up "vectorised" by packing lane for lane takes twice as long. */
#define SPARSEQ_ONE_BY_ONE __asm__ volatile("");
#endif

/* Keeps a short loop a loop until the vectoriser has seen it. */
#if defined(__GNUC__) && !defined(__clang__)
#define SPARSEQ_ROLLED _Pragma("GCC unroll 1")
#else
#define SPARSEQ_ROLLED
#endif

/* Wheels are built for the oldest processor; the loader picks the widest clone that this one runs. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__linux__)
#define SPARSEQ_CLONES __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define SPARSEQ_CLONES
#endif

#endif

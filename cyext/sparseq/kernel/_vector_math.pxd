# The C functions of the vector kernel, for all of its modules.
from libc.stdint cimport int64_t, uint16_t

cdef extern from "_vector_math.h" nogil:
    enum: LANES
    enum: TILE
    void vec_pack_panels(const float *rows, int64_t n, int64_t d, int64_t stride, float *panels)
    void vec_unpack_key(const float *panels, int64_t t, int64_t d, float *row)
    void vec_scores_tile(const float *q, const float *panels, int64_t n, int64_t d, float *out, int64_t stride)
    void vec_scores_one(const float *q, const float *panels, int64_t n, int64_t d, float *out)
    void vec_scores_far(const float *q, const float *keys, const int64_t *far, int64_t n, int64_t dp, float *out)
    void vec_mix_far(const float *weights, const float *rows, const int64_t *far, int64_t n, int64_t dp, float *out)
    float vec_exponentials(float *scores, int64_t n)
    void vec_mix_tile(const float *weights, int64_t stride, const float *rows, int64_t n, int64_t dp, float *out)
    void vec_mix_one(const float *weights, const float *rows, int64_t n, int64_t dp, float *out)
    void vec_mean(const float *rows, int64_t n, int64_t dp, float *out)
    void vec_from_half(const uint16_t *half, int64_t n, float *out)
    float vec_gate_step(const float *x, int64_t d, int64_t r, const float *w, const float *u, const float *bias_gate,
                        const float *bias_update, const float *readout, float zeta, float nu, float *h, float *work)

cdef extern from "_vector_choose.h" nogil:
    ctypedef struct vec_plan:
        int64_t window
        int64_t block
        int64_t n_globals
        bint causal
        bint log_stride
        bint landmarks
        const int64_t *globals

    ctypedef struct vec_draw:
        double temperature
        double top_p
        double penalty
        int64_t top_k

    int64_t vec_far_tokens(const vec_plan *plan, int64_t i, int64_t n, int64_t *out)
    int64_t vec_rank_token(const float *salience, int64_t t, int64_t *best, int64_t count, int64_t room)
    int64_t vec_sample(const float *logits, int64_t n, const int64_t *recent, int64_t n_recent, double u,
                       const vec_draw *draw, double *values, double *weights, int64_t *order)
    double vec_confidence(const float *logits, int64_t n)
    uint16_t vec_to_half(float x)


cdef inline int64_t up(int64_t n) noexcept nogil:
    """Round up to whole lanes."""
    return (n + LANES - 1) // LANES * LANES

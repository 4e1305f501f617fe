/* The inner loops of the vector kernel, in the width of one processor level; see _vector_math.h for the layout. */

#include "_vector_lanes.h"

/* Scores of eight queries, interleaved as q[k * 8 + r], with every key of `n` panels. */
static void LEVEL(vec_scores_tile)(const float *RESTRICT q, const float *RESTRICT panels, int64_t n, int64_t d,
                                   float *RESTRICT out, int64_t stride)
{
    for (int64_t p = 0; p < n * LANES; p += WIDTH) {
        const float *panel = panels + p / LANES * LANES * d + p % LANES;
        lanes sum[TILE];
        UNROLL for (int r = 0; r < TILE; r++) sum[r] = lanes_set(0.0f);
        for (int64_t k = 0; k < d; k++) {
            lanes key = lanes_load(panel + k * LANES);
            UNROLL for (int r = 0; r < TILE; r++) sum[r] = lanes_scaleadd(q[k * TILE + r], key, sum[r]);
        }
        UNROLL for (int r = 0; r < TILE; r++) lanes_store(out + r * stride + p, sum[r]);
    }
}

/* Scores of one query with `count` panels side by side: that many sums in flight hide the latency of each. */
INLINE void LEVEL(scores_panels)(const float *RESTRICT q, const float *RESTRICT panels, int count, int64_t d,
                                 float *RESTRICT out)
{
    for (int l = 0; l < LANES; l += WIDTH) {
        lanes sum[TILE];
        UNROLL for (int p = 0; p < count; p++) sum[p] = lanes_set(0.0f);
        for (int64_t k = 0; k < d; k++) {
            lanes x = lanes_set(q[k]);
            UNROLL for (int p = 0; p < count; p++)
                sum[p] = lanes_muladd(x, lanes_load(panels + (p * d + k) * LANES + l), sum[p]);
        }
        UNROLL for (int p = 0; p < count; p++) lanes_store(out + p * LANES + l, sum[p]);
    }
}

/* Scores of one query with every key of `n` panels, shared out evenly: none is left to wait for alone. */
static void LEVEL(vec_scores_one)(const float *RESTRICT q, const float *RESTRICT panels, int64_t n, int64_t d,
                                  float *RESTRICT out)
{
    for (int64_t rounds = (n + TILE - 1) / TILE; rounds > 0; rounds--) {
        int count = (int)((n + rounds - 1) / rounds);
        switch (count) {
        case 1: LEVEL(scores_panels)(q, panels, 1, d, out); break;
        case 2: LEVEL(scores_panels)(q, panels, 2, d, out); break;
        case 3: LEVEL(scores_panels)(q, panels, 3, d, out); break;
        case 4: LEVEL(scores_panels)(q, panels, 4, d, out); break;
        case 5: LEVEL(scores_panels)(q, panels, 5, d, out); break;
        case 6: LEVEL(scores_panels)(q, panels, 6, d, out); break;
        case 7: LEVEL(scores_panels)(q, panels, 7, d, out); break;
        default: LEVEL(scores_panels)(q, panels, TILE, d, out); break;
        }
        n -= count;
        panels += count * LANES * d;
        out += count * LANES;
    }
}

/* Dot product of two rows of `dp` floats. */
INLINE float LEVEL(row_dot)(const float *RESTRICT a, const float *RESTRICT b, int64_t dp)
{
    lanes sum = lanes_set(0.0f);
    for (int64_t k = 0; k < dp; k += WIDTH) sum = lanes_muladd(lanes_load(a + k), lanes_load(b + k), sum);
    return lanes_total(sum);
}

/* Scores of one query with single keys, given as rows. */
static void LEVEL(vec_scores_far)(const float *RESTRICT q, const float *RESTRICT keys, const int64_t *RESTRICT far, int64_t n,
                                  int64_t dp, float *RESTRICT out)
{
    for (int64_t j = 0; j < n; j++) out[j] = LEVEL(row_dot)(q, keys + far[j] * dp, dp);
}

/* Scores [0, n), n a multiple of sixteen, into exp(score - highest) in place; returns their sum. */
static float LEVEL(vec_exponentials)(float *RESTRICT scores, int64_t n)
{
    lanes top = lanes_load(scores), sum = lanes_set(0.0f);
    for (int64_t j = WIDTH; j < n; j += WIDTH) top = lanes_max(top, lanes_load(scores + j));
    top = lanes_set(lanes_highest(top));
    for (int64_t j = 0; j < n; j += WIDTH) {
        lanes e = lanes_exp(lanes_sub(lanes_load(scores + j), top));
        sum = lanes_add(sum, e);
        lanes_store(scores + j, e);
    }
    return lanes_total(sum);
}

/* out[r] += weights[r] . rows for eight queries; both `out` and the rows are `dp` floats wide. */
static void LEVEL(vec_mix_tile)(const float *RESTRICT weights, int64_t stride, const float *RESTRICT rows, int64_t n,
                                int64_t dp, float *RESTRICT out)
{
    for (int64_t k = 0; k < dp; k += WIDTH) {
        lanes sum[TILE];
        UNROLL for (int r = 0; r < TILE; r++) sum[r] = lanes_load(out + r * dp + k);
        for (int64_t j = 0; j < n; j++) {
            lanes row = lanes_load(rows + j * dp + k);
            UNROLL for (int r = 0; r < TILE; r++) sum[r] = lanes_scaleadd(weights[r * stride + j], row, sum[r]);
        }
        UNROLL for (int r = 0; r < TILE; r++) lanes_store(out + r * dp + k, sum[r]);
    }
}

/* out += weights . rows for one query; several columns of lanes at a time hide the latency of the sums. */
static void LEVEL(vec_mix_one)(const float *RESTRICT weights, const float *RESTRICT rows, int64_t n, int64_t dp,
                               float *RESTRICT out)
{
    enum { COLUMNS = WIDTH == LANES ? 4 : 8 };
    int64_t k = 0;
    for (; k + COLUMNS * WIDTH <= dp; k += COLUMNS * WIDTH) {
        lanes sum[COLUMNS];
        UNROLL for (int c = 0; c < COLUMNS; c++) sum[c] = lanes_load(out + k + c * WIDTH);
        for (int64_t j = 0; j < n; j++) {
            lanes x = lanes_set(weights[j]);
            UNROLL for (int c = 0; c < COLUMNS; c++)
                sum[c] = lanes_muladd(x, lanes_load(rows + j * dp + k + c * WIDTH), sum[c]);
        }
        UNROLL for (int c = 0; c < COLUMNS; c++) lanes_store(out + k + c * WIDTH, sum[c]);
    }
    for (; k < dp; k += WIDTH) {
        lanes sum = lanes_load(out + k);
        for (int64_t j = 0; j < n; j++) sum = lanes_scaleadd(weights[j], lanes_load(rows + j * dp + k), sum);
        lanes_store(out + k, sum);
    }
}

/* out += weights . single rows for one query. */
static void LEVEL(vec_mix_far)(const float *RESTRICT weights, const float *RESTRICT rows, const int64_t *RESTRICT far, int64_t n,
                               int64_t dp, float *RESTRICT out)
{
    for (int64_t k = 0; k < dp; k += WIDTH) {
        lanes sum = lanes_load(out + k);
        for (int64_t j = 0; j < n; j++) sum = lanes_scaleadd(weights[j], lanes_load(rows + far[j] * dp + k), sum);
        lanes_store(out + k, sum);
    }
}

/* Mean of `n` rows of `dp` floats, summed in their order. */
static void LEVEL(vec_mean)(const float *RESTRICT rows, int64_t n, int64_t dp, float *RESTRICT out)
{
    float share = 1.0f / (float)n;
    for (int64_t k = 0; k < dp; k++) out[k] = 0.0f;
    for (int64_t j = 0; j < n; j++)
        for (int64_t k = 0; k < dp; k++) out[k] += rows[j * dp + k];
    for (int64_t k = 0; k < dp; k++) out[k] *= share;
}

/* Half precision to float; finite values only. Shifted into place a half is a float 2^112 too small, subnormals included. */
static void LEVEL(vec_from_half)(const uint16_t *RESTRICT half, int64_t n, float *RESTRICT out)
{
    for (int64_t j = 0; j < n; j++) {
        uint32_t bits = (uint32_t)(half[j] & 0x7fff) << 13 | (uint32_t)(half[j] & 0x8000) << 16;
        float x;
        memcpy(&x, &bits, 4);
        out[j] = x * 5.192296858534828e33f;
    }
}

/* One step of a fast gated recurrence: x into state h; returns the salience of the step. `work` holds r floats. */
static float LEVEL(vec_gate_step)(const float *RESTRICT x, int64_t d, int64_t r, const float *RESTRICT w, const float *RESTRICT u,
                                  const float *RESTRICT bias_gate, const float *RESTRICT bias_update,
                                  const float *RESTRICT readout, float zeta, float nu, float *RESTRICT h, float *RESTRICT work)
{
    float score = 0.0f;
    for (int64_t j = 0; j < r; j++) work[j] = 0.0f;
    for (int64_t k = 0; k < d; k++)
        for (int64_t j = 0; j < r; j++) work[j] += x[k] * w[k * r + j];
    for (int64_t k = 0; k < r; k++)
        for (int64_t j = 0; j < r; j++) work[j] += h[k] * u[k * r + j];
    for (int64_t j = 0; j < r; j++) {
        float gate = 1.0f / (1.0f + expf(-(work[j] + bias_gate[j])));
        h[j] = (zeta * (1.0f - gate) + nu) * tanhf(work[j] + bias_update[j]) + gate * h[j];
    }
    for (int64_t j = 0; j < r; j++) score += readout[j] * h[j];
    return 1.0f / (1.0f + expf(-score));
}

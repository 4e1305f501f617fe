/* What a query may look at beyond its window, and which token is drawn from a row of logits. */
#ifndef SPARSEQ_VECTOR_CHOOSE_H
#define SPARSEQ_VECTOR_CHOOSE_H

#include "_vector_math.h"

typedef struct {
    int64_t window, block, n_globals;
    int causal, log_stride, landmarks;
    const int64_t *globals;
} vec_plan;

/* Single tokens outside the window of token i of n: powers of two away, then globals; each once. At most 126 + n_globals. */
static int64_t vec_far_tokens(const vec_plan *plan, int64_t i, int64_t n, int64_t *RESTRICT out)
{
    int64_t count = 0;
    if (plan->log_stride) {
        for (int64_t away = 1; away <= i; away *= 2)
            if (away > plan->window) out[count++] = i - away;
        if (!plan->causal)
            for (int64_t away = 1; away < n - i; away *= 2)
                if (away > plan->window) out[count++] = i + away;
    }
    for (int64_t g = 0; g < plan->n_globals; g++) {
        int64_t t = plan->globals[g], away = t < i ? i - t : t - i;
        if (t >= n || away <= plan->window || (plan->causal && t > i)) continue;
        if (plan->log_stride && (away & (away - 1)) == 0) continue;
        out[count++] = t;
    }
    return count;
}

/* Keeps best[0, count) the `room` most salient tokens seen, ordered; of equals the earlier stays ahead. */
static int64_t vec_rank_token(const float *RESTRICT salience, int64_t t, int64_t *RESTRICT best, int64_t count, int64_t room)
{
    int64_t at = count;
    while (at > 0 && salience[best[at - 1]] < salience[t]) at--;
    if (at >= room) return count;
    if (count < room) count++;
    for (int64_t j = count - 1; j > at; j--) best[j] = best[j - 1];
    best[at] = t;
    return count;
}

typedef struct {
    double temperature, top_p, penalty;
    int64_t top_k;
} vec_draw;

/* The highest `room` of n values, in falling order with all that equal the last of them; of equals the earlier first. */
static int64_t vec_highest(const double *RESTRICT values, int64_t n, int64_t room, int64_t *RESTRICT order)
{
    int64_t count = 0;
    for (int64_t v = 0; v < n; v++) {
        int64_t at = count;
        if (count >= room && values[v] < values[order[room - 1]]) continue;
        while (at > 0 && values[order[at - 1]] < values[v]) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = v;
        count++;
        while (count > room && values[order[count - 1]] < values[order[room - 1]]) count--;
    }
    return count;
}

/* Length of the shortest head of `order` that holds a share `top_p` of the softmax; `weights` by token, not normed. */
static int64_t vec_nucleus(const double *RESTRICT weights, const int64_t *RESTRICT order, int64_t count, double top_p)
{
    double total = 0.0, sum = 0.0;
    for (int64_t j = 0; j < count; j++) total += weights[order[j]];
    for (int64_t j = 0; j < count; j++) {
        sum += weights[order[j]];
        if (sum >= top_p * total) return j + 1;
    }
    return count;
}

/* A token out of n logits: penalty for each recent token, top-k, top-p, softmax at a temperature, then the draw u in [0, 1). */
static int64_t vec_sample(const float *RESTRICT logits, int64_t n, const int64_t *RESTRICT recent, int64_t n_recent, double u,
                          const vec_draw *draw, double *RESTRICT values, double *RESTRICT weights, int64_t *RESTRICT order)
{
    int64_t room = draw->top_k > 0 && draw->top_k < n ? draw->top_k : n, count, last = 0;
    const double weaker = 1.0 / draw->penalty;
    double total = 0.0, sum = 0.0;
    for (int64_t v = 0; v < n; v++) values[v] = logits[v];
    for (int64_t j = 0; j < n_recent; j++)
        if (recent[j] >= 0 && recent[j] < n) values[recent[j]] *= values[recent[j]] > 0.0 ? weaker : draw->penalty;
    count = vec_highest(values, n, room, order);
    for (int64_t v = 0; v < n; v++) weights[v] = 0.0;
    for (int64_t j = 0; j < count; j++) weights[order[j]] = exp((values[order[j]] - values[order[0]]) / draw->temperature);
    if (draw->top_p > 0.0 && draw->top_p < 1.0) {
        int64_t kept = vec_nucleus(weights, order, count, draw->top_p);
        while (count > kept) weights[order[--count]] = 0.0;
    }
    for (int64_t j = 0; j < count; j++) total += weights[order[j]];
    for (int64_t v = 0; v < n; v++) {
        if (weights[v] == 0.0) continue;
        sum += weights[v];
        last = v;
        if (u * total < sum) break;
    }
    return last;
}

/* The highest probability of a softmax over n logits. */
static double vec_confidence(const float *RESTRICT logits, int64_t n)
{
    double top = logits[0], total = 0.0;
    for (int64_t v = 1; v < n; v++) top = logits[v] > top ? logits[v] : top;
    for (int64_t v = 0; v < n; v++) total += exp((double)logits[v] - top);
    return 1.0 / total;
}

/* A finite float as half precision, nearest with ties to even; the caller has made sure that it fits. */
static uint16_t vec_to_half(float x)
{
    uint32_t bits, sign, low;
    float size = fabsf(x);
    memcpy(&bits, &x, 4);
    sign = bits >> 16 & 0x8000;
    if (size < 6.103515625e-05f) /* subnormal halves are multiples of 2^-24 */
        return (uint16_t)(sign | (uint32_t)nearbyintf(size * 16777216.0f));
    memcpy(&low, &size, 4);
    low += 0xfff + (low >> 13 & 1);
    return (uint16_t)(sign | ((low - 0x38000000) >> 13));
}

#endif

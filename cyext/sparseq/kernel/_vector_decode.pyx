"""Looking up for the newest token of a cache, and drawing one token after the other."""

import numpy as np

from libc.math cimport INFINITY
from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset

from sparseq.errors import CapacityError

from sparseq.kernel._vector_cache cimport KVCache, grow, key_row, put_row, value_row
from sparseq.kernel._vector_math cimport (
    LANES, up, vec_confidence, vec_draw, vec_exponentials, vec_far_tokens, vec_from_half, vec_mix_one, vec_pack_panels,
    vec_plan, vec_sample, vec_scores_far, vec_scores_one,
)


cdef vec_plan ready(KVCache c, config, const int64_t[::1] globals_g):
    """The plan of a look-up, and buffers that are large enough for it."""
    cdef vec_plan plan
    cdef int64_t strip, n_far = globals_g.shape[0] + 126
    plan.window, plan.block = min(config.window, c.capacity), config.block_size
    plan.causal, plan.log_stride, plan.landmarks = True, config.log_stride, config.landmarks
    plan.n_globals = globals_g.shape[0]
    plan.globals = &globals_g[0] if plan.n_globals else NULL
    if plan.window > c.scratch_window or n_far > c.far.shape[0]:
        strip = min(up(c.capacity), up(plan.window + 1 + 2 * LANES))
        c.far = np.zeros(n_far, np.int64)
        c.scores = np.zeros(strip + up(c.n_blocks) + up(n_far), np.float32)
        c.strip_panels = np.zeros(strip * c.head_dim if c.half else 1, np.float32)
        c.strip_values = np.zeros(strip * c.dp if c.half else 1, np.float32)
        c.scratch_window = plan.window
    return plan


cdef int count_attention(KVCache c, const float *scores, float share, int64_t low, int64_t strip, int64_t n_means,
                         int64_t n_far) except -1 nogil:
    cdef int64_t j
    cdef float *mass = &c.token_mass[low]
    cdef const float *far = scores + strip + up(n_means)
    for j in range(c.n - low):
        mass[j] += scores[j] * share
    for j in range(n_means):
        c.block_mass[j] += scores[strip + j] * share
    for j in range(n_far):
        c.token_mass[c.far[j]] += far[j] * share
    return 0


cdef int look_up(KVCache c, int64_t h, const vec_plan *plan, const float *q, float *out) except -1 nogil:
    """One head: q of the newest token, scaled, dp floats with zeros behind; the same for the result."""
    cdef int64_t j, i = c.n - 1
    cdef int64_t begin = max(0, i - plan.window), low = begin // LANES * LANES
    cdef int64_t strip = up(c.n - low), n_means = begin // plan.block if plan.landmarks else 0
    cdef int64_t means = up(n_means), n_far = vec_far_tokens(plan, i, c.n, &c.far[0])
    cdef float *scores = &c.scores[0]
    cdef float *far = scores + strip + means
    cdef float *row = &c.block_rows[c.block_size * c.dp]
    cdef const float *panels
    cdef const float *values
    cdef int64_t here = 0
    cdef float share
    if c.half:
        vec_from_half(&c.half_panels[h, low // LANES, 0, 0], strip * c.head_dim, &c.strip_panels[0])
        vec_from_half(&c.half_values[h, low, 0], (c.n - low) * c.dp, &c.strip_values[0])
        panels, values = &c.strip_panels[0], &c.strip_values[0]
    else:
        panels, values = &c.panels[h, low // LANES, 0, 0], &c.values[h, low, 0]
    vec_scores_one(q, panels, strip // LANES, c.head_dim, scores)
    for j in range(begin - low):
        scores[j] = -INFINITY
    for j in range(c.n - low, strip):
        scores[j] = -INFINITY
    if means:
        vec_scores_one(q, &c.mean_panels[h, 0, 0, 0], means // LANES, c.head_dim, scores + strip)
        for j in range(n_means, means):
            scores[strip + j] = -INFINITY
    memset(row, 0, c.dp * sizeof(float))
    for j in range(n_far):
        key_row(c, h, c.far[j], row)
        vec_scores_far(q, row, &here, 1, c.dp, far + j)
    for j in range(n_far, up(n_far)):
        far[j] = -INFINITY
    share = 1 / vec_exponentials(scores, strip + means + up(n_far))
    memset(out, 0, c.dp * sizeof(float))
    # Silent tokens have their share of attention, and nothing to say.
    vec_mix_one(scores + begin - low, values + (begin - low) * c.dp, c.n - c.n_silent - begin, c.dp, out)
    if n_means:
        vec_mix_one(scores + strip, &c.mean_values[h, 0, 0], n_means, c.dp, out)
    for j in range(n_far):
        value_row(c, h, c.far[j], row)
        vec_mix_one(far + j, row, 1, c.dp, out)
    for j in range(c.head_dim):
        out[j] *= share
    return count_attention(c, scores, share, low, strip, n_means, n_far)


cdef int look_up_heads(KVCache c, const vec_plan *plan, const float *q_hd, float *out_hd) except -1 nogil:
    cdef int64_t h, j
    cdef float *q = &c.block_rows[(c.block_size + 1) * c.dp]
    cdef float *out = q + c.dp
    memset(q, 0, c.dp * sizeof(float))
    for h in range(c.n_heads):
        for j in range(c.head_dim):
            q[j] = q_hd[h * c.head_dim + j] * c.scale
        look_up(c, h, plan, q, out)
        memcpy(out_hd + h * c.head_dim, out, c.head_dim * sizeof(float))
    return 0


def decode_step(q_hd, KVCache cache not None, config):
    """Attention of the newest token of the cache: the last row of a causal forward over the same tokens."""
    cdef const float[:, ::1] q = q_hd
    cdef float[:, ::1] out = np.empty((cache.n_heads, cache.head_dim), np.float32)
    cdef const int64_t[::1] globals_g = np.array(config.global_tokens, np.int64)
    cdef vec_plan plan = ready(cache, config, globals_g)
    with nogil:
        look_up_heads(cache, &plan, &q[0, 0], &out[0, 0])
    return out.base


cdef vec_draw draw_of(draw):
    cdef vec_draw how
    how.temperature, how.top_p, how.penalty, how.top_k = draw.temperature, draw.top_p, draw.repetition_penalty, draw.top_k
    return how


def sample(logits_nv, recent_nw, uniform_n, draw):
    """Draw a token for each row of logits, int64 of shape (N,), with the top probability of the row, float32."""
    cdef const float[:, ::1] logits = logits_nv
    cdef const int64_t[:, ::1] recent = recent_nw
    cdef const double[::1] uniform = uniform_n
    cdef int64_t j, v = logits.shape[1], w = recent.shape[1]
    cdef vec_draw how = draw_of(draw)
    cdef int64_t[::1] tokens_n = np.zeros(logits.shape[0], np.int64)
    cdef float[::1] confidence_n = np.zeros(logits.shape[0], np.float32)
    cdef double[::1] work = np.empty(2 * v, np.float64)
    cdef int64_t[::1] order = np.empty(v + 1, np.int64)
    with nogil:
        for j in range(logits.shape[0]):
            tokens_n[j] = vec_sample(&logits[j, 0], v, &recent[j, 0] if w else NULL, w, uniform[j], &how, &work[0],
                                     &work[v], &order[0])
            confidence_n[j] = vec_confidence(&logits[j, 0], v)
    return tokens_n.base, confidence_n.base


def stream(KVCache cache not None, config, table_vd, places_nd, recent_w, uniform_n, draw):
    """Draw tokens, int64 of shape (N,), and append each: key its row of the table plus its place, value zero."""
    cdef const float[:, ::1] table = table_vd
    cdef const float[:, ::1] places = places_nd
    cdef const double[::1] uniform = uniform_n
    cdef const int64_t[::1] globals_g = np.array(config.global_tokens, np.int64)
    cdef vec_plan plan = ready(cache, config, globals_g)
    cdef vec_draw how = draw_of(draw)
    cdef int64_t s, j, n_recent = len(recent_w), window = draw.no_repeat_window, n = uniform.shape[0], first
    cdef int64_t n_vocab = table.shape[0], width = table.shape[1]
    if cache.n + n > cache.capacity:
        raise CapacityError(
            f"cache: wanted room for {n} more tokens, got {cache.capacity - cache.n} of {cache.capacity}; "
            "evict or rewind first"
        )
    cdef float[::1] panels = np.empty(up(n_vocab) * width, np.float32)
    cdef float[::1] rows = np.zeros(3 * width + up(n_vocab), np.float32)   # query, result, zero, logits
    cdef double[::1] work = np.empty(2 * n_vocab, np.float64)
    cdef int64_t[::1] order = np.empty(n_vocab + 1, np.int64)
    cdef int64_t[::1] said = np.concatenate([recent_w, np.zeros(n, np.int64)])
    cdef float *q = &rows[0]
    cdef float *out = q + width
    cdef float *zero = q + 2 * width
    cdef float *logits = q + 3 * width
    with nogil:
        vec_pack_panels(&table[0, 0], n_vocab, width, width, &panels[0])
        for j in range(cache.n_heads):
            key_row(cache, j, cache.n - 1, q + j * cache.head_dim)
        for s in range(n):
            look_up_heads(cache, &plan, q, out)
            vec_scores_one(out, &panels[0], up(n_vocab) // LANES, width, logits)
            first = max(0, n_recent + s - window)
            said[n_recent + s] = vec_sample(logits, n_vocab, &said[first], n_recent + s - first, uniform[s], &how,
                                            &work[0], &work[n_vocab], &order[0])
            for j in range(width):
                q[j] = table[said[n_recent + s], j] + places[s, j]
            for j in range(cache.n_heads):
                put_row(cache, j, cache.n, q + j * cache.head_dim, zero)
            grow(cache)
            if cache.half:
                for j in range(cache.n_heads):
                    key_row(cache, j, cache.n - 1, q + j * cache.head_dim)
    return said.base[n_recent:].copy()

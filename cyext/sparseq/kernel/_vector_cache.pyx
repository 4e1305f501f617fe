"""The key and value store of one growing sequence: append, look up for the newest token, rewind, evict."""

import numpy as np

from libc.math cimport INFINITY, sqrt
from libc.stdint cimport int64_t, uint16_t
from libc.string cimport memcpy, memset

from sparseq.errors import CapacityError

from sparseq.kernel._vector_math cimport (
    LANES, up, vec_confidence, vec_draw, vec_exponentials, vec_far_tokens, vec_from_half, vec_mean, vec_mix_one,
    vec_pack_panels, vec_plan, vec_sample, vec_scores_far, vec_scores_one, vec_to_half, vec_unpack_key,
)


cdef class KVCache:
    """Keys and values of up to `capacity` tokens, with the means of their whole blocks."""

    cdef readonly int64_t n_heads, head_dim, capacity, block_size
    cdef readonly bint half
    cdef int64_t n, dp, n_panels, n_blocks, n_mean_panels, scratch_window
    cdef float scale
    cdef uint16_t[:, :, :, ::1] half_panels
    cdef uint16_t[:, :, ::1] half_values
    cdef float[:, :, :, ::1] panels
    cdef float[:, :, ::1] values
    cdef float[:, :, :, ::1] mean_panels
    cdef float[:, :, ::1] mean_values
    cdef float[::1] token_mass
    cdef float[::1] block_mass
    cdef float[::1] block_rows   # one block of rows, one row, one query, one result
    cdef float[::1] scores
    cdef float[::1] strip_panels
    cdef float[::1] strip_values
    cdef int64_t[::1] far

    def __init__(self, n_heads, head_dim, capacity, block_size, half=False):
        self.n_heads, self.head_dim, self.capacity, self.block_size = n_heads, head_dim, capacity, block_size
        self.half = half
        self.dp = up(head_dim)
        self.scale = 1 / sqrt(<double>head_dim)
        self.n_panels, self.n_blocks = up(capacity) // LANES, capacity // block_size
        self.n_mean_panels = up(self.n_blocks) // LANES
        keys = (n_heads, self.n_panels, head_dim, LANES)
        rows = (n_heads, capacity, self.dp)
        if half:
            self.half_panels, self.half_values = np.zeros(keys, np.uint16), np.zeros(rows, np.uint16)
        else:
            self.panels, self.values = np.zeros(keys, np.float32), np.zeros(rows, np.float32)
        self.mean_panels = np.zeros((n_heads, self.n_mean_panels, head_dim, LANES), np.float32)
        self.mean_values = np.zeros((n_heads, self.n_blocks, self.dp), np.float32)
        self.token_mass, self.block_mass = np.zeros(up(capacity), np.float32), np.zeros(up(self.n_blocks), np.float32)
        self.block_rows = np.zeros((block_size + 4) * self.dp, np.float32)
        self.scratch_window = -1
        self.far = np.zeros(0, np.int64)

    def __len__(self):
        return self.n

    def append(self, k_htd, v_htd):
        """Add tokens behind the others; CapacityError, with nothing added, where they do not fit."""
        cdef const float[:, :, ::1] k = k_htd
        cdef const float[:, :, ::1] v = v_htd
        cdef int64_t t, h
        if self.n + k.shape[1] > self.capacity:
            raise CapacityError(
                f"cache: wanted room for {k.shape[1]} more tokens, got {self.capacity - self.n} of {self.capacity}; "
                "evict or rewind first"
            )
        with nogil:
            for t in range(k.shape[1]):
                for h in range(self.n_heads):
                    put_row(self, h, self.n, &k[h, t, 0], &v[h, t, 0])
                grow(self)

    def rewind(self, length):
        """Forget all but the first `length` tokens; attention that they received stays counted."""
        self.n = length
        self.token_mass[length:] = 0
        self.block_mass[length // self.block_size:] = 0

    def evict(self, keep, recent=0, oldest_first=False):
        """Keep the last `recent` tokens and, up to `keep`, those that received most attention; their old positions."""
        kept = _kept(self.attention(), keep, recent, oldest_first)
        mass = self.attention()[kept]
        cdef const int64_t[::1] old = kept
        cdef int64_t t, h, n = old.shape[0]
        self.n = 0
        for t in range(n):
            for h in range(self.n_heads):
                move_row(self, h, old[t], t)
            grow(self)
        self.token_mass[:] = 0
        self.token_mass.base[:n] = mass
        self.block_mass[:] = 0
        return kept

    def attention(self):
        """Attention that each token has received so far, float32 of shape (T,); a block mean shares its own out."""
        mass_t = self.token_mass.base[:self.n].copy()
        whole = self.n // self.block_size
        mass_t[:whole * self.block_size] += np.repeat(self.block_mass.base[:whole], self.block_size) / self.block_size
        return mass_t

    def keys(self):
        """Return the stored keys, float32 of shape (H, T, D)."""
        panels = self.half_panels.base.view(np.float16) if self.half else self.panels.base
        rows = panels.transpose(0, 1, 3, 2).reshape(self.n_heads, -1, self.head_dim)
        return rows[:, :self.n].astype(np.float32)

    def stored_values(self):
        """Return the stored values, float32 of shape (H, T, D)."""
        rows = self.half_values.base.view(np.float16) if self.half else self.values.base
        return rows[:, :self.n, :self.head_dim].astype(np.float32)


def _kept(mass_t, keep, recent, oldest_first):
    """Positions that survive, rising; of equals the newer."""
    n = len(mass_t)
    if keep >= n:
        return np.arange(n)
    if oldest_first:
        return np.arange(n - keep, n)
    older = n - recent
    ranked = older - 1 - np.argsort(-mass_t[:older][::-1], kind="stable")
    return np.concatenate([np.sort(ranked[:keep - recent]), np.arange(older, n)])


cdef int put_row(KVCache c, int64_t h, int64_t t, const float *k, const float *v) except -1 nogil:
    cdef int64_t j, p = t // LANES, lane = t % LANES
    cdef float *key
    if c.half:
        for j in range(c.head_dim):
            c.half_panels[h, p, j, lane] = vec_to_half(k[j])
            c.half_values[h, t, j] = vec_to_half(v[j])
        return 0
    key = &c.panels[h, p, 0, lane]
    for j in range(c.head_dim):
        key[j * LANES] = k[j]
    memcpy(&c.values[h, t, 0], v, c.head_dim * sizeof(float))
    return 0


cdef int move_row(KVCache c, int64_t h, int64_t old, int64_t new) except -1 nogil:
    cdef int64_t j
    for j in range(c.head_dim):
        if c.half:
            c.half_panels[h, new // LANES, j, new % LANES] = c.half_panels[h, old // LANES, j, old % LANES]
            c.half_values[h, new, j] = c.half_values[h, old, j]
        else:
            c.panels[h, new // LANES, j, new % LANES] = c.panels[h, old // LANES, j, old % LANES]
            c.values[h, new, j] = c.values[h, old, j]
    return 0


cdef int key_row(KVCache c, int64_t h, int64_t t, float *out) except -1 nogil:
    cdef int64_t j
    if not c.half:
        vec_unpack_key(&c.panels[h, 0, 0, 0], t, c.head_dim, out)
        return 0
    for j in range(c.head_dim):
        vec_from_half(&c.half_panels[h, t // LANES, j, t % LANES], 1, out + j)
    return 0


cdef int value_row(KVCache c, int64_t h, int64_t t, float *out) except -1 nogil:
    if c.half:
        vec_from_half(&c.half_values[h, t, 0], c.dp, out)
    else:
        memcpy(out, &c.values[h, t, 0], c.dp * sizeof(float))
    return 0


cdef int grow(KVCache c) except -1 nogil:
    """Count the token just stored; where it fills a block, take the block's means."""
    cdef int64_t h, j, b
    cdef float *rows = &c.block_rows[0]
    cdef float *mean = rows + c.block_size * c.dp
    c.n += 1
    if c.n % c.block_size:
        return 0
    b = c.n // c.block_size - 1
    for h in range(c.n_heads):
        memset(rows, 0, c.block_size * c.dp * sizeof(float))
        for j in range(c.block_size):
            key_row(c, h, b * c.block_size + j, rows + j * c.dp)
        vec_mean(rows, c.block_size, c.dp, mean)
        for j in range(c.head_dim):
            c.mean_panels[h, b // LANES, j, b % LANES] = mean[j]
        if not c.half:
            vec_mean(&c.values[h, b * c.block_size, 0], c.block_size, c.dp, &c.mean_values[h, b, 0])
            continue
        for j in range(c.block_size):
            value_row(c, h, b * c.block_size + j, rows + j * c.dp)
        vec_mean(rows, c.block_size, c.dp, &c.mean_values[h, b, 0])
    return 0


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
    vec_mix_one(scores, values, c.n - low, c.dp, out)
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

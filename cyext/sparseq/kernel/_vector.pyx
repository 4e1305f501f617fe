"""Attention as a lookup over whole sequences: dense, sparse and gated, in tiles of eight queries."""

import numpy as np

from libc.math cimport INFINITY, sqrt
from libc.stdint cimport int64_t
from libc.string cimport memmove, memset

from sparseq.kernel._vector_math cimport (
    LANES, TILE, up, vec_exponentials, vec_far_tokens, vec_mean, vec_mix_far, vec_mix_tile, vec_pack_panels,
    vec_plan, vec_rank_token, vec_scores_far, vec_scores_tile,
)


cdef enum:
    SEVERAL = 512   # tokens


cdef struct Head:
    # One head of one call. `panels` holds the keys of tokens `first` to before `last`, with room for `room`; rows are dp
    # floats apart; block means cover n_blocks.
    int64_t n, d, dp, first, last, room, n_blocks
    float scale
    const float *q
    const float *keys
    const float *values
    float *panels
    float *mean_panels
    float *mean_values


cdef struct Gate:
    # Which tokens beyond the window may be seen: the `room` most salient. `order` falls; `best` grows (causal only).
    int64_t room, entered, count
    const float *salience
    const int64_t *order
    int64_t *best


cdef struct Work:
    # Buffers of one tile. Scores of a query: window, then block means, then single tokens; each in whole lanes.
    int64_t stride, far_stride
    float *queries
    float *rows
    float *scores
    float *mixed
    int64_t *far
    int64_t n_far[8]


cdef vec_plan plan_of(config, const int64_t[::1] globals_g, int64_t n):
    cdef vec_plan plan
    plan.window = min(config.window, n)
    plan.block = config.block_size
    plan.causal = config.causal
    plan.log_stride = config.log_stride
    plan.landmarks = config.landmarks
    plan.n_globals = globals_g.shape[0]
    plan.globals = &globals_g[0] if plan.n_globals else NULL
    return plan


cdef int64_t salient_tokens(Gate *gate, const vec_plan *plan, int64_t i, int64_t n, int64_t *out) except -1 nogil:
    cdef int64_t j, t, count = 0
    if plan.causal:
        while gate.entered < i - plan.window:
            gate.count = vec_rank_token(gate.salience, gate.entered, gate.best, gate.count, gate.room)
            gate.entered += 1
        for j in range(gate.count):
            out[j] = gate.best[j]
        return gate.count
    for j in range(n):
        if count == gate.room:
            break
        t = gate.order[j]
        if t < i - plan.window or t > i + plan.window:
            out[count] = t
            count += 1
    return count


cdef int choose_far(const vec_plan *plan, Gate *gate, const int64_t *rows, int64_t n_rows, int64_t n, Work *work) except -1 nogil:
    cdef int64_t r
    cdef int64_t *out
    for r in range(n_rows):
        out = work.far + r * work.far_stride
        if gate != NULL:
            work.n_far[r] = salient_tokens(gate, plan, rows[r], n, out)
        else:
            work.n_far[r] = vec_far_tokens(plan, rows[r], n, out)
    return 0


cdef int load_queries(const Head *head, const int64_t *rows, int64_t n_rows, Work *work) except -1 nogil:
    cdef int64_t r, k
    cdef const float *q
    memset(work.queries, 0, head.d * TILE * sizeof(float))
    for r in range(n_rows):
        q = head.q + rows[r] * head.d
        for k in range(head.d):
            work.rows[r * head.dp + k] = q[k] * head.scale
            work.queries[k * TILE + r] = q[k] * head.scale
    return 0


cdef int64_t means_seen(const Head *head, const vec_plan *plan, int64_t i, int64_t *after) except -1 nogil:
    """Block means [0, result) lie before the window of token i, [after, n_blocks) behind it."""
    after[0] = head.n_blocks
    if not plan.causal and head.n_blocks > 0:
        after[0] = min(head.n_blocks, (i + plan.window) // plan.block + 1)
    return min(head.n_blocks, max(0, i - plan.window) // plan.block) if plan.landmarks else 0


cdef int hide(float *scores, int64_t begin, int64_t end) except -1 nogil:
    cdef int64_t j
    for j in range(begin, end):
        scores[j] = -INFINITY
    return 0


cdef float weigh(const Head *head, const vec_plan *plan, int64_t i, int64_t r, int64_t low, int64_t strip, int64_t means,
                 Work *work) except? -1 nogil:
    """Scores of query r of the tile, token i, into softmax weights before division; returns their sum."""
    cdef float *scores = work.scores + r * work.stride
    cdef float *far = scores + strip + means
    cdef int64_t j, behind, n_far = work.n_far[r]
    cdef int64_t begin = max(low, i - plan.window)
    cdef int64_t end = i + 1 if plan.causal else min(head.n, i + plan.window + 1)
    hide(scores, 0, begin - low)
    hide(scores, end - low, strip)
    if means:
        j = means_seen(head, plan, i, &behind)
        hide(scores + strip, j, min(behind, means))
        hide(scores + strip, head.n_blocks, means)
    vec_scores_far(work.rows + r * head.dp, head.keys, work.far + r * work.far_stride, n_far, head.dp, far)
    hide(far, n_far, up(n_far))
    return vec_exponentials(scores, strip + means + up(n_far))


cdef int show_keys(Head *head, int64_t low, int64_t high) except -1 nogil:
    """Have the keys from `low` to before `high` in panels; neither ever falls, so what lies before `low` may go."""
    cdef int64_t kept = max(0, head.last - low)
    if up(high) - head.first > head.room:
        memmove(head.panels, head.panels + (low - head.first) * head.d, kept * head.d * sizeof(float))
        head.first, head.last = low, low + kept
    if head.last < high:
        vec_pack_panels(head.keys + head.last * head.dp, min(up(high), head.n) - head.last, head.d, head.dp,
                        head.panels + (head.last - head.first) * head.d)
        head.last = up(high)
    return 0


cdef int attend(Head *head, const vec_plan *plan, const int64_t *rows, int64_t n_rows, Work *work, float *out) except -1 nogil:
    """One tile: the queries at up to eight rising positions of one head, each into d floats of `out`."""
    cdef int64_t r, k, unused
    cdef int64_t i0 = rows[0], i1 = rows[n_rows - 1]
    cdef int64_t begin = max(0, i0 - plan.window), low = begin // LANES * LANES
    cdef int64_t high = i1 + 1 if plan.causal else min(head.n, i1 + plan.window + 1)
    cdef int64_t strip = up(high - low)
    cdef int64_t n_means = means_seen(head, plan, i1, &unused) if plan.causal else head.n_blocks
    cdef int64_t means = up(n_means)
    cdef float total
    show_keys(head, low, high)
    load_queries(head, rows, n_rows, work)
    vec_scores_tile(work.queries, head.panels + (low - head.first) * head.d, strip // LANES, head.d, work.scores, work.stride)
    if means:
        vec_scores_tile(work.queries, head.mean_panels, means // LANES, head.d, work.scores + strip, work.stride)
    memset(work.mixed, 0, TILE * head.dp * sizeof(float))
    cdef float[8] share
    for r in range(n_rows):
        total = weigh(head, plan, rows[r], r, low, strip, means, work)
        share[r] = 1 / total
    vec_mix_tile(work.scores + begin - low, work.stride, head.values + begin * head.dp, high - begin, head.dp, work.mixed)
    if means:
        vec_mix_tile(work.scores + strip, work.stride, head.mean_values, n_means, head.dp, work.mixed)
    for r in range(n_rows):
        vec_mix_far(work.scores + r * work.stride + strip + means, head.values, work.far + r * work.far_stride,
                    work.n_far[r], head.dp, work.mixed + r * head.dp)
        for k in range(head.d):
            out[r * head.d + k] = work.mixed[r * head.dp + k] * share[r]
    return 0


cdef int64_t tile_end(const int64_t *rows, int64_t begin, int64_t n, int64_t reach) except -1 nogil:
    """Rows [begin, result) share a tile: at most eight, close enough for one strip of keys to pay."""
    cdef int64_t end = begin + 1
    while end < n and end < begin + TILE and rows[end] - rows[begin] <= reach:
        end += 1
    return end


cdef int attend_rows(Head *head, const vec_plan *plan, Gate *gate, const int64_t[::1] rows_r, int64_t reach, Work *work,
                     float *out) except -1 nogil:
    cdef int64_t begin = 0, end, n_rows = rows_r.shape[0]
    if gate != NULL:
        gate.entered = gate.count = 0
    while begin < n_rows:
        end = tile_end(&rows_r[0], begin, n_rows, reach)
        choose_far(plan, gate, &rows_r[begin], end - begin, head.n, work)
        attend(head, plan, &rows_r[begin], end - begin, work, out + begin * head.d)
        begin = end
    return 0


cdef int take_means(Head *head, const vec_plan *plan, float *mean_keys) except -1 nogil:
    """The means of whole blocks."""
    cdef int64_t b
    for b in range(head.n_blocks):
        vec_mean(head.keys + b * plan.block * head.dp, plan.block, head.dp, mean_keys + b * head.dp)
        vec_mean(head.values + b * plan.block * head.dp, plan.block, head.dp, head.mean_values + b * head.dp)
    vec_pack_panels(mean_keys, head.n_blocks, head.d, head.dp, head.mean_panels)
    return 0


def _widened(x_htd, width):
    """Rows with zeros behind, so that every row is whole lanes; the array itself where it already is."""
    if x_htd.shape[2] == width:
        return x_htd
    return np.pad(x_htd, ((0, 0), (0, 0), (0, width - x_htd.shape[2])))


cdef _run(q_htd, k_htd, v_htd, vec_plan plan, const int64_t[::1] rows_r, Gate *gate):
    cdef Head head
    cdef Work work
    cdef int64_t h, n_heads = q_htd.shape[0], n_rows = rows_r.shape[0]
    cdef int64_t reach = 64 + plan.window // 4
    head.n, head.d = q_htd.shape[1], q_htd.shape[2]
    head.dp, head.scale = up(head.d), 1 / sqrt(<double>head.d)
    cdef const float[:, :, ::1] q = q_htd
    cdef const float[:, :, ::1] keys = _widened(k_htd, head.dp)
    cdef const float[:, :, ::1] values = _widened(v_htd, head.dp)
    cdef float[:, :, ::1] out_hrd = np.empty((n_heads, n_rows, head.d), np.float32)
    if n_rows == 0:
        return out_hrd.base
    cdef int64_t strip = min(up(head.n), up(2 * plan.window + reach + 2 * LANES))
    # Room for several strips: keys that are still seen move rarely. All of them would not stay in the cache.
    head.room = min(up(head.n), strip + SEVERAL)
    head.n_blocks = head.n // plan.block if plan.landmarks else 0
    work.far_stride = max(1, gate.room if gate != NULL else plan.n_globals + 126)
    work.stride = strip + up(head.n_blocks) + up(work.far_stride)
    cdef float[::1] panels = np.empty(head.room * head.d, np.float32)
    cdef float[::1] mean_panels = np.empty(up(head.n_blocks) * head.d + 1, np.float32)
    cdef float[::1] mean_rows = np.empty(2 * head.n_blocks * head.dp + 1, np.float32)
    cdef float[::1] tile = np.zeros(TILE * (head.d + 2 * head.dp + work.stride), np.float32)
    cdef int64_t[::1] far = np.empty(TILE * work.far_stride, np.int64)
    head.panels, head.mean_panels, head.mean_values = &panels[0], &mean_panels[0], &mean_rows[head.n_blocks * head.dp]
    work.queries, work.rows = &tile[0], &tile[TILE * head.d]
    work.mixed, work.scores = &tile[TILE * (head.d + head.dp)], &tile[TILE * (head.d + 2 * head.dp)]
    work.far = &far[0]
    with nogil:
        for h in range(n_heads):
            head.q, head.keys, head.values = &q[h, 0, 0], &keys[h, 0, 0], &values[h, 0, 0]
            head.first = head.last = max(0, rows_r[0] - plan.window) // LANES * LANES
            take_means(&head, &plan, &mean_rows[0])
            attend_rows(&head, &plan, gate, rows_r, reach, &work, &out_hrd[h, 0, 0])
    return out_hrd.base


def dense(q_htd, k_htd, v_htd, causal=False):
    """Attention of every token to every token (causal: to those before it and itself)."""
    cdef vec_plan plan
    plan.window = q_htd.shape[1]
    plan.block, plan.n_globals, plan.globals = 1, 0, NULL
    plan.causal, plan.log_stride, plan.landmarks = causal, False, False
    return _run(q_htd, k_htd, v_htd, plan, np.arange(q_htd.shape[1], dtype=np.int64), NULL)


def forward(q_htd, k_htd, v_htd, config, rows_r=None):
    """Attention of each token (or of those at `rows_r`, rising) to its candidates."""
    cdef int64_t[::1] globals_g = np.array(config.global_tokens, np.int64)
    rows = np.arange(q_htd.shape[1], dtype=np.int64) if rows_r is None else rows_r
    return _run(q_htd, k_htd, v_htd, plan_of(config, globals_g, q_htd.shape[1]), rows, NULL)


def forward_gated(q_htd, k_htd, v_htd, salience_t, top_k, config):
    """Attention of each token to its window and to the `top_k` most salient tokens beyond it."""
    cdef vec_plan plan = plan_of(config, np.zeros(0, np.int64), q_htd.shape[1])
    cdef const float[::1] salience = salience_t
    cdef const int64_t[::1] order = np.argsort(-salience_t, kind="stable")
    cdef Gate gate
    gate.room = min(top_k, q_htd.shape[1])
    cdef int64_t[::1] best = np.empty(gate.room + 1, np.int64)
    gate.salience, gate.order, gate.best = &salience[0], &order[0], &best[0]
    plan.log_stride = plan.landmarks = False
    return _run(q_htd, k_htd, v_htd, plan, np.arange(q_htd.shape[1], dtype=np.int64), &gate)

"""The key and value store of one growing sequence: append, rewind, evict; looked up by _vector_decode.pyx."""

import numpy as np

from libc.math cimport sqrt
from libc.stdint cimport int64_t, uint16_t, uint64_t
from libc.string cimport memcpy, memset

from sparseq.errors import CapacityError

from sparseq.kernel._vector_math cimport LANES, up, vec_from_half, vec_mean, vec_to_half, vec_unpack_key


cdef class KVCache:
    """Keys and values of up to `capacity` tokens, with the means of their whole blocks."""

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
        self.n_silent = max(0, self.n_silent - (self.n - length))
        self.n = length
        self.token_mass[length:] = 0
        self.block_mass[length // self.block_size:] = 0

    def evict(self, keep, recent=0, oldest_first=False):
        """Keep the last `recent` tokens and, up to `keep`, those that received most attention; their old positions."""
        kept = _kept(self.attention(), keep, recent, oldest_first)
        mass = self.attention()[kept]
        cdef const int64_t[::1] old = kept
        cdef int64_t t, h, n = old.shape[0]
        self.n = self.n_silent = 0
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


cdef bint is_silent(KVCache c, int64_t t) except -1 nogil:
    """Whether the values of a token are zero: what follows a token that was drawn just now is not known yet."""
    cdef int64_t h, j, n = c.dp // 4 if c.half else c.dp // 2
    cdef uint64_t bits = 0
    cdef const uint64_t *words
    for h in range(c.n_heads):
        words = <const uint64_t*>&c.half_values[h, t, 0] if c.half else <const uint64_t*>&c.values[h, t, 0]
        for j in range(n):
            bits |= words[j]
    return bits == 0


cdef int grow(KVCache c) except -1 nogil:
    """Count the token just stored; where it fills a block, take the block's means."""
    cdef int64_t h, j, b
    cdef float *rows = &c.block_rows[0]
    cdef float *mean = rows + c.block_size * c.dp
    c.n_silent = c.n_silent + 1 if is_silent(c, c.n) else 0
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

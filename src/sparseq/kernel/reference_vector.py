"""The vector kernel in plain numpy and float64: slow, obvious, and what the native one is held against."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparseq.errors import CapacityError
from sparseq.kernel.vector_config import DrawConfig, Floats, GateWeights, Ints, VectorConfig

Doubles = NDArray[np.float64]


def dense(q_htd: Floats, k_htd: Floats, v_htd: Floats, causal: bool = False) -> Floats:
    """Attention of every token to every token (causal: to those before it and itself)."""
    n = q_htd.shape[1]
    scores = np.einsum("hid,hjd->hij", q_htd.astype(float), k_htd.astype(float)) / math.sqrt(q_htd.shape[2])
    if causal:
        scores[:, np.arange(n)[:, None] < np.arange(n)] = -np.inf
    weights = np.exp(scores - scores.max(axis=2, keepdims=True))
    mixed = np.einsum("hij,hjd->hid", weights / weights.sum(axis=2, keepdims=True), v_htd.astype(float))
    return np.asarray(mixed, np.float32)


def forward(q_htd: Floats, k_htd: Floats, v_htd: Floats, config: VectorConfig, rows_r: Ints | None = None) -> Floats:
    """Attention of each token (or of those at `rows_r`, rising) to its candidates."""
    n = q_htd.shape[1]
    rows = range(n) if rows_r is None else rows_r.tolist()
    out = np.zeros((q_htd.shape[0], len(rows), q_htd.shape[2]), np.float32)
    for r, i in enumerate(rows):
        tokens, blocks = sorted(_tokens(i, n, config)), _blocks(i, n, config)
        for h in range(len(out)):
            keys = _gather(k_htd[h].astype(float), tokens, blocks, config.block_size)
            values = _gather(v_htd[h].astype(float), tokens, blocks, config.block_size)
            out[h, r] = _weights(q_htd[h, i], keys) @ values
    return out


def forward_gated(
    q_htd: Floats, k_htd: Floats, v_htd: Floats, salience_t: Floats, top_k: int, config: VectorConfig
) -> Floats:
    """Attention of each token to its window and to the `top_k` most salient tokens beyond it."""
    n = q_htd.shape[1]
    out = np.zeros(q_htd.shape, np.float32)
    for i in range(n):
        window = _window(i, n, config)
        seen = range(i + 1) if config.causal else range(n)
        beyond = sorted((t for t in seen if t not in window), key=lambda t: (-salience_t[t], t))
        tokens = sorted([*window, *beyond[:top_k]])
        for h in range(len(out)):
            out[h, i] = _weights(q_htd[h, i], k_htd[h, tokens].astype(float)) @ v_htd[h, tokens].astype(float)
    return out


def salience(x_td: Floats, weights: GateWeights) -> Floats:
    """Salience of each token from 0 to 1, by a small gated recurrence over the rows before it and its own."""
    state = np.zeros(len(weights.readout_r))
    out = np.zeros(len(x_td), np.float32)
    for t, x in enumerate(x_td.astype(float)):
        mixed = x @ weights.w_dr.astype(float) + state @ weights.u_rr.astype(float)
        gate = _sigmoid(mixed + weights.bias_gate_r)
        state = (weights.zeta * (1 - gate) + weights.nu) * np.tanh(mixed + weights.bias_update_r) + gate * state
        out[t] = _sigmoid(weights.readout_r @ state)
    return out


class KVCache:
    """Keys and values of up to `capacity` tokens, with the means of their whole blocks."""

    def __init__(self, n_heads: int, head_dim: int, capacity: int, block_size: int, half: bool = False) -> None:
        self.n_heads, self.head_dim, self.capacity, self.block_size = n_heads, head_dim, capacity, block_size
        self.half = half
        self._k_htd = np.zeros((n_heads, 0, head_dim), np.float16 if half else np.float32)
        self._v_htd = self._k_htd.copy()
        self._token_mass = np.zeros(0)
        self._block_mass = np.zeros(capacity // block_size)

    def __len__(self) -> int:
        return self._k_htd.shape[1]

    def append(self, k_htd: Floats, v_htd: Floats) -> None:
        """Add tokens behind the others; CapacityError, with nothing added, where they do not fit."""
        check_room(self, k_htd.shape[1])
        self._k_htd = np.concatenate([self._k_htd, k_htd.astype(self._k_htd.dtype)], axis=1)
        self._v_htd = np.concatenate([self._v_htd, v_htd.astype(self._v_htd.dtype)], axis=1)
        self._token_mass = np.concatenate([self._token_mass, np.zeros(k_htd.shape[1])])

    def rewind(self, length: int) -> None:
        """Forget all but the first `length` tokens; attention that they received stays counted."""
        self._k_htd, self._v_htd = self._k_htd[:, :length], self._v_htd[:, :length]
        self._token_mass = self._token_mass[:length]
        self._block_mass[length // self.block_size :] = 0

    def evict(self, keep: int, recent: int = 0, oldest_first: bool = False) -> Ints:
        """Keep the last `recent` tokens and, up to `keep`, those that received most attention; their old positions."""
        mass, n = self.attention(), len(self)
        if keep >= n:
            kept = np.arange(n)
        elif oldest_first:
            kept = np.arange(n - keep, n)
        else:
            ranked = sorted(range(n - recent), key=lambda t: (-mass[t], -t))
            kept = np.array(sorted(ranked[: keep - recent] + list(range(n - recent, n))), np.int64)
        self._k_htd, self._v_htd = self._k_htd[:, kept], self._v_htd[:, kept]
        self._token_mass = mass[kept].astype(float)
        self._block_mass[:] = 0
        return kept

    def attention(self) -> Floats:
        """Attention that each token has received so far, float32 of shape (T,); a block mean shares its own out."""
        shared = np.repeat(self._block_mass, self.block_size)[: len(self)] / self.block_size
        total = self._token_mass.copy()
        total[: len(shared)] += shared
        return total.astype(np.float32)

    def keys(self) -> Floats:
        """Return the stored keys, float32 of shape (H, T, D)."""
        return self._k_htd.astype(np.float32)

    def stored_values(self) -> Floats:
        """Return the stored values, float32 of shape (H, T, D)."""
        return self._v_htd.astype(np.float32)

    def count(self, tokens: list[int], blocks: list[int], weights: Doubles) -> None:
        """Count the attention of one look-up of one head."""
        self._token_mass[tokens] += weights[: len(tokens)]
        self._block_mass[blocks] += weights[len(tokens) :]


def decode_step(q_hd: Floats, cache: KVCache, config: VectorConfig) -> Floats:
    """Attention of the newest token of the cache: the last row of a causal forward over the same tokens."""
    n = len(cache)
    tokens, blocks = sorted(_tokens(n - 1, n, config)), _blocks(n - 1, n, config)
    keys_htd, values_htd = cache.keys().astype(float), cache.stored_values().astype(float)
    out = np.zeros(q_hd.shape, np.float32)
    for h in range(cache.n_heads):
        weights = _weights(q_hd[h], _gather(keys_htd[h], tokens, blocks, config.block_size))
        out[h] = weights @ _gather(values_htd[h], tokens, blocks, config.block_size)
        cache.count(tokens, blocks, weights)
    return out


def sample(logits_nv: Floats, recent_nw: Ints, uniform_n: Doubles, draw: DrawConfig) -> tuple[Ints, Floats]:
    """Draw a token for each row of logits, int64 of shape (N,), with the top probability of the row, float32."""
    tokens = np.zeros(len(logits_nv), np.int64)
    confidence = np.zeros(len(logits_nv), np.float32)
    for n, logits in enumerate(logits_nv.astype(float)):
        share = np.cumsum(_probabilities(logits, recent_nw[n].tolist(), draw))
        tokens[n] = np.searchsorted(share, uniform_n[n] * share[-1], side="right")
        confidence[n] = 1 / np.exp(logits - logits.max()).sum()
    return tokens, confidence


def stream(
    cache: KVCache,
    config: VectorConfig,
    table_vd: Floats,
    places_nd: Floats,
    recent_w: Ints,
    uniform_n: Doubles,
    draw: DrawConfig,
) -> Ints:
    """Draw tokens, int64 of shape (N,), and append each: key its row of the table plus its place, value zero."""
    check_room(cache, len(uniform_n))
    shape = (cache.n_heads, 1, cache.head_dim)
    said = recent_w.tolist()
    for place, uniform in zip(places_nd, uniform_n, strict=True):
        out = decode_step(cache.keys()[:, -1], cache, config).reshape(-1)
        logits = (table_vd.astype(float) @ out.astype(float)).astype(np.float32)
        recent = np.array([said[max(0, len(said) - draw.no_repeat_window) :]], np.int64)
        token = int(sample(logits[None], recent, np.array([uniform]), draw)[0][0])
        said.append(token)
        cache.append((table_vd[token] + place).reshape(shape), np.zeros(shape, np.float32))
    return np.array(said[len(recent_w) :], np.int64)


def check_room(cache: Any, n: int) -> None:
    """Raise `CapacityError` where `n` more tokens do not fit."""
    if len(cache) + n > cache.capacity:
        raise CapacityError(
            f"cache: wanted room for {n} more tokens, got {cache.capacity - len(cache)} of {cache.capacity}; "
            "evict or rewind first"
        )


def _window(i: int, n: int, config: VectorConfig) -> range:
    return range(max(0, i - config.window), i + 1 if config.causal else min(n, i + config.window + 1))


def _tokens(i: int, n: int, config: VectorConfig) -> set[int]:
    """Single tokens that token i of n may see."""
    seen = set(_window(i, n, config))
    if config.log_stride:
        away = [2**k for k in range(n.bit_length())]
        seen |= {i - distance for distance in away} | {i + distance for distance in away}
    seen |= set(config.global_tokens)
    return {t for t in seen if 0 <= t < n and (t <= i or not config.causal)}


def _blocks(i: int, n: int, config: VectorConfig) -> list[int]:
    """Whole blocks outside the window of token i of n, and for a causal query all before it."""
    if not config.landmarks:
        return []
    size = config.block_size
    before = [b for b in range(n // size) if (b + 1) * size <= i - config.window]
    behind = [b for b in range(n // size) if b * size > i + config.window]
    return before if config.causal else before + behind


def _gather(rows_td: Doubles, tokens: list[int], blocks: list[int], size: int) -> Doubles:
    """Rows of single tokens, then the means of blocks."""
    means = [rows_td[b * size : (b + 1) * size].mean(axis=0) for b in blocks]
    return np.stack([*rows_td[tokens], *means])


def _weights(q_d: Floats, keys: Doubles) -> Doubles:
    """Softmax of one query over its candidates."""
    scores = keys @ q_d.astype(float) / math.sqrt(len(q_d))
    weights = np.exp(scores - scores.max())
    return np.asarray(weights / weights.sum())


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _probabilities(logits_v: Doubles, recent: Iterable[int], draw: DrawConfig) -> Doubles:
    """Chance of each token once penalty, top-k and top-p have had their say; not normed."""
    values = logits_v.copy()
    for token in recent:
        if token >= 0:
            values[token] *= 1 / draw.repetition_penalty if values[token] > 0 else draw.repetition_penalty
    order = np.argsort(-values, kind="stable")
    if 0 < draw.top_k < len(values):
        order = order[values[order] >= values[order[draw.top_k - 1]]]
    weights = np.exp((values[order] - values[order[0]]) / draw.temperature)
    if 0 < draw.top_p < 1:
        sums = np.cumsum(weights)
        order = order[: np.searchsorted(sums, draw.top_p * sums[-1]) + 1]
    kept = np.zeros(len(values))
    kept[order] = weights[: len(order)]
    return kept

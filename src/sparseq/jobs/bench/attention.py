"""Attention over one sequence of vectors: all pairs, sparse patterns, and the salience gate in their place."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sparseq.jobs.bench.sizes import Sizes
from sparseq.jobs.bench.timing import Case, Timing, measure
from sparseq.kernel.vector import GateWeights, VectorConfig, dense, forward, forward_gated, salience
from sparseq.kernel.vector_config import Floats

# The shape of the published original's own comparison: one head, look-ups to both sides.
HEAD_DIM = 64
CONFIG = VectorConfig(window=256, block_size=64, causal=False)
GATE_STATES, GATE_TOP_K = 16, 8


class Pattern(NamedTuple):
    """Which tokens are seen, whose pattern that is, and what its timings are called beside the length."""

    name: str
    whose: str
    config: VectorConfig

    @property
    def dense(self) -> str:
        """The name of the dense peer, which sees as far back or to both sides."""
        return "dense_causal" if self.config.causal else "dense"


PATTERNS = (
    Pattern("sparse", "the original's comparison, and its fills", CONFIG),
    Pattern("sparse_causal", "our stream of vectors", VectorConfig()),
    Pattern("sparse_causal_window_128", "the original's kernel by default", VectorConfig(window=128)),
)
"""Compared at the greatest length; the first at every length."""


def measure_attention(sizes: Sizes, advance: Callable[[int], None]) -> dict[str, Timing]:
    """Return dense_N_us, sparse_N_us and gated_N_us for every length N; for the greatest, other patterns too."""
    found: dict[str, Timing] = {}
    for n_tokens in sizes.attention_tokens:
        q, k, v = _sequence(n_tokens)
        cases = _cases(q, k, v)
        if n_tokens == sizes.attention_tokens[-1]:
            cases += _causal_cases(q, k, v)
        found |= measure(cases, sizes.rounds, sizes, advance)
    return found


def seen(config: VectorConfig, n_tokens: int) -> float:
    """Return how many tokens and block means a token sees, on average."""
    i = np.arange(n_tokens)
    low, high = np.maximum(0, i - config.window), np.minimum(n_tokens - 1, i + (0 if config.causal else config.window))
    count = high - low + 1 + low // config.block_size
    powers = [2**k for k in range(n_tokens.bit_length()) if 2**k > config.window]
    count += sum((i >= away).astype(int) for away in powers)
    count += (low > 0) & ~np.isin(i, powers)  # the first token, which all see
    if not config.causal:
        count += sum((i + away < n_tokens).astype(int) for away in powers)
        n_blocks = n_tokens // config.block_size
        count += np.maximum(0, n_blocks - (i + config.window) // config.block_size - 1)
    return float(count.mean())


def _sequence(n_tokens: int) -> Floats:
    rng = np.random.default_rng(n_tokens)
    return rng.standard_normal((3, 1, n_tokens, HEAD_DIM), dtype=np.float32)


def _causal_cases(q: Floats, k: Floats, v: Floats) -> list[Case]:
    peer = Case(f"dense_causal_{q.shape[1]}_us", lambda _: dense(q, k, v, True))
    return [peer, *(_forward_case(pattern, q, k, v) for pattern in PATTERNS if pattern.config.causal)]


def _forward_case(pattern: Pattern, q: Floats, k: Floats, v: Floats) -> Case:
    return Case(f"{pattern.name}_{q.shape[1]}_us", lambda _: forward(q, k, v, pattern.config))


def _cases(q: Floats, k: Floats, v: Floats) -> list[Case]:
    n_tokens = q.shape[1]
    gate = GateWeights.random(HEAD_DIM, GATE_STATES)
    return [
        Case(f"dense_{n_tokens}_us", lambda _: dense(q, k, v, CONFIG.causal)),
        _forward_case(PATTERNS[0], q, k, v),
        Case(f"gated_{n_tokens}_us", lambda _: forward_gated(q, k, v, salience(k[0], gate), GATE_TOP_K, CONFIG)),
    ]

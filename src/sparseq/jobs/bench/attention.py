"""Attention over one sequence of vectors: all pairs, the sparse pattern, and the salience gate in its place."""

from collections.abc import Callable

import numpy as np

from sparseq.jobs.bench.sizes import Sizes
from sparseq.jobs.bench.timing import Case, Timing, measure
from sparseq.kernel.vector import GateWeights, VectorConfig, dense, forward, forward_gated, salience

# The shape of the published original's own comparison: one head, look-ups to both sides.
HEAD_DIM = 64
CONFIG = VectorConfig(window=256, block_size=64, causal=False)
GATE_STATES, GATE_TOP_K = 16, 8


def measure_attention(sizes: Sizes, advance: Callable[[int], None]) -> dict[str, Timing]:
    """Return dense_N_us, sparse_N_us and gated_N_us for every length N."""
    found: dict[str, Timing] = {}
    for n_tokens in sizes.attention_tokens:
        found |= measure(_cases(n_tokens), sizes.rounds, sizes, advance)
    return found


def _cases(n_tokens: int) -> list[Case]:
    rng = np.random.default_rng(n_tokens)
    q, k, v = rng.standard_normal((3, 1, n_tokens, HEAD_DIM), dtype=np.float32)
    gate = GateWeights.random(HEAD_DIM, GATE_STATES)
    return [
        Case(f"dense_{n_tokens}_us", lambda _: dense(q, k, v, CONFIG.causal)),
        Case(f"sparse_{n_tokens}_us", lambda _: forward(q, k, v, CONFIG)),
        Case(f"gated_{n_tokens}_us", lambda _: forward_gated(q, k, v, salience(k[0], gate), GATE_TOP_K, CONFIG)),
    ]

"""What the patterns read is counted, so that a ratio can be held against what is possible."""

import pytest

from sparseq.jobs.bench.attention import PATTERNS, seen
from sparseq.kernel import reference_vector
from sparseq.kernel.vector import VectorConfig


@pytest.mark.parametrize("n_tokens", [1, 40, 300])
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize(("window", "block_size"), [(0, 1), (5, 4), (16, 16), (400, 64)])
def test_what_is_seen_is_what_the_twin_looks_at(n_tokens, causal, window, block_size):
    config = VectorConfig(window, block_size, causal=causal)
    looks = [
        len(reference_vector._tokens(i, n_tokens, config)) + len(reference_vector._blocks(i, n_tokens, config))
        for i in range(n_tokens)
    ]
    assert seen(config, n_tokens) == pytest.approx(sum(looks) / n_tokens)


def test_the_patterns_are_the_originals_and_the_streams():
    assert [(pattern.config.window, pattern.config.causal, pattern.dense) for pattern in PATTERNS] == [
        *((256, False, "dense"), (256, True, "dense_causal"), (128, True, "dense_causal"))
    ]

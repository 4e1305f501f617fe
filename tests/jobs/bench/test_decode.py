import numpy as np

from sparseq.jobs.bench.decode import measure_decode


def test_the_cache_and_both_full_passes_are_measured(tiny):
    found = measure_decode(np.arange(20) % 3, 3, tiny, lambda _: None)
    assert set(found) == {"cached_us", "cache_filling_us", "full_forward_us", "full_forward_causal_us"}

"""A run so small that it takes no time worth telling."""

import pytest

from sparseq.jobs.bench.run import run_bench
from sparseq.jobs.bench.sizes import Sizes

TINY = Sizes(
    rounds=2,
    slow_rounds=1,
    round_s=1e-5,
    most_calls=2,
    attention_tokens=(8, 16),
    decode_tokens=3,
    coding_tokens=(3, 15),
    fill_steps=2,
    growth_rows=(100, 1000),
    growth_queries=4,
    scan_queries=3,
)


@pytest.fixture(scope="session")
def tiny():
    return TINY


@pytest.fixture(scope="session")
def ticks():
    return []


@pytest.fixture(scope="session")
def report(tiny, ticks):
    return run_bench(tiny, None, ticks.append)

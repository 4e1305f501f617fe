"""What every test shares: both kernels, and examples that are the same on every run."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sparseq.kernel import load

# Derandomised: a run that fails fails again. No deadline: machines of a farm are slow at odd moments.
settings.register_profile(
    "sparseq", deadline=None, derandomize=True, max_examples=40, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("sparseq")

# The numpy twin is plain, not fast: these would take it many minutes, or measure speed, which is not its trade.
NATIVE_ONLY = (
    "cli/test_bench.py",
    "cli/test_lab.py",
    "domains",
    "jobs/bench",
    "jobs/test_lab.py",
    "jobs/test_repair.py",
)


def pytest_collection_modifyitems(items):
    if load().name == "native":
        return
    here = Path(__file__).parent
    skip = pytest.mark.skip(reason="needs the speed of the native kernel, and SPARSEQ_KERNEL=reference is set")
    for item in items:
        path = item.path.relative_to(here)
        if any(path.is_relative_to(name) for name in NATIVE_ONLY):
            item.add_marker(skip)


@pytest.fixture(scope="session", params=["native", "reference"])
def kernel(request):
    return load(request.param)

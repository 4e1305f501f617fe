"""What every test shares: both kernels, and examples that are the same on every run."""

import pytest
from hypothesis import settings

from sparseq.kernel import load

# Derandomised: a run that fails fails again. No deadline: machines of a farm are slow at odd moments.
settings.register_profile("sparseq", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("sparseq")


@pytest.fixture(scope="session", params=["native", "reference"])
def kernel(request):
    return load(request.param)

"""Schedules of a fill: every step decides something, the last all that is left, as fast as the schedule says."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.engine.schedule import SCHEDULES, DiffusionConfig, masked_counts, noise_table
from sparseq.errors import InputError
from sparseq.kernel.api import NOISE_ROWS

names = st.sampled_from(sorted(SCHEDULES))


@given(name=names, n_cells=st.integers(0, 500), steps=st.integers(1, 600))
def test_every_schedule_falls_by_at_least_one_to_nothing(name, n_cells, steps):
    left = masked_counts(name, n_cells, steps)
    assert left[-1] == 0
    assert 1 <= len(left) <= min(steps, max(n_cells, 1))
    falls = -np.diff([n_cells, *left])
    assert (falls >= (n_cells > 0)).all()


@given(name=names, n_cells=st.integers(1, 500), steps=st.integers(1, 50))
def test_no_more_stay_than_the_schedule_says(name, n_cells, steps):
    for step, left in enumerate(masked_counts(name, n_cells, steps).tolist(), 1):
        assert left <= n_cells * SCHEDULES[name](step / steps) + 1e-9


@given(name=names, ratios=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_schedule_falls_from_all_to_nothing(name, ratios):
    share = SCHEDULES[name]
    assert share(0.0) == 1.0
    assert share(1.0) == pytest.approx(0.0, abs=1e-15)
    assert share(min(ratios)) >= share(max(ratios)) >= 0.0


@given(ratio=st.floats(0.001, 0.999))
def test_schedules_that_decide_few_cells_first_stay_above_the_line_and_others_below(ratio):
    share = {name: schedule(ratio) for name, schedule in SCHEDULES.items()}
    assert min(share["cosine"], share["square"]) > share["linear"] > max(share["sqrt"], share["polynomial"])


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("cosine", [923, 707, 382, 0]),
        ("linear", [750, 500, 250, 0]),
        ("square", [937, 750, 437, 0]),
        ("sqrt", [500, 292, 133, 0]),
        ("polynomial", [562, 250, 62, 0]),
    ],
)
def test_many_cells_follow_the_schedule(name, counts):
    assert masked_counts(name, 1000, 4).tolist() == counts


@given(name=names, n_cells=st.integers(0, 50))
def test_one_step_decides_all(name, n_cells):
    assert masked_counts(name, n_cells, 1).tolist() == [0]


@given(name=names)
def test_more_steps_than_cells_stop_early(name):
    left = masked_counts(name, 3, 100).tolist()
    assert left[-1] == 0
    assert len(left) <= 3


@pytest.mark.parametrize("n_steps", [1, 2, 8])
def test_no_noise_is_a_table_of_ones(n_steps):
    assert (noise_table(n_steps, 0.0) == np.ones((n_steps, NOISE_ROWS))).all()


@pytest.mark.parametrize("noise", [0.5, 2.0, 50.0])
def test_noise_is_annealed_to_none(noise):
    table = noise_table(5, noise)
    spread = np.log(table).std(1)
    assert (np.diff(spread) < 0).all()
    assert (table[-1] == 1.0).all()
    assert np.isfinite(table).all()
    assert (table > 0).all()


def test_logarithms_of_the_noise_are_gumbel():
    """Mean is Euler's constant and the deviation pi over the root of six, both times tau."""
    logs = np.log(noise_table(4, 2.0)[1])  # tau = 2 * (1 - 2/4) = 1
    assert logs.mean() == pytest.approx(0.5772, abs=0.01)
    assert logs.std() == pytest.approx(math.pi / math.sqrt(6), abs=0.02)
    assert np.median(logs) == pytest.approx(-math.log(math.log(2)), abs=0.01)
    assert (np.diff(logs) > 0).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": 0}, "steps: wanted a whole number 1 to 1048576, got 0"),
        ({"steps": 2.5}, "steps: wanted a whole number 1 to 1048576, got 2.5"),
        ({"noise": -0.1}, "noise: wanted a number 0 to 50, got -0.1"),
        ({"noise": math.nan}, "noise: wanted a number 0 to 50, got nan"),
        ({"noise": math.inf}, "noise: wanted a number 0 to 50, got inf"),
        ({"rounds": -1}, "rounds: wanted a whole number 0 to 1048576, got -1"),
        ({"remask": 1.1}, "remask: wanted a number 0 to 1, got 1.1"),
        ({"remask": math.nan}, "remask: wanted a number 0 to 1, got nan"),
        ({"schedule": "steep"}, "schedule: wanted one of cosine, linear, square, sqrt, polynomial, got 'steep'"),
    ],
)
def test_a_schedule_out_of_range_is_refused(arguments, message):
    with pytest.raises(InputError) as caught:
        DiffusionConfig(**arguments)
    assert str(caught.value) == message

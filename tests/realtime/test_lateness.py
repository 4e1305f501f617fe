"""The lateness meter against the plain definition of a percentile."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.realtime.lateness import Lateness, LatenessMeter


def test_nothing_counted_is_all_zero():
    assert LatenessMeter().summary() == Lateness(0, 0.0, 0.0, 0.0)


def test_early_events_count_as_on_time():
    meter = LatenessMeter()
    meter.add(-0.1)
    assert meter.summary() == Lateness(1, 0.0, 0.0, 0.0)


@given(st.lists(st.floats(0, 12), min_size=1))
def test_percentiles_are_right_to_a_hundredth_of_a_millisecond(lates_s):
    meter = LatenessMeter()
    for late_s in lates_s:
        meter.add(late_s)
    got, exact = meter.summary(), sorted(late_s * 1e3 for late_s in lates_s)
    assert got.events == len(exact)
    assert got.max_ms == exact[-1]
    for share, value in ((0.50, got.p50_ms), (0.99, got.p99_ms)):
        wanted = exact[math.ceil(share * len(exact)) - 1]
        assert value == pytest.approx(wanted, abs=0.0100001) or wanted > 10_000  # past 10 s it is only counted

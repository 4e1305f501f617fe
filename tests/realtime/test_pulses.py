"""Where the pulses of a clock really are: jitter, ramps, jumps, losses and bursts."""

import random
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparseq.realtime.pulses import PulseTracker

PERIOD_S = 60 / 120 / 24


def fed(times_s, tracker=None):
    tracker = tracker or PulseTracker()
    return tracker, [tracker.feed(at_s) for at_s in times_s]


def steady(count, period_s=PERIOD_S, start_s=100.0):
    return [start_s + index * period_s for index in range(count)]


@given(st.floats(20.5, 399), st.integers(3, 60))
def test_a_steady_clock_has_its_tempo_after_two_pulses(bpm, count):
    tracker, moves = fed(steady(count, 60 / bpm / 24))
    assert tracker.bpm == pytest.approx(bpm, rel=1e-6)
    assert tracker.at_s == pytest.approx(100.0 + (count - 1) * 60 / bpm / 24, abs=1e-6)
    assert moves == [1] * count


def test_a_tempo_is_assumed_until_it_is_heard():
    tracker = PulseTracker(90.0)
    assert (tracker.bpm, tracker.has_tempo) == (90.0, False)
    fed([1.0], tracker)
    assert (tracker.bpm, tracker.has_tempo) == (90.0, False)
    fed([1.0 + PERIOD_S], tracker)
    assert (round(tracker.bpm), tracker.has_tempo) == (120, True)


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_jitter_of_a_period_of_jack_comes_down_to_a_half(seed):
    noise = random.Random(seed)
    tracker, errors_s = PulseTracker(), []
    for at_s in steady(600):
        assert tracker.feed(at_s + noise.uniform(0, 0.00133)) == 1
        errors_s.append(abs(tracker.at_s - at_s - 0.00133 / 2))
    settled = sorted(errors_s[48:])
    assert settled[int(0.95 * len(settled))] < 0.0005
    assert tracker.bpm == pytest.approx(120, abs=0.7)


def test_a_ramp_is_followed_within_a_millisecond_and_no_pulse_is_lost_or_doubled():
    times_s = list(accumulate((60 / (90 + 50 * index / 460) / 24 for index in range(460)), initial=0.0))
    tracker = PulseTracker()
    behind_s = []
    for at_s in times_s:
        assert tracker.feed(at_s) == 1
        behind_s.append(abs(tracker.at_s - at_s))
    assert max(behind_s) < 0.001
    assert tracker.bpm == pytest.approx(140, abs=1)


@pytest.mark.parametrize("lost", [1, 2, 5])
def test_lost_pulses_are_counted(lost):
    times_s = steady(100)
    tracker, moves = fed(times_s[:50] + times_s[50 + lost :])
    assert moves[50] == 1 + lost
    assert sum(moves) == 100
    assert tracker.bpm == pytest.approx(120, abs=0.1)


def test_pulses_that_come_late_in_a_burst_are_not_counted_twice():
    """The pulse that ends the wait is taken for several, and those that come with it fill the gap."""
    times_s = steady(100)
    stalled = [max(at_s, times_s[53]) if 50 <= index < 54 else at_s for index, at_s in enumerate(times_s)]
    tracker, moves = fed(stalled)
    assert sum(moves) == 100
    assert tracker.at_s == pytest.approx(times_s[-1], abs=0.002)
    assert tracker.bpm == pytest.approx(120, abs=1)


def test_a_single_late_pulse_moves_little():
    times_s = steady(60)
    times_s[40] += 0.4 * PERIOD_S
    tracker, moves = fed(times_s[:42])
    assert sum(moves) == 42
    assert tracker.at_s == pytest.approx(times_s[41], abs=0.002)


@pytest.mark.parametrize(("before", "after"), [(120, 60), (120, 240), (90, 140), (140, 50)])
def test_a_sudden_tempo_is_believed_after_three_pulses_and_the_count_is_right(before, after):
    times_s = steady(48, 60 / before / 24)
    times_s += [times_s[-1] + (index + 1) * 60 / after / 24 for index in range(48)]
    tracker, moves = fed(times_s)
    assert sum(moves) == 96
    assert tracker.bpm == pytest.approx(after, rel=0.01)
    assert tracker.at_s == pytest.approx(times_s[-1], abs=0.001)


def test_a_start_sets_the_phase_and_keeps_the_tempo():
    tracker, _ = fed(steady(50))
    first_s = 100.0 + 49 * PERIOD_S + 0.5 * PERIOD_S
    tracker.begin(first_s)
    assert (tracker.at_s, round(tracker.bpm, 3)) == (first_s, 120)


def test_a_start_in_phase_changes_nothing():
    tracker, _ = fed(steady(50))
    tracker.begin(100.0 + 50 * PERIOD_S + 0.001)
    assert tracker.at_s == pytest.approx(100.0 + 50 * PERIOD_S, abs=0.0005)


def test_a_clock_that_was_silent_may_have_any_tempo():
    tracker, _ = fed(steady(50))
    tracker.begin(200.0)
    assert fed(steady(3, 60 / 70 / 24, 200.0)[1:], tracker)[1] == [1, 1]
    assert tracker.bpm == pytest.approx(70)

"""The timeline: rounding never adds up, whatever happens to the tempo."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.realtime.timeline import Timeline

STEPS = 100_000


def test_a_hundred_thousand_steps_at_one_tempo_do_not_drift():
    timeline = Timeline(1000.0, ppq=960, bpm=133.7)
    last = STEPS * 240
    exact_s = 1000 + Fraction(last * 60) / (Fraction(133.7) * 960)
    assert abs(timeline.due_s(last) - exact_s) < 1e-9


def test_a_tempo_change_at_each_of_a_hundred_thousand_steps_does_not_drift():
    timeline, exact_s, bpms = Timeline(1000.0, ppq=960, bpm=133.7), Fraction(1000), (133.7, 97.1, 174.3)
    for step in range(STEPS):
        bpm = bpms[step % 3]
        timeline.set_tempo(step * 240, bpm)
        exact_s += Fraction(240 * 60) / (Fraction(bpm) * 960)
    assert abs(timeline.due_s(STEPS * 240) - exact_s) < 1e-6


def test_ticks_before_a_change_keep_their_tempo():
    timeline = Timeline(0.0, ppq=480, bpm=120.0)
    timeline.set_tempo(960, 60.0)
    assert timeline.due_s(480) == 0.5
    assert timeline.due_s(960) == 1.0
    assert timeline.due_s(1440) == 2.0
    assert timeline.due_s(-480) == -0.5


def test_the_same_tempo_again_does_not_re_anchor():
    timeline = Timeline(0.0, ppq=960, bpm=101.0)
    before = [timeline.due_s(tick) for tick in range(0, 96_000, 7)]
    for tick in range(0, 96_000, 960):
        timeline.set_tempo(tick, 101.0)
    assert [timeline.due_s(tick) for tick in range(0, 96_000, 7)] == before


def test_a_shift_moves_everything():
    timeline = Timeline(1.0, ppq=480, bpm=120.0)
    timeline.shift(2.5)
    assert timeline.due_s(480) == 4.0


@given(
    st.floats(0, 1e6),
    st.floats(1, 999),
    st.lists(st.tuples(st.integers(1, 5000), st.floats(1, 999)), max_size=8),
    st.integers(-2000, 50_000),
)
def test_tick_at_is_the_last_tick_that_is_due(origin_s, bpm, changes, tick):
    timeline, start = Timeline(origin_s, ppq=960, bpm=bpm), 0
    for length, next_bpm in changes:
        start += length
        timeline.set_tempo(start, next_bpm)
    assert timeline.tick_at(timeline.due_s(tick)) == pytest.approx(tick, abs=0)
    between_s = (timeline.due_s(tick) + timeline.due_s(tick + 1)) / 2
    assert timeline.tick_at(between_s) == tick

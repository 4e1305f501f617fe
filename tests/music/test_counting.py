"""Bars in steps."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.music.counting import counted_bars
from sparseq.music.score import Note, Score


def score(meters, end, ppq=480, onset=0):
    return Score(ppq, (Note(onset, 10, 60, 90),), ((0, 500_000),), tuple(meters), end, ("",))


def test_whole_bars_are_counted_as_they_are():
    bars = counted_bars(score([(0, 7, 8), (1680, 15, 8)], 3000), 4)
    assert [(bar.start_step, bar.length_steps) for bar in bars] == [(0, 14), (14, 30)]


def test_a_bar_line_between_steps_goes_to_the_nearer_one():
    bars = counted_bars(score([(0, 4, 4), (100, 3, 4)], 3000), 4)  # the first bar has 0.83 of a sixteenth
    assert [(bar.number, bar.start_step, bar.length_steps) for bar in bars] == [
        (1, 0, 1),
        (2, 1, 12),
        (3, 13, 12),
        (4, 25, 12),
    ]


def test_a_bar_of_less_than_half_a_step_joins_the_next():
    bars = counted_bars(score([(0, 4, 4), (20, 3, 4)], 1000), 4)
    assert [(bar.number, bar.start_step, bar.length_steps, bar.numerator) for bar in bars] == [(1, 0, 12, 3)]


def test_bars_reach_behind_the_last_step():
    assert [bar.length_steps for bar in counted_bars(score([(0, 4, 4)], 1920), 4, 16)] == [16, 16]


@given(
    st.integers(1, 960),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 15), st.sampled_from((1, 2, 4, 8, 16, 32))), max_size=4),
    st.sampled_from((3, 4, 6, 12)),
    st.integers(0, 200),
)
def test_bars_always_follow_one_another_and_reach_far_enough(ppq, changes, steps_per_beat, last_step):
    meters = sorted({tick: (tick, upper, lower) for tick, upper, lower in [(0, 4, 4), *changes]}.values())
    bars = counted_bars(score(meters, 6000, ppq), steps_per_beat, last_step)
    assert bars[0].start_step == 0
    assert all(bar.length_steps > 0 for bar in bars)
    assert all(bar.stop_step == after.start_step for bar, after in itertools.pairwise(bars))
    assert bars[-1].stop_step > last_step
    assert [bar.number for bar in bars] == list(range(1, len(bars) + 1))


@pytest.mark.parametrize("steps", [0, 97])
def test_impossible_steps_are_refused(steps):
    with pytest.raises(InputError, match="1 to 96 steps"):
        counted_bars(score([(0, 4, 4)], 1920), steps)

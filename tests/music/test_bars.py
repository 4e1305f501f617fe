"""Bar lines."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.music.bars import Bar, bar_lines, score_bars
from sparseq.music.score import Note, Score


def lines(*args):
    return [(bar.start_ticks, bar.length_ticks, bar.numerator, bar.denominator) for bar in bar_lines(*args)]


def test_4_4_rules_where_no_meter_is_given():
    assert bar_lines(96, (), 385) == (Bar(1, 0, 384, 4, 4), Bar(2, 384, 384, 4, 4))


def test_an_end_on_a_bar_line_begins_no_bar():
    assert len(bar_lines(96, (), 384)) == 1


def test_an_empty_span_has_one_bar():
    assert lines(96, ((0, 3, 4),), 0) == [(0, 288, 3, 4)]


def test_a_meter_change_on_a_bar_line_begins_the_new_meter():
    assert lines(96, ((0, 4, 4), (384, 6, 8), (672, 5, 4)), 1000) == [
        (0, 384, 4, 4),
        (384, 288, 6, 8),
        (672, 480, 5, 4),
    ]


def test_a_meter_change_inside_a_bar_cuts_it_short():
    assert lines(96, ((0, 4, 4), (96, 3, 4)), 300) == [(0, 96, 4, 4), (96, 288, 3, 4)]


def test_a_meter_change_behind_the_end_cuts_the_last_bar_short():
    assert lines(96, ((0, 4, 4), (380, 3, 4)), 300) == [(0, 380, 4, 4)]


def test_a_meter_that_is_stated_again_changes_nothing():
    assert lines(96, ((0, 4, 4), (100, 4, 4)), 500) == [(0, 384, 4, 4), (384, 384, 4, 4)]


def test_a_meter_that_begins_late_leaves_4_4_before_it():
    assert lines(96, ((384, 3, 4),), 500) == [(0, 384, 4, 4), (384, 288, 3, 4)]


def test_bars_that_are_no_whole_number_of_ticks_do_not_drift():
    bars = bar_lines(1, ((0, 3, 8),), 30)
    assert [bar.start_ticks for bar in bars[:5]] == [0, 2, 3, 5, 6]
    assert bars[-1].end_ticks == 30


def test_a_file_of_endless_bars_is_refused():
    with pytest.raises(InputError, match="at most 100000 bars was wanted"):
        bar_lines(96, (), 1 << 40)


meter_maps = st.lists(
    st.tuples(st.integers(0, 5000), st.integers(1, 12), st.sampled_from((1, 2, 4, 8, 16))), max_size=6
)


@given(st.integers(4, 960), meter_maps, st.integers(0, 20_000))
def test_bars_follow_one_another_without_gaps_and_reach_the_end(ppq, meters, end):
    bars = bar_lines(ppq, meters, end)
    assert [bar.number for bar in bars] == list(range(1, len(bars) + 1))
    assert bars[0].start_ticks == 0
    assert all(left.end_ticks == right.start_ticks for left, right in itertools.pairwise(bars))
    assert bars[-1].start_ticks < max(end, 1) <= bars[-1].end_ticks


def score(*notes, end):
    return Score(96, notes, ((0, 500_000),), ((0, 4, 4),), end, ("",))


def test_a_bar_that_only_a_late_release_reaches_into_is_not_counted():
    assert len(score_bars(score(Note(370, 30, 36, 64, off_index=1), end=400))) == 1


@pytest.mark.parametrize(
    "longer",
    [
        score(Note(370, 30, 36, 64, off_index=1), end=401),  # the file goes on after the release
        score(Note(370, 30, 36, 64, off_index=-1), end=400),  # the note is never released
        score(Note(300, 180, 36, 64, off_index=1), end=480),  # the note sounds for a quarter note of the bar
        score(Note(300, 99, 36, 64, off_index=1), Note(384, 16, 36, 64, off_index=1), end=400),  # it has an onset
    ],
)
def test_every_other_last_bar_is_counted(longer):
    assert len(score_bars(longer)) == 2

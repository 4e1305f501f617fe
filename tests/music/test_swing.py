"""Swing, measured and set."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.music.counting import counted_bars
from sparseq.music.decode import grid_notes
from sparseq.music.encode import encode_drums
from sparseq.music.score import Note, Score
from sparseq.music.swing import apply_swing, measure_swing, swing_of_notes
from sparseq.music.units import PPQ


def drums(onsets, steps_per_beat=4, meters=((0, 4, 4),), velocity=90):
    notes = tuple(Note(onset, 60, 42, velocity, 9, 0, 0, 1) for onset in sorted(onsets))
    return encode_drums(Score(PPQ, notes, ((0, 500_000),), meters, 8 * PPQ, ("",)), None, steps_per_beat)


def swung(grid, percent):
    return replace(grid, hits=apply_swing(grid, percent))


def onsets(grid):
    return [note.onset_ticks for note in grid_notes(grid)]


STRAIGHT = range(0, 3840, 240)


def test_straight_sixteenths_measure_fifty_percent():
    assert measure_swing(drums(STRAIGHT)) == (50, 8)


def test_only_second_notes_of_pairs_are_asked():
    grid = drums([0, 480, 960, 320 + 960, 20 + 1920])  # the swung one is at 2/3
    assert measure_swing(grid).percent == pytest.approx(200 / 3)
    assert measure_swing(grid).n_notes == 1
    assert measure_swing(drums([0, 480])) is None


@pytest.mark.parametrize("steps_per_beat", [2, 3, 4, 6, 8, 12])
@pytest.mark.parametrize("percent", [50, 54, 58.3, 66.7, 75])
def test_notes_on_the_grid_swing_exactly_as_asked(steps_per_beat, percent):
    pair = 960 if steps_per_beat in (2, 3) else 480
    second = pair * 2 // 3 if steps_per_beat in (3, 6) else pair // 2
    grid = drums([tick for start in range(0, 3840, pair) for tick in (start, start + second)], steps_per_beat)
    wanted = [tick for start in range(0, 3840, pair) for tick in (start, start + pair * percent / 100)]
    assert onsets(swung(grid, percent)) == pytest.approx(wanted, abs=1)


LOOSE = st.lists(st.integers(-60, 60), min_size=16, max_size=16)


@given(LOOSE, st.floats(50, 75))
def test_played_loosely_the_average_swings_as_asked(misses, percent):
    made = onsets(swung(drums([max(tick + miss, 0) for tick, miss in zip(STRAIGHT, misses, strict=True)]), percent))
    seconds = [tick - 480 * pair for pair, tick in enumerate(made[1::2])]
    assert sum(seconds) / len(seconds) == pytest.approx(480 * percent / 100, abs=0.5 + 1e-6)


@given(LOOSE, st.floats(50, 75))
def test_no_second_note_is_taken_for_another_step(misses, percent):
    made = onsets(swung(drums([max(tick + miss, 0) for tick, miss in zip(STRAIGHT, misses, strict=True)]), percent))
    assert all(120 <= tick - 480 * pair <= 360 for pair, tick in enumerate(made[1::2]))


@given(LOOSE, st.floats(50, 60))
def test_the_looseness_stays_where_there_is_room(misses, percent):
    grid = drums([max(tick + miss // 2, 0) for tick, miss in zip(STRAIGHT, misses, strict=True)])
    made = onsets(swung(grid, percent))
    assert made[::2] == onsets(grid)[::2]
    spread = [second - first for first, second in zip(onsets(grid)[1::2], made[1::2], strict=True)]
    assert max(spread) - min(spread) <= 1


@given(LOOSE, st.floats(50, 66))
def test_what_was_set_is_measured(misses, percent):
    grid = swung(drums([max(tick + miss // 2, 0) for tick, miss in zip(STRAIGHT, misses, strict=True)]), percent)
    assert measure_swing(grid).percent * 4.8 == pytest.approx(percent * 4.8, abs=1)


def test_thirty_seconds_move_in_proportion():
    grid = drums(range(0, 960, 120), 8)
    assert onsets(swung(grid, 75)) == [0, 180, 360, 420, 480, 660, 840, 900]


def test_a_note_keeps_its_velocity_length_and_lane():
    grid = drums([240], velocity=77)
    ((cell, (hit,)),) = apply_swing(grid, 75).items()
    assert cell == (2, 0)  # 360 ticks are half-way to the next step, which a half belongs to
    assert (hit.pitch, hit.velocity, hit.offset_ticks, hit.duration_ticks) == (42, 77, -120, 60)


def test_pairs_are_counted_from_the_bar_line():
    grid = drums([0, 240, 1680, 1920], meters=((0, 7, 16),))  # bars of seven sixteenths: the second begins at 1680
    assert onsets(swung(grid, 75)) == [0, 360, 1680, 2040]


def test_without_second_notes_nothing_moves():
    grid = drums([0, 480])
    assert apply_swing(grid, 60) == grid.hits


@pytest.mark.parametrize("percent", [49.9, 75.1, float("nan")])
def test_swing_out_of_range_is_refused(percent):
    with pytest.raises(InputError, match="50 to 75"):
        apply_swing(drums(STRAIGHT), percent)


def test_steps_that_know_no_swing_are_refused():
    grid = drums([0], 5)
    assert measure_swing(grid) is None
    with pytest.raises(InputError, match="there are 5"):
        apply_swing(grid, 60)


@pytest.mark.parametrize("ppq", [24, 96, 480, 960, 15360])
def test_swing_of_notes_is_that_of_the_grid_at_any_resolution(ppq):
    notes = [Note(round(ppq * beat), 5, 60, 90) for beat in (0, 1 / 3, 1, 4 / 3)]
    bars = counted_bars(Score(ppq, tuple(notes), (), ((0, 4, 4),), 4 * ppq, ("",)), 4)
    assert swing_of_notes(notes, ppq, bars).percent == pytest.approx(200 / 3)
    assert swing_of_notes(notes[:1], ppq, bars) is None
    assert swing_of_notes(notes, ppq, bars, 5) is None

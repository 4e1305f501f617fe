"""What people write to say which bars and lanes to rewrite."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.music.encode import encode_drums
from sparseq.music.grid import DrumGrid, GridBar
from sparseq.music.masks import cell_mask, notes_in_mask, parse_bars, parse_lanes, step_mask
from sparseq.music.score import Note, Score

KIT = ("kick", "snare", "closed_hat", "open_hat")


@pytest.mark.parametrize(
    ("text", "bars"),
    [
        ("5-6,9", (5, 6, 9)),
        ("1", (1,)),
        (" 5 - 6 , 9 ", (5, 6, 9)),
        ("9-", (9, 10)),
        ("-3", (1, 2, 3)),
        ("3,1-2,2", (1, 2, 3)),
        ("4\u20135", (4, 5)),  # the dash that a word processor makes of a hyphen
        ("10-10", (10,)),
    ],
)
def test_bars_are_numbers_and_ranges_that_include_both_ends(text, bars):
    assert parse_bars(text, 10) == bars


@given(st.sets(st.integers(1, 30), min_size=1))
def test_any_set_of_bars_can_be_written(bars):
    assert parse_bars(",".join(map(str, bars)), 30) == tuple(sorted(bars))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("9-12", "bars 9-12 were asked for, but the file has 8 bars (1-8)"),
        ("9", "bar 9 was asked for, but the file has 8 bars (1-8)"),
        ("7-9", "bars 7-9 were asked for, but the file has 8 bars (1-8)"),
        ("-9", "bars 1-9 were asked for, but the file has 8 bars (1-8)"),
        ("9-", "bar 9 was asked for, but the file has 8 bars (1-8)"),
        ("0", "bar 0 was asked for, but the file has 8 bars (1-8)"),
        ("0-3", "bars 0-3 were asked for, but the file has 8 bars (1-8)"),
        ("6-5", "bars 6-5 were asked for, but that runs backwards; write 5-6"),
        ("", "bars were wanted, but none were given; write numbers or ranges like 5-6,9"),
        ("  ", "bars were wanted, but none were given; write numbers or ranges like 5-6,9"),
        ("5,", "bars like 5-6,9 were wanted, but '' in '5,' is neither a number nor a range"),
        ("-", "bars like 5-6,9 were wanted, but '-' in '-' is neither a number nor a range"),
        ("5 6", "bars like 5-6,9 were wanted, but '5 6' in '5 6' is neither a number nor a range"),
        ("5--6", "bars like 5-6,9 were wanted, but '5--6' in '5--6' is neither a number nor a range"),
        ("2,x", "bars like 5-6,9 were wanted, but 'x' in '2,x' is neither a number nor a range"),
        ("1" * 5000, "is neither a number nor a range"),
    ],
)
def test_bars_that_cannot_be_are_refused_with_the_reason(text, message):
    with pytest.raises(InputError) as error:
        parse_bars(text, 8)
    assert message in str(error.value)


def test_a_file_of_one_bar_says_so():
    with pytest.raises(InputError, match=r"but the file has 1 bar \(1\)"):
        parse_bars("2", 1)


@pytest.mark.parametrize(
    ("text", "lanes"),
    [
        ("kick,hats", ("kick", "closed_hat", "open_hat")),
        ("Snare", ("snare",)),
        ("open hat, closed-hat", ("closed_hat", "open_hat")),
        ("BD,kick", ("kick",)),
    ],
)
def test_lanes_are_names_or_aliases_in_any_case(text, lanes):
    assert parse_lanes(text, KIT) == lanes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("snaer", "lane 'snaer' was asked for, but there is none; did you mean snare?"),
        ("cowbell", "lane 'cowbell' was asked for, but the lanes here are kick, snare, closed_hat, open_hat"),
        ("zzz", "lane 'zzz' was asked for, but there is none; lanes are kick, snare, closed_hat, open_hat"),
        ("", "a lane name was wanted, but none was given"),
        ("kick,", "a lane name was wanted, but none was given"),
    ],
)
def test_lanes_that_cannot_be_are_refused_with_the_reason(text, message):
    with pytest.raises(InputError) as error:
        parse_lanes(text, KIT)
    assert message in str(error.value)


def grid():
    bars = (GridBar(1, 0, 2, 2, 4), GridBar(2, 2, 3, 3, 4), GridBar(3, 5, 1, 1, 4))
    return DrumGrid(np.zeros((6, 4), np.uint8), KIT, {}, 1, bars)


def test_a_mask_marks_the_cells_in_both_the_bars_and_the_lanes():
    mask_tl = cell_mask(grid(), (2,), ("snare", "open_hat"))
    assert mask_tl.dtype == np.bool_
    assert np.argwhere(mask_tl).tolist() == [[2, 1], [2, 3], [3, 1], [3, 3], [4, 1], [4, 3]]


def test_a_mask_of_all_bars_and_all_lanes_marks_everything():
    assert cell_mask(grid()).all()
    assert not cell_mask(grid(), ()).any()


def test_a_mask_over_what_is_not_there_is_refused():
    with pytest.raises(InputError, match="bar 4 was asked for, but the grid has bars 1-3"):
        cell_mask(grid(), (4,))
    with pytest.raises(InputError, match="lane 'ride' was asked for"):
        cell_mask(grid(), None, ("ride",))


def test_notes_in_marked_cells_are_those_that_the_grid_shows_there():
    notes = tuple(Note(onset, 10, pitch, 90, 9, 0, 0, 1) for onset in (0, 1900, 1930, 3839) for pitch in (36, 38, 60))
    score = Score(480, notes, ((0, 500_000),), ((0, 4, 4),), 3840, ("",))
    made = encode_drums(score, lanes=("kick", "snare"))
    picked = notes_in_mask(notes, 480, made, cell_mask(made, (2,), ("snare",)))
    assert [(note.onset_ticks, note.pitch) for note in picked] == [(1900, 38), (1930, 38)]


def test_steps_of_the_bar_are_marked_in_every_bar():
    grid = empty_grid(((4, 4), (4, 4)), 4)
    assert np.flatnonzero(step_mask(grid, steps="1,16")).tolist() == [0, 15, 16, 31]


@pytest.mark.parametrize(
    ("meter", "beats", "steps"),
    [((4, 4), "2", [4, 5, 6, 7]), ((6, 8), "6", [10, 11]), ((3, 4), "1,3", [0, 1, 2, 3, 8, 9, 10, 11])],
)
def test_a_beat_is_the_note_that_the_meter_names(meter, beats, steps):
    assert np.flatnonzero(step_mask(empty_grid((meter,), 4), beats=beats)).tolist() == steps


def test_steps_and_beats_together_mark_what_lies_in_both():
    assert np.flatnonzero(step_mask(empty_grid(((4, 4),), 4), steps="1-6", beats="2")).tolist() == [4, 5]


def test_a_step_that_no_bar_has_is_refused():
    with pytest.raises(InputError, match="a bar has 16 steps"):
        step_mask(empty_grid(((4, 4),), 4), steps="17")


def empty_grid(meters, steps_per_beat):
    bars, start = [], 0
    for number, (numerator, denominator) in enumerate(meters, 1):
        length = numerator * 4 * steps_per_beat // denominator
        bars.append(GridBar(number, start, length, numerator, denominator))
        start += length
    return DrumGrid(np.zeros((start, 1), np.uint8), ("kick",), {}, steps_per_beat, tuple(bars))

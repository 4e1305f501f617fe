"""From score to grid."""

import pytest

from sparseq.errors import InputError
from sparseq.music.encode import drum_notes, encode_drums
from sparseq.music.grid import GridBar, Hit
from sparseq.music.score import Note, Score

KICK, SNARE, HAT = 36, 38, 42


def score(*onsets, ppq=480, meters=((0, 4, 4),), end=1920, pitch=KICK):
    notes = tuple(Note(onset, ppq // 8, pitch, 100, 9, 0, 0, 1) for onset in sorted(onsets))
    return Score(ppq, notes, ((0, 500_000),), meters, end, ("",))


def steps(grid):
    return grid.tokens_tl[:, 0].nonzero()[0].tolist()


def test_an_onset_goes_to_its_nearest_step_and_a_tie_to_the_later_one():
    grid = encode_drums(score(0, 59, 180, 299, 300))
    assert steps(grid) == [0, 2, 3]
    assert grid.hits[2, 0] == (Hit(KICK, 100, -120, 120), Hit(KICK, 100, 118, 120))
    assert grid.hits[3, 0] == (Hit(KICK, 100, -120, 120),)


def test_all_hits_of_a_cell_are_kept_in_order_of_time():
    assert [hit.offset_ticks for hit in encode_drums(score(230, 240, 250)).hits[2, 0]] == [-20, 0, 20]


def test_a_note_shortly_before_a_bar_line_belongs_to_that_bar_across_a_meter_change():
    grid = encode_drums(score(1440 - 60, 1440 - 61, meters=((0, 3, 4), (1440, 7, 8)), end=3000))
    assert grid.bars == (GridBar(1, 0, 12, 3, 4), GridBar(2, 12, 14, 7, 8))
    assert steps(grid) == [11, 12]


def test_a_note_shortly_before_the_end_gets_a_bar_for_it():
    grid = encode_drums(score(0, 1900))
    assert [bar.length_steps for bar in grid.bars] == [16, 16]
    assert steps(grid) == [0, 16]


def test_a_note_at_the_very_start_has_no_step_before_it():
    assert steps(encode_drums(score(0, 1, 59))) == [0]


@pytest.mark.parametrize(("steps_per_beat", "lengths"), [(1, [3]), (3, [9]), (6, [18]), (12, [36])])
def test_any_meter_and_any_steps_per_beat_will_do(steps_per_beat, lengths):
    grid = encode_drums(score(480, meters=((0, 6, 8),), end=1440), steps_per_beat=steps_per_beat)
    assert [bar.length_steps for bar in grid.bars] == lengths
    assert steps(grid) == [steps_per_beat]


def test_steps_need_not_be_whole_ticks():
    grid = encode_drums(score(0, 8, 17, 25, ppq=25, end=100), steps_per_beat=3)  # a step is 8.33 ticks
    assert steps(grid) == [0, 1, 2, 3]
    assert [grid.hits[step, 0][0].offset_ticks for step in range(4)] == [0, -13, 13, 0]


def test_a_bar_that_is_no_whole_number_of_steps_is_named():
    uneven = score(0, meters=((0, 4, 4), (1920, 5, 8)), end=3000)
    with pytest.raises(InputError, match=r"bar 2 \(5/8, 2\.5 quarter notes\) has 7\.5 at 3 steps per quarter note"):
        encode_drums(uneven, steps_per_beat=3)


@pytest.mark.parametrize("steps_per_beat", [0, 97])
def test_impossible_steps_per_beat_are_refused(steps_per_beat):
    with pytest.raises(InputError, match="1 to 96 steps per quarter note"):
        encode_drums(score(0), steps_per_beat=steps_per_beat)


def test_lanes_are_those_that_occur_unless_they_are_given():
    notes = tuple(Note(0, 10, pitch, 90, 9, 0, 0, 1) for pitch in (HAT, SNARE, KICK))
    drums = score()._replace(notes=notes)
    assert encode_drums(drums).lanes == ("kick", "snare", "closed_hat")
    chosen = encode_drums(drums, lanes=("open_hat", "snare"))
    assert chosen.tokens_tl[0].tolist() == [0, 1]
    assert list(chosen.hits) == [(0, 1)]


def test_a_score_without_drums_is_a_grid_without_hits():
    empty = encode_drums(score(), lanes=("kick",))
    assert (empty.tokens_tl.shape, empty.hits) == ((16, 1), {})
    assert encode_drums(score()).tokens_tl.shape == (16, 0)


def test_durations_are_counted_at_the_internal_resolution_and_are_never_zero():
    notes = (Note(0, 240, KICK, 90, 9, 0, 0, 1), Note(480, 0, KICK, 90, 9, 0, 2, 3))
    grid = encode_drums(score()._replace(notes=notes))
    assert [grid.hits[step, 0][0].duration_ticks for step in (0, 4)] == [480, 1]


def test_notes_of_channel_10_are_drums():
    notes = (Note(0, 10, 60, 90, 0, 0), Note(0, 10, 36, 90, 9, 1))
    assert drum_notes(score()._replace(notes=notes, track_names=("Drums", ""))) == notes[1:]


@pytest.mark.parametrize("name", ["Drums", "my DRUM track", "Percussion", "Kit 2"])
def test_without_channel_10_a_track_named_like_drums_is_drums(name):
    notes = (Note(0, 10, 36, 90, 0, 0), Note(0, 10, 60, 90, 1, 1))
    assert drum_notes(score()._replace(notes=notes, track_names=(name, "Kitchen organ"))) == notes[:1]

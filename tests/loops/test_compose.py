"""Tabs turned into notes."""

import pytest

from sparseq.music.parts import programs_of
from sparseq.music.score import read_score
from sparseq.music.smf import parse

HEADER = """
title: Small
style: test
bpm: 120
meter: 2/4
steps per beat: 4
swing: {swing}
player: drummer
"""


@pytest.fixture
def notes_of(compose):
    """Return (onset, length, pitch, velocity) of each note of a tab with these rows."""

    def render(rows, swing=50):
        tab = compose.parse_tab(HEADER.format(swing=swing) + rows, "small")
        return [tuple(note[:4]) for note in compose.render_notes(tab)]

    return render


def test_a_step_is_a_sixteenth_and_a_digit_a_velocity(notes_of):
    assert notes_of("kick | 9... .... | ..1. ....") == [(0, 180, 36, 118), (2400, 180, 36, 18)]


def test_the_number_after_a_lane_shifts_it_but_never_before_the_start(notes_of):
    assert [note[0] for note in notes_of("snare -12 | 8... 8...")] == [0, 948]


def test_swing_moves_odd_steps_only(notes_of):
    # 60 % of a pair of 480 ticks is tick 288
    assert [note[0] for note in notes_of("hat | 777. ....", swing=60)] == [0, 288, 480]


def test_cycles_of_timing_and_touch_run_over_the_steps(notes_of):
    notes = notes_of("hat | 5555 ....\ntiming hat: 0 7\ntouch hat: 0 1 -2")
    assert [(onset % 240, velocity) for onset, _, _, velocity in notes] == [(0, 64), (7, 65), (0, 62), (7, 64)]


def test_a_flam_is_a_soft_stroke_just_before_a_strong_one(notes_of):
    (grace_onset, grace_ticks, _, soft), (onset, _, _, strong) = notes_of("snare | .... f...")
    assert onset == 960
    assert 0.015 < (onset - grace_onset) / 1920 < 0.035  # seconds at 120 bpm
    assert grace_onset + grace_ticks == onset
    assert soft < 46 < strong


def test_a_roll_and_a_drag_are_three_strokes(notes_of):
    assert len(notes_of("snare | .... z...")) == len(notes_of("snare | .... d...")) == 3


def test_an_open_hat_ends_at_the_next_closed_one(notes_of):
    assert notes_of("open | 8... ....\nhat | .8.. ....")[0] == (0, 240, 46, 104)


def test_no_note_is_longer_than_the_loop(notes_of):
    assert notes_of("crash | .... ...8") == [(1680, 240, 49, 104)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("kick | 8... ...", "7 steps, 8 are needed"),
        ("kick | 8... ..x.", "unknown strokes"),
        ("kcik | 8... ....", "no lane"),
        ("kick | 8... ....\nhat | 8... .... | 8... ....", "different numbers of bars"),
        ("kick | 8... ....\nkick | 8... ....", "written twice"),
        ("kick | 8... ....\ntouch hat: 1", "not there"),
        ("kick +120 | 8... ....", "over half a step"),
    ],
)
def test_a_tab_that_cannot_be_meant_is_refused(notes_of, rows, message):
    with pytest.raises(ValueError, match=message):
        notes_of(rows)


def test_a_bar_is_a_whole_number_of_steps(compose):
    text = HEADER.replace("2/4", "3/8").replace("beat: 4", "beat: 3").format(swing=50)
    with pytest.raises(ValueError, match="no whole number of steps"):
        compose.parse_tab(text + "kick | 8", "odd")


@pytest.mark.parametrize(
    ("rows", "clash"),
    [
        ("hat | 8... ....\nsnare | 8... ....\nkick | 8... ....\nclap | 8... ....", None),
        ("ride | 8... ....\nsnare | 8... ....\ncrash | 8... ....", "over two hands"),
        ("hat | 8... ....\nopen | 8... ....", "hats in two states"),
        ("pedal | 8... ....\nopen | 8... ....", "hats in two states"),
    ],
)
def test_what_two_hands_cannot_play_is_found_but_a_machine_may_play_it(compose, rows, clash):
    text = HEADER.format(swing=50) + rows
    found = compose.clashes(compose.parse_tab(text, "small"))
    assert (clash in found[0]) if clash else not found
    assert not compose.clashes(compose.parse_tab(text.replace("drummer", "machine"), "small"))


SOUNDS = """
part bass: program 33 level 7 gate 50
part chords: strum 10
voicing Am: A3 C4 E4
"""


@pytest.fixture
def lines_of(compose):
    """Return (onset, length, pitch, velocity) of each note of a bass and of chords."""

    def render(rows, swing=50):
        tab = compose.parse_tab(HEADER.format(swing=swing) + SOUNDS + rows, "small")
        return [tuple(note[:4]) for line in tab.lines for note in compose.line_notes(tab, line, 0)]

    return render


SILENT = "\nchords | ."


def test_cells_of_a_pitched_bar_share_it_and_a_level_may_be_its_own(lines_of):
    assert lines_of("bass | A1 . C2:9 .| E2" + SILENT + "| .") == [
        (0, 240, 33, 90),
        (960, 240, 36, 118),
        (1920, 960, 40, 90),
    ]


def test_a_hold_makes_a_note_longer_even_over_the_bar_line(lines_of):
    assert lines_of("bass | . A1 - -\nbass | - ." + SILENT + "| .") == [(480, 1200, 33, 90)]


def test_notes_together_are_strummed_from_below_and_end_together(lines_of):
    assert lines_of("bass | .\nchords | Am .") == [(0, 912, 57, 76), (10, 902, 60, 76), (20, 892, 64, 76)]
    assert lines_of("bass | .\nchords | A3/C4:9 .")[1] == (10, 902, 60, 118)


def test_a_voicing_named_like_a_note_is_meant_in_chords_only(lines_of):
    found = lines_of("bass | A5\nchords | A5\nvoicing A5: A2 E3")
    assert [pitch for _, _, pitch, _ in found] == [81, 45, 52]


def test_pitched_parts_swing_and_have_touch_and_timing_as_drums_do(lines_of):
    feel = "\ntouch bass: 0 5\ntiming bass: 0 0 7 0"
    rows = "bass +3 | A1 A1 A1 . . . . ." + SILENT + feel
    assert [(onset, velocity) for onset, _, _, velocity in lines_of(rows, swing=60)] == [(3, 90), (291, 95), (490, 90)]


def test_cells_between_the_steps_do_not_swing(lines_of):
    triplets = lines_of("bass | A1 . . A1 . A1" + SILENT, swing=60)
    assert [onset for onset, *_ in triplets] == [0, 960, 1600]


def test_a_repeated_note_is_cut_by_the_next_and_all_by_the_end(lines_of):
    long = "\npart bass: program 33 level 7 gate 200"
    assert lines_of("bass | A1 A1" + SILENT + long) == [(0, 960, 33, 90), (960, 960, 33, 90)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("bass | - A1", "cell 1 holds nothing"),
        ("bass | A1 . -", "cell 3 holds nothing"),
        ("bass | H1", "a pitch from"),
        ("bass | A1 . . . . . .", "cut into 7 cells"),
        ("bass | A1 | A1", "different numbers of bars"),
        ("bass +130 | A1", "over half a step"),
    ],
)
def test_a_pitched_row_that_cannot_be_meant_is_refused(lines_of, rows, message):
    with pytest.raises(ValueError, match=message):
        lines_of(rows + SILENT)


def test_a_sound_for_a_part_that_is_not_there_is_refused(lines_of):
    with pytest.raises(ValueError, match="feel or sound for lanes that are not there: \\['chords'\\]"):
        lines_of("bass | A1")


def test_a_combo_is_one_track_a_part_with_its_program_and_channel(compose):
    rows = "kick | 8... ....\nbass | A1\nchords | Am"
    tab = compose.parse_tab(HEADER.format(swing=50) + SOUNDS + "key: A minor\nchords: Am\n" + rows, "small")
    midi = parse(compose.to_midi(tab))
    score = read_score(midi)
    assert score.track_names == ("Small", "Drums", "Bass", "Chords")
    assert {(note.track, note.channel) for note in score.notes} == {(1, 9), (2, 1), (3, 2)}
    assert (programs_of(midi)[2, 1], programs_of(midi)[3, 2]) == (33, 0)
    assert (compose.entry(tab)["key"], compose.entry(tab)["chords"]) == ("A minor", "Am")
    assert compose.entry(tab)["parts"] == ["drums", "bass", "chords"]

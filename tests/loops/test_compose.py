"""Tabs turned into notes."""

import pytest

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

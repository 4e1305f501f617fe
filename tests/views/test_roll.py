"""Piano rolls as text."""

import numpy as np
import pytest

from sparseq.errors import InputError
from sparseq.music.chords import lay_out, parse_chords
from sparseq.music.grid import GridBar
from sparseq.music.partgrid import encode_piece
from sparseq.music.parts import split_parts
from sparseq.music.piece import make_piece
from sparseq.music.pitched import encode_voices
from sparseq.music.score import Note, Score
from sparseq.views.roll import Sources, pitch_rows, render_parts, render_roll, roll_notes

STEP = 240


def part(*spans, bars=2, bar_steps=4):
    """A part of (pitch, start, stop, velocity) in sixteenths; bars of one quarter."""
    notes = [Note(start * STEP, (stop - start) * STEP, pitch, velocity) for pitch, start, stop, velocity in spans]
    counted = tuple(GridBar(n + 1, n * bar_steps, bar_steps, 1, 4) for n in range(bars))
    return encode_voices(notes, 960, counted)


def picture(*lines):
    return "\n".join(lines)


TUNE = part((60, 0, 2, 90), (62, 2, 3, 30), (64, 4, 8, 120))


def test_a_roll_is_pitches_over_steps_under_bars_and_beats():
    assert render_roll(TUNE) == picture(
        "      1    2",
        "      1    1",
        "E4   |····|◉━━━|",
        "D#4  |····|····|",
        "D4   |··○·|····|",
        "C#4  |····|····|",
        "C4   |●━··|····|",
    )


def test_black_keys_are_named_as_the_key_has_them():
    assert "Eb4  |" in render_roll(TUNE, flat=True)


def test_without_unicode_all_is_ascii():
    drawn = render_roll(TUNE, unicode=False)
    assert drawn.isascii()
    assert "C4   |x-..|....|" in drawn


def test_chosen_bars_show_only_the_pitches_that_sound_in_them():
    assert render_roll(TUNE, bars=[2]) == picture("      2", "      1", "E4   |◉━━━|")


def test_a_note_from_a_bar_before_is_seen_where_it_still_sounds():
    held = part((60, 2, 7, 90))
    assert render_roll(held, bars=[2]).endswith("C4   |━━━·|")


def test_a_wide_gap_is_left_out_with_a_line_for_it():
    assert pitch_rows({60, 64, 65}) == [65, 64, 63, 62, 61, 60]
    assert pitch_rows({48, 60}) == [60, None, 48]
    assert pitch_rows(set()) == []
    assert "┄┄┄" in render_roll(part((48, 0, 1, 90), (60, 0, 1, 90)))


def test_chords_stand_where_they_begin():
    chords = lay_out(parse_chords("C Am | F"), TUNE.bars)
    assert render_roll(TUNE, chords_t=chords).splitlines()[0] == "      C Am F"


def test_masked_steps_are_shaded_and_masked_notes_coloured():
    mask = np.zeros((8, 1), bool)
    mask[4:] = True
    assert "C4   |●━··|░░░░|" in render_roll(TUNE, mask_tv=mask)
    assert "\x1b[35m◉━━━" in render_roll(TUNE, mask_tv=mask, colour=True)
    with pytest.raises(InputError, match=r"mask of shape \(8, 1\)"):
        render_roll(TUNE, mask_tv=mask[:4])


def test_the_playhead_is_marked():
    assert render_roll(TUNE, playhead_step=4).splitlines()[2] == "           ▼"


def test_a_part_without_notes_is_its_header():
    assert render_roll(part()) == picture("      1    2", "      1    1")


def test_lines_fit_the_width():
    long = part(*[(60 + k % 5, 4 * k, 4 * k + 3, 90) for k in range(16)], bars=16)
    assert max(map(len, render_roll(long, width=40).splitlines())) <= 40


def test_notes_are_told_with_their_voice():
    chord = part((60, 0, 2, 90), (64, 0, 4, 80))
    assert roll_notes(chord) == ((0, 2, 60, 90, 1), (0, 4, 64, 80, 0))


def combo():
    notes = [
        Note(0, 60, 36, 100, 9, 0),
        Note(480, 60, 38, 100, 9, 0),
        Note(0, 480, 36, 90, 1, 1),
        Note(0, 960, 72, 90, 2, 2),
    ]
    score = Score(960, tuple(notes), ((0, 500_000),), ((0, 1, 4),), 960, ("", "Bass", "Lead"))
    return encode_piece(make_piece(score, split_parts(score), steps_per_beat=4))


def test_parts_stand_below_one_another_leads_on_top_and_drums_at_the_bottom():
    assert render_parts(combo()) == picture(
        "lead",
        "      1",
        "      1",
        "C5   |●━━━|",
        "",
        "bass",
        "      1",
        "      1",
        "C2   |●━··|",
        "",
        "drums",
        "       1",
        "       1",
        "snare |··●·|",
        "kick  |●···|",
    )


def test_chords_stand_over_the_topmost_part_only_and_parts_can_be_chosen():
    grid = combo()
    chords = lay_out(parse_chords("Cm"), grid.bars)
    assert render_parts(grid, chords_t=chords).count("Cm") == 1
    assert "kick" not in render_parts(grid, parts=["bass"], chords_t=chords)


def test_sources_are_named_by_letters():
    sources = Sources(("funk-a", "funk-b", "funk-c"), {(0, 0): 2, (0, 1): 2, (0, 2): 0, (2, 1): 0})
    assert sources.of_steps() == {0: 2, 2: 0}
    assert render_parts(combo(), parts=[], sources=sources) == picture("from |b a |", "a  funk-a", "b  funk-c")


def test_a_mask_reaches_the_lanes_it_is_for():
    grid = combo()
    mask = np.zeros(grid.tokens_tl.shape, bool)
    mask[:, grid.indices(part="bass")] = True
    assert "C2   |●━░░|" in render_parts(grid, mask=mask)
    assert "C5   |●━━━|" in render_parts(grid, mask=mask)
    assert "kick  |●···|" in render_parts(grid, mask=mask)

"""Pitched parts on the grid, and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.music.counting import counted_bars
from sparseq.music.grid import GridBar, Hit
from sparseq.music.keys import Key, parse_key, range_mask, scale_mask
from sparseq.music.pitched import (
    HOLD,
    MOST_SHIFT,
    N_PITCH_TOKENS,
    REST,
    encode_voices,
    holds_of,
    illegal_successions,
    pitch_distances,
    pitch_token,
    reshaped,
    shift_towards,
    token_mask,
    token_pitch,
    tonic_shift,
    voice_notes,
)
from sparseq.music.score import Note, Score

BAR = (GridBar(1, 0, 16, 4, 4),)


def encoded(*spans, shift=0, max_voices=8):
    """A bar of (pitch, start, stop) in sixteenths."""
    notes = [Note(int(start * 240), int((stop - start) * 240), pitch, 90) for pitch, start, stop in spans]
    return encode_voices(notes, 960, BAR, shift=shift, max_voices=max_voices)


def test_a_note_is_an_onset_then_holds_then_rests():
    tokens = encoded((60, 1, 4)).tokens_tv[:, 0].tolist()
    assert tokens[:6] == [REST, pitch_token(60), HOLD, HOLD, REST, REST]


def test_a_shorter_note_than_a_step_has_no_hold():
    assert encoded((60, 0, 0.4)).tokens_tv[:2, 0].tolist() == [pitch_token(60), REST]


def test_a_new_note_ends_the_hold_before_it():
    tokens = encoded((60, 0, 4.4), (62, 4, 6)).tokens_tv
    assert tokens.shape == (16, 1)
    assert tokens[:6, 0].tolist() == [pitch_token(60), HOLD, HOLD, HOLD, pitch_token(62), HOLD]


def test_the_cell_tells_its_first_note_and_keeps_the_others():
    grid = encoded((60, 0, 0.2), (62, 0.25, 0.4), (59, 0.45, 2))
    assert grid.tokens_tv[:3, 0].tolist() == [pitch_token(60), HOLD, REST]
    assert [(hit.pitch, hit.offset_ticks) for hit in grid.hits[0, 0]] == [(60, 0), (62, 60), (59, 108)]
    assert list(grid.hits) == [(0, 0)]


def test_a_part_without_notes_is_one_voice_of_rests():
    assert encoded().tokens_tv.tolist() == [[REST]] * 16


@st.composite
def parts(draw):
    """Notes of one channel in any order of overlap, with the resolution they are counted at."""
    ppq = draw(st.sampled_from((24, 96, 100, 120, 384, 480, 960)))
    beat = st.integers(0, 8 * ppq)
    spans = draw(
        st.lists(st.tuples(beat, st.integers(0, 4 * ppq), st.integers(0, 127), st.integers(1, 127)), max_size=25)
    )
    return ppq, sorted(Note(onset, length, pitch, velocity, 3, 1) for onset, length, pitch, velocity in spans)


@given(parts(), st.sampled_from((3, 4, 6, 12)), st.integers(1, 4))
def test_every_note_comes_back_where_it_was(made, steps_per_beat, max_voices):
    ppq, notes = made
    score = Score(ppq, tuple(notes), ((0, 500_000),), ((0, 7, 8),), 8 * ppq, ("", ""))
    bars = counted_bars(score, steps_per_beat if steps_per_beat != 3 else 6, 8 * 12)
    grid = encode_voices(notes, ppq, bars, 6 if steps_per_beat == 3 else steps_per_beat, max_voices=max_voices)
    back = voice_notes(grid, ppq, channel=3, track=1)
    assert sorted(note[2:5] for note in back) == sorted(note[2:5] for note in notes)
    assert sorted((n.pitch, n.velocity, n.onset_ticks) for n in back) == sorted(
        (n.pitch, n.velocity, n.onset_ticks) for n in notes
    )
    assert sorted(note.duration_ticks for note in back) == sorted(max(note.duration_ticks, 1) for note in notes)
    assert grid.tokens_tv.shape[1] <= max_voices


@given(parts(), st.integers(-MOST_SHIFT, MOST_SHIFT))
def test_tokens_are_legal_and_in_range_in_every_key(made, shift):
    ppq, notes = made
    score = Score(ppq, tuple(notes), ((0, 500_000),), ((0, 4, 4),), 8 * ppq, ("", ""))
    grid = encode_voices(notes, ppq, counted_bars(score, 4, 40), shift=shift)
    assert illegal_successions(grid.tokens_tv) == 0
    assert grid.tokens_tv.max(initial=0) < N_PITCH_TOKENS
    for (step, voice), hits in grid.hits.items():
        assert token_pitch(int(grid.tokens_tv[step, voice]), shift) == hits[0].pitch


def test_a_hold_after_a_rest_is_illegal():
    assert illegal_successions(np.array([[HOLD, 60], [HOLD, HOLD], [REST, REST], [HOLD, REST]])) == 2


@given(st.integers(0, 127), st.integers(-MOST_SHIFT, MOST_SHIFT))
def test_a_token_is_a_pitch_above_the_shift(pitch, shift):
    assert token_pitch(pitch_token(pitch, shift), shift) == pitch
    if 0 <= pitch - shift < 128:
        assert pitch_token(pitch, shift) == pitch_token(pitch - shift)


@pytest.mark.parametrize(("pitch", "shift"), [(128, 0), (-1, 0), (60, MOST_SHIFT + 1), (60, -MOST_SHIFT - 1)])
def test_what_has_no_token_is_refused(pitch, shift):
    with pytest.raises(InputError, match="shift"):
        pitch_token(pitch, shift)


@pytest.mark.parametrize("token", [REST, HOLD, N_PITCH_TOKENS])
def test_what_is_no_onset_has_no_pitch(token):
    with pytest.raises(InputError, match="onset"):
        token_pitch(token)


KEYS = st.builds(Key, st.integers(0, 11), st.sampled_from(("major", "minor", "dorian")))


@given(KEYS, KEYS, st.integers(20, 100))
def test_music_of_one_key_read_towards_another_moves_by_half_an_octave_at_most(source, target, pitch):
    moved = token_pitch(pitch_token(pitch, shift_towards(source, target)), tonic_shift(target.tonic))
    assert -6 <= moved - pitch < 6
    if source.is_minor == target.is_minor:
        assert (moved - target.tonic) % 12 == (pitch - source.tonic) % 12


def test_a_bass_in_e_minor_serves_a_song_in_g_minor():
    source, target = parse_key("E minor"), parse_key("G minor")
    token = pitch_token(28, shift_towards(source, target))
    assert token_pitch(token, tonic_shift(target.tonic)) == 31


def test_a_lock_allows_rest_hold_and_the_pitches_of_scale_and_range():
    shift = 3
    allowed = token_mask(scale_mask(parse_key("A minor")) & range_mask(40, 52), shift)
    onsets = np.flatnonzero(allowed)[2:].tolist()
    assert allowed[[REST, HOLD]].all()
    assert [token_pitch(token, shift) for token in onsets] == [40, 41, 43, 45, 47, 48, 50, 52]


def test_octaves_are_near_and_clashes_far():
    unlike = pitch_distances()
    c, g, c_sharp, high_c = (pitch_token(pitch) for pitch in (60, 67, 61, 72))
    assert unlike[c, c] == 0 < unlike[c, high_c] < unlike[c, g] < unlike[c, c_sharp] == unlike[c, REST] == 1
    assert unlike[c, HOLD] < unlike[c, REST]
    assert (unlike == unlike.T).all()


@given(st.integers(-120, 119), st.integers(1, 4000), st.integers(0, 20), st.integers(0, 127))
def test_a_reshaped_hit_has_the_pitch_and_the_holds_asked_for(offset, duration, holds, pitch):
    (made,) = reshaped([Hit(60, 77, offset, duration)], pitch, holds, 4)
    assert (made.pitch, made.velocity, made.offset_ticks) == (pitch, 77, offset)
    assert holds_of(made, 4) == holds
    if holds == holds_of(Hit(60, 77, offset, duration), 4) and offset + duration > 120:
        assert made.duration_ticks == duration


def test_an_ornament_moves_as_a_whole():
    source = (Hit(60, 70, 0, 50), Hit(62, 60, 60, 50), Hit(60, 90, 119, 500))
    made = reshaped(source, 67, 1, 4)
    assert [hit.pitch for hit in made] == [67, 69, 67]
    assert [hit.duration_ticks for hit in made[:2]] == [50, 50]
    assert reshaped(source, 127, 1, 4)[1].pitch == 117

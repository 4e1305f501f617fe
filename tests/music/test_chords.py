"""Chord symbols and their tokens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.music.chords import (
    N_CHORD_TOKENS,
    QUALITIES,
    chord_distances,
    chord_token,
    lay_out,
    make_chord,
    parse_chord,
    parse_chords,
    token_chord,
)
from sparseq.music.grid import GridBar
from sparseq.music.keys import parse_pitch


def classes(text):
    return frozenset(parse_pitch(f"{name}4") % 12 for name in text.split())


@pytest.mark.parametrize(
    ("symbol", "notes", "quality"),
    [
        ("C", "C E G", ""),
        ("Am", "A C E", "m"),
        ("F#dim", "F# A C", "dim"),
        ("Dm7b5", "D F Ab C", "m7b5"),
        ("Bø", "B D F A", "m7b5"),
        ("Ebmaj7", "Eb G Bb D", "maj7"),
        ("CΔ", "C E G B", "maj7"),
        ("G7", "G B D F", "7"),
        ("G7sus4", "G C D F", "7sus4"),
        ("E5", "E B", "5"),
        ("B°7", "B D F Ab", "dim7"),
        ("A7b9", "A C# E G Bb", "7b9"),
        ("A7#9", "A C# E G C", "7"),
        ("D9", "D F# A C E", "9"),
        ("Bb13", "Bb D F Ab C G", "9"),
        ("Fm9", "F Ab C Eb G", "m9"),
        ("CmMaj7", "C Eb G B", "mMaj7"),
        ("Gmaj9", "G B D F# A", "maj9"),
        ("C6/9", "C E G A D", "6"),
        ("Cadd9", "C E G D", "add9"),
        ("Am6", "A C E F#", "m6"),
        ("E7#5", "E G# C D", "aug"),
        ("C(add9)", "C E G D", "add9"),
        ("Asus2", "A B E", "sus2"),
        ("G-7", "G Bb D F", "m7"),
    ],
)
def test_a_symbol_is_its_notes(symbol, notes, quality):
    chord = parse_chord(symbol)
    assert chord.classes == classes(notes)
    assert chord.quality == quality
    assert str(chord) == symbol


def test_a_slash_puts_another_note_into_the_bass():
    assert parse_chord("F/A")[:3] == (5, 9, classes("F A C"))
    assert parse_chord("C/Bb").classes == classes("C E G Bb")


@pytest.mark.parametrize("text", ["", "H", "am", "Cxyz", "F/H", "C//", "7", "Cmaj7/"])
def test_what_is_no_chord_is_refused(text):
    with pytest.raises(InputError, match="a chord like"):
        parse_chord(text)


@given(st.integers(0, N_CHORD_TOKENS - 1), st.integers(0, 11))
def test_a_token_reads_back_in_every_key(token, tonic):
    assert chord_token(token_chord(token, tonic), tonic) == token


@given(st.integers(0, 11), st.sampled_from(list(QUALITIES)), st.integers(0, 11))
def test_a_token_is_the_same_in_every_key(root, quality, up):
    assert chord_token(make_chord(root + up, quality), up) == chord_token(make_chord(root, quality), 0)


@pytest.mark.parametrize("token", [-1, N_CHORD_TOKENS])
def test_what_is_no_token_is_refused(token):
    with pytest.raises(InputError, match="chord token"):
        token_chord(token)


@given(st.integers(0, 11), st.sampled_from(list(QUALITIES)))
def test_a_made_chord_reads_back_from_its_symbol(root, quality):
    made = make_chord(root, quality, flat=True)
    assert parse_chord(made.symbol) == made


def test_chord_tokens_fit_into_a_byte_with_room_for_edge_and_mask():
    assert N_CHORD_TOKENS <= 254


def test_chords_are_as_unlike_as_their_notes():
    unlike = chord_distances()
    c, am, c7, f_sharp = (chord_token(parse_chord(symbol)) for symbol in ("C", "Am", "C7", "F#"))
    assert unlike.shape == (N_CHORD_TOKENS, N_CHORD_TOKENS)
    assert (unlike == unlike.T).all()
    assert unlike.diagonal().tolist() == [0] * N_CHORD_TOKENS
    assert unlike[c, c7] < unlike[c, am] < unlike[c, f_sharp] == unlike[c, 0] == 1
    assert np.count_nonzero(unlike == 0) == N_CHORD_TOKENS


def test_without_bar_lines_a_chord_is_a_bar_and_with_them_chords_share_it():
    assert [len(bar) for bar in parse_chords("Am F C G").bars] == [1, 1, 1, 1]
    assert [[str(chord) for chord in bar] for bar in parse_chords("| Am | F C | % N.C. |").bars] == [
        ["Am"],
        ["F", "C"],
        ["C", "None"],
    ]
    assert str(parse_chords("Am | F - | %")) == "Am | F N.C. | N.C."


@pytest.mark.parametrize("text", ["", " | | ", "Am X", "Am,F"])
def test_a_progression_that_cannot_be_read_is_refused(text):
    with pytest.raises(InputError, match="wanted"):
        parse_chords(text)


def test_a_progression_goes_round_and_follows_the_bars():
    bars = (GridBar(1, 0, 4, 4, 4), GridBar(2, 4, 3, 3, 4), GridBar(3, 7, 4, 4, 4))
    assert [str(chord) for chord in lay_out(parse_chords("Am | F C"), bars)] == [
        *["Am"] * 4,
        "F",
        "F",
        "C",
        *["Am"] * 4,
    ]

"""Chords found in notes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.music.chords import QUALITIES, make_chord, parse_chord
from sparseq.music.harmony import estimate_chords, harmonised
from sparseq.music.score import Note

BEAT = 960


def block(symbol, start, beats=1, base=48):
    """A chord held, its bass an octave below."""
    chord = parse_chord(symbol)
    pitches = [36 + chord.bass, *(base + (step - base) % 12 for step in chord.classes)]
    return [Note(start * BEAT, beats * BEAT, pitch, 80) for pitch in pitches]


def named(chords):
    return [chord and chord.symbol for chord in chords]


@given(st.integers(0, 11), st.sampled_from([quality for quality in QUALITIES if quality not in ("6", "m6", "sus2")]))
def test_a_plain_chord_over_its_root_is_heard_for_what_it_is(root, quality):
    made = make_chord(root, quality)
    assert named(estimate_chords(block(made.symbol, 0), [0, BEAT])) == [made.symbol]


def test_a_progression_is_heard_bar_by_bar():
    notes = [note for bar, symbol in enumerate(["Am", "F", "C", "G7"]) for note in block(symbol, 4 * bar, 4)]
    lines = list(range(0, 17 * BEAT, BEAT))
    found = estimate_chords(notes, lines, bar_starts=frozenset(lines[::4]))
    assert named(found) == [symbol for symbol in ("Am", "F", "C", "G7") for _ in range(4)]


def test_a_passing_note_changes_no_chord():
    notes = [*block("C", 0, 4), Note(BEAT, BEAT // 2, 62, 80), Note(2 * BEAT, BEAT // 2, 65, 80)]
    assert named(estimate_chords(notes, [0, BEAT, 2 * BEAT, 3 * BEAT, 4 * BEAT])) == ["C"] * 4


def test_a_broken_chord_is_one_chord():
    notes = [Note(beat * BEAT, BEAT, pitch, 80) for beat, pitch in enumerate((45, 52, 60, 57))]
    assert named(estimate_chords(notes, [0, BEAT, 2 * BEAT, 3 * BEAT, 4 * BEAT])) == ["Am"] * 4


def test_silence_before_is_no_chord_and_silence_after_keeps_the_last():
    assert named(estimate_chords(block("F", 1), [0, BEAT, 2 * BEAT, 3 * BEAT])) == [None, "F", "F"]
    assert named(estimate_chords([], [0, BEAT])) == [None]


@pytest.mark.parametrize("lines", [[], [0]])
def test_without_spans_there_are_no_chords(lines):
    assert estimate_chords(block("C", 0), lines) == ()


def test_flats_are_written_where_they_are_wanted():
    assert named(estimate_chords(block("Eb", 0), [0, BEAT], flat=True)) == ["Eb"]
    assert named(estimate_chords(block("Eb", 0), [0, BEAT])) == ["D#"]


def line(*bars):
    """A line of bars, each a list of pitches that share it evenly."""
    return [
        Note(bar * 4 * BEAT + place * 4 * BEAT // len(pitches), 4 * BEAT // len(pitches) - 10, pitch, 80)
        for bar, pitches in enumerate(bars)
        for place, pitch in enumerate(pitches)
    ]


BAR_LINES = [0, 4 * BEAT, 8 * BEAT]


def test_a_bass_is_harmonised_bar_by_bar_from_what_it_plays_elsewhere():
    assert named(harmonised(line([40, 40, 47, 43], [45, 45, 49, 43]), BAR_LINES)) == ["Em", "A"]


def test_a_root_alone_takes_the_third_that_the_piece_knows():
    assert named(harmonised(line([36, 36], [45, 48, 52, 52]), BAR_LINES)) == ["C", "Am"]
    assert named(harmonised(line([36, 36], [44, 48, 51, 51]), BAR_LINES, flat=True)) == ["Cm", "Ab"]


def test_a_silent_bar_has_no_chord():
    assert named(harmonised(line([], [45, 48, 52]), BAR_LINES)) == [None, "Am"]
    assert harmonised([], BAR_LINES) == (None, None)


@given(st.integers(0, 11), st.lists(st.integers(36, 60), min_size=4, max_size=4))
def test_a_line_in_another_key_has_the_chords_of_that_key(up, pitches):
    here, there = (harmonised(line([pitch + by for pitch in pitches]), [0, 4 * BEAT])[0] for by in (0, up))
    assert ((there.root - here.root) % 12, there.quality) == (up, here.quality)

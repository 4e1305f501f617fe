"""Keys found, read and left."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.music.keys import (
    SCALES,
    Key,
    estimate_key,
    moved,
    nearest_allowed,
    parse_key,
    parse_pitch,
    pitch_name,
    range_mask,
    scale_mask,
    transposition,
)
from sparseq.music.score import Note

KEYS = st.builds(Key, st.integers(0, 11), st.sampled_from(sorted(SCALES)))


def tune(text):
    """Notes of a quarter each, or longer with a number of quarters after an asterisk."""
    notes, now = [], 0
    for word in text.split():
        name, _, quarters = word.partition("*")
        length = 960 * int(quarters or 1)
        notes.append(Note(now, length, parse_pitch(name), 90))
        now += length
    return notes


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("C4 C4 G4 G4 A4 A4 G4*2 F4 F4 E4 E4 D4 D4 C4*2", "C major"),  # Twinkle, twinkle
        ("D4 F4 A4*2 G4 F4 E4 D4 C#4 D4 E4 A3*2 D4*3", "D minor"),
        ("A3 C4 E4 A4 G#4 B4 D5 E5 C5 A4*3 E4*2 A3*4", "A minor"),
        ("Bb3 D4 F4 Bb4 A4 C5 Eb5 F4 D5 Bb4*3", "Bb major"),
    ],
)
def test_the_key_of_a_plain_tune_is_found(text, key):
    assert str(estimate_key(tune(text)).key) == key


@given(st.integers(-20, 20))
def test_the_key_moves_with_the_tune(semitones):
    notes = tune("A3 C4 E4 A4 G#4 B4 D5 E5 C5 A4*3 E4*2 A3*4")
    shifted = [note._replace(pitch=note.pitch + semitones) for note in notes]
    first, second = estimate_key(notes), estimate_key(shifted)
    assert second.key == Key((first.key.tonic + semitones) % 12, first.key.scale)
    assert second.lead == pytest.approx(first.lead)


def test_without_notes_or_with_all_classes_alike_there_is_no_key():
    assert estimate_key([]) is None
    assert estimate_key([Note(0, 960, pitch, 90) for pitch in range(60, 72)]) is None


def test_notes_without_length_still_count():
    assert estimate_key([Note(0, 0, pitch, 90) for pitch in (60, 64, 67)]).key == Key(0, "major")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("E minor", Key(4, "minor")),
        ("Em", Key(4, "minor")),
        ("f#", Key(6, "major")),
        ("CM", Key(0, "major")),
        ("Bb mixolydian", Key(10, "mixolydian")),
        (" c_minor-pentatonic ", Key(0, "minor pentatonic")),
        ("G♭ maj", Key(6, "major")),
        ("B## aeolian", Key(1, "minor")),
    ],
)
def test_keys_are_read_as_people_write_them(text, key):
    assert parse_key(text) == key


@pytest.mark.parametrize("text", ["", "H", "Em7", "minor", "C happy", "7"])
def test_what_is_no_key_is_refused_with_the_scales_there_are(text):
    with pytest.raises(InputError, match="harmonic minor"):
        parse_key(text)


@given(KEYS)
def test_a_key_reads_back_from_its_name(key):
    assert parse_key(str(key)) == key


@pytest.mark.parametrize(("key", "name"), [(Key(3, "major"), "Eb major"), (Key(4, "minor"), "E minor")])
def test_names_have_the_usual_accidentals(key, name):
    assert str(key) == name
    assert str(Key(6, "minor")) == "F# minor"
    assert str(Key(0, "minor")) == "C minor"
    assert str(Key(10, "minor")) == "Bb minor"


@pytest.mark.parametrize(
    ("source", "target", "semitones"),
    [("E minor", "G minor", 3), ("E minor", "G major", 0), ("C", "A minor", 0), ("C", "F#", -6), ("B", "C", 1)],
)
def test_the_way_between_keys_is_the_nearest_and_relatives_share_their_notes(source, target, semitones):
    assert transposition(parse_key(source), parse_key(target)) == semitones


@given(KEYS, KEYS)
def test_there_and_back_is_no_shift_but_for_the_octave(source, target):
    there, back = transposition(source, target), transposition(target, source)
    assert -6 <= there < 6
    assert (there + back) % 12 == 0


@given(st.integers(0, 127), st.integers(-140, 140))
def test_a_moved_pitch_keeps_its_class_and_stays_a_pitch(pitch, semitones):
    found = moved(pitch, semitones)
    assert 0 <= found < 128
    assert (found - pitch - semitones) % 12 == 0
    assert found == pitch + semitones or not 0 <= pitch + semitones < 128


@given(KEYS)
def test_a_scale_lock_allows_exactly_its_classes(key):
    allowed = scale_mask(key)
    assert {pitch % 12 for pitch in np.flatnonzero(allowed).tolist()} == key.classes
    assert allowed.sum() >= 10 * len(key.classes)


def test_a_range_includes_both_ends():
    assert np.flatnonzero(range_mask(28, 31)).tolist() == [28, 29, 30, 31]
    with pytest.raises(InputError, match="31-28"):
        range_mask(31, 28)


def test_the_nearest_allowed_pitch_is_taken_and_the_lower_of_two():
    c_major = scale_mask(Key(0, "major"))
    assert [nearest_allowed(pitch, c_major) for pitch in (60, 61, 66)] == [60, 60, 65]
    with pytest.raises(InputError, match="leave none"):
        nearest_allowed(60, np.zeros(128, bool))


@given(st.integers(0, 127), st.booleans())
def test_a_pitch_reads_back_from_its_name(pitch, flat):
    assert parse_pitch(pitch_name(pitch, flat=flat)) == pitch


@pytest.mark.parametrize("text", ["C", "C10", "H4", "G#9", "Cb-1", ""])
def test_what_is_no_pitch_is_refused(text):
    with pytest.raises(InputError, match="C-1 to G9"):
        parse_pitch(text)

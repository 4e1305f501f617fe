"""The key in which a take and loops meet."""

import pytest

from sparseq.jobs.common_key import common_key
from sparseq.jobs.loading import load_examples
from sparseq.music.chords import parse_chords
from sparseq.music.keys import Key
from sparseq.music.piece import Piece
from sparseq.music.score import Note


@pytest.fixture(scope="module")
def funk():
    """Loops that go from Em7 to A9."""
    return load_examples(["funk-tin-roof"], pitched=True).used


def take(funk, pitches):
    piece = funk[0].piece()
    bass = next(part for part in piece.parts if part.kind == "bass")
    notes = tuple(Note(k * 240, 200, pitch, 80, 0, 1) for k, pitch in enumerate(pitches))
    return Piece(piece.score, (bass._replace(notes=notes),), piece.steps_per_beat, piece.bars, None)


@pytest.mark.parametrize(("up", "tonic"), [(0, 4), (1, 5), (5, 9), (8, 0)])
def test_a_vamp_of_minor_and_major_is_read_from_the_tonic_of_the_loops(funk, up, tonic):
    chords = parse_chords("Em A" if not up else {1: "Fm Bb", 5: "Am D", 8: "Cm F"}[up])
    piece = take(funk, [pitch + up for pitch in (40, 43, 47, 45, 49, 52, 38, 42)])
    assert common_key(piece, chords, funk) == Key(tonic, "dorian")


def test_a_take_that_no_scale_holds_has_all_notes(funk):
    found = common_key(take(funk, range(36, 60)), parse_chords("C"), funk)
    assert found.scale == "chromatic"


def test_without_chords_the_scale_that_holds_most_is_found(funk):
    found = common_key(take(funk, (40, 42, 43, 45, 47, 48, 50)), parse_chords("-"), funk)
    assert {(pitch - 4) % 12 for pitch in found.classes} == {0, 2, 3, 5, 7, 8, 10}

"""Files as music."""

import pytest

from sparseq.errors import InputError
from sparseq.music.chords import parse_chords
from sparseq.music.keys import Key
from sparseq.music.parts import split_parts
from sparseq.music.piece import make_piece, read_piece
from sparseq.music.score import Note, Score, read_score
from sparseq.music.smf import parse
from sparseq.music.writer import write_midi

C, F, G = (60, 64, 67), (60, 65, 69), (59, 62, 67)


def notes_of(chords, beats=4, channel=1, track=0):
    return [
        Note(960 * beats * bar, 960 * beats, pitch, 80, channel, track)
        for bar, chord in enumerate(chords)
        for pitch in chord
    ]


def piece(notes, meters=((0, 4, 4),), **options):
    midi = parse(write_midi(notes, meters=meters, track_names=["Keys", "Tune"]))
    return read_piece(midi, **options)


def symbols(found):
    return [chord and chord.symbol for chord in found]


def test_a_piece_knows_its_parts_key_count_and_chords():
    made = piece(notes_of([C, F, G, C]))
    assert [part.name for part in made.parts] == ["chords"]
    assert made.key == Key(0, "major")
    assert (made.steps_per_beat, made.n_steps) == (4, 64)
    assert symbols(made.chords_t())[::16] == ["C", "F", "G", "C"]


def test_what_is_given_is_not_estimated():
    made = piece(notes_of([C, F]), key=Key(5, "major"), steps_per_beat=3)
    assert (made.key, made.steps_per_beat, made.n_steps) == (Key(5, "major"), 3, 24)
    assert symbols(made.chords_t(parse_chords("Dm | G C")))[::6] == ["Dm", "Dm", "G", "C"]


def test_a_lead_does_not_bend_the_chords_but_alone_it_makes_them():
    clash = [Note(960 * beat, 960, 66, 120, 2, 1) for beat in range(4)]
    assert symbols(piece([*notes_of([C]), *clash]).chords_t()) == ["C"] * 16
    tune = [Note(960 * beat, 960, pitch, 90, 2, 1) for beat, pitch in enumerate((72, 76, 79, 72))]
    assert symbols(piece(tune).chords_t()) == ["C"] * 16


def test_in_six_eight_chords_change_by_dotted_quarters():
    halves = [Note(1440 * half, 1440, pitch, 80, 1, 0) for half, chord in enumerate((C, F)) for pitch in chord]
    made = piece(halves, meters=((0, 6, 8),))
    assert symbols(made.chords_t()) == ["C"] * 6 + ["F"] * 6


def test_drums_alone_have_no_key_and_no_chords():
    made = piece([Note(0, 100, 36, 90, 9, 0)])
    assert made.key is None
    assert made.pitched_notes == ()
    assert set(made.chords_t()) == {None}


def test_triplets_are_counted_in_triplets():
    assert piece([Note(320 * k, 300, 60 + k, 90, 0, 0) for k in range(12)]).steps_per_beat == 3


def test_the_last_onset_lies_in_the_bars():
    score = Score(960, (Note(3830, 50, 60, 90),), ((0, 500_000),), ((0, 4, 4),), 3840, ("",))
    assert make_piece(score, split_parts(score)).n_steps == 32


def test_a_file_that_counts_in_frames_is_refused():
    with pytest.raises(InputError, match="SMPTE"):
        read_piece(parse(b"MThd\0\0\0\6\0\0\0\1\xe7\x28MTrk\0\0\0\4\0\xff\x2f\0"))


def test_reading_keeps_tempos_and_meters():
    tempos, meters = ((0, 500_000), (1000, 400_000)), ((0, 3, 4), (2880, 7, 8))
    data = write_midi(notes_of([C, F], beats=3), tempos=tempos, meters=meters)
    assert read_piece(parse(data)).score[2:4] == (tempos, meters) == read_score(parse(data))[2:4]

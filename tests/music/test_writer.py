"""New MIDI files."""

import io

import mido
import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.music.score import Note, read_score, without_overlaps
from sparseq.music.smf import parse
from sparseq.music.writer import write_midi


def test_a_small_file_is_this_and_nothing_else():
    data = write_midi([Note(0, 48, 36, 100, 9)], ppq=96, track_names=("Drums",), title="One")
    assert data == bytes.fromhex(
        "4d546864 00000006 0001 0002 0060"
        "4d54726b 0000001b"
        "00 ff 03 03 4f6e65"  # the title
        "00 ff 58 04 04 02 18 08"  # 4/4
        "00 ff 51 03 07a120"  # 120 bpm
        "8300 ff 2f 00"  # the end of the bar
        "4d54726b 00000016"
        "00 ff 03 05 4472756d73"
        "00 99 24 64"
        "30 89 24 40"
        "8250 ff 2f 00"
    )


def test_what_is_written_is_read_again():
    notes = (Note(0, 10, 60, 100, 0, 0), Note(0, 20, 36, 90, 9, 1), Note(100, 30, 62, 80, 0, 0))
    tempos, meters = ((0, 600_000), (480, 400_000)), ((0, 3, 4), (1440, 7, 8))
    data = write_midi(notes, ppq=480, tempos=tempos, meters=meters, end_ticks=3120, track_names=("Bass", "Drömmar"))
    score = read_score(parse(data))
    assert (score.ppq, score.tempos, score.meters, score.end_ticks) == (480, tempos, meters, 3120)
    assert score.track_names == ("", "Bass", "Drömmar")
    assert [note[:5] for note in score.notes] == [note[:5] for note in notes]
    assert [note.track for note in score.notes] == [1, 2, 1]


def test_every_track_ends_at_the_end_of_the_last_bar():
    midi = parse(write_midi([Note(1930, 10, 36, 100, 9)], ppq=480, track_names=("a", "b")))
    assert [track.end_ticks for track in midi.tracks] == [3840] * 3


def test_a_note_ends_with_the_file():
    midi = parse(write_midi([Note(400, 200, 36, 100, 9)], ppq=480, end_ticks=480))
    assert read_score(midi).notes[0].end_ticks == midi.tracks[1].end_ticks == 480


def test_a_note_ends_where_the_next_of_its_pitch_begins():
    score = read_score(parse(write_midi([Note(0, 300, 36, 100, 9), Note(100, 50, 36, 90, 9)], ppq=480)))
    assert [note[:2] for note in score.notes] == [(0, 100), (100, 50)]


def test_a_program_goes_before_the_notes_of_its_part():
    data = write_midi([Note(0, 10, 60, 100, 2)], track_names=("Bass",), programs={0: 33})
    assert [event.data for event in parse(data).tracks[1].events[1:3]] == [b"\xc2\x21", b"\x92\x3c\x64"]


def test_tempos_behind_the_end_are_left_out():
    assert read_score(parse(write_midi([], tempos=((0, 1), (9, 2)), end_ticks=8))).tempos == ((0, 1),)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ppq": 0}, "1 to 32767 ticks per quarter note"),
        ({"end_ticks": 100}, "notes before tick 100, the end, were wanted, but one begins at 100"),
        ({"track_names": ()}, "notes for 0 parts were wanted, but one is for part 1"),
        ({"tempos": ((0, 0),)}, "a tempo of 1 to 16777215 microseconds"),
        ({"meters": ((0, 4, 3),)}, "a meter like 4/4 was wanted, but 4/3 was given"),
        ({"programs": {0: 128}}, "a program from 0 to 127 was wanted, but 128 was given"),
    ],
)
def test_what_does_not_fit_a_file_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        write_midi([Note(100, 10, 36, 100, 9)], **options)


fields = (st.integers(0, 5000), st.integers(1, 600), st.integers(0, 127), st.integers(1, 127), st.integers(0, 15))


@given(st.lists(st.tuples(*fields, st.integers(0, 2)), max_size=20), st.sampled_from((96, 480, 960)))
def test_other_readers_find_the_same_notes(played, ppq):
    notes = without_overlaps(Note(*values) for values in played)
    data = write_midi(notes, ppq=ppq, track_names=("a", "b", "c"))
    assert data == write_midi(notes, ppq=ppq, track_names=("a", "b", "c"))
    assert sorted(note[:5] for note in read_score(parse(data)).notes) == sorted(note[:5] for note in notes)
    opened = mido.MidiFile(file=io.BytesIO(data))
    assert sum(m.type == "note_on" for track in opened.tracks for m in track) == len(notes)
    assert symusic.Score.from_midi(data).note_num() == len(notes)

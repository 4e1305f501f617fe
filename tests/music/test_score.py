"""Notes, tempos and meters of a file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.music.events import Event
from sparseq.music.score import Note, pair_notes, read_score, without_overlaps
from sparseq.music.smf import parse


def midi_of(*bodies, division="0060"):
    """A MIDI file of format 1 from track bodies in hex."""
    chunks = [bytes.fromhex(body) for body in bodies]
    head = bytes.fromhex("4d546864 00000006 0001") + len(chunks).to_bytes(2, "big") + bytes.fromhex(division)
    return parse(head + b"".join(b"MTrk" + len(body).to_bytes(4, "big") + body for body in chunks))


def notes_of(body):
    return [note[:5] for note in read_score(midi_of(body)).notes]


def test_note_on_and_note_off_make_a_note():
    assert read_score(midi_of("05 99 24 40  10 89 24 00  00 ff 2f 00")).notes == (Note(5, 16, 36, 64, 9, 0, 0, 1),)


def test_note_on_with_velocity_0_ends_a_note():
    assert notes_of("00 90 3c 40  10 3c 00") == [(0, 16, 60, 64, 0)]


def test_overlapping_notes_of_one_pitch_end_in_the_order_in_which_they_began():
    assert notes_of("00 90 3c 40  10 3c 50  10 3c 00  10 3c 00") == [(0, 32, 60, 64, 0), (16, 32, 60, 80, 0)]


def test_pitches_and_channels_are_paired_apart():
    body = "00 90 3c 40  00 91 3c 41  00 90 3d 42  10 81 3c 00  10 80 3d 00  10 80 3c 00"
    assert notes_of(body) == [(0, 48, 60, 64, 0), (0, 16, 60, 65, 1), (0, 32, 61, 66, 0)]


def test_a_note_that_is_never_ended_lasts_to_the_end_of_its_track():
    assert read_score(midi_of("00 90 3c 40  60 ff 2f 00")).notes == (Note(0, 96, 60, 64, 0, 0, 0, -1),)


def test_a_note_off_with_nothing_to_end_is_passed_over():
    assert notes_of("00 80 3c 40  10 90 3c 40  10 80 3c 40") == [(16, 16, 60, 64, 0)]


def test_data_bytes_over_127_count_as_127():
    assert notes_of("00 90 ff ff  10 80 ff 00") == [(0, 16, 127, 127, 0)]


def test_notes_of_all_tracks_come_in_order_of_time():
    midi = midi_of("20 90 3c 40  10 3c 00", "10 90 3e 40  20 3e 00")
    assert [(note.onset_ticks, note.track) for note in read_score(midi).notes] == [(16, 1), (32, 0)]


def test_without_tempo_and_meter_120_bpm_and_4_4_rule():
    score = read_score(midi_of("00 ff 2f 00"))
    assert (score.tempos, score.meters, score.ppq) == (((0, 500_000),), ((0, 4, 4),), 96)


def test_tempos_and_meters_come_from_all_tracks_in_order():
    score = read_score(
        midi_of(
            "00 ff 51 03 0927c0  60 ff 58 04 03 02 18 08  00 ff 2f 00",  # 600,000 us; 3/4 at 96
            "30 ff 51 03 07a120  00 ff 58 04 06 03 18 08  00 ff 2f 00",  # 500,000 us and 6/8 at 48
        )
    )
    assert score.tempos == ((0, 600_000), (48, 500_000))
    assert score.meters == ((0, 4, 4), (48, 6, 8), (96, 3, 4))


def test_damaged_or_impossible_tempos_and_meters_are_left_out():
    body = "00 ff 51 02 0927  00 ff 51 03 000000  00 ff 58 01 03  00 ff 58 04 00 02 18 08  00 ff 58 04 03 09 18 08"
    score = read_score(midi_of(body))
    assert (score.tempos, score.meters) == (((0, 500_000),), ((0, 4, 4),))


def test_tracks_have_their_first_name_whatever_its_encoding():
    midi = midi_of("00 ff 03 02 4162 00 ff 03 01 43", "00 ff 03 02 c3a9", "00 ff 03 01 e9", "00 ff 01 01 41")
    assert read_score(midi).track_names == ("Ab", "é", "é", "")


def test_the_end_is_that_of_the_longest_track():
    assert read_score(midi_of("10 ff 2f 00", "30 ff 2f 00", "20 ff 2f 00")).end_ticks == 48
    assert read_score(midi_of()).end_ticks == 0


def test_a_file_in_smpte_time_has_no_score():
    with pytest.raises(InputError, match="SMPTE"):
        read_score(midi_of("00 ff 2f 00", division="e728"))


on_offs = st.tuples(st.booleans(), st.integers(60, 61), st.integers(0, 1))


@given(st.lists(on_offs, max_size=40))
def test_every_note_on_becomes_one_note_and_no_event_is_used_twice(steps):
    events = [Event(tick, bytes((0x90 if on else 0x80, pitch, 64))) for tick, (on, pitch, _) in enumerate(steps)]
    notes = pair_notes(events)
    assert sorted(note.on_index for note in notes) == [i for i, (on, _, _) in enumerate(steps) if on]
    offs = [note.off_index for note in notes if note.off_index >= 0]
    assert len(set(offs)) == len(offs)
    for note in notes:
        end = events[note.off_index].tick if note.off_index >= 0 else len(steps) - 1
        assert note.end_ticks == end


short_notes = st.tuples(st.integers(0, 50), st.integers(0, 30), st.integers(60, 61), st.integers(1, 127)).map(
    lambda fields: Note(*fields)
)


@given(st.lists(short_notes, max_size=20))
def test_without_overlaps_no_note_reaches_into_the_next_of_its_pitch(notes):
    result = without_overlaps(notes)
    assert sorted((n.onset_ticks, n.pitch, n.velocity) for n in result) == sorted(
        (n.onset_ticks, n.pitch, n.velocity) for n in notes
    )
    for one in result:
        assert one.duration_ticks >= 1
        later = [n.onset_ticks for n in result if n.pitch == one.pitch and n.onset_ticks > one.onset_ticks]
        assert one.end_ticks <= min(later, default=one.end_ticks)


def test_notes_that_fit_are_left_as_they_are():
    notes = (Note(0, 10, 60, 64), Note(5, 10, 61, 64), Note(10, 10, 60, 64))
    assert without_overlaps(notes) == notes


@pytest.mark.parametrize("bad", [Note(-1, 1, 60, 64), Note(0, 1, 128, 64), Note(0, 1, 60, 0), Note(0, 1, 60, 64, 16)])
def test_a_note_that_no_file_can_hold_is_refused(bad):
    with pytest.raises(InputError, match="velocity 1-127"):
        without_overlaps([bad])

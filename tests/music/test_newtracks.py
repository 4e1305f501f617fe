"""Tracks added behind those of a file: its own bytes stay."""

import io

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.music.newtracks import NewTrack, used_channels, with_new_tracks
from sparseq.music.smf import parse

END = b"\x00\xff\x2f\x00"


def chunk(body, name=b"MTrk"):
    return name + len(body).to_bytes(4, "big") + body


def midi_of(kind, *chunks, count=None):
    n_tracks = sum(each.startswith(b"MTrk") for each in chunks) if count is None else count
    header = b"MThd\x00\x00\x00\x06" + kind.to_bytes(2, "big") + n_tracks.to_bytes(2, "big") + b"\x00\x60"
    return parse(header + b"".join(chunks), "take.mid")


NOTE = chunk(b"\x00\x95\x3c\x40" + b"\x60\x85\x3c\x40" + END)
tracks = st.lists(
    st.builds(NewTrack, st.text(max_size=12), st.integers(0, 15), st.none() | st.integers(0, 127)), max_size=4
)


@given(tracks, st.integers(0, 100_000))
def test_new_tracks_stand_behind_the_others_and_open_in_mido(new, end_ticks):
    midi = midi_of(1, NOTE, NOTE)
    done = with_new_tracks(midi, new, end_ticks)
    assert done.tracks[:2] == midi.tracks
    assert parse(done.to_bytes()).to_bytes() == done.to_bytes()
    opened = mido.MidiFile(file=io.BytesIO(done.to_bytes()), charset="utf-8")
    assert len(opened.tracks) == 2 + len(new)
    for track, wanted in zip(opened.tracks[2:], new, strict=True):
        programs = [(message.channel, message.program) for message in track if message.type == "program_change"]
        assert track.name == wanted.name
        assert programs == ([] if wanted.program is None else [(wanted.channel, wanted.program)])
        assert sum(message.time for message in track) == end_ticks


def test_a_file_of_one_track_becomes_one_of_several_and_its_track_stays():
    done = with_new_tracks(midi_of(0, NOTE), [NewTrack("Bass", 1, 33)], 96)
    assert (done.format, done.header[10:12], done.tracks[0].raw) == (1, b"\x00\x02", NOTE)


def test_chunks_that_nobody_knows_keep_their_places():
    strange = chunk(b"abc", b"XYZ ")
    done = with_new_tracks(midi_of(1, strange, NOTE, strange), [NewTrack("Bass", 1, None)], 96)
    kinds = [each.raw[:4] for each in done.chunks]
    assert kinds == [b"XYZ ", b"MTrk", b"MTrk", b"XYZ "]


def test_a_header_that_miscounts_is_put_right():
    assert with_new_tracks(midi_of(1, NOTE, count=9), [NewTrack("Bass", 1, None)], 96).header[10:12] == b"\x00\x02"


def test_patterns_of_their_own_get_no_company():
    with pytest.raises(InputError, match=r"take\.mid: tracks that sound together were wanted, but format 2"):
        with_new_tracks(midi_of(2, NOTE), [NewTrack("Bass", 1, None)], 96)


def test_the_channels_of_all_events_count():
    controller = chunk(b"\x00\xb2\x07\x64" + b"\x00\xf0\x01\xf7" + END)
    assert used_channels(midi_of(1, NOTE, controller)) == {5, 2}

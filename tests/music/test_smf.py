"""MIDI files as chunks: what is read is returned byte for byte, what is damaged is read as far as it goes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.music.smf import Chunk, Event, Track, parse

HEADER = bytes.fromhex("4d546864 00000006 0001 0001 0060")  # MThd, format 1, 1 track, 96 ticks per quarter note
BODY = bytes.fromhex("00 90 3c 40  60 80 3c 40  00 ff 2f 00")
TRACK = b"MTrk" + bytes.fromhex("0000000c") + BODY
NOTE_ON, NOTE_OFF, END = (0, b"\x90\x3c\x40"), (96, b"\x80\x3c\x40"), (96, b"\xff\x2f\x00")


def track(body, length=None):
    return b"MTrk" + (len(body) if length is None else length).to_bytes(4, "big") + body


def riff(inner, extra=b""):
    """A RIFF container as it should be: even chunks, sizes in little-endian order."""
    data = b"data" + len(inner).to_bytes(4, "little") + inner + bytes(len(inner) % 2)
    rest = b"RMID" + data + extra
    return b"RIFF" + len(rest).to_bytes(4, "little") + rest


def test_header_and_events_are_read():
    midi = parse(HEADER + TRACK)
    assert (midi.format, midi.division, midi.ppq) == (1, 96, 96)
    assert midi.tracks[0].events == (NOTE_ON, NOTE_OFF, END)
    assert midi.tracks[0].end_ticks == 96


def test_smpte_time_is_kept_and_only_ppq_refuses_it():
    midi = parse(bytes.fromhex("4d546864 00000006 0000 0001 e728") + TRACK)  # 25 frames of 40 ticks
    assert midi.tracks[0].events[0] == NOTE_ON
    assert midi.division == 0xE728
    with pytest.raises(InputError, match="counts in SMPTE frames"):
        _ = midi.ppq


def test_a_division_of_zero_is_refused_by_ppq():
    with pytest.raises(InputError, match="0 ticks per quarter note"):
        _ = parse(bytes.fromhex("4d546864 00000006 0000 0000 0000")).ppq


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no MThd header stands at byte 0: it is empty"),
        (b"not a MIDI file", "no MThd header stands at byte 0: it begins with b'not '"),
        (HEADER[:13], "a header of 14 bytes was wanted at byte 0, but the file is cut off at byte 13"),
        (b"junk" + HEADER[:9], "wanted at byte 4, but the file is cut off at byte 13"),
        (riff(b"oops"), "no MThd header stands at byte 20"),
    ],
)
def test_what_has_no_usable_header_is_refused_with_place_and_reason(data, reason):
    with pytest.raises(InputError, match=f"song.mid: .*{reason}"):
        parse(data, "song.mid")


@pytest.mark.parametrize(
    "data",
    [
        HEADER,  # no tracks at all
        HEADER + TRACK,
        HEADER + TRACK + b"*",  # a byte too many
        HEADER + TRACK[:-1],  # a byte too few
        HEADER + TRACK + b"XFIH\x00\x00\x00\x02ab" + TRACK,  # a chunk of some maker
        HEADER + TRACK + b"XFIH\x00\x00\xff\x02ab",  # whose length is wrong
        HEADER + TRACK + b"\x00" + TRACK,  # a padding byte between tracks
        HEADER + TRACK + b"MTrk\x00\x00",  # half a track header
        HEADER + track(BODY, 99),
        HEADER + track(BODY, 3) + TRACK,
        HEADER + track(BODY, 0xFFFFFFFF) + TRACK,
        HEADER + track(b""),
        bytes.fromhex("4d546864 00000008 0001 0001 0060 abcd") + TRACK,  # a longer header
        bytes.fromhex("4d546864 00000000 0001 0001 0060") + TRACK,  # a header that says it is empty
        riff(HEADER + TRACK, b"LIST\x04\x00\x00\x00INFO"),
        riff(HEADER + TRACK + b"*", b"LIST\x04\x00\x00\x00INFO"),
        bytes(128) + HEADER + TRACK,  # MacBinary
    ],
)
def test_every_file_that_is_read_is_returned_byte_for_byte(data):
    assert parse(data).to_bytes() == data


@pytest.mark.parametrize("length", [0, 3, 11, 13, 99, 0xFFFFFFFF])
@pytest.mark.parametrize("following", [b"", TRACK])
def test_a_wrong_track_length_hides_no_events(length, following):
    midi = parse(HEADER + track(BODY, length) + following)
    assert [one.events for one in midi.tracks] == [(NOTE_ON, NOTE_OFF, END)] * (2 if following else 1)


def test_a_missing_end_of_track_hides_no_events():
    midi = parse(HEADER + track(BODY[:-4]) + TRACK)
    assert [len(one.events) for one in midi.tracks] == [2, 3]


def test_the_word_MTrk_inside_a_text_is_text():
    text = bytes.fromhex("00 ff 01 0c") + b"MTrk\x00\x00\x00\x04 abc"
    midi = parse(HEADER + track(text + BODY))
    assert len(midi.tracks) == 1
    assert midi.tracks[0].events[1:] == (NOTE_ON, NOTE_OFF, END)


def test_unknown_chunks_and_stray_bytes_are_kept_in_their_place():
    midi = parse(HEADER + b"XFIH\x00\x00\x00\x02ab" + TRACK + b"\x00" + TRACK + b"**")
    assert [type(chunk) for chunk in midi.chunks] == [Chunk, Track, Chunk, Track, Chunk]
    assert [chunk.raw for chunk in midi.chunks][::2] == [b"XFIH\x00\x00\x00\x02ab", b"\x00", b"**"]


@pytest.mark.parametrize(
    ("bodies", "broken"),
    [
        ([BODY], ()),
        ([BODY[:-4]], ()),  # whole events, only the end of the track is missing
        ([BODY[:-1]], ((1, 22 + len(BODY) - 4),)),
        ([b"\0\xff\x03\xff\xff\x7f"], ((1, 22),)),
        ([BODY, BODY + b"rest", BODY[:6]], ((3, 14 + 2 * 8 + 2 * len(BODY) + 4 + 8 + 4),)),
    ],
)
def test_a_track_that_breaks_off_is_named_with_the_byte_behind_its_last_event(bodies, broken):
    data = HEADER + b"".join(track(body) for body in bodies)
    assert parse(data).broken_tracks() == broken
    assert parse(riff(data)).broken_tracks() == tuple((number, at + 20) for number, at in broken)


def test_an_edited_track_is_written_anew_and_the_others_keep_their_bytes():
    running = track(bytes.fromhex("00 90 3c 40  60 3c 00  00 ff 2f 00"))
    midi = parse(HEADER + running + b"XFIH\x00\x00\x00\x00" + running)
    edited = midi.with_tracks({1: midi.tracks[1].with_events([Event(5, b"\xc0\x01")])})
    assert edited.to_bytes() == HEADER + running + b"XFIH\x00\x00\x00\x00" + track(
        bytes.fromhex("05 c0 01 00 ff 2f 00")
    )
    assert midi.to_bytes() == HEADER + running + b"XFIH\x00\x00\x00\x00" + running


def test_bytes_behind_the_end_of_a_track_stay_behind_it():
    one = parse(HEADER + track(BODY + b"\x01\x02")).tracks[0]
    assert one.with_events(one.events).raw == track(BODY + b"\x01\x02")


def test_an_edited_track_gets_a_right_length():
    one = parse(HEADER + track(BODY, 99)).tracks[0]
    assert one.with_events(one.events).raw == TRACK


@pytest.mark.parametrize("extra", [b"", b"LIST\x04\x00\x00\x00INFO"])
@pytest.mark.parametrize("padding", [b"", b"*"])
@pytest.mark.parametrize("program", [b"", b"\x00\xc0\x01"])
def test_a_riff_container_follows_the_length_of_what_it_holds(extra, padding, program):
    midi = parse(riff(HEADER + TRACK + padding, extra))
    events = [Event(0, b"\xc0\x01")] * bool(program) + list(midi.tracks[0].events)
    edited = midi.with_tracks({0: midi.tracks[0].with_events(events)})
    assert edited.to_bytes() == riff(HEADER + track(program + BODY) + padding, extra)


def test_exchanging_a_track_that_is_not_there_is_refused():
    midi = parse(HEADER + TRACK)
    with pytest.raises(InputError, match="track 2 was wanted, but the file has 1 tracks"):
        midi.with_tracks({1: midi.tracks[0]})


pieces = st.one_of(
    st.builds(track, st.binary(max_size=40)),
    st.builds(track, st.binary(max_size=40), st.integers(0, 60)),
    st.just(TRACK),
    st.just(b"XFIH\x00\x00\x00\x02ab"),
    st.binary(max_size=10),
)


@given(st.binary(max_size=8), st.binary(max_size=6), st.lists(pieces, max_size=6))
def test_any_bytes_behind_a_header_are_returned_as_they_were(before, fields, parts):
    data = before + b"MThd\x00\x00\x00\x06" + fields.ljust(6, b"\x01") + b"".join(parts)
    midi = parse(data)
    assert midi.to_bytes() == data
    assert midi.with_tracks({i: Track(one.raw) for i, one in enumerate(midi.tracks)}).to_bytes() == data


@given(st.lists(st.binary(max_size=30).map(lambda text: b"\x00\xff\x01" + bytes([len(text)]) + text), max_size=8))
def test_whole_tracks_between_junk_are_all_found(texts):
    body = b"".join(texts) + BODY
    midi = parse(HEADER + track(body) + b"\x00" + track(body) + TRACK)
    assert [len(one.events) for one in midi.tracks] == [len(texts) + 3, len(texts) + 3, 3]

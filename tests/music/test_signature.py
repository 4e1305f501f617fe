"""Key signatures as files state them."""

import pytest

from sparseq.music.keys import Key, parse_key
from sparseq.music.score import Note
from sparseq.music.signature import key_signature, likely_signature
from sparseq.music.smf import parse
from sparseq.music.writer import write_midi


def file_with(*metas):
    """Return a file of one track that begins with these events, each a delta time and the data of a meta event."""
    body = b"".join(bytes([delta]) + b"\xff" + data for delta, data in metas) + b"\x00\xff\x2f\x00"
    return parse(bytes.fromhex("4d54686400000006000100010060") + b"MTrk" + len(body).to_bytes(4, "big") + body)


@pytest.mark.parametrize("name", ["C major", "A minor", "Bb major", "F# major", "Gb major", "D# minor", "Eb minor"])
def test_the_key_that_was_written_is_read(name):
    key = parse_key(name)
    midi = parse(write_midi([Note(0, 10, 60, 90)], key=key))
    assert key_signature(midi) == key


@pytest.mark.parametrize(("data", "key"), [(b"\x59\x02\xfd\x00", "Eb major"), (b"\x59\x02\x04\x01", "C# minor")])
def test_sharps_are_positive_and_flats_negative(data, key):
    assert key_signature(file_with((0, data))) == parse_key(key)


def test_the_first_signature_of_all_tracks_counts():
    midi = file_with((10, b"\x59\x02\x01\x00"), (10, b"\x59\x02\x02\x00"))
    assert key_signature(midi) == parse_key("G major")


@pytest.mark.parametrize("data", [b"\x59\x02\x09\x00", b"\x59\x02\x00\x02", b"\x59\x01\x00", b"\x59\x00", b"\x01\x01x"])
def test_what_is_no_signature_is_passed_over(data):
    assert key_signature(file_with((0, data))) is None
    assert key_signature(file_with((0, data), (0, b"\x59\x02\x01\x00"))) == parse_key("G major")


def test_c_major_may_be_what_a_program_writes_where_nobody_chose():
    assert likely_signature(file_with((0, b"\x59\x02\x00\x00"))) is None
    assert likely_signature(file_with((0, b"\x59\x02\x00\x01"))) == Key(9, "minor")
    assert likely_signature(file_with()) is None

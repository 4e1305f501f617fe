"""Frames: what goes into the pipe comes out of it, however it is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import PortError
from sparseq.realtime.framing import Decoder, Frame, Kind, encode

frames = st.builds(Frame, st.sampled_from(Kind), st.integers(-(2**63), 2**63 - 1), st.binary(max_size=40))


@given(st.lists(frames), st.lists(st.integers(1, 30)))
def test_frames_round_trip_through_pieces_of_any_size(sent, sizes):
    stream, decoder, got = b"".join(map(encode, sent)), Decoder(), []
    for size in sizes:
        got += decoder.feed(stream[:size])
        stream = stream[size:]
    got += decoder.feed(stream)
    assert got == sent
    assert all(isinstance(frame.kind, Kind) for frame in got)


def test_an_incomplete_frame_waits_for_its_rest():
    decoder, data = Decoder(), encode(Frame(Kind.EVENT, 5, b"\x90\x24\x40"))
    assert decoder.feed(data[:-1]) == []
    assert decoder.feed(data[-1:]) == [Frame(Kind.EVENT, 5, b"\x90\x24\x40")]


@pytest.mark.parametrize("stream", [b"\x09" + bytes(12), b"\x00" + bytes(8) + b"\xff\xff\xff\xff"])
def test_a_stream_that_is_not_frames_is_refused(stream):
    with pytest.raises(PortError, match="broken"):
        Decoder().feed(stream)


def test_a_message_that_no_decoder_would_take_is_not_sent():
    with pytest.raises(PortError, match="at most"):
        encode(Frame(Kind.EVENT, 0, bytes((1 << 24) + 1)))

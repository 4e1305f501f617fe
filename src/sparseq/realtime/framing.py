"""The language of the pipe between player and sender: frames of (kind, due time, bytes)."""

from __future__ import annotations

import enum
import struct
from typing import NamedTuple

from sparseq.errors import PortError

_HEADER = struct.Struct("<BqI")  # kind, due time in ns, number of bytes that follow
_MAX_DATA_BYTES = 1 << 24  # no MIDI message is longer; a greater number means that the stream is broken


class Kind(enum.IntEnum):
    """What a frame asks for."""

    EVENT = 0  # send the bytes when they are due
    FLUSH = 1  # drop what is not due yet
    RELEASE = 2  # end everything that sounds
    REPORT = 3  # say how late events were


class Frame(NamedTuple):
    """One frame: ``due_ns`` is in ns of ``time.perf_counter_ns``; only events have bytes."""

    kind: Kind
    due_ns: int = 0
    data: bytes = b""


def encode(frame: Frame) -> bytes:
    """Return the bytes of a frame.

    Raises
    ------
    PortError
        If the message is longer than any MIDI message may be.
    """
    if len(frame.data) > _MAX_DATA_BYTES:
        raise PortError(f"a MIDI message can have {_MAX_DATA_BYTES} bytes at most, and this one has {len(frame.data)}")
    return _HEADER.pack(frame.kind, frame.due_ns, len(frame.data)) + frame.data


class Decoder:
    """Cuts a stream that arrives in pieces of any size into frames."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[Frame]:
        """Return the frames that are complete now.

        Raises
        ------
        PortError
            If the stream is not made of frames.
        """
        stream, start, frames = self._rest + piece, 0, []
        while len(stream) - start >= _HEADER.size:
            kind, due_ns, length = _HEADER.unpack_from(stream, start)
            if kind not in Kind.__members__.values() or length > _MAX_DATA_BYTES:
                raise PortError(f"the stream to the MIDI sender is broken: no frame has kind {kind} and {length} bytes")
            end = start + _HEADER.size + length
            if end > len(stream):
                break
            frames.append(Frame(Kind(kind), due_ns, stream[start + _HEADER.size : end]))
            start = end
        self._rest = stream[start:]
        return frames

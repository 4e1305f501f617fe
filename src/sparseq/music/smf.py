"""Standard MIDI Files as lossless events: what is not edited is written back byte for byte.

An untouched track keeps its bytes, whatever could be read of them; `chunks` says where one ends in a damaged file.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sparseq.errors import InputError
from sparseq.music.chunks import header_end, inner_range, split_chunks
from sparseq.music.events import Event, is_end, read_events, write_events

__all__ = ["Chunk", "Event", "MidiFile", "Track", "parse"]


@dataclass(frozen=True)
class Chunk:
    """A chunk that is no track, or bytes that belong to no chunk: kept as they are.

    Attributes
    ----------
    raw : bytes
        All its bytes, header included.
    """

    raw: bytes


@dataclass(frozen=True)
class Track:
    """One track chunk.

    Attributes
    ----------
    raw : bytes
        All its bytes, header included.
    """

    raw: bytes

    @functools.cached_property
    def events(self) -> tuple[Event, ...]:
        """The events in file order, read when first asked for."""
        return tuple(read_events(self.raw[8:])[0])

    @property
    def end_ticks(self) -> int:
        """Tick of the last event, which is the end-of-track event if there is one."""
        return self.events[-1].tick if self.events else 0

    def with_events(self, events: Iterable[Event]) -> "Track":
        """Return this track with other events; an end-of-track event is added if it is missing.

        Parameters
        ----------
        events : iterable of Event
            In order of their ticks. What followed the end-of-track event in the chunk stays behind it.

        Returns
        -------
        Track
            A track with a right length.

        Raises
        ------
        InputError
            If the ticks run backwards.
        """
        body = self.raw[8:]
        own, stop = read_events(body)
        leftover = body[stop:] if own and is_end(own[-1]) else b""
        changed = write_events(tuple(events)) + leftover
        return Track(b"MTrk" + len(changed).to_bytes(4, "big") + changed)


@dataclass(frozen=True)
class _Wrapper:
    """What stands around the MIDI data in the file: nothing, a RIFF container, or bytes that are not known."""

    before: bytes = b""
    after: bytes = b""
    inner_bytes: int = 0

    def wrap(self, inner: bytes) -> bytes:
        """Return the whole file; the two sizes of a RIFF container follow a change of the inner length."""
        if not self.before.startswith(b"RIFF") or len(inner) == self.inner_bytes:
            return self.before + inner + self.after
        after = self.after[self.inner_bytes % 2 :]
        pad = bytes(len(inner) % 2)
        riff_bytes = len(self.before) + len(inner) + len(pad) + len(after) - 8
        head = b"RIFF" + riff_bytes.to_bytes(4, "little") + self.before[8:-4]
        return head + len(inner).to_bytes(4, "little") + inner + pad + after


@dataclass(frozen=True)
class MidiFile:
    """A MIDI file: its header, its chunks in order, and what was wrapped around them.

    Attributes
    ----------
    header : bytes
        The header chunk, all of it.
    chunks : tuple of Track or Chunk
        Everything behind the header.
    name : str
        What to call the file in messages.
    """

    header: bytes
    chunks: tuple[Track | Chunk, ...]
    name: str = "the MIDI file"
    wrapper: _Wrapper = field(default_factory=_Wrapper, repr=False)

    @property
    def format(self) -> int:
        """The format that the header states: 0 one track, 1 tracks that sound together, 2 independent tracks."""
        return int.from_bytes(self.header[8:10], "big")

    @property
    def division(self) -> int:
        """The time division that the header states, 0 to 65535: ticks per quarter note, from 32768 on SMPTE frames."""
        return int.from_bytes(self.header[12:14], "big")

    @property
    def ppq(self) -> int:
        """Ticks per quarter note, 1 to 32767.

        Raises
        ------
        InputError
            If the file counts in SMPTE frames, or in nothing.
        """
        if not 0 < self.division < 0x8000:
            what = "SMPTE frames" if self.division else "0 ticks per quarter note"
            raise InputError(
                f"{self.name}: time in ticks per quarter note was wanted, but the file counts in {what} (byte 12 of"
                " its header); save it with a musical time base"
            )
        return self.division

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The tracks in file order."""
        return tuple(chunk for chunk in self.chunks if isinstance(chunk, Track))

    def broken_tracks(self) -> tuple[tuple[int, int], ...]:
        """Return which tracks break off: number from 1, and the file's byte behind the last event that can be read.

        A track that is not closed by an end-of-track event, but whose events are all whole, does not break off.
        """
        found = []
        number, at = 0, len(self.wrapper.before) + len(self.header)
        for chunk in self.chunks:
            if isinstance(chunk, Track):
                number += 1
                events, stop = read_events(chunk.raw[8:])
                if stop < len(chunk.raw) - 8 and not (events and is_end(events[-1])):
                    found.append((number, at + 8 + stop))
            at += len(chunk.raw)
        return tuple(found)

    def with_tracks(self, changed: Mapping[int, Track]) -> "MidiFile":
        """Return this file with some tracks exchanged.

        Parameters
        ----------
        changed : mapping of int to Track
            New tracks by track index, 0-based.

        Returns
        -------
        MidiFile
            A file that shares everything else with this one.

        Raises
        ------
        InputError
            If there is no such track.
        """
        places = [place for place, chunk in enumerate(self.chunks) if isinstance(chunk, Track)]
        chunks = list(self.chunks)
        for index, track in changed.items():
            if not 0 <= index < len(places):
                raise InputError(f"{self.name}: track {index + 1} was wanted, but the file has {len(places)} tracks")
            chunks[places[index]] = track
        return replace(self, chunks=tuple(chunks))

    def to_bytes(self) -> bytes:
        """Return the file's bytes: for a file just read, exactly those that were read."""
        return self.wrapper.wrap(self.header + b"".join(chunk.raw for chunk in self.chunks))


def parse(data: bytes, name: str = "the MIDI data") -> MidiFile:
    """Read a MIDI file from bytes.

    Parameters
    ----------
    data : bytes
        A whole file.
    name : str
        What to call it in messages.

    Returns
    -------
    MidiFile
        What it holds; ``parse(data).to_bytes() == data``.

    Raises
    ------
    InputError
        If there is no usable header.
    """
    start, stop = inner_range(data)
    inner = data[start:stop]
    if not inner.startswith(b"MThd"):
        found = f"it begins with {data[:4]!r}" if data else "it is empty"
        raise InputError(f"{name}: a MIDI file was wanted, but no MThd header stands at byte {start}: {found}")
    if len(inner) < 14:
        raise InputError(
            f"{name}: a header of 14 bytes was wanted at byte {start}, but the file is cut off at byte {len(data)}"
        )
    end = header_end(inner)
    chunks = tuple(Track(raw) if is_track else Chunk(raw) for is_track, raw in split_chunks(inner, end))
    wrapper = _Wrapper(data[:start], data[stop:], len(inner))
    return MidiFile(inner[:end], chunks, name, wrapper)

"""Tracks that a MIDI file did not have, behind those that it has; every byte of these stays."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from sparseq.errors import InputError
from sparseq.music.events import END_OF_TRACK, Event, write_events
from sparseq.music.smf import MidiFile, Track

_TRACK_NAME = 0x03
_MOST_TRACKS = 0xFFFF


class NewTrack(NamedTuple):
    """A track to add.

    Attributes
    ----------
    name : str
        Its name, written in UTF-8.
    channel : int
        0 to 15.
    program : int or None
        General MIDI program, 0 to 127; None for none.
    """

    name: str
    channel: int
    program: int | None


def used_channels(midi: MidiFile) -> frozenset[int]:
    """Return the channels, 0 to 15, that any event of a file is for."""
    return frozenset(data[0] & 0x0F for track in midi.tracks for _, data in track.events if 0x80 <= data[0] < 0xF0)


def with_new_tracks(midi: MidiFile, tracks: Sequence[NewTrack], end_ticks: int) -> MidiFile:
    """Return a file with more tracks, without notes yet.

    They stand behind its last track. The header counts them; a file of format 0, which has one track, becomes one of
    format 1, in which that track stays as it is.

    Parameters
    ----------
    midi : MidiFile
        The file.
    tracks : sequence of NewTrack
        What to add.
    end_ticks : int
        Where the new tracks end.

    Raises
    ------
    InputError
        For a file of format 2, whose tracks do not sound together, or more tracks than a file can have.
    """
    if midi.format == 2:
        raise InputError(f"{midi.name}: tracks that sound together were wanted, but format 2 has patterns of their own")
    n_tracks = len(midi.tracks) + len(tracks)
    if n_tracks > _MOST_TRACKS:
        raise InputError(f"{midi.name}: at most {_MOST_TRACKS} tracks were wanted, but there would be {n_tracks}")
    header = midi.header[:8] + (1).to_bytes(2, "big") + n_tracks.to_bytes(2, "big") + midi.header[12:]
    places = [place for place, chunk in enumerate(midi.chunks) if isinstance(chunk, Track)]
    behind = places[-1] + 1 if places else 0
    new = tuple(_empty(track, end_ticks) for track in tracks)
    return replace(midi, header=header, chunks=(*midi.chunks[:behind], *new, *midi.chunks[behind:]))


def _empty(track: NewTrack, end_ticks: int) -> Track:
    name = track.name.encode()
    events = [Event(0, bytes((0xFF, _TRACK_NAME, len(name))) + name)]
    if track.program is not None:
        events.append(Event(0, bytes((0xC0 | track.channel, track.program))))
    body = write_events([*events, Event(end_ticks, END_OF_TRACK)])
    return Track(b"MTrk" + len(body).to_bytes(4, "big") + body)

"""Notes written to a new MIDI file: a conductor track with tempo and meter, and one track for each part."""

import io
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from sparseq.errors import InputError
from sparseq.music.bars import bar_lines
from sparseq.music.events import Event
from sparseq.music.keys import Key, class_name
from sparseq.music.score import Note, without_overlaps
from sparseq.music.units import DEFAULT_TEMPO_US, MAX_TEMPO_US, PPQ, RELEASE_VELOCITY

if TYPE_CHECKING:
    from mido import Message, MetaMessage, MidiTrack

_NO_PROGRAMS: Mapping[int, int] = MappingProxyType({})
_NO_EVENTS: Mapping[int, Sequence[Event]] = MappingProxyType({})
_NO_RELEASES: Mapping[int, int] = MappingProxyType({})


def write_midi(
    notes: Iterable[Note],
    *,
    ppq: int = PPQ,
    tempos: Sequence[tuple[int, int]] = ((0, DEFAULT_TEMPO_US),),
    meters: Sequence[tuple[int, int, int]] = ((0, 4, 4),),
    end_ticks: int | None = None,
    track_names: Sequence[str] = ("Drums",),
    programs: Mapping[int, int] = _NO_PROGRAMS,
    channels: Sequence[int] = (),
    key: Key | None = None,
    title: str = "",
    others: Mapping[int, Sequence[Event]] = _NO_EVENTS,
    releases: Mapping[int, int] = _NO_RELEASES,
) -> bytes:
    """Write notes to the bytes of a MIDI file of format 1.

    Parameters
    ----------
    notes : iterable of Note
        Each goes into the part that its `track` counts, on its `channel`. None sounds on into the next onset of its
        channel and pitch, nor beyond the end.
    ppq : int
        Ticks per quarter note, 1 to 32767.
    tempos : sequence of (int, int)
        Tick and microseconds per quarter note from there on.
    meters : sequence of (int, int, int)
        Tick, numerator and denominator from there on.
    end_ticks : int, optional
        Where every track ends, so that a loop loops; the end of the last bar with a sounding note if not given.
    track_names : sequence of str
        Names of the parts, one for each.
    programs : mapping of int to int
        General MIDI program, 0 to 127, by part index.
    channels : sequence of int
        The channel of each part's program; that of its first note if not given.
    key : Key, optional
        Key signature: that of the major or minor key on its tonic.
    title : str
        Name of the conductor track.
    others : mapping of int to sequence of Event
        Channel messages that are no notes, by part index: controllers, bends, pressure, programs. Those of a tick come
        before the notes that begin there.
    releases : mapping of int to int
        Release velocity, 0 to 127, by a note's `off_index`; that of notes that are not in it is `RELEASE_VELOCITY`.

    Returns
    -------
    bytes
        The file; the same bytes for the same arguments.

    Raises
    ------
    InputError
        If something does not fit a MIDI file, or a note begins at the end or after it.
    """
    from mido import MidiFile

    ordered = without_overlaps(notes)
    if not 1 <= ppq < 0x8000:
        raise InputError(f"1 to 32767 ticks per quarter note were wanted, but {ppq} was given")
    if end_ticks is None:
        end_ticks = bar_lines(ppq, meters, max((note.end_ticks for note in ordered), default=0))[-1].end_ticks
    _check_places(ordered, len(track_names), end_ticks)
    out = MidiFile(type=1, ticks_per_beat=ppq, charset="utf-8")
    out.tracks.append(_track(_conductor(tempos, meters, key, title, end_ticks), end_ticks))
    for index, name in enumerate(track_names):
        part = [note for note in ordered if note.track == index]
        channel = channels[index] if channels else next((note.channel for note in part), 0)
        timed = _part(part, name, channel, programs.get(index), end_ticks, releases)
        out.tracks.append(_track(timed + _messages(others.get(index, ()), end_ticks), end_ticks))
    file = io.BytesIO()
    out.save(file=file)
    return file.getvalue()


def _check_places(notes: Iterable[Note], n_parts: int, end_ticks: int) -> None:
    for note in notes:
        if note.onset_ticks >= end_ticks:
            raise InputError(
                f"notes before tick {end_ticks}, the end, were wanted, but one begins at {note.onset_ticks}"
            )
        if not 0 <= note.track < n_parts:
            raise InputError(f"notes for {n_parts} parts were wanted, but one is for part {note.track + 1}")


_Timed = list[tuple[int, int, "Message | MetaMessage"]]


def _conductor(
    tempos: Sequence[tuple[int, int]],
    meters: Sequence[tuple[int, int, int]],
    key: Key | None,
    title: str,
    end_ticks: int,
) -> _Timed:
    """Return name, key, tempos and meters as (tick, rank, message); those behind the end are left out."""
    from mido import MetaMessage

    timed: _Timed = [(0, 0, MetaMessage("track_name", name=title))] if title else []
    for tick, numerator, denominator in meters:
        if not (1 <= numerator < 256 and denominator in (1, 2, 4, 8, 16, 32, 64)):
            raise InputError(f"a meter like 4/4 was wanted, but {numerator}/{denominator} was given")
        if tick <= end_ticks:
            timed.append((tick, 1, MetaMessage("time_signature", numerator=numerator, denominator=denominator)))
    if key is not None:
        name = class_name(key.tonic, flat=key.has_flats) + "m" * key.is_minor
        timed.append((0, 1, MetaMessage("key_signature", key=name)))
    for tick, tempo_us in tempos:
        if not 1 <= tempo_us <= MAX_TEMPO_US:
            raise InputError(f"a tempo of 1 to {MAX_TEMPO_US} microseconds was wanted, but {tempo_us} was given")
        if tick <= end_ticks:
            timed.append((tick, 2, MetaMessage("set_tempo", tempo=tempo_us)))
    return timed


def _part(
    notes: Sequence[Note], name: str, channel: int, program: int | None, end_ticks: int, releases: Mapping[int, int]
) -> _Timed:
    """Return name, program and notes of a part as (tick, rank, message): within a tick, offs before ons."""
    from mido import Message, MetaMessage

    timed: _Timed = [(0, 0, MetaMessage("track_name", name=name))] if name else []
    if program is not None:
        if not 0 <= program < 128:
            raise InputError(f"a program from 0 to 127 was wanted, but {program} was given")
        timed.append((0, 1, Message("program_change", channel=channel, program=program)))
    for note in notes:
        key = {"channel": note.channel, "note": note.pitch}
        end = min(note.end_ticks, end_ticks)
        timed.append((note.onset_ticks, 3, Message("note_on", velocity=note.velocity, **key)))
        timed.append((end, 2, Message("note_off", velocity=releases.get(note.off_index, RELEASE_VELOCITY), **key)))
    return timed


def _messages(events: Sequence[Event], end_ticks: int) -> _Timed:
    """Return messages as (tick, rank, message), none behind the end."""
    from mido import Message

    return [(min(event.tick, end_ticks), 2, Message.from_bytes(event.data)) for event in events]


def _track(timed: _Timed, end_ticks: int) -> "MidiTrack":
    """Put messages in order and close the track at `end_ticks`."""
    from mido import MetaMessage, MidiTrack

    track = MidiTrack()
    now = 0
    for tick, _, message in sorted(timed, key=lambda entry: entry[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(MetaMessage("end_of_track", time=end_ticks - now))
    return track

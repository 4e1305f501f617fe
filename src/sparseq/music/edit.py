"""Exchange notes of a MIDI file and leave every other event as it is.

Rules for the new notes, so that no note hangs and no kept note is cut, whatever way a player pairs on with off:

- New notes of one channel and pitch do not overlap: the earlier one is shortened.
- A new note that would reach a kept onset of its channel and pitch ends there (one tick before, if that onset is in
  another track, since tracks have no order within a tick), but it lasts for one tick at least.
- Where a kept note of its channel and pitch still sounds, a new note may begin, but both end together, at the kept end.
- A kept note that the file never ends is ended where the first new note of its channel, pitch and track begins.
- A new note that would begin together with such a note is left out: it sounds already.
"""

import bisect
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sparseq.errors import InputError
from sparseq.music.events import Event, is_end
from sparseq.music.score import Note, pair_notes, without_overlaps
from sparseq.music.smf import MidiFile, Track
from sparseq.music.units import RELEASE_VELOCITY

_Voices = dict[tuple[int, int], list[Note]]


class _Plan(NamedTuple):
    """Events that go into a track: offs stand first within their tick, ons last."""

    offs: list[Event]
    ons: list[Event]


def replace_notes(midi: MidiFile, removed: Iterable[Note], added: Iterable[Note]) -> MidiFile:
    """Take notes out of a file and put others in.

    Every event but the removed notes' own on and off stays equal and in its order; tracks that are not concerned keep
    their bytes. The end of a track moves only if a new note lasts beyond it.

    Parameters
    ----------
    midi : MidiFile
        The file; it is not changed.
    removed : iterable of Note
        Notes of this file, as `score.read_score` returns them.
    added : iterable of Note
        New notes in the file's ticks; each goes into its `track`.

    Returns
    -------
    MidiFile
        The edited file.

    Raises
    ------
    InputError
        If a removed note is not in the file, or an added one cannot be written into it.
    """
    tracks = midi.tracks
    gone: dict[int, set[int]] = defaultdict(set)
    for note in removed:
        gone[note.track] |= _event_indices(note, tracks, midi.name)
    coming: dict[int, list[Note]] = defaultdict(list)
    for note in without_overlaps(added):
        if not 0 <= note.track < len(tracks):
            raise InputError(f"{midi.name}: a new note is for track {note.track + 1}, but it has {len(tracks)} tracks")
        coming[note.track].append(note)
    kept = _kept_voices(tracks, gone) if coming else {}
    changed = {
        index: _edit_track(tracks[index], gone[index], _plan(coming[index], kept, index))
        for index in sorted(gone.keys() | coming.keys())
    }
    return midi.with_tracks(changed)


def _event_indices(note: Note, tracks: Sequence[Track], name: str) -> set[int]:
    """Return the indices of a note's events after making sure that they are this note's."""
    indices = {note.on_index, note.off_index} - {-1}
    events = tracks[note.track].events if 0 <= note.track < len(tracks) else ()
    for index in indices:
        data = events[index].data if 0 <= index < len(events) else b"\0\0"
        if data[0] & 0xE0 != 0x80 or data[0] & 0x0F != note.channel or min(data[1], 127) != note.pitch:
            indices = set()
            break
    if not indices:
        raise InputError(f"{name}: a note of this file was to be removed, but {note} is not in it; read the file again")
    return indices


def _kept_voices(tracks: Sequence[Track], gone: dict[int, set[int]]) -> _Voices:
    """Return the notes that stay, by channel and pitch, in order of onset."""
    voices: _Voices = defaultdict(list)
    for index, track in enumerate(tracks):
        for note in pair_notes(track.events, index):
            if note.on_index not in gone.get(index, ()):
                voices[note.channel, note.pitch].append(note)
    for notes in voices.values():
        notes.sort(key=_onset)
    return voices


def _plan(notes: Sequence[Note], kept: _Voices, track: int) -> _Plan:
    """Work out the events for one track's new notes."""
    plan = _Plan([], [])
    ended: set[int] = set()
    for note in notes:
        others = kept.get((note.channel, note.pitch), [])
        onset = note.onset_ticks
        after = bisect.bisect_right(others, onset, key=_onset)
        earlier = [other for other in others[:after] if other.end_ticks > onset or other.off_index < 0]
        endless = [other for other in earlier if other.off_index < 0 and other.track == track]
        if any(other.onset_ticks == onset for other in endless):
            continue
        own_end = max(
            (other.end_ticks for other in earlier if other.off_index >= 0 and other.track == track), default=-1
        )
        for other in endless:
            if other.on_index not in ended:
                ended.add(other.on_index)
                plan.offs.append(_off_event(note, max(own_end, onset)))
        end = own_end if own_end >= 0 else _free_end(note, earlier, others[after:])
        plan.ons.append(Event(onset, bytes((0x90 | note.channel, note.pitch, note.velocity))))
        plan.offs.append(_off_event(note, end))
    return plan


def _onset(note: Note) -> int:
    return note.onset_ticks


def _off_event(note: Note, tick: int) -> Event:
    return Event(tick, bytes((0x80 | note.channel, note.pitch, RELEASE_VELOCITY)))


def _free_end(note: Note, earlier: Sequence[Note], later: Sequence[Note]) -> int:
    """Return where a new note ends if nothing kept of its voice sounds in its own track, by the rules above."""
    end = max((other.end_ticks for other in earlier if other.off_index >= 0), default=note.end_ticks)
    for other in later:
        if other.onset_ticks > end:
            break
        end = min(end, other.onset_ticks - (other.track != note.track))
    return max(end, note.onset_ticks + 1)


def _edit_track(track: Track, gone: set[int], plan: _Plan) -> Track:
    """Return a track without some events and with those of a plan."""
    kept = [event for index, event in enumerate(track.events) if index not in gone]
    closing = [kept.pop()] if kept and is_end(kept[-1]) else []
    ranked = [(event.tick, 0, event) for event in plan.offs]
    ranked += [(event.tick, 1, event) for event in kept]
    ranked += [(event.tick, 2, event) for event in plan.ons]
    ranked.sort(key=lambda entry: entry[:2])
    events = [event for _, _, event in ranked]
    if closing and events:
        closing = [closing[0]._replace(tick=max(closing[0].tick, events[-1].tick))]
    return track.with_events(events + closing)

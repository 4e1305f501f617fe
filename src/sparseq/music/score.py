"""Notes, tempos and meters read out of a MIDI file's events."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sparseq.errors import InputError
from sparseq.music.events import Event, payload
from sparseq.music.smf import MidiFile
from sparseq.music.units import DEFAULT_TEMPO_US

_TRACK_NAME, _TEMPO, _METER = 0x03, 0x51, 0x58
METAS = (_TRACK_NAME, _TEMPO, _METER)
"""The types of meta events that a score is read from."""

_MAX_DENOMINATOR_POWER = 6  # 64th notes: beyond that a meter event is damage, not music


class Note(NamedTuple):
    """One note.

    Attributes
    ----------
    onset_ticks, duration_ticks : int
        At least 0.
    pitch : int
        0 to 127.
    velocity : int
        1 to 127.
    channel : int
        0 to 15.
    track : int
        0-based index of the track among the file's tracks.
    on_index, off_index : int
        Indices of its two events in ``Track.events``. The off index is -1 for a note that is never switched off, which
        lasts to the end of its track; both are -1 for a note that comes from no file.
    """

    onset_ticks: int
    duration_ticks: int
    pitch: int
    velocity: int
    channel: int = 0
    track: int = 0
    on_index: int = -1
    off_index: int = -1

    @property
    def end_ticks(self) -> int:
        """The tick at which the note stops."""
        return self.onset_ticks + self.duration_ticks


class Score(NamedTuple):
    """What a MIDI file sounds like.

    Attributes
    ----------
    ppq : int
        Ticks per quarter note of every tick in the score.
    notes : tuple of Note
        Ordered by onset, then track, then place in the track.
    tempos : tuple of (int, int)
        Tick and microseconds per quarter note from there on; the first is at tick 0.
    meters : tuple of (int, int, int)
        Tick, numerator and denominator from there on; the first is at tick 0.
    end_ticks : int
        The last tick of the longest track.
    track_names : tuple of str
        One for each track, empty where it has none.
    """

    ppq: int
    notes: tuple[Note, ...]
    tempos: tuple[tuple[int, int], ...]
    meters: tuple[tuple[int, int, int], ...]
    end_ticks: int
    track_names: tuple[str, ...]


def read_score(midi: MidiFile) -> Score:
    """Read notes, tempos and meters from all tracks.

    Parameters
    ----------
    midi : MidiFile
        A file that counts in ticks per quarter note.

    Returns
    -------
    Score
        What it sounds like. 120 bpm and 4/4 stand at tick 0 unless the file says otherwise.

    Raises
    ------
    InputError
        If the file counts in SMPTE frames.
    """
    ppq = midi.ppq
    notes: list[Note] = []
    for index, track in enumerate(midi.tracks):
        notes += pair_notes(track.events, index)
    notes.sort(key=lambda note: (note.onset_ticks, note.track, note.on_index))
    end_ticks = max((track.end_ticks for track in midi.tracks), default=0)
    return score_of(ppq, notes, [track.events for track in midi.tracks], end_ticks)


def score_of(ppq: int, notes: Iterable[Note], events: Iterable[Sequence[Event]], end_ticks: int) -> Score:
    """Put a score together.

    Parameters
    ----------
    ppq : int
        Ticks per quarter note.
    notes : iterable of Note
        In the order of a score.
    events : iterable of sequence of Event
        For each track its events, or at least those among them that are `METAS`.
    end_ticks : int
        The last tick of the longest track.

    Returns
    -------
    Score
        The score.
    """
    tempos = {0: DEFAULT_TEMPO_US}
    meters = {0: (4, 4)}
    names = [_read_metas(track, tempos, meters) for track in events]
    return Score(
        ppq,
        tuple(notes),
        tuple(sorted(tempos.items())),
        tuple((tick, *meter) for tick, meter in sorted(meters.items())),
        end_ticks,
        tuple(names),
    )


def pair_notes(events: Sequence[Event], track: int = 0) -> list[Note]:
    """Pair the note-on and note-off events of one track.

    A note-off ends the oldest sounding note of its channel and pitch; note-on with velocity 0 is a note-off; a
    note-off with nothing to end is passed over; a note that nothing ends lasts to the last event. Data bytes over 127
    count as 127.

    Parameters
    ----------
    events : sequence of Event
        The track's events in order.
    track : int
        Track index to put into the notes.

    Returns
    -------
    list of Note
        In the order in which the notes end.
    """
    notes: list[Note] = []
    sounding: dict[int, deque[tuple[int, int, int]]] = {}
    build = tuple.__new__  # this loop sees every event of a library: half the time of calling the class
    for index, (tick, data) in enumerate(events):
        status = data[0]
        if not 0x80 <= status < 0xA0:
            continue
        pitch = data[1] if data[1] < 128 else 127
        voice = (status & 0x0F) << 7 | pitch
        held = sounding.get(voice)
        if status >= 0x90 and data[2]:
            if held is None:
                held = sounding[voice] = deque()
            held.append((tick, data[2], index))
        elif held:
            onset, velocity, on_index = held.popleft()
            facts = onset, tick - onset, pitch, velocity if velocity < 128 else 127, voice >> 7, track, on_index, index
            notes.append(build(Note, facts))
    end = events[-1].tick if events else 0
    for voice, held in sounding.items():
        for onset, velocity, on_index in held:
            notes.append(Note(onset, end - onset, voice & 0x7F, min(velocity, 127), voice >> 7, track, on_index, -1))
    return notes


def without_overlaps(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Shorten notes so that none sounds on into the next onset of its channel and pitch.

    Two notes of one voice that begin at the same tick both stay. No note becomes shorter than one tick.

    Parameters
    ----------
    notes : iterable of Note
        In any order.

    Returns
    -------
    tuple of Note
        Ordered by onset; the shorter first where two of a voice begin together, so that first in, first out pairs
        each with its own end.

    Raises
    ------
    InputError
        If a note cannot be written to a MIDI file.
    """
    out: list[Note] = []
    following: dict[tuple[int, int], tuple[int, int]] = {}
    for note in sorted(notes, key=_voice_order, reverse=True):
        _check(note)
        voice = note.channel, note.pitch
        onset, limit = following.get(voice, (-1, -1))
        if onset != note.onset_ticks:
            limit = onset
        following[voice] = note.onset_ticks, limit
        duration = max(note.duration_ticks, 1)
        if limit >= 0:
            duration = min(duration, limit - note.onset_ticks)
        out.append(note if duration == note.duration_ticks else note._replace(duration_ticks=duration))
    return tuple(reversed(out))


def _voice_order(note: Note) -> tuple[int, int, int, int, int, int]:
    return note.onset_ticks, note.track, note.channel, note.pitch, note.duration_ticks, note.velocity


def _check(note: Note) -> None:
    if note.onset_ticks < 0 or not (0 <= note.pitch < 128 and 1 <= note.velocity < 128 and 0 <= note.channel < 16):
        raise InputError(
            "a note with onset from 0, pitch 0-127, velocity 1-127 and channel 0-15 was wanted, but onset"
            f" {note.onset_ticks}, pitch {note.pitch}, velocity {note.velocity}, channel {note.channel} was given"
        )


def _read_metas(events: Sequence[Event], tempos: dict[int, int], meters: dict[int, tuple[int, int]]) -> str:
    """Add a track's tempos and meters to the tables and return its name; what is damaged or impossible is left out."""
    name = ""
    for tick, data in events:
        if data[0] != 0xFF or data[1] not in METAS:
            continue
        value = payload(data)
        if data[1] == _TRACK_NAME:
            name = name or _decode_text(value)
        elif data[1] == _TEMPO and len(value) >= 3:
            if tempo_us := int.from_bytes(value[:3], "big"):
                tempos[tick] = tempo_us
        elif data[1] == _METER and len(value) >= 2 and value[0] and value[1] <= _MAX_DENOMINATOR_POWER:
            meters[tick] = value[0], 1 << value[1]
    return name


def _decode_text(payload: bytes) -> str:
    try:
        return payload.decode("utf-8").strip("\0 ")
    except UnicodeDecodeError:
        return payload.decode("latin-1").strip("\0 ")

"""The parts that a file is made of: drums, bass, chords, leads.

Notes of one track and channel belong together. What such a part is, is asked in this order:

1. It is **drums** if it is on channel 10, or if no part is and its track is named like drums; drums of one channel are
   one part, whatever tracks they come from.
2. A telling track name decides: "Synth Bass", "Lead Gtr", "Rhodes", "Strings", ...
3. A telling General MIDI program decides: basses are bass; organs, strings, choirs and pads are chords; synth leads
   are leads.
4. Notes decide: where at least every fourth onset is a chord, it is **chords**; a single line that lies low (its middle
   note below `BASS_BELOW`) is **bass**; any other is a **lead**.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from sparseq.music.encode import drum_notes
from sparseq.music.score import Note, Score
from sparseq.music.smf import MidiFile

DRUMS, BASS, CHORDS, LEAD = KINDS = ("drums", "bass", "chords", "lead")
BASS_BELOW = 48
"""C3: the middle note of a bass line lies below it."""

CHORD_SHARE = 0.25  # of the onsets: now and then a double stop makes no accompaniment
TOGETHER_S = 32  # notes within a 32nd of a quarter note are struck together
_BASS_NAME = re.compile(r"\bbas(s|so|se)\b|bass(line|gtr|guitar)?\b|contrabass|\b808\b|\bsub\b", re.IGNORECASE)
_LEAD_NAME = re.compile(
    r"lead|melod|solo|voc(al|als)?\b|\bvox\b|voice|flute|sax|trumpet|clarinet|oboe|theme|hook|\btop\b", re.IGNORECASE
)
_CHORD_NAME = re.compile(
    r"chord|\bpads?\b|string|rhodes|wurl|organ|\be\.?p\.?\b|comp|harmon|choir|accord|stabs?\b|keys\b|rhythm",
    re.IGNORECASE,
)
_PROGRAM_KINDS: tuple[tuple[range, str], ...] = (
    (range(16, 24), CHORDS),  # organs
    (range(32, 40), BASS),
    (range(43, 44), BASS),  # contrabass
    (range(48, 56), CHORDS),  # ensembles and choirs
    (range(80, 87), LEAD),
    (range(87, 88), BASS),  # "bass + lead"
    (range(88, 96), CHORDS),  # pads
)
NO_PROGRAMS: Mapping[tuple[int, int], int] = MappingProxyType({})


class Part(NamedTuple):
    """One part of a file.

    Attributes
    ----------
    name : str
        Its kind, and a number from the second of a kind on: "bass", "chords 2". Unique in its file.
    kind : str
        One of `KINDS`.
    channel : int
        0 to 15.
    track : int
        Index of the first of its tracks.
    program : int or None
        General MIDI program, 0 to 127; None where the file says none.
    notes : tuple of Note
        In the score's order.
    """

    name: str
    kind: str
    channel: int
    track: int
    program: int | None
    notes: tuple[Note, ...]


def split_parts(score: Score, programs: Mapping[tuple[int, int], int] = NO_PROGRAMS) -> tuple[Part, ...]:
    """Split a score into its parts.

    Parameters
    ----------
    score : Score
        The score.
    programs : mapping of (int, int) to int
        General MIDI program by track and channel, as `programs_of` returns them.

    Returns
    -------
    tuple of Part
        In the order of `KINDS`, those of a kind in the order of their tracks; each note is in exactly one.
    """
    drums = set(drum_notes(score))
    groups: dict[tuple[bool, int, int], list[Note]] = defaultdict(list)
    for note in score.notes:
        is_drum = note in drums
        groups[is_drum, -1 if is_drum else note.track, note.channel].append(note)
    found = []
    for (is_drum, _, channel), notes in groups.items():
        track = min(note.track for note in notes)
        program = programs.get((track, channel))
        kind = DRUMS if is_drum else _kind(score.track_names[track], program, notes, score.ppq)
        found.append(Part("", kind, channel, track, program, tuple(notes)))
    found.sort(key=lambda part: (KINDS.index(part.kind), part.track, part.channel))
    return tuple(_named(found))


def _named(parts: Sequence[Part]) -> list[Part]:
    counts = dict.fromkeys(KINDS, 0)
    out = []
    for part in parts:
        counts[part.kind] += 1
        number = counts[part.kind]
        out.append(part._replace(name=part.kind if number == 1 else f"{part.kind} {number}"))
    return out


def _kind(track_name: str, program: int | None, notes: Sequence[Note], ppq: int) -> str:
    for pattern, kind in ((_BASS_NAME, BASS), (_LEAD_NAME, LEAD), (_CHORD_NAME, CHORDS)):
        if pattern.search(track_name):
            return kind
    for programs, kind in _PROGRAM_KINDS:
        if program in programs:
            return kind
    if chord_share(notes, ppq) >= CHORD_SHARE:
        return CHORDS
    pitches = sorted(note.pitch for note in notes)
    return BASS if pitches[len(pitches) // 2] < BASS_BELOW else LEAD


def chord_share(notes: Sequence[Note], ppq: int) -> float:
    """Return which share of the moments at which notes begin is of more than one note: 0 to 1.

    Parameters
    ----------
    notes : sequence of Note
        In order of onset.
    ppq : int
        Their resolution.
    """
    sizes: list[int] = []
    began = None
    for note in notes:
        if began is None or note.onset_ticks - began > ppq // TOGETHER_S:
            sizes.append(0)
            began = note.onset_ticks
        sizes[-1] += 1
    return sum(size > 1 for size in sizes) / max(len(sizes), 1)


def programs_of(midi: MidiFile) -> dict[tuple[int, int], int]:
    """Return the first General MIDI program of each track and channel.

    A channel whose own track says none takes what another track says for it, unless the tracks of the file are
    patterns of their own (format 2).

    Parameters
    ----------
    midi : MidiFile
        The file.

    Returns
    -------
    dict of (int, int) to int
        Program 0 to 127 by track index and channel.
    """
    own: dict[tuple[int, int], int] = {}
    anywhere: dict[int, int] = {}
    for index, track in enumerate(midi.tracks):
        for _, data in track.events:
            if data[0] & 0xF0 == 0xC0:
                channel, program = data[0] & 0x0F, min(data[1], 127)
                own.setdefault((index, channel), program)
                anywhere.setdefault(channel, program)
    if midi.format == 2:
        return own
    shared = {(index, channel): program for index in range(len(midi.tracks)) for channel, program in anywhere.items()}
    return shared | own

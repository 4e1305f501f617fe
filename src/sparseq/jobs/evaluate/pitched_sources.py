"""Pitched music to ask about: loops in a .json list, chorales in an .npz, folders and names, all as MIDI files."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sparseq.errors import FileError, InputError, SparseqError
from sparseq.jobs.chorales.key import Pitches
from sparseq.jobs.evaluate.sources import is_npz, read_arrays, read_chorales
from sparseq.jobs.examples import Example
from sparseq.music.loops import Skipped, find_all, load
from sparseq.music.parts import programs_of
from sparseq.music.resolution import suitable_steps
from sparseq.music.score import Note, read_score
from sparseq.music.smf import MidiFile, parse
from sparseq.music.units import bpm_to_tempo_us
from sparseq.music.writer import write_midi

SIXTEENTH_TICKS, VELOCITY, BAR_STEPS = 12, 80, 16
VOICE_NAMES = ("Soprano", "Alto", "Tenor", "Bass")
EXCERPT_BARS = 8


class Song(NamedTuple):
    """A piece: what it is called, the name that its variants share, and its file."""

    name: str
    family: str
    midi: MidiFile


def is_pitched(spec: str) -> bool:
    """Whether a file holds pitched music alone: a list of loops, or chorales."""
    if Path(spec).suffix.lower() == ".json":
        return True
    return is_npz(spec) and any(name.endswith("_pitch") for name in read_arrays(spec))


def read_songs(spec: str, split: str) -> tuple[Sequence[Song], Sequence[Skipped]]:
    """Read pitched pieces.

    Parameters
    ----------
    spec : str
        A .json list of loops (each with `notes` = [position, length, pitch, velocity] in ticks, `ticks_per_quarter`,
        `ticks_per_bar` and `name`), an .npz of chorales, or what `--loops` takes.
    split : str
        "train", "valid" or "test": of an .npz.

    Returns
    -------
    (sequence of Song, sequence of Skipped)
        Those that can be used, and the others with the reason.

    Raises
    ------
    InputError, FileError
        For what is not there or holds nothing to use.
    """
    if Path(spec).suffix.lower() == ".json":
        found: list[tuple[str, str, bytes]] = [_loop(record, spec) for record in _records(spec)]
    elif is_npz(spec):
        pieces = read_chorales(spec, split).pieces
        found = [(f"{split} {k}", f"{split} {k}", chorale_bytes(piece)) for k, piece in enumerate(pieces)]
    else:
        loaded = load(find_all([spec]), parse)
        return _some([Song(source.name, source.name, midi) for source, midi in loaded.loops], spec), loaded.skipped
    songs, left = [], []
    for name, family, data in found:
        try:
            songs.append(Song(name, family, parse(data, name)))
        except SparseqError as error:
            left.append(Skipped(name, str(error)))
    return _some(songs, spec), left


def example_of(song: Song) -> Example | None:
    """Return a piece as something to learn from; None where it cannot be put on a grid."""
    score = read_score(song.midi)
    if not score.notes:
        return None
    try:
        return Example(song.name, score, suitable_steps(score, score.notes), programs=programs_of(song.midi))
    except SparseqError:
        return None


def chorale_bytes(piece: Pitches) -> bytes:
    """Return the first bars of a chorale as a MIDI file: each voice on a track, equal steps in a row one note."""
    notes = []
    for voice, line in enumerate(piece[: EXCERPT_BARS * BAR_STEPS].T):
        edges = np.flatnonzero(np.diff(line, prepend=line[0] - 1))
        for start, stop in zip(edges, [*edges[1:], len(line)], strict=True):
            if line[start] >= 0:
                begin, length = int(start) * SIXTEENTH_TICKS, int(stop - start) * SIXTEENTH_TICKS
                notes.append(Note(begin, length, int(line[start]), VELOCITY, voice, voice))
    names = [*VOICE_NAMES, *(f"Voice {k + 1}" for k in range(4, piece.shape[1]))][: piece.shape[1]]
    return write_midi(notes, ppq=4 * SIXTEENTH_TICKS, track_names=names, channels=list(range(len(names))))


def _some(songs: list[Song], spec: str) -> list[Song]:
    if not songs:
        raise InputError(f"{spec}: wanted pitched music, got none")
    return songs


def _records(spec: str) -> Sequence[Mapping[str, Any]]:
    try:
        found = json.loads(Path(spec).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise FileError(f"wanted a .json list of loops, but {spec} cannot be read: {error}") from error
    if not isinstance(found, list):
        raise InputError(f"{spec}: wanted a list of loops, got {type(found).__name__}")
    return found


def _loop(record: Mapping[str, Any], spec: str) -> tuple[str, str, bytes]:
    try:
        name, quarter, bar = str(record["name"]), int(record["ticks_per_quarter"]), int(record["ticks_per_bar"])
        notes = [
            Note(int(tick), max(int(length), 1), int(pitch), min(max(int(velocity), 1), 127), 0, 0)
            for tick, length, pitch, velocity in record["notes"]
        ]
        bpm = float(record.get("bpm", 120))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{spec}: wanted loops with name, notes, ticks_per_quarter, ticks_per_bar: {error}") from error
    numerator = 4 * bar // quarter
    meter = (numerator // 4, 4) if numerator % 4 == 0 and numerator // 4 <= BAR_STEPS else (numerator, 16)
    data = write_midi(
        sorted(notes), ppq=quarter, tempos=((0, bpm_to_tempo_us(bpm)),), meters=((0, *meter),), track_names=("Lead",)
    )
    return name, name.split("/")[0], data

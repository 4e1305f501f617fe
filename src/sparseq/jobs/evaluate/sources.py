"""Where the music is from: folders of .mid, names of shipped loops, or .npz collections, read into pieces."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sparseq.errors import FileError, InputError
from sparseq.jobs.baselines.library import Library, Piece
from sparseq.jobs.examples import Example
from sparseq.jobs.loading import load_examples
from sparseq.music.grid import DrumGrid
from sparseq.music.lanes import LANES, lane_of
from sparseq.music.loops import Skipped
from sparseq.music.resolution import suitable_steps
from sparseq.music.score import Note, Score
from sparseq.music.units import bpm_to_tempo_us

Arrays = Mapping[str, npt.NDArray[Any]]

GROOVE_PPQ = 480
NOTE_TICKS = 60
DRUM_CHANNEL = 9
SPLIT_NAMES = {"train": "train", "valid": "validation", "test": "test"}
"""What the splits are called in a column of its own; arrays of their own are called after the short name."""


class Both(NamedTuple):
    """What is learnt from and what is asked about, and what was left out and why."""

    library: Library
    pieces: tuple[Piece, ...]
    skipped: tuple[Skipped, ...]


class Chorales(NamedTuple):
    """Pieces of four voices: int64 ndarrays of shape (T, 4), MIDI pitch, -1 for a rest."""

    pieces: tuple[npt.NDArray[np.int64], ...]


def read_arrays(path: str) -> Arrays:
    """Return the arrays of an .npz file, each read once; raises FileError where it cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except (OSError, ValueError) as error:
        raise FileError(f"wanted an .npz file of arrays, but {path} cannot be read: {error}") from error


def is_npz(spec: str) -> bool:
    """Whether a person names an .npz file."""
    return Path(spec).suffix.lower() == ".npz"


def read_chorales(spec: str, split: str) -> Chorales:
    """Return the chorales of one split.

    Raises
    ------
    InputError
        Where the file holds none.
    """
    if not is_npz(spec):
        raise InputError(f"wanted an .npz file with {split}_pitch and {split}_start for chorales, got {spec}")
    arrays = read_arrays(spec)
    wanted = (f"{split}_pitch", f"{split}_start")
    if any(name not in arrays for name in wanted):
        raise InputError(f"{spec}: wanted {' and '.join(wanted)}, got {', '.join(sorted(arrays)) or 'nothing'}")
    pitch, start = (arrays[name].astype(np.int64) for name in wanted)
    return Chorales(tuple(pitch[a:b] for a, b in pairwise(start)))


def read_both(library: str, on: str, split: str) -> Both:
    """Read what to learn from and what to ask about, and put both on one grid.

    Parameters
    ----------
    library, on : str
        A folder, file, name or style of loops, or an .npz collection: of the one its training part, of the other that
        of `split`.
    split : str
        "valid" or "test".

    Returns
    -------
    Both
        Pieces of the library's most common meter and resolution; all lanes that either plays.

    Raises
    ------
    InputError, FileError
        For what is not there, or where nothing is left.
    """
    (learnt, left), (asked, left_too) = examples_of(library, "train"), examples_of(on, split)
    kind = Counter((example.meter, example.steps_per_beat) for example in learnt).most_common(1)[0][0]
    heard = {lane_of(note.pitch) for example in (*learnt, *asked) for note in _drums(example.score)}
    lanes = tuple(lane for lane in LANES if lane in heard)
    pieces, odd = _pieces(learnt, lanes, kind)
    others, odd_too = _pieces(asked, lanes, kind)
    for name, found in ((library, pieces), (on, others)):
        if not found:
            raise InputError(f"{name}: wanted drums in {kind[0][0]}/{kind[0][1]}, as most of the library is, got none")
    return Both(Library(pieces, lanes, kind[1], kind[0]), others, (*left, *left_too, *odd, *odd_too))


def _drums(score: Score) -> Sequence[Note]:
    return [note for note in score.notes if note.channel == DRUM_CHANNEL]


def examples_of(spec: str, split: str) -> tuple[Sequence[Example], Sequence[Skipped]]:
    """Return the drums of a collection's split, or of a folder, file, name or style of loops; and what was left out."""
    if not is_npz(spec):
        found = load_examples([spec])
        return found.used, found.skipped
    arrays = read_arrays(spec)
    if f"{split}_pitch" in arrays or "file_id" not in arrays:
        raise InputError(f"{spec}: wanted drums with file_id, tick, pitch and vel, got {', '.join(sorted(arrays))}")
    chosen = np.flatnonzero(arrays["split"] == SPLIT_NAMES[split])
    if not len(chosen):
        raise InputError(
            f"{spec}: wanted the split {SPLIT_NAMES[split]!r}, got {', '.join(np.unique(arrays['split']))}"
        )
    return _groove(arrays, chosen), ()


def _groove(arrays: Arrays, chosen: npt.NDArray[np.integer]) -> Sequence[Example]:
    order = np.argsort(arrays["file_id"], kind="stable")
    bounds = np.searchsorted(arrays["file_id"][order], np.arange(len(arrays["files"]) + 1))
    return [_groove_example(arrays, int(i), order[bounds[i] : bounds[i + 1]]) for i in chosen]


def _groove_example(arrays: Arrays, i: int, rows: npt.NDArray[np.integer]) -> Example:
    columns = [arrays[name][rows].tolist() for name in ("tick", "pitch", "vel")]
    notes = sorted(
        Note(max(tick, 0), NOTE_TICKS, pitch, velocity, DRUM_CHANNEL)
        for tick, pitch, velocity in zip(*columns, strict=True)
        if velocity > 0
    )
    numerator, denominator = arrays["ts"][i].tolist()
    tempo = bpm_to_tempo_us(float(arrays["bpm"][i]))
    end = int(arrays["n_bars"][i]) * GROOVE_PPQ * 4 * numerator // denominator
    score = Score(GROOVE_PPQ, tuple(notes), ((0, tempo),), ((0, numerator, denominator),), end, ("",))
    steps = int(arrays["grid_per_quarter"][i])
    if 4 * steps * numerator % denominator:
        steps = suitable_steps(score)
    return Example(str(arrays["files"][i]), score, steps, str(arrays["style"][i]).split("/")[0])


_Kind = tuple[tuple[int, int], int]


def _pieces(
    examples: Sequence[Example], lanes: Sequence[str], kind: _Kind
) -> tuple[tuple[Piece, ...], Sequence[Skipped]]:
    pieces, left = [], []
    for example in examples:
        if (example.meter, example.steps_per_beat) != kind:
            left.append(Skipped(example.name, "counted in another meter or resolution than most of the library"))
            continue
        grid = example.grid(lanes)
        bits = _blocked(grid)
        if bits is None:
            left.append(Skipped(example.name, "its bars are not all of one length"))
        else:
            pieces.append(Piece(example.name, example.style, bits))
    return tuple(pieces), left


def _blocked(grid: DrumGrid) -> npt.NDArray[np.uint8] | None:
    """Return a grid's tokens bar by bar, without silent bars at its ends; None where they are of several lengths."""
    lengths = {bar.length_steps for bar in grid.bars}
    if len(lengths) != 1:
        return None
    bits = grid.tokens_tl.reshape(len(grid.bars), lengths.pop(), len(grid.lanes))
    heard = np.flatnonzero(bits.any((1, 2)))
    return bits[heard[0] : heard[-1] + 1] if len(heard) else None

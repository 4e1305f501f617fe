"""Repair as a whole: a file, what to fill and from what, and where the results go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sparseq.errors import FileError, InputError
from sparseq.jobs.examples import Examples, load_examples
from sparseq.jobs.files import check_writable, read_bytes, write_atomically
from sparseq.jobs.fill import Filler, Filling, FillSettings
from sparseq.jobs.choice import Choice
from sparseq.jobs.hole import Hole, dig_hole
from sparseq.jobs.variations import variations
from sparseq.music.encode import drum_notes
from sparseq.music.score import read_score
from sparseq.music.smf import MidiFile, parse

if TYPE_CHECKING:
    from sparseq.jobs.explain import BarReport

NO_EXAMPLES = Examples((), ())


@dataclass(frozen=True, slots=True, eq=False)
class Repair:
    """A hole, and what it is filled from.

    Attributes
    ----------
    hole : Hole
        What to fill.
    examples : Examples
        Loops beside the file itself, and those left out; none where the file alone is enough.
    """

    hole: Hole
    examples: Examples


def open_drums(file: str) -> MidiFile:
    """Read a .mid file with drums.

    Raises
    ------
    FileError, InputError
        If it cannot be read, is no MIDI file or has no drums.
    """
    midi = parse(read_bytes(file), file)
    score = read_score(midi)
    if not drum_notes(score):
        count = len(score.notes)
        found = f"{count} other note{'s' * (count != 1)}" if count else "no notes at all"
        raise InputError(
            f"{file}: wanted drums to repair (channel 10, or a track named like drums), got {found}; "
            "`sparseq export` writes drums without a file to go by"
        )
    return midi


def plan_repair(midi: MidiFile, choice: Choice, loops: tuple[str, ...], seed: int) -> Repair:
    """Find out what to fill and what from.

    The file's own bars come first. Loops are read where they are asked for, or where the file has no drums outside
    the hole; then the shipped ones serve.
    """
    hole = dig_hole(midi, choice, seed=seed)
    if not loops and hole.heard_bars_b.any():
        return Repair(hole, NO_EXAMPLES)
    examples = load_examples(loops, hole.grid.steps_per_beat)
    scores = [example.score for example in examples.used]
    return Repair(dig_hole(midi, choice, scores, seed), examples)


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """One way to fill the hole.

    Attributes
    ----------
    midi : MidiFile
        The repaired file.
    filling : Filling
        What was decided, and how likely it is.
    bars : tuple of BarReport
        Where each filled bar comes from; empty where nobody asked.
    """

    midi: MidiFile
    filling: Filling
    bars: tuple[BarReport, ...] = ()


def repaired(repair: Repair, settings: FillSettings, n_variations: int = 1, *, explained: bool = False) -> list[Result]:
    """Return up to `n_variations` results, the likeliest first, with a report for each bar if wanted."""
    filler = Filler(repair.hole, repair.examples, settings)
    found = variations(filler, n_variations)
    return [
        Result(filler.written(filling), filling, _reports(filler, filling) if explained else ()) for filling in found
    ]


def _reports(filler: Filler, filling: Filling) -> tuple[BarReport, ...]:
    from sparseq.jobs.explain import explain  # most repairs need none

    return tuple(explain(filler, filling))


def output_paths(output: str, n: int) -> list[Path]:
    """Return where `n` results go: `output` itself for one, else beside it with a number, or into a folder.

    "fixed.mid" with three results means "fixed-1.mid" up to "fixed-3.mid", the likeliest first.
    """
    path = Path(output)
    if path.is_dir():
        path = path / "fill.mid"
    if n == 1:
        return [path]
    return [path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(1, n + 1)]


def check_outputs(file: str, paths: list[Path], force: bool) -> None:
    """Raise FileError for an output that cannot be written, or that is the input itself."""
    for path in paths:
        if path.exists() and Path(file).exists() and path.samefile(file):
            raise FileError(f"{path} is the file to repair; use --in-place, which keeps a copy of it")
        check_writable(path, force)


def replace_in_place(file: str, data: bytes) -> Path:
    """Write a file over, in one move, and return where a copy of the old one was kept."""
    backup = _backup_path(Path(file))
    write_atomically(backup, read_bytes(file))
    write_atomically(file, data, force=True)
    return backup


def _backup_path(path: Path) -> Path:
    """Return the first free name of "take.mid.bak", "take.mid.bak2", ..."""
    number = 1
    while (backup := path.with_name(f"{path.name}.bak{number if number > 1 else ''}")).exists():
        number += 1
    return backup

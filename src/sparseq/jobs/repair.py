"""Repair as a whole: a planned hole filled, reported, and where the results go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sparseq.errors import FileError
from sparseq.jobs.files import check_writable, read_bytes, write_atomically
from sparseq.jobs.fill import Filler
from sparseq.jobs.filling import FillSettings
from sparseq.jobs.plan import Repair
from sparseq.jobs.song import SongFiller, SongFilling
from sparseq.jobs.variations import variations
from sparseq.music.smf import MidiFile

if TYPE_CHECKING:
    from sparseq.jobs.explain import BarReport


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """One way to fill the hole.

    Attributes
    ----------
    midi : MidiFile
        The repaired file.
    filling : SongFilling
        What was decided, and how likely it is.
    bars : tuple of BarReport
        Where each filled bar comes from, drums first; empty where nobody asked.
    """

    midi: MidiFile
    filling: SongFilling
    bars: tuple[BarReport, ...] = ()


def repaired(repair: Repair, settings: FillSettings, n_variations: int = 1, *, explained: bool = False) -> list[Result]:
    """Return up to `n_variations` results, the likeliest first, with a report for each bar if wanted."""
    filler = song_filler(repair, settings)
    found = variations(filler, n_variations)
    return [
        Result(filler.written(filling), filling, _reports(filler, filling) if explained else ()) for filling in found
    ]


def song_filler(repair: Repair, settings: FillSettings) -> SongFiller:
    """Return what fills a hole."""
    drums = Filler(repair.drums, repair.examples, settings, repair.calibration) if repair.drums is not None else None
    pitched = None
    if repair.pitched is not None:
        from sparseq.jobs.pitched.fill import PitchedFiller

        pitched = PitchedFiller(repair.pitched, repair.pitched_examples, settings, repair.scale)
    return SongFiller(repair.midi, drums, pitched, settings)


def _reports(filler: SongFiller, filling: SongFilling) -> tuple[BarReport, ...]:
    from sparseq.jobs.explain import explain_song  # most repairs need none

    return tuple(explain_song(filler, filling))


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

"""Write new loops to .mid files: a stream into a recording port, at full speed."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sparseq.errors import FileError
from sparseq.jobs.examples import Examples
from sparseq.jobs.files import check_writable, write_atomically
from sparseq.jobs.perform import perform
from sparseq.jobs.stream import Stream, StreamSettings
from sparseq.jobs.takes import take_title, tape_bytes
from sparseq.music.loops import SUFFIXES
from sparseq.music.partgrid import PartGrid
from sparseq.realtime.clock import ManualClock
from sparseq.realtime.outputs import RecordingPort
from sparseq.realtime.sequencer import Sequencer
from sparseq.realtime.tape import Tape

SEED_STEP = 0x9E3779B97F4A7C15
"""Distance between the seeds of the loops of one export: an odd constant, so that none come twice."""


class Exported(NamedTuple):
    """A loop that was written: where, its first bar, and what it was learnt from."""

    path: Path
    first: PartGrid
    examples: Examples


def export_targets(output: str, count: int, force: bool) -> list[Path]:
    """Return the files that an export of `count` loops writes, checked before any work.

    One loop goes to `output` itself, unless that is a folder or ends with a slash; several go into the folder `output`.
    The folder is made when the first loop is written.

    Raises
    ------
    FileError
        If a file is there already and `force` is not set, or cannot be written.
    """
    if not output:
        raise FileError("wanted a file or a folder to write to, got an empty name")
    path = Path(output)
    if count == 1 and not path.is_dir() and not output.endswith(("/", os.sep)):
        check_writable(path, force)
        return [path]
    targets = [path / f"loop-{number:03d}.mid" for number in range(1, count + 1)]
    if path.is_dir():
        for target in targets:
            check_writable(target, force)
    else:
        _check_new_folder(path, count)
    return targets


def _check_new_folder(path: Path, count: int) -> None:
    wanted = "a folder for the loop" if count == 1 else f"a folder for {count} loops"
    if path.exists():
        raise FileError(f"wanted {wanted}, got the file {path}; name a folder, or a new one")
    if path.suffix.lower() in SUFFIXES:
        raise FileError(f"wanted {wanted}, got the file name {path}; leave out {path.suffix}")
    check_writable(path)


def export_loops(
    examples: Examples, settings: StreamSettings, n_bars: int, targets: list[Path], force: bool
) -> Iterator[Exported]:
    """Write one loop to each target; yields each when it is written.

    The loops differ by their seeds: the first has the seed of `settings`.

    Raises
    ------
    FileError
        If a file cannot be written; those before it are whole.
    """
    loops = Stream(examples, settings)
    for number, target in enumerate(targets):
        seed = (settings.seed + number * SEED_STEP) % 2**64
        stream = loops.with_settings(settings._replace(seed=seed))
        first, data = rendered(stream, n_bars, take_title(stream.style, seed))
        target.parent.mkdir(exist_ok=True)
        write_atomically(target, data, force)
        yield Exported(target, first, stream.examples)


def rendered(stream: Stream, n_bars: int, title: str) -> tuple[PartGrid, bytes]:
    """Play so many bars of a stream on a clock that stands still, and return the first bar and the .mid file."""
    bars = list(perform(stream, n_bars))
    tape, clock = Tape(), ManualClock()
    Sequencer(RecordingPort(clock), clock, tape=tape).play(performed.bar for performed in bars)
    return bars[0].grid, tape_bytes(tape, stream.meter, title, stream.sounds, stream.key)

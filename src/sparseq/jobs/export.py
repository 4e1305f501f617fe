"""Write new loops to .mid files: a stream into a recording port, at full speed."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from sparseq.jobs.examples import Examples
from sparseq.jobs.files import check_writable, write_atomically
from sparseq.jobs.perform import performed
from sparseq.jobs.stream import DrumStream, StreamSettings
from sparseq.jobs.takes import tape_bytes
from sparseq.music.grid import DrumGrid
from sparseq.realtime.bar import Bar
from sparseq.realtime.clock import ManualClock
from sparseq.realtime.outputs import RecordingPort
from sparseq.realtime.sequencer import Sequencer
from sparseq.realtime.tape import Tape

SEED_STEP = 0x9E3779B97F4A7C15
"""Distance between the seeds of the loops of one export: an odd constant, so that none come twice."""


def export_targets(output: Path, count: int, force: bool) -> list[Path]:
    """Return the files that an export of `count` loops writes, checked before any work.

    One loop goes to `output` itself, unless that is a folder; several go into the folder `output`, which is made.

    Raises
    ------
    FileError
        If a file is there already and `force` is not set, or cannot be written.
    """
    in_folder = count > 1 or output.is_dir()
    if in_folder and not output.is_dir():
        check_writable(output, force=False)
        return [output / _name(number) for number in range(1, count + 1)]
    targets = [output / _name(number) for number in range(1, count + 1)] if in_folder else [output]
    for target in targets:
        check_writable(target, force)
    return targets


def _name(number: int) -> str:
    return f"loop-{number:03d}.mid"


def export_loops(
    examples: Examples, settings: StreamSettings, n_bars: int, targets: list[Path], force: bool
) -> Iterator[DrumGrid]:
    """Write one loop to each target; yields the first bar of each when it is written.

    The loops differ by their seeds: the first has the seed of `settings`.
    """
    for number, target in enumerate(targets):
        seed = (settings.seed + number * SEED_STEP) % 2**64
        stream = DrumStream(examples, settings._replace(seed=seed))
        first, data = rendered(stream, n_bars, target.stem)
        target.parent.mkdir(exist_ok=True)
        write_atomically(target, data, force)
        yield first


def rendered(stream: DrumStream, n_bars: int, title: str) -> tuple[DrumGrid, bytes]:
    """Play so many bars of a stream on a clock that stands still, and return the first bar and the .mid file."""
    grids = list(islice(stream.bars(), n_bars))
    tape = Tape()
    clock = ManualClock()
    bars: list[Bar] = [performed(grid, stream.bpm, is_first=not k) for k, grid in enumerate(grids)]
    Sequencer(RecordingPort(clock), clock, tape=tape).play(bars)
    return grids[0], tape_bytes(tape, stream.meter, title)

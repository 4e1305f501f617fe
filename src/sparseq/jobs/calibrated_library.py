"""A library's own numbers: found once when it is learnt, kept in it, and used by whatever plays or fills from it."""

from collections.abc import Callable
from pathlib import Path

from sparseq.engine.calibrate import LEAST_EXAMPLES, most_steps
from sparseq.engine.calibration import Calibration
from sparseq.errors import InputError
from sparseq.jobs.calibration import MOST_EXAMPLES, calibrate_fill, calibrate_stream
from sparseq.jobs.examples import Example, Examples, lanes_of, largest_group
from sparseq.jobs.fill import RETRIEVAL as FILL_RETRIEVAL
from sparseq.jobs.loading import TASKS, learnt_example
from sparseq.jobs.stream import RETRIEVAL as STREAM_RETRIEVAL
from sparseq.music.grid import DrumGrid
from sparseq.music.library import Library, library_path, open_library

LONGEST_BARS = 6
"""So much of each piece is asked about and looked at: a long take does not outweigh the loops."""


def total_steps() -> int:
    """Return how much `calibrate_library` tells `advance` in all."""
    return len(TASKS) * most_steps()


def calibrate_library(name: str, advance: Callable[[int], None], folder: Path | None = None) -> dict[str, Calibration]:
    """Choose numbers for a library's drums, by leaving out one loop after the other, and keep them in it.

    Parameters
    ----------
    name : str
        The library.
    advance : callable
        Told how much is done, `total_steps` in all.
    folder : Path, optional
        Where libraries are; the platform's place for data otherwise.

    Returns
    -------
    dict of str to Calibration
        By task; none where fewer than four loops have drums: then the defaults serve.

    Raises
    ------
    FileError
        If the library cannot be read or written.
    """
    done = 0

    def count(steps: int) -> None:
        nonlocal done
        done += steps
        advance(steps)

    with open_library(library_path(name, folder), write=True) as library:
        found = _found(library, count)
        for task, calibration in found.items():
            library.keep_numbers(task, calibration.as_json())
    advance(total_steps() - done)
    return found


def _found(library: Library, advance: Callable[[int], None]) -> dict[str, Calibration]:
    used = _with_drums(library)
    if len(used) < LEAST_EXAMPLES:
        return {}
    group = largest_group(Examples(tuple(used), ()), lambda example: (example.meter, example.steps_per_beat), "").used
    if len(group) < LEAST_EXAMPLES:
        return {}
    lanes = lanes_of(example.score for example in group)
    grids = [_beginning(example.grid(lanes)) for example in group]
    return {
        "stream": calibrate_stream(grids, [0] * len(grids), STREAM_RETRIEVAL, advance),
        "fill": calibrate_fill(grids, FILL_RETRIEVAL, advance),
    }


def _beginning(grid: DrumGrid) -> DrumGrid:
    bars = grid.bars[:LONGEST_BARS]
    return DrumGrid(grid.tokens_tl[: bars[-1].stop_step], grid.lanes, {}, grid.steps_per_beat, bars)


def _with_drums(library: Library) -> list[Example]:
    """Return the pieces with drums, evenly thinned."""
    places = [place for place, entry in enumerate(library.entries()) if "drums" in entry.kinds]
    chosen = set(places[:: max(-(-len(places) // MOST_EXAMPLES), 1)])
    used = []
    for place, entry in enumerate(library.entries()):
        if place in chosen:
            try:
                used.append(learnt_example(entry, None, pitched=False))
            except InputError:  # it has no whole steps; whoever loads the library is told
                continue
    return used

"""From grid cells back to notes in ticks: each hit stays within its own cell."""

from collections.abc import Mapping

from sparseq.errors import InputError
from sparseq.music.encode import DRUM_CHANNEL
from sparseq.music.grid import DrumGrid, Hit
from sparseq.music.score import Note
from sparseq.music.units import PPQ, scale_ticks


def place_hits(
    hits: Mapping[tuple[int, int], tuple[Hit, ...]],
    steps_per_beat: int,
    ppq: int = PPQ,
    steps: range | None = None,
    *,
    channel: int = DRUM_CHANNEL,
    track: int = 0,
) -> tuple[Note, ...]:
    """Turn the hits of cells into notes.

    Parameters
    ----------
    hits : mapping of (int, int) to tuple of Hit
        Hits by cell (step, lane), as in a `DrumGrid`. Steps are counted from tick 0.
    steps_per_beat : int
        Steps per quarter note.
    ppq : int
        Resolution of the notes; at least one tick per step.
    steps : range, optional
        Only these steps; all if not given.
    channel : int
        Channel of the notes, 0 to 15.
    track : int
        Track index of the notes.

    Returns
    -------
    tuple of Note
        Ordered by onset. Each onset lies from half a step before its step to less than half a step behind it, and none
        before tick 0.

    Raises
    ------
    InputError
        If `ppq` has less than one tick per step.
    """
    if not 1 <= steps_per_beat <= ppq:
        raise InputError(
            f"at least one tick per step was wanted, but {ppq} ticks and {steps_per_beat} steps make a quarter note"
        )
    notes = [
        Note(
            onset_ticks(step, hit.offset_ticks, steps_per_beat, ppq),
            max(scale_ticks(hit.duration_ticks, PPQ, ppq), 1),
            hit.pitch,
            hit.velocity,
            channel,
            track,
        )
        for (step, _), cell in sorted(hits.items())
        if steps is None or step in steps
        for hit in cell
    ]
    notes.sort(key=lambda note: note.onset_ticks)
    return tuple(notes)


def grid_notes(grid: DrumGrid, ppq: int = PPQ, *, channel: int = DRUM_CHANNEL, track: int = 0) -> tuple[Note, ...]:
    """Turn a whole grid into notes.

    Parameters
    ----------
    grid : DrumGrid
        The grid.
    ppq, channel, track : int
        As in `place_hits`.

    Returns
    -------
    tuple of Note
        Ordered by onset.

    Raises
    ------
    InputError
        If `ppq` has less than one tick per step.
    """
    return place_hits(grid.hits, grid.steps_per_beat, ppq, channel=channel, track=track)


def onset_ticks(step: int, offset_ticks: int, steps_per_beat: int, ppq: int) -> int:
    """Return the tick of a hit: the nearest to where it lies, half up, but always in its own cell.

    Parameters
    ----------
    step : int
        Step counted from tick 0.
    offset_ticks : int
        Distance from the step at `units.PPQ`.
    steps_per_beat : int
        Steps per quarter note.
    ppq : int
        Resolution of the result; at least `steps_per_beat`.

    Returns
    -------
    int
        At least 0.
    """
    exact = (step * PPQ + offset_ticks * steps_per_beat) * ppq  # in units of 1 / (steps_per_beat * PPQ) ticks
    unit = steps_per_beat * PPQ
    nearest = (2 * exact + unit) // (2 * unit)
    first = -((1 - 2 * step) * ppq // (2 * steps_per_beat))  # ceil of the cell's left edge
    last = -(-(2 * step + 1) * ppq // (2 * steps_per_beat)) - 1  # the last whole tick before its right edge
    return max(min(max(nearest, first), last), 0)

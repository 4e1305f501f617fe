"""A bar on the grid as the sequencer plays it: MIDI messages at ticks."""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from sparseq.jobs.stream import DrumStream
from sparseq.music.decode import place_hits
from sparseq.music.encode import DRUM_CHANNEL
from sparseq.music.grid import DrumGrid
from sparseq.music.score import Note, without_overlaps
from sparseq.music.units import PPQ
from sparseq.realtime.bar import Bar


class PerformedBar(NamedTuple):
    """One bar of a stream, to be looked at and to be played."""

    grid: DrumGrid
    bar: Bar


def perform(stream: DrumStream, n_bars: int | None = None) -> Iterator[PerformedBar]:
    """Yield the bars of a stream, so many or without end: `play` sends them out and `export` writes them down.

    The tempo stays what it is after the first bar, even where later bars lean on loops of another tempo.
    """
    bpm: float | None = None
    for number, grid in enumerate(islice(stream.bars(), n_bars)):
        bpm = stream.bpm if bpm is None else bpm
        yield PerformedBar(grid, performed(grid, bpm, is_first=not number))


def performed(grid: DrumGrid, bpm: float, *, is_first: bool = False) -> Bar:
    """Return one bar of drums as messages on channel 10.

    Notes end by half a step before the next bar, where its earliest hit may lie, so that no note-off can cut a later
    stroke. In the first bar nothing can come before the start.
    """
    step_ticks = PPQ // grid.steps_per_beat
    length = grid.bars[0].length_steps * PPQ // grid.steps_per_beat
    latest_end = length - (step_ticks + 1) // 2
    events: list[tuple[int, int, bytes]] = []
    for note in without_overlaps(_shifted(grid)):
        onset = max(note.onset_ticks - PPQ, 0) if is_first else note.onset_ticks - PPQ
        end = max(min(note.end_ticks - PPQ, latest_end), onset + 1)
        events.append((onset, 1, bytes((0x90 | DRUM_CHANNEL, note.pitch, note.velocity))))
        events.append((end, 0, bytes((0x80 | DRUM_CHANNEL, note.pitch, 0))))
    return Bar(length, bpm, PPQ, tuple((tick, data) for tick, _, data in sorted(events)))


def _shifted(grid: DrumGrid) -> tuple[Note, ...]:
    """Return notes one quarter later, so that a hit before the bar line has a tick that is not negative."""
    moved = {(step + grid.steps_per_beat, lane): cell for (step, lane), cell in grid.hits.items()}
    return place_hits(moved, grid.steps_per_beat, PPQ)

"""From a score to a drum grid: each onset goes to its nearest step and keeps what it was played like."""

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sparseq.errors import InputError
from sparseq.music.bars import Bar, bar_lines, score_bars
from sparseq.music.grid import DrumGrid, GridBar, Hit
from sparseq.music.lanes import LANES, lane_of
from sparseq.music.score import Note, Score
from sparseq.music.units import PPQ

DRUM_CHANNEL = 9
"""The channel that General MIDI keeps for percussion: people call it 10."""

MAX_STEPS_PER_BEAT = 96
Cell = tuple[int, int]
"""Step and lane."""

_DRUM_NAME = re.compile(r"drum|perc|\bkit\b|schlagzeug|bater", re.IGNORECASE)


def drum_notes(score: Score) -> tuple[Note, ...]:
    """Pick the drum notes: those on channel 10, or else those of tracks whose name says drums.

    Parameters
    ----------
    score : Score
        The score.

    Returns
    -------
    tuple of Note
        In the score's order; empty where there are none.
    """
    on_channel = tuple(note for note in score.notes if note.channel == DRUM_CHANNEL)
    if on_channel:
        return on_channel
    named = {index for index, name in enumerate(score.track_names) if _DRUM_NAME.search(name)}
    return tuple(note for note in score.notes if note.track in named)


def steps_of(notes: Sequence[Note], ppq: int, steps_per_beat: int) -> NDArray[np.int64]:
    """Return the step that each note's onset belongs to: the nearest, half up.

    Parameters
    ----------
    notes : sequence of Note
        Notes of a score whose bars are whole numbers of steps.
    ppq : int
        Ticks per quarter note of the notes.
    steps_per_beat : int
        Steps per quarter note, 1 to 96.

    Returns
    -------
    int64 ndarray of shape (N,)
        Steps from the start of the score.
    """
    return nearest_steps(np.fromiter((note.onset_ticks for note in notes), np.int64, len(notes)), ppq, steps_per_beat)


def nearest_steps(ticks_n: NDArray[np.int64], ppq: int, steps_per_beat: int) -> NDArray[np.int64]:
    """Return the step that each tick is nearest to, half up: int64 ndarray of shape (N,)."""
    return (2 * steps_per_beat * ticks_n + ppq) // (2 * ppq)


def grid_bars(bars: Sequence[Bar], ppq: int, steps_per_beat: int) -> tuple[GridBar, ...]:
    """Count bars in steps.

    Parameters
    ----------
    bars : sequence of Bar
        Bars in ticks.
    ppq : int
        Ticks per quarter note.
    steps_per_beat : int
        Steps per quarter note, 1 to 96.

    Returns
    -------
    tuple of GridBar
        The same bars.

    Raises
    ------
    InputError
        If a bar is not a whole number of steps, or `steps_per_beat` is out of range.
    """
    if not 1 <= steps_per_beat <= MAX_STEPS_PER_BEAT:
        raise InputError(
            f"1 to {MAX_STEPS_PER_BEAT} steps per quarter note were wanted, but {steps_per_beat} were given"
        )
    out: list[GridBar] = []
    start = 0
    for number, _, length_ticks, numerator, denominator in bars:
        steps, rest = divmod(length_ticks * steps_per_beat, ppq)
        if rest or not steps:
            raise InputError(
                f"a whole number of steps in each bar was wanted, but bar {number} ({numerator}/{denominator},"
                f" {length_ticks / ppq:g} quarter notes) has {length_ticks * steps_per_beat / ppq:g} at"
                f" {steps_per_beat} steps per quarter note; take another number of steps"
            )
        out.append(GridBar(number, start, steps, numerator, denominator))
        start += steps
    return tuple(out)


def encode_drums(score: Score, lanes: Sequence[str] | None = None, steps_per_beat: int = 4) -> DrumGrid:
    """Put the drum notes of a score on a grid.

    A note up to half a step before a bar line belongs to the first step of that bar; if it is the last bar line, one
    more bar is added for it. All notes that fall into one cell are kept.

    Parameters
    ----------
    score : Score
        The score.
    lanes : sequence of str, optional
        Lanes of the grid; notes of others are left out. Those that occur, in the order of `LANES`, if not given.
    steps_per_beat : int
        Steps per quarter note, 1 to 96: 4 are sixteenths, 3 are eighth triplets.

    Returns
    -------
    DrumGrid
        The drums from the first bar to the last.

    Raises
    ------
    InputError
        If a bar is not a whole number of steps.
    """
    notes = drum_notes(score)
    pitches = np.fromiter((note[2] for note in notes), np.int64, len(notes))
    lane_by_pitch = {pitch: lane_of(pitch) for pitch in np.flatnonzero(np.bincount(pitches, minlength=1)).tolist()}
    present = set(lane_by_pitch.values())
    names = tuple(lane for lane in LANES if lane in present) if lanes is None else tuple(lanes)
    steps = steps_of(notes, score.ppq, steps_per_beat)
    bars = _bars_for(score, steps, steps_per_beat)
    column = {lane: index for index, lane in enumerate(names)}
    columns = [-1] * 128
    for pitch, lane in lane_by_pitch.items():
        columns[pitch] = column.get(lane, -1)
    columns_n = np.array(columns)[pitches]
    tokens_tl = np.zeros((bars[-1].stop_step, len(names)), np.uint8)
    tokens_tl[steps[columns_n >= 0], columns_n[columns_n >= 0]] = 1
    hits = _Hits(lambda: _collect(notes, steps, columns, score.ppq, steps_per_beat))
    return DrumGrid(tokens_tl, names, hits, steps_per_beat, bars)


class _Hits(Mapping[Cell, tuple[Hit, ...]]):
    """Hits by cell, collected when first asked for: of a library only the few loops that are leaned on are asked."""

    def __init__(self, collect: Callable[[], dict[Cell, tuple[Hit, ...]]]) -> None:
        self._collect = collect

    @functools.cached_property
    def _by_cell(self) -> dict[Cell, tuple[Hit, ...]]:
        return self._collect()

    def __getitem__(self, cell: Cell) -> tuple[Hit, ...]:
        return self._by_cell[cell]

    def __iter__(self) -> Iterator[Cell]:
        return iter(self._by_cell)

    def __len__(self) -> int:
        return len(self._by_cell)

    def __repr__(self) -> str:
        return repr(self._by_cell)


def _bars_for(score: Score, steps: NDArray[np.int64], steps_per_beat: int) -> tuple[GridBar, ...]:
    """Return the score's bars, and one more if the last onset belongs to the bar line at their end."""
    bars = score_bars(score)
    counted = grid_bars(bars, score.ppq, steps_per_beat)
    if not len(steps) or steps.max() < counted[-1].stop_step:
        return counted
    return grid_bars(bar_lines(score.ppq, score.meters, bars[-1].end_ticks + 1), score.ppq, steps_per_beat)


def _collect(
    notes: Sequence[Note], steps: NDArray[np.int64], columns: Sequence[int], ppq: int, steps_per_beat: int
) -> dict[Cell, tuple[Hit, ...]]:
    """Return the hits by cell. Notes come in order of time, so the hits of a cell do too."""
    cells: dict[Cell, tuple[Hit, ...]] = {}
    hits = hits_of(notes, steps, ppq, steps_per_beat)
    for note, step, hit in zip(notes, steps.tolist(), hits, strict=True):
        cell = step, columns[note[2]]
        cells[cell] = (*cells[cell], hit) if cell in cells else (hit,)
    return {cell: found for cell, found in cells.items() if cell[1] >= 0}


def hits_of(notes: Sequence[Note], steps: NDArray[np.int64], ppq: int, steps_per_beat: int) -> list[Hit]:
    """Return what each note is played like, seen from its step.

    Parameters
    ----------
    notes : sequence of Note
        The notes.
    steps : int64 ndarray of shape (N,)
        Their steps, as `steps_of` returns them.
    ppq, steps_per_beat : int
        As for `steps_of`.

    Returns
    -------
    list of Hit
        One for each note.
    """
    onsets = np.fromiter((note[0] for note in notes), np.int64, len(notes))
    durations = np.fromiter((note[1] for note in notes), np.int64, len(notes))
    offsets = _round_divide((onsets * steps_per_beat - steps * ppq) * PPQ, ppq * steps_per_beat)
    reach = PPQ // (2 * steps_per_beat)  # of whole ticks below half a step; half a step itself belongs to the next one
    highest = reach - (PPQ % (2 * steps_per_beat) == 0)
    offsets = np.clip(offsets, -reach, highest)
    lengths = np.maximum(_round_divide(durations * PPQ, ppq), 1)
    build = tuple.__new__  # this loop sees every note of a library: half the time of calling the class
    return [
        build(Hit, (note[2], note[3], offset, length))
        for note, offset, length in zip(notes, offsets.tolist(), lengths.tolist(), strict=True)
    ]


def _round_divide(values: NDArray[np.int64], divisor: int) -> NDArray[np.int64]:
    return (2 * values + divisor) // (2 * divisor)

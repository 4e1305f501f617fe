"""Where each step of a text grid stands: bars into beats, beats into columns, columns into systems (lines of music)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sparseq.music.grid import GridBar

EIGHTH, SIXTEENTH = 8, 16  # meter denominators


class Beat(NamedTuple):
    """Steps `start_step` to before `stop_step` of the grid, and what a musician calls the first of them."""

    start_step: int
    stop_step: int
    label: str


class Piece(NamedTuple):
    """A bar, or a part of one that is too long for the width."""

    label: str
    beats: tuple[Beat, ...]
    opens: bool
    closes: bool

    @property
    def width(self) -> int:
        """Columns taken: the steps, one blank between beats, the sign before the first."""
        return self.beats[-1].stop_step - self.beats[0].start_step + len(self.beats)


class Column(NamedTuple):
    """One character's place: a step of the grid, or (step None) a sign between steps; and the labels above it."""

    step: int | None
    sign: str = ""
    bar_label: str = ""
    beat_label: str = ""


def beats_of(bar: GridBar, steps_per_beat: int) -> tuple[Beat, ...]:
    """Cut a bar into the beats that its meter is felt in.

    Quarters and longer stand alone; eighths and sixteenths stand in threes where the meter divides by three (6/8, 9/8,
    12/8; not 3/8, which is one group anyway), else eighths stand alone and sixteenths in fours.

    Parameters
    ----------
    bar : GridBar
        The bar. It may be shorter or longer than its meter says.
    steps_per_beat : int
        Grid steps in a quarter note, >= 1.

    Returns
    -------
    tuple of Beat
        Without gaps, at least one, labelled by the count of the meter's unit.
    """
    unit_steps = Fraction(4 * steps_per_beat, bar.denominator)
    group = _units_in_group(bar.numerator, bar.denominator)
    labels: dict[int, str] = {}
    unit = 0
    while unit * unit_steps < bar.length_steps:
        labels.setdefault(ceil(unit * unit_steps), str(unit + 1))
        unit += group
    starts = [start for start in labels if start < bar.length_steps]
    edges = pairwise([*starts, bar.length_steps])
    return tuple(Beat(bar.start_step + start, bar.start_step + stop, labels[start]) for start, stop in edges)


def _units_in_group(numerator: int, denominator: int) -> int:
    """Return how many of the meter's units are felt as one."""
    if denominator < EIGHTH:
        return 1
    if numerator % 3 == 0:
        return 3
    return 1 if denominator == EIGHTH else denominator // 4


def systems_of(bars: Sequence[GridBar], steps_per_beat: int, width: int) -> tuple[tuple[Piece, ...], ...]:
    """Break bars into lines.

    All in one line if they fit, else 1, 2, 4, 8 ... to a line, as phrases are; a bar that is wider than a line is cut
    between beats.

    Parameters
    ----------
    bars : sequence of GridBar
        The bars to show, in order.
    steps_per_beat : int
        Grid steps in a quarter note, >= 1.
    width : int
        Columns for the music, lane names not counted. A single beat may exceed it.

    Returns
    -------
    tuple of tuples of Piece
        What stands in each line.
    """
    room = width - 1  # the closing bar line
    pieces = [piece for bar in bars for piece in _pieces_of(bar, steps_per_beat, room)]
    if sum(piece.width for piece in pieces) <= room:
        most = len(pieces)
    else:
        fitting = max(1, room // max(piece.width for piece in pieces))
        most = 1 << (fitting.bit_length() - 1)
    return tuple(_packed(pieces, most, room))


def _pieces_of(bar: GridBar, steps_per_beat: int, room: int) -> Iterator[Piece]:
    """Cut a bar into as few pieces as fit the room, between beats."""
    beats = beats_of(bar, steps_per_beat)
    start = 0
    for stop in range(1, len(beats) + 1):
        at_end = stop == len(beats)
        if at_end or Piece("", beats[start : stop + 1], True, True).width > room:
            yield Piece(str(bar.number) if start == 0 else "", beats[start:stop], start == 0, at_end)
            start = stop


def _packed(pieces: Sequence[Piece], most: int, room: int) -> Iterator[tuple[Piece, ...]]:
    """Put pieces into lines, up to `most` and up to the room."""
    line: list[Piece] = []
    for piece in pieces:
        if line and (len(line) == most or sum(each.width for each in line) + piece.width > room):
            yield tuple(line)
            line = []
        line.append(piece)
    if line:
        yield tuple(line)


def columns_of(system: Sequence[Piece]) -> tuple[Column, ...]:
    """Return the columns of one line, from the first bar line to the last."""
    columns: list[Column] = []
    for piece in system:
        for index, beat in enumerate(piece.beats):
            columns.append(Column(None, "|" if index == 0 and piece.opens else " "))
            columns.append(Column(beat.start_step, "", piece.label if index == 0 else "", beat.label))
            columns.extend(Column(step) for step in range(beat.start_step + 1, beat.stop_step))
    return (*columns, Column(None, "|" if system[-1].closes else " "))

"""The panels of a picture: a part with its rows and its notes, before anything is at a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from sparseq.views.picture_scene import Colour
from sparseq.views.roll import roll_notes
from sparseq.views.textgrid import drawing_order

if TYPE_CHECKING:
    from sparseq.music.grid import DrumGrid
    from sparseq.music.pitched import VoiceGrid

ROW_PX, ROLL_ROW_PX = 14, 8
SHORTEST_ROLL = 12  # rows: an octave, so that a bass on two notes is still seen as a roll
BLACK_KEYS = frozenset({1, 3, 6, 8, 10})
PART_COLOURS: Mapping[str, Colour] = MappingProxyType(
    {
        "drums": Colour(52, 73, 94),
        "bass": Colour(28, 126, 90),
        "chords": Colour(33, 105, 176),
        "lead": Colour(203, 80, 30),
    }
)


class Block(NamedTuple):
    """A note in a panel: its row from the top, from when to when in steps, how loud, and its cell."""

    row: int
    start: float
    stop: float
    velocity: int
    cell: tuple[int, int]


class Panel(NamedTuple):
    """One part of the picture, one below the other.

    Attributes
    ----------
    title : str
        What it shows.
    labels : tuple of str
        One a row; empty for none.
    shaded : frozenset of int
        Rows that are darker: the black keys.
    row_px : int
        Height of a row.
    blocks : tuple of Block
        The notes.
    colour : Colour
        Of the loudest of them.
    row_of_lane : mapping of int to int
        The row that shows a lane, where there is one of its own.
    lanes : tuple of int
        The lanes that masks are told of.
    """

    title: str
    labels: tuple[str, ...]
    shaded: frozenset[int]
    row_px: int
    blocks: tuple[Block, ...]
    colour: Colour
    row_of_lane: Mapping[int, int]
    lanes: tuple[int, ...]

    @property
    def height(self) -> int:
        """Pixels that its rows take."""
        return len(self.labels) * self.row_px


def drum_panel(grid: DrumGrid, lanes: Sequence[int], title: str) -> Panel:
    """Return the panel of a drum grid whose lanes are those of a larger one."""
    from sparseq.music.units import PPQ

    order = drawing_order(grid.lanes)
    row_of = {lane: row for row, lane in enumerate(order)}
    blocks = tuple(
        Block(row_of[lane], start, start + 0.75, hit.velocity, (step, lanes[lane]))
        for (step, lane), hits in grid.hits.items()
        for hit in hits
        for start in [step + hit.offset_ticks * grid.steps_per_beat / PPQ]
    )
    rows = {lanes[lane]: row for lane, row in row_of.items()}
    labels = tuple(grid.lanes[lane] for lane in order)
    return Panel(title, labels, frozenset(), ROW_PX, blocks, PART_COLOURS["drums"], rows, tuple(lanes))


def roll_panel(grid: VoiceGrid, lanes: Sequence[int], title: str, colour: Colour) -> Panel:
    """Return the panel of a pitched part whose voices are lanes of a larger grid; C's are labelled."""
    from sparseq.music.keys import pitch_name
    from sparseq.music.units import PPQ

    pitches = [note.pitch for note in roll_notes(grid)] or [60]
    spare = max(SHORTEST_ROLL - (max(pitches) - min(pitches) + 1), 2)
    top = min(max(pitches) + (spare + 1) // 2, 127)
    rows = range(top, max(min(pitches) - spare // 2, 0) - 1, -1)
    blocks = tuple(
        Block(top - hit.pitch, start, start + hit.duration_ticks * per_tick, hit.velocity, (step, lanes[voice]))
        for per_tick in [grid.steps_per_beat / PPQ]
        for (step, voice), hits in sorted(grid.hits.items())
        for hit in hits
        for start in [step + hit.offset_ticks * per_tick]
    )
    labels = tuple(pitch_name(pitch) if pitch % 12 == 0 else "" for pitch in rows)
    shaded = frozenset(top - pitch for pitch in rows if pitch % 12 in BLACK_KEYS)
    return Panel(title, labels, shaded, ROLL_ROW_PX, blocks, colour, {}, tuple(lanes))

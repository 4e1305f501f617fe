"""Pitched parts as text: a pitch a row, a step a character, chords, bars and beats above."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sparseq.errors import InputError
from sparseq.views.layout import Column, Piece, columns_of, systems_of
from sparseq.views.symbols import paint, role_of, symbols
from sparseq.views.textgrid import HOLDS, Cell, chosen_bars, header, painted, placed, render_grid

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sparseq.music.chords import Chord
    from sparseq.music.partgrid import PartGrid
    from sparseq.music.pitched import VoiceGrid

LABEL_WIDTH = 5  # "C#-1" and a blank
WIDEST_GAP = 3  # rows of silence that are drawn; more are left out, and a dotted line says so
GAPS = {True: "┄", False: "~"}
SOURCE_SIGNS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Sources(NamedTuple):
    """Where decided cells come from.

    Attributes
    ----------
    names : tuple of str
        The examples.
    of_cell : mapping of (int, int) to int
        Index in `names` for each cell (step, lane) that came from one.
    """

    names: tuple[str, ...]
    of_cell: Mapping[tuple[int, int], int]

    def of_steps(self) -> dict[int, int]:
        """Return the source that most cells of a step come from, the first of equals."""
        tally: dict[int, list[int]] = {}
        for (step, _), source in sorted(self.of_cell.items()):
            tally.setdefault(step, []).append(source)
        return {step: max(found, key=found.count) for step, found in tally.items()}


class RollNote(NamedTuple):
    """A note as it is drawn: from a step to before another, how high, how loud; and its voice."""

    step: int
    stop_step: int
    pitch: int
    velocity: int
    voice: int


def roll_notes(grid: VoiceGrid) -> tuple[RollNote, ...]:
    """Return the notes of a part as they are drawn, in order of time."""
    from sparseq.music.pitched import holds_of

    notes = [
        RollNote(step, step + 1 + holds_of(hit, grid.steps_per_beat), hit.pitch, hit.velocity, voice)
        for (step, voice), hits in grid.hits.items()
        for hit in hits
    ]
    return tuple(sorted(notes))


def render_roll(
    grid: VoiceGrid,
    *,
    bars: Sequence[int] | None = None,
    chords_t: Sequence[Chord | None] | None = None,
    playhead_step: int | None = None,
    mask_tv: npt.NDArray[np.bool_] | None = None,
    flat: bool = False,
    colour: bool = False,
    unicode: bool = True,
    width: int = 80,
) -> str:
    """Return a pitched part as a piano roll of text.

    Parameters
    ----------
    grid : VoiceGrid
        What to show.
    bars : sequence of int, optional
        The numbers of the bars to show; all by default.
    chords_t : sequence of Chord or None, optional
        The chord of each step, to be written above where it changes.
    playhead_step : int, optional
        The step that is sounding: its column is marked.
    mask_tv : bool ndarray of shape (T, V), optional
        Cells to mark as masked: notes in them are drawn in another colour, steps that are masked in all voices shaded.
    flat : bool
        Whether black keys are named as flats.
    colour, unicode : bool
        Whether to use colour codes, and signs beyond ASCII.
    width : int
        Columns available. A single beat is never broken, so very narrow widths are exceeded.

    Returns
    -------
    str
        Lines without a last newline; systems (lines of music) have a blank line between them.

    Raises
    ------
    InputError
        If a bar is not in the grid, or the mask has another shape than the grid.
    """
    if mask_tv is not None and mask_tv.shape != grid.tokens_tv.shape:
        raise InputError(f"wanted a mask of shape {grid.tokens_tv.shape}, got {mask_tv.shape}")
    shown = chosen_bars(grid.bars, bars)
    steps = {step for bar in shown for step in range(bar.start_step, bar.stop_step)}
    notes = [note for note in roll_notes(grid) if not steps.isdisjoint(range(note.step, note.stop_step))]
    rows = pitch_rows({note.pitch for note in notes})
    cell_at = _cell_reader(notes, playhead_step, mask_tv, unicode)
    blocks = []
    for system in systems_of(shown, grid.steps_per_beat, width - LABEL_WIDTH):
        columns = columns_of(system)
        lines = [" " * LABEL_WIDTH + line for line in header(columns, playhead_step, symbols(unicode), colour)]
        if chords_t is not None:
            lines.insert(0, " " * LABEL_WIDTH + paint(chord_line(columns, chords_t), "playhead", colour))
        lines += [_row(pitch, columns, cell_at, flat, colour, unicode) for pitch in rows]
        blocks.append("\n".join(line.rstrip() for line in lines))
    return "\n\n".join(blocks)


def render_parts(
    grid: PartGrid,
    *,
    bars: Sequence[int] | None = None,
    parts: Collection[str] | None = None,
    chords_t: Sequence[Chord | None] | None = None,
    mask: npt.NDArray[np.bool_] | None = None,
    sources: Sources | None = None,
    colour: bool = False,
    unicode: bool = True,
    width: int = 80,
) -> str:
    """Return all parts of a grid as text, one below the other: leads on top, drums at the bottom.

    Parameters
    ----------
    grid : PartGrid
        What to show.
    bars : sequence of int, optional
        The numbers of the bars to show; all by default.
    parts : collection of str, optional
        Names of the parts to show; all by default.
    chords_t : sequence of Chord or None, optional
        The chord of each step, written above the topmost part.
    mask : bool ndarray of shape (T, L), optional
        Cells to mark as masked.
    sources : Sources, optional
        Where cells come from: a line of letters below says it step by step, with what the letters mean.
    colour, unicode, width
        As for `render_roll`.

    Returns
    -------
    str
        Lines without a last newline; a title over each part.

    Raises
    ------
    InputError
        If a bar is not in the grid.
    """
    blocks: list[str] = []
    for name, sound in reversed(list(grid.sounds.items())):
        if parts is not None and name not in parts:
            continue
        lanes = grid.indices(part=name)
        mine = None if mask is None else mask[:, lanes]
        if sound.kind == "drums":
            drawn = render_grid(grid.drum_grid(name), bars=bars, mask=mine, colour=colour, unicode=unicode, width=width)
        else:
            above = None if blocks else chords_t
            drawn = render_roll(
                grid.voice_grid(name),
                bars=bars,
                chords_t=above,
                mask_tv=mine,
                flat=grid.key is not None and grid.key.has_flats,
                colour=colour,
                unicode=unicode,
                width=width,
            )
        blocks.append(f"{paint(name, 'number', colour)}\n{drawn}")
    if sources is not None and sources.of_cell:
        blocks.append(_source_lines(grid, bars, sources, width))
    return "\n\n".join(blocks)


def pitch_rows(pitches: Collection[int]) -> list[int | None]:
    """Return the rows to draw from the top: pitches, and None where a gap of silence is left out."""
    rows: list[int | None] = []
    for pitch in sorted(pitches, reverse=True):
        if rows and rows[-1] is not None:
            missing = range(rows[-1] - 1, pitch, -1)
            rows += [*missing] if len(missing) <= WIDEST_GAP else [None]
        rows.append(pitch)
    return rows


def chord_line(columns: Sequence[Column], chords_t: Sequence[Chord | None]) -> str:
    """Return the chords over their columns, each where it begins; the first of a line always."""
    labels = [""] * len(columns)
    last: str | None = None
    for index, column in enumerate(columns):
        if column.step is None:
            continue
        chord = chords_t[column.step]
        name = "" if chord is None else chord.symbol
        if name != last:
            labels[index] = name
        last = name
    return placed(labels)


def _cell_reader(
    notes: Sequence[RollNote], playhead_step: int | None, mask_tv: npt.NDArray[np.bool_] | None, unicode: bool
) -> Callable[[int, int], Cell]:
    """Return the function from step and pitch to the character to draw."""
    signs = symbols(unicode)
    drawn: dict[tuple[int, int], tuple[str, str]] = {}
    for note in notes:
        masked = mask_tv is not None and bool(mask_tv[note.step, note.voice])
        for step in range(note.step + 1, note.stop_step):
            drawn.setdefault((step, note.pitch), (HOLDS[unicode], "masked" if masked else "hold"))
        role = role_of(note.velocity)
        drawn[note.step, note.pitch] = getattr(signs, role), "masked" if masked else role

    def cell_at(step: int, pitch: int) -> Cell:
        shaded = mask_tv is not None and bool(mask_tv[step].all())
        empty = (signs.masked, "masked") if shaded else (signs.rest, "rest")
        sign, role = drawn.get((step, pitch), empty)
        return Cell(sign, role, step == playhead_step)

    return cell_at


def _row(
    pitch: int | None,
    columns: Sequence[Column],
    cell_at: Callable[[int, int], Cell],
    flat: bool,
    colour: bool,
    unicode: bool,
) -> str:
    """Return one row, label and all."""
    from sparseq.music.keys import pitch_name

    if pitch is None:
        return " " * LABEL_WIDTH + paint(GAPS[unicode] * len(columns), "line", colour)
    cells = [Cell(column.sign, "line") if column.step is None else cell_at(column.step, pitch) for column in columns]
    return pitch_name(pitch, flat=flat).ljust(LABEL_WIDTH) + painted(cells, colour)


def _source_lines(grid: PartGrid, bars: Sequence[int] | None, sources: Sources, width: int) -> str:
    """Return a line of letters for each system, and the names that they stand for."""
    of_step = sources.of_steps()
    used = sorted(set(of_step.values()))
    sign = {source: SOURCE_SIGNS[place % len(SOURCE_SIGNS)] for place, source in enumerate(used)}
    lines = []
    for system in systems_of(chosen_bars(grid.bars, bars), grid.steps_per_beat, width - LABEL_WIDTH):
        lines.append("from".ljust(LABEL_WIDTH) + _letters(system, of_step, sign))
    return "\n".join([*lines, *(f"{sign[source]}  {sources.names[source]}" for source in used)])


def _letters(system: Sequence[Piece], of_step: Mapping[int, int], sign: Mapping[int, str]) -> str:
    signs = [
        column.sign if column.step is None else sign[of_step[column.step]] if column.step in of_step else " "
        for column in columns_of(system)
    ]
    return "".join(signs).rstrip()

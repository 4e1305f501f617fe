"""Drums as text: a lane a row, a step a character, bars and beats numbered above."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from sparseq.errors import InputError
from sparseq.views.layout import Column, columns_of, systems_of
from sparseq.views.symbols import NORMAL_FROM_VELOCITY, Symbols, paint, role_of, symbols
from sparseq.views.table import plain_text, text_width

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sparseq.music.grid import DrumGrid, GridBar

# As on a drum stave.
KIT_FROM_TOP = (
    "crash",
    "ride_bell",
    "ride",
    "open_hat",
    "closed_hat",
    "pedal_hat",
    "high_tom",
    "mid_tom",
    "low_tom",
    "clap",
    "rimshot",
    "snare",
    "kick",
)
HOLDS = {True: "━", False: "-"}
"""How a note goes on in a piano roll, with unicode and without."""


class Cell(NamedTuple):
    """One character, what it stands for, and whether the playhead is on it."""

    sign: str
    role: str
    under_playhead: bool = False


def render_grid(
    grid: DrumGrid,
    *,
    bars: Sequence[int] | None = None,
    lanes: Collection[str] | None = None,
    playhead_step: int | None = None,
    colour: bool = False,
    unicode: bool = True,
    mask: npt.NDArray[np.bool_] | None = None,
    width: int = 80,
) -> str:
    """Return a drum grid as text.

    Cymbals stand on top and the kick at the bottom, as on a drum stave.

    Parameters
    ----------
    grid : DrumGrid
        What to show.
    bars : sequence of int, optional
        The numbers of the bars to show; all by default.
    lanes : collection of str, optional
        The lanes to show, where the grid has them; all by default.
    playhead_step : int, optional
        The step that is sounding: its column is marked.
    colour : bool
        Whether to use colour codes.
    unicode : bool
        Whether to use signs beyond ASCII.
    mask : bool ndarray of shape (T, L), optional
        Cells to mark as masked: where they hold no hit, a shade is drawn instead of a rest.
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
    if mask is not None and mask.shape != grid.tokens_tl.shape:
        raise InputError(f"wanted a mask of shape {grid.tokens_tl.shape}, got {mask.shape}")
    shown = [lane for lane in drawing_order(grid.lanes) if lanes is None or grid.lanes[lane] in lanes]
    label_width = max((text_width(grid.lanes[lane]) for lane in shown), default=0) + 1
    cell_at = _cell_reader(grid, playhead_step, symbols(unicode), mask)
    systems = systems_of(chosen_bars(grid.bars, bars), grid.steps_per_beat, width - label_width)
    blocks = []
    for system in systems:
        columns = columns_of(system)
        lines = header(columns, playhead_step, symbols(unicode), colour)
        rows = [" " * label_width + line for line in lines]
        for lane in shown:
            label = plain_text(grid.lanes[lane])
            rows.append(label + " " * (label_width - text_width(label)) + _row(columns, lane, cell_at, colour))
        blocks.append("\n".join(row.rstrip() for row in rows))
    return "\n\n".join(blocks)


def legend(*, colour: bool = False, unicode: bool = True, masked: bool = False, held: bool = False) -> str:
    """Return one line that explains the signs of `render_grid`.

    Parameters
    ----------
    colour, unicode : bool
        As for `render_grid`.
    masked : bool
        Whether to explain the sign of masked cells too.
    held : bool
        Whether to explain how notes of piano rolls go on.
    """
    signs = symbols(unicode)
    words = [("rest", "rest"), ("ghost", "ghost note"), ("normal", "hit"), ("accent", "accent")]
    words += [("masked", "masked")] if masked else []
    told = [f"{paint(getattr(signs, role), role, colour)} {word}" for role, word in words]
    told += [f"{HOLDS[unicode]} held"] if held else []
    return "   ".join(told)


def drawing_order(lanes: Sequence[str]) -> list[int]:
    """Return the indices of the lanes from the top row to the bottom one.

    Parameters
    ----------
    lanes : sequence of str
        Lane names of a grid; those that are no part of a kit go to the top, in their own order.
    """
    row = {lane: index for index, lane in enumerate(KIT_FROM_TOP)}
    return sorted(range(len(lanes)), key=lambda index: row.get(lanes[index], -1))


def chosen_bars(bars: Sequence[GridBar], numbers: Sequence[int] | None) -> list[GridBar]:
    """Return the bars with these numbers, in the grid's order.

    Raises
    ------
    InputError
        If a number is not among them.
    """
    if numbers is None:
        return list(bars)
    there = {bar.number for bar in bars}
    missing = sorted(set(numbers) - there)
    if missing:
        span = f"bars {min(there)}-{max(there)}" if there else "no bars"
        raise InputError(f"wanted bar {missing[0]}, but there are {span}")
    return [bar for bar in bars if bar.number in set(numbers)]


def _cell_reader(
    grid: DrumGrid, playhead_step: int | None, signs: Symbols, mask: npt.NDArray[np.bool_] | None
) -> Callable[[int, int], Cell]:
    """Return the function from step and lane to the cell to draw."""

    def cell_at(step: int, lane: int) -> Cell:
        masked = mask is not None and bool(mask[step, lane])
        if grid.tokens_tl[step, lane]:
            hits = grid.hits.get((step, lane), ())
            role = role_of(max((hit.velocity for hit in hits), default=NORMAL_FROM_VELOCITY))
        else:
            role = "masked" if masked else "rest"
        return Cell(getattr(signs, role), "masked" if masked else role, step == playhead_step)

    return cell_at


def _row(columns: Sequence[Column], lane: int, cell_at: Callable[[int, int], Cell], colour: bool) -> str:
    """Return one lane's row, from its first bar line on."""
    cells = []
    for column in columns:
        if column.step is not None:
            cells.append(cell_at(column.step, lane))
        else:
            cells.append(Cell(column.sign, "line"))
    return painted(cells, colour)


def painted(cells: Iterable[Cell], colour: bool) -> str:
    """Join cells into text, one colour code for each run of equal roles."""
    runs = groupby(cells, key=lambda cell: (cell.role, cell.under_playhead))
    return "".join(
        paint("".join(cell.sign for cell in run), role, colour, reverse=under) for (role, under), run in runs
    )


def header(columns: Sequence[Column], playhead_step: int | None, signs: Symbols, colour: bool) -> list[str]:
    """Return the lines above the rows: bar numbers, beats, and the playhead if it is in this system."""
    lines = [
        paint(placed([column.bar_label for column in columns]), "number", colour),
        paint(placed([column.beat_label for column in columns]), "beat", colour),
    ]
    if playhead_step is not None and any(column.step == playhead_step for column in columns):
        marks = [signs.playhead if column.step == playhead_step else "" for column in columns]
        lines.append(paint(placed(marks), "playhead", colour))
    return lines


def placed(labels: Sequence[str]) -> str:
    """Write labels over their columns; one that would touch the label before it is left out."""
    line = ""
    for index, label in enumerate(labels):
        if label and (not line or len(line) < index):
            line += " " * (index - len(line)) + label
    return line

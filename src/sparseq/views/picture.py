"""Drums and piano rolls as pictures: bars numbered, chords above, masks and sources marked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sparseq.errors import InputError
from sparseq.views.layout import beats_of
from sparseq.views.picture_panels import PART_COLOURS, Panel, drum_panel, roll_panel
from sparseq.views.picture_scene import Box, Colour, Scene, Words
from sparseq.views.roll import Sources
from sparseq.views.textgrid import chosen_bars

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sparseq.music.chords import Chord
    from sparseq.music.grid import DrumGrid, GridBar
    from sparseq.music.partgrid import PartGrid

STEP_PX = 14
LABEL_PX, MARGIN, GAP_PX = 92, 12, 18
HEAD_PX, LINE_PX = 30, 13
MOST_MUSIC_PX = 14 * 64  # four bars of sixteenths on a line, then the next
INK, FAINT, GRID = Colour(40, 44, 52), Colour(140, 146, 156), Colour(222, 225, 230)
PAPER, SHADE, MASK = Colour(255, 255, 255), Colour(243, 244, 247), Colour(232, 216, 247)
MASKED_NOTE = Colour(142, 68, 173)
SOURCE_COLOURS = (
    Colour(230, 126, 34),
    Colour(39, 174, 96),
    Colour(41, 128, 185),
    Colour(192, 57, 43),
    Colour(142, 68, 173),
    Colour(22, 160, 133),
    Colour(241, 196, 15),
    Colour(127, 140, 141),
)
SOFTEST_SHARE = 0.65  # of paper in the colour of the softest note


class Sheet(NamedTuple):
    """What all panels share."""

    bars: tuple[GridBar, ...]
    steps_per_beat: int
    chords_t: Sequence[Chord | None] | None
    mask: npt.NDArray[np.bool_] | None
    sources: Sources | None


def picture_bytes(scene: Scene, name: str) -> bytes:
    """Return a scene as the kind of file that a name asks for.

    Parameters
    ----------
    scene : Scene
        The picture.
    name : str
        A file name that ends in .svg or .png.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    InputError
        If it ends otherwise.
    """
    from sparseq.views.picture_png import png_bytes
    from sparseq.views.picture_svg import svg_bytes

    writers: dict[str, Callable[[Scene], bytes]] = {".svg": svg_bytes, ".png": png_bytes}
    for suffix, write in writers.items():
        if name.lower().endswith(suffix):
            return write(scene)
    raise InputError(f"a picture's name that ends in .png or .svg was wanted, but {name!r} was given")


def draw_drums(
    grid: DrumGrid,
    *,
    title: str = "",
    bars: Sequence[int] | None = None,
    mask: npt.NDArray[np.bool_] | None = None,
    sources: Sources | None = None,
) -> Scene:
    """Return a picture of a drum grid.

    Parameters
    ----------
    grid : DrumGrid
        What to show.
    title : str
        What stands above.
    bars : sequence of int, optional
        The numbers of the bars to show; all by default.
    mask : bool ndarray of shape (T, L), optional
        Cells to mark as masked.
    sources : Sources, optional
        Where cells come from.

    Returns
    -------
    Scene
        For `picture_bytes`.

    Raises
    ------
    InputError
        If a bar is not in the grid, or the picture would be too large.
    """
    panel = drum_panel(grid, range(len(grid.lanes)), "drums")
    sheet = Sheet(tuple(chosen_bars(grid.bars, bars)), grid.steps_per_beat, None, mask, sources)
    return draw_panels([panel], sheet, title)


def draw_parts(
    grid: PartGrid,
    *,
    title: str = "",
    bars: Sequence[int] | None = None,
    parts: Collection[str] | None = None,
    chords_t: Sequence[Chord | None] | None = None,
    mask: npt.NDArray[np.bool_] | None = None,
    sources: Sources | None = None,
) -> Scene:
    """Return a picture of all parts of a grid: leads on top, drums at the bottom.

    Parameters
    ----------
    grid : PartGrid
        What to show.
    title : str
        What stands above.
    bars : sequence of int, optional
        The numbers of the bars to show; all by default.
    parts : collection of str, optional
        Names of the parts to show; all by default.
    chords_t : sequence of Chord or None, optional
        The chord of each step.
    mask : bool ndarray of shape (T, L), optional
        Cells to mark as masked.
    sources : Sources, optional
        Where cells come from.

    Returns
    -------
    Scene
        For `picture_bytes`.

    Raises
    ------
    InputError
        If a bar is not in the grid, or the picture would be too large.
    """
    panels = []
    for name, sound in reversed(list(grid.sounds.items())):
        if parts is not None and name not in parts:
            continue
        lanes = grid.indices(part=name)
        if sound.kind == "drums":
            panels.append(drum_panel(grid.drum_grid(name), lanes, name))
        else:
            panels.append(roll_panel(grid.voice_grid(name), lanes, name, PART_COLOURS[sound.kind]))
    sheet = Sheet(tuple(chosen_bars(grid.bars, bars)), grid.steps_per_beat, chords_t, mask, sources)
    return draw_panels(panels, sheet, title)


def draw_panels(panels: Sequence[Panel], sheet: Sheet, title: str = "") -> Scene:
    """Return panels one below the other, in as many systems (lines of music) as the bars need."""
    items: list[Box | Words] = []
    y = MARGIN
    if title:
        items.append(Words(MARGIN, y, title, INK))
        y += 2 * LINE_PX
    widest = 0
    for system in _systems(sheet.bars):
        widest = max(widest, (system[-1].stop_step - system[0].start_step) * STEP_PX)
        y = _draw_system(items, panels, sheet, system, y)
    y = _draw_legend(items, sheet.sources, y)
    least = max((item.x + 6 * len(item.text) for item in items if isinstance(item, Words)), default=0)
    width = max(LABEL_PX + widest, least) + 2 * MARGIN
    return Scene(width, y + MARGIN, (Box(0, 0, width, y + MARGIN, PAPER), *items), title or "music")


def _systems(bars: Sequence[GridBar]) -> list[list[GridBar]]:
    """Return the bars that stand together in a line; where a bar is left out, a new line begins."""
    systems: list[list[GridBar]] = []
    for bar in bars:
        line = systems[-1] if systems else []
        fits = line and (bar.stop_step - line[0].start_step) * STEP_PX <= MOST_MUSIC_PX
        if fits and line[-1].stop_step == bar.start_step:
            line.append(bar)
        else:
            systems.append([bar])
    return systems


def _draw_system(
    items: list[Box | Words], panels: Sequence[Panel], sheet: Sheet, system: Sequence[GridBar], y: int
) -> int:
    """Draw one line of music; return where the next begins."""
    first, last = system[0].start_step, system[-1].stop_step
    _draw_head(items, sheet, system, y)
    y += HEAD_PX
    for panel in panels:
        _draw_rows(items, panel, (last - first) * STEP_PX, y)
        _draw_mask(items, panel, sheet.mask, range(first, last), y)
        _draw_lines(items, panel, sheet, system, y)
        _draw_blocks(items, panel, sheet, range(first, last), y)
        y += panel.height + GAP_PX
    return y


def _draw_head(items: list[Box | Words], sheet: Sheet, system: Sequence[GridBar], y: int) -> None:
    """Write chords and bar numbers."""
    first = system[0].start_step
    last_symbol = None
    for bar in system:
        items.append(Words(_x(bar.start_step - first) + 3, y + LINE_PX, str(bar.number), FAINT))
        for step in range(bar.start_step, bar.stop_step) if sheet.chords_t is not None else ():
            chord = sheet.chords_t[step] if sheet.chords_t is not None else None
            symbol = "" if chord is None else chord.symbol
            if symbol and symbol != last_symbol:
                items.append(Words(_x(step - first) + 3, y, symbol, INK))
            last_symbol = symbol


def _draw_rows(items: list[Box | Words], panel: Panel, width: int, y: int) -> None:
    items.append(Words(MARGIN, y - LINE_PX + 2, panel.title, panel.colour))
    for row, label in enumerate(panel.labels):
        top = y + row * panel.row_px
        if row in panel.shaded:
            items.append(Box(_x(0), top, width, panel.row_px, SHADE))
        items.append(Words(MARGIN, top + (panel.row_px - 7) // 2, label, FAINT))
        items.append(Box(_x(0), top + panel.row_px - 1, width, 1, SHADE))


def _draw_mask(
    items: list[Box | Words], panel: Panel, mask: npt.NDArray[np.bool_] | None, steps: range, y: int
) -> None:
    """Shade masked cells: lane by lane where lanes are rows, else the steps in which any voice is masked."""
    if mask is None:
        return
    for step in steps:
        x = _x(step - steps.start)
        masked = [lane for lane in panel.lanes if mask[step, lane]]
        if masked and not panel.row_of_lane:
            items.append(Box(x, y, STEP_PX, panel.height, MASK))
        for lane in masked if panel.row_of_lane else ():
            items.append(Box(x, y + panel.row_of_lane[lane] * panel.row_px, STEP_PX, panel.row_px, MASK))


def _draw_lines(items: list[Box | Words], panel: Panel, sheet: Sheet, system: Sequence[GridBar], y: int) -> None:
    """Draw bar lines and beats."""
    first = system[0].start_step
    for bar in system:
        for beat in beats_of(bar, sheet.steps_per_beat)[1:]:
            items.append(Box(_x(beat.start_step - first), y, 1, panel.height, GRID))
    for step in [*(bar.start_step for bar in system), system[-1].stop_step]:
        items.append(Box(_x(step - first), y, 1, panel.height, FAINT))


def _draw_blocks(items: list[Box | Words], panel: Panel, sheet: Sheet, steps: range, y: int) -> None:
    """Draw the notes that sound in these steps, darker where louder, with a line in the colour of their source."""
    for block in panel.blocks:
        left, right = max(block.start, steps.start - 0.4), min(block.stop, steps.stop)
        if block.cell[0] >= steps.stop or right <= steps.start:
            continue
        masked = sheet.mask is not None and bool(sheet.mask[block.cell])
        loudest = MASKED_NOTE if masked else panel.colour
        fill = loudest.mixed(PAPER, SOFTEST_SHARE * (1 - block.velocity / 127))
        x = _x(0) + round((left - steps.start) * STEP_PX)
        width = max(round((right - left) * STEP_PX) - 1, 3)
        top = y + block.row * panel.row_px
        items.append(Box(x, top + 1, width, panel.row_px - 3, fill))
        source = sheet.sources.of_cell.get(block.cell) if sheet.sources else None
        if source is not None:
            items.append(Box(x, top + panel.row_px - 3, width, 2, SOURCE_COLOURS[source % len(SOURCE_COLOURS)]))


def _draw_legend(items: list[Box | Words], sources: Sources | None, y: int) -> int:
    """Name the sources in their colours; return where the picture ends."""
    for source in sorted(set(sources.of_cell.values())) if sources else ():
        items.append(Box(MARGIN, y + 2, STEP_PX, 3, SOURCE_COLOURS[source % len(SOURCE_COLOURS)]))
        items.append(Words(MARGIN + STEP_PX + 6, y, sources.names[source] if sources else "", INK))
        y += LINE_PX
    return y


def _x(step: int) -> int:
    """Return where a step of a line of music begins."""
    return MARGIN + LABEL_PX + step * STEP_PX

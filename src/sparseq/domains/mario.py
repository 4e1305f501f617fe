"""Levels of Super Mario Bros. in the alphabet of the Video Game Level Corpus: columns are steps, rows are lanes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sparseq.domains.protocol import Cells
from sparseq.domains.sources import read_sources, text
from sparseq.engine.context import Context, Slot, make_context
from sparseq.errors import InputError
from sparseq.kernel.layout import EDGE_LANE, constant_lane

TILES = "-XS?Qo<>[]EBbM"
"""Sky, ground, brick, question block, used block, coin, pipe (top left, top right, left, right), enemy, cannon, its
top, and where Mario starts."""
N_ROWS = 14
"""Rows of the levels that the published tables were made with, and of the shipped ones."""
ROWS_LIMIT = 64
"""Most rows of a level."""

# (columns away, rows down, weight): what a cell looks at. Beside, above and below weigh so much because a pipe without
# its other side is worse than one in an unusual place.
FILL_SLOTS = (
    *((dt, 0, 3.0) for dt in (-1, 1)),
    *((0, down, 3.0) for down in (-1, 1)),
    *((dt, down, 0.5) for dt in (-1, 1) for down in (-1, 1)),
    *((dt, 0, 0.3) for dt in (-2, 2)),
    *((0, down, 0.3) for down in (-2, 2)),
)
STREAM_SLOTS = ((-1, 0, 2.0), (-2, 0, 0.3), (-3, 0, 0.15), (0, -1, 2.0), (-1, -1, 0.5), (-1, 1, 0.6), (0, -2, 0.3))
ROW_WEIGHT = 1.0
"""Distance of two cells for every row that one stands above the other."""


def parse_level(text: str, name: str = "level") -> Cells:
    """Read a level.

    Parameters
    ----------
    text : str
        One line for each row, top first, one tile of `TILES` for each column.
    name : str
        What errors call it.

    Returns
    -------
    uint16 ndarray of shape (columns, rows)
        Indices into `TILES`.

    Raises
    ------
    InputError
        For an unknown tile, rows of unlike length, no tiles, or more than `ROWS_LIMIT` rows.
    """
    rows = [line.rstrip("\r") for line in text.strip("\r\n").split("\n")]
    if not rows[0]:
        raise InputError(f"{name}: wanted rows of tiles, got an empty file")
    if len(rows) > ROWS_LIMIT:
        raise InputError(f"{name}: wanted at most {ROWS_LIMIT} rows, got {len(rows)}")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise InputError(
                f"{name}: wanted rows of one length, got {len(rows[0])} tiles in row 1 and {len(row)} in row {number}"
            )
        for column, tile in enumerate(row, start=1):
            if tile not in TILES:
                raise InputError(f"{name}: wanted tiles of {TILES}, got {tile!r} in row {number}, column {column}")
    return np.array([[TILES.index(tile) for tile in row] for row in rows], np.uint16).T.copy()


def render_level(cells_tl: Cells) -> str:
    """Return the text of a level, with a last newline."""
    return "".join("".join(TILES[tile] for tile in row) + "\n" for row in cells_tl.T.tolist())


def read_levels(path: str | Path) -> tuple[Cells, ...]:
    """Read a folder of levels (its .txt files, by name), or one file.

    Raises
    ------
    FileError
        If there is nothing at `path`, or it cannot be read.
    InputError
        For a folder without .txt files, what `parse_level` refuses, or levels of unlike height.
    """
    levels = {name: parse_level(text(data, name), name) for name, data in read_sources(path, (".txt",)).items()}
    heights = {name: level.shape[1] for name, level in levels.items()}
    first = next(iter(heights))
    for name, height in heights.items():
        if height != heights[first]:
            raise InputError(f"{name}: wanted {heights[first]} rows as in {first}, got {height}")
    return tuple(levels.values())


def stream_context(n_rows: int = N_ROWS) -> Context:
    """Return what a cell looks at from left to right, top to bottom: what is decided before it, and its row."""
    return _context(n_rows, STREAM_SLOTS, [0] * n_rows)


def fill_context(n_rows: int = N_ROWS) -> Context:
    """Return what a cell looks at on all sides: its neighbours and its row.

    Sky, middle and ground have examples of their own: a fill asks often, and rows so far apart tell each other nothing.
    """
    bands = np.searchsorted([n_rows * 5 // 14, n_rows * 11 // 14], np.arange(n_rows), side="right")
    return _context(n_rows, FILL_SLOTS, np.unique(bands, return_inverse=True)[1].tolist())


def _context(n_rows: int, spec: Sequence[tuple[int, int, float]], heads: Sequence[int]) -> Context:
    """Rows of one head share their examples: a pipe may stand at a height where no example has one."""
    rows = np.arange(max(n_rows, len(TILES)))
    unlike = np.abs(rows[:, None] - rows) / (len(rows) - 1)
    lanes = [
        [*_neighbours(row, n_rows, spec), Slot(0, constant_lane(row), ROW_WEIGHT * (len(rows) - 1), unlike)]
        for row in range(n_rows)
    ]
    return make_context(lanes, [len(TILES)] * n_rows, heads)


def _neighbours(row: int, n_rows: int, spec: Sequence[tuple[int, int, float]]) -> list[Slot]:
    """Slots that fall out of the level read its edge."""
    return [Slot(dt, row + down if 0 <= row + down < n_rows else EDGE_LANE, weight) for dt, down, weight in spec]

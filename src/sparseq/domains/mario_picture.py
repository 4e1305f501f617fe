"""Levels as pictures: 16 x 16 pixels a tile, drawn here, no one's artwork."""

from typing import Any

from sparseq.domains.extras import lab_extra
from sparseq.domains.mario import TILES
from sparseq.domains.pictures import png
from sparseq.domains.protocol import Cells, Mask

SIDE = 16
SKY, BROWN, DARK, CLAY, TAN = "#9cc9f5", "#b5713a", "#6b3d1a", "#c96a3a", "#a5824a"
GOLD, GREEN, LIME, PINE = "#f2b632", "#2e8b3d", "#7ed06b", "#175c24"
GREY, NIGHT, WHITE, RED, SKIN = "#4a4f5a", "#20242c", "#ffffff", "#c8372d", "#f0c090"
MASKED = "#ff00c8"
# Boxes (left, top, right, bottom, colour) of each tile on the sky, in pixels, ends included.
BOXES: dict[str, tuple[tuple[int, int, int, int, str], ...]] = {
    "-": (),
    "X": ((0, 0, 15, 15, BROWN), (0, 0, 15, 1, "#d89a5b"), (0, 14, 15, 15, DARK), (7, 4, 8, 11, DARK)),
    "S": ((0, 0, 15, 15, CLAY), (0, 7, 15, 8, DARK), (0, 15, 15, 15, DARK), (7, 0, 8, 7, DARK), (3, 8, 4, 15, DARK)),
    "?": ((0, 0, 15, 15, GOLD), (5, 3, 10, 4, DARK), (9, 4, 10, 8, DARK), (7, 7, 8, 9, DARK), (7, 11, 8, 12, DARK)),
    "Q": ((0, 0, 15, 15, TAN), (2, 2, 3, 3, DARK), (12, 2, 13, 3, DARK), (2, 12, 3, 13, DARK), (12, 12, 13, 13, DARK)),
    "o": ((5, 2, 10, 13, GOLD), (4, 4, 11, 11, GOLD), (7, 5, 8, 10, "#fff2b0")),
    "<": ((0, 1, 15, 15, GREEN), (2, 3, 5, 15, LIME), (0, 1, 15, 2, PINE), (0, 14, 15, 15, PINE)),
    ">": ((0, 1, 15, 15, GREEN), (9, 3, 10, 15, LIME), (0, 1, 15, 2, PINE), (0, 14, 15, 15, PINE)),
    "[": ((2, 0, 15, 15, GREEN), (4, 0, 7, 15, LIME), (2, 0, 2, 15, PINE)),
    "]": ((0, 0, 13, 15, GREEN), (8, 0, 9, 15, LIME), (13, 0, 13, 15, PINE)),
    "E": ((3, 3, 12, 11, DARK), (5, 6, 6, 8, WHITE), (9, 6, 10, 8, WHITE), (2, 12, 6, 14, DARK), (9, 12, 13, 14, DARK)),
    "B": ((2, 0, 13, 15, GREY), (5, 0, 6, 15, "#7a8190")),
    "b": ((1, 2, 14, 15, GREY), (1, 2, 14, 3, NIGHT), (4, 6, 11, 11, NIGHT)),
    "M": ((4, 1, 12, 3, RED), (5, 4, 11, 7, SKIN), (4, 8, 11, 12, RED), (4, 13, 6, 15, DARK), (9, 13, 11, 15, DARK)),
}


def level_png(cells_tl: Cells, mask_tl: Mask | None = None) -> bytes:
    """Return a level as a PNG file; cells of a mask are framed."""
    with lab_extra("a picture"):
        from PIL import Image, ImageDraw
    n_columns, n_rows = cells_tl.shape
    image = Image.new("RGB", (n_columns * SIDE, n_rows * SIDE), SKY)
    draw = ImageDraw.Draw(image)
    for (t, row), tile in _each(cells_tl):
        _draw_tile(draw, t * SIDE, row * SIDE, TILES[tile])
    if mask_tl is not None:
        for (t, row), masked in _each(mask_tl):
            if masked:
                _frame(draw, mask_tl, t, row)
    return png(image)


def _each(array: Any) -> list[tuple[tuple[int, int], int]]:
    return [((t, row), value) for t, line in enumerate(array.tolist()) for row, value in enumerate(line)]


def _draw_tile(draw: Any, x: int, y: int, tile: str) -> None:
    for left, top, right, bottom, colour in BOXES[tile]:
        draw.rectangle((x + left, y + top, x + right, y + bottom), fill=colour)


def _frame(draw: Any, mask_tl: Mask, t: int, row: int) -> None:
    """Draw the sides of a masked cell that have no masked neighbour."""
    x, y, end = t * SIDE, row * SIDE, SIDE - 1
    sides = {(-1, 0): (x, y, x, y + end), (1, 0): (x + end, y, x + end, y + end)}
    sides |= {(0, -1): (x, y, x + end, y), (0, 1): (x, y + end, x + end, y + end)}
    for (dt, down), line in sides.items():
        beside = (t + dt, row + down)
        inside = all(0 <= k < n for k, n in zip(beside, mask_tl.shape, strict=True))
        if not inside or not mask_tl[beside]:
            draw.line(line, fill=MASKED)

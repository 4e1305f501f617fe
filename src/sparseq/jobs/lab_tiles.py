"""Images filled and textures made from patches of the user's own, with the steps on the way."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from sparseq.domains.pictures import Pixels, read_pixels
from sparseq.domains.protocol import Cells, Mask
from sparseq.domains.quilt import MOST_CANDIDATES, Quilt, Source, evened, seam
from sparseq.domains.sources import read_sources
from sparseq.domains.tiles import TileDomain
from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import Context
from sparseq.engine.diffuser import Diffuser
from sparseq.engine.grid import Grid
from sparseq.engine.memory import Memory
from sparseq.engine.sampling import SamplingConfig
from sparseq.engine.schedule import DiffusionConfig
from sparseq.errors import InputError
from sparseq.kernel.checks import MASK

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")
RETRIEVAL = RetrievalConfig(sharpness=4.0, prior_weight=1e-9)
HEIGHT_WEIGHT = 3.0
"""Of how far down a cell is, when part of an image is filled; a texture is the same everywhere."""
TEMPERATURE = 0.6
"""Of the draws of codes: bricks come out of step at 1."""
NEIGHBOUR_WORTH = 1.0
"""What a settled neighbour adds to the certainty (log-probability) by which cells of the rim are taken."""
MOST_STEPS_SHOWN = 12
ALIKE = 0.5
"""A patch that goes on from beside is considered if its code is no more unlike than this to the one wanted."""
APRON = 4
"""Cells made around a texture and cut off: at the edge of an example is what only stands at an edge."""


Number = TypeVar("Number", bound=np.generic)


class Made(NamedTuple):
    """An image with how it came about.

    Attributes
    ----------
    pixels : uint8 ndarray of shape (height, width, 3)
        The image.
    steps : list of uint8 ndarray of shape (height, width, 3)
        The codes settled after each step, grey where none.
    measures : dict
        `codes`: size of the codebook. `seam`: steps across the rim of what was filled, those elsewhere being 1.
    """

    pixels: Pixels
    steps: list[Pixels]
    measures: dict[str, float]


class Box(NamedTuple):
    """A rectangle in pixels."""

    x: int
    y: int
    width: int
    height: int


def load_images(path: str) -> list[Pixels]:
    """Return the images of a folder or file; raises FileError or InputError for what cannot be read."""
    return [read_pixels(data, name) for name, data in read_sources(path, ENDINGS).items()]


def parse_box(text: str) -> Box:
    """Return the rectangle of X,Y,WIDTH,HEIGHT; raises InputError for anything else."""
    parts = text.split(",")
    if len(parts) != 4 or not all(part.strip().isdecimal() for part in parts):
        raise InputError(f"box: wanted X,Y,WIDTH,HEIGHT in pixels, got {text!r}")
    return Box(*map(int, parts))


def fill_image(
    image: Pixels, box: Box, examples: Sequence[Pixels] = (), *, side: int = 8, n_codes: int = 64, seed: int = 0
) -> Made:
    """Return an image with a rectangle filled anew from the rest of it, and from examples.

    Raises
    ------
    InputError
        For a rectangle that is empty, or not within the image, or all of it.
    """
    hole = _hole(image, box)
    blind = np.where(hole[..., None], image[~hole].mean(0).astype(np.uint8), image)  # what was there must not show
    padded, known = _padded(blind, side), ~_padded(hole, side)
    masked: Mask = np.logical_not(known.reshape(known.shape[0] // side, side, -1, side).all((1, 3)).T)
    images = [padded, *examples]
    domain = TileDomain([*_without(padded, masked, side), *examples], side, n_codes, seed)
    cells = domain.encode(padded)
    cells[masked] = MASK
    maker = _Maker(domain, [cells, *map(domain.encode, examples)], images, HEIGHT_WEIGHT)
    grid, steps = maker.fill(cells, masked, seed)
    made = maker.picture(grid, masked, padded.astype(float), known, seed)[: image.shape[0], : image.shape[1]]
    pixels = np.clip(np.rint(evened(made, image.astype(float), hole)), 0, 255).astype(np.uint8)
    return Made(pixels, steps, {"codes": float(len(domain.codes_kf)), "seam": seam(pixels, hole)})


def make_texture(
    examples: Sequence[Pixels], width: int, height: int, *, side: int = 8, n_codes: int = 64, seed: int = 0
) -> Made:
    """Return a texture of this size, in pixels, like the examples."""
    domain = TileDomain(examples, side, n_codes, seed)
    maker = _Maker(domain, [domain.encode(image) for image in examples], examples, 0.0)
    shape = math.ceil(width / side) + 2 * APRON, math.ceil(height / side) + 2 * APRON
    masked = np.ones(shape, bool)
    grid, steps = maker.fill(np.full(shape, MASK, np.uint16), masked, seed)
    blank = np.zeros((shape[1] * side, shape[0] * side, 3))
    made = maker.picture(grid, masked, blank, np.zeros(blank.shape[:2], bool), seed)
    cut = slice(APRON * side, APRON * side + height), slice(APRON * side, APRON * side + width)
    pixels = np.clip(np.rint(made[cut]), 0, 255).astype(np.uint8)
    return Made(pixels, [step[cut] for step in steps], {"codes": float(len(domain.codes_kf))})


class _Maker:
    """Fills grids of codes and finds patches for them."""

    def __init__(
        self, domain: TileDomain, examples: Sequence[Cells], images: Sequence[Pixels], height_weight: float
    ) -> None:
        self.domain, self.examples, self.images, self.height_weight = domain, examples, images, height_weight
        self.memory = Memory(self._context(examples[0].shape[1]).heads, domain.alphabet, RETRIEVAL)
        for cells in examples:
            self.memory.add(cells, self._context(cells.shape[1]))

    def _context(self, n_rows: int) -> Context:
        return self.domain.context(n_rows, self.height_weight)

    def fill(self, cells: Cells, masked: Mask, seed: int) -> tuple[Grid, list[Pixels]]:
        """Settle the cells of a mask from its rim inwards, the surest half of the rim at a time.

        By certainty alone a plain sky would spread over a meadow, whose many kinds of grass are each uncertain.
        Returns the grid, and a picture of the codes after each step.
        """
        context = self._context(cells.shape[1])
        draws = np.random.Generator(np.random.Philox(seed))
        propose = Diffuser(self.memory, DiffusionConfig(steps=1), SamplingConfig(temperature=TEMPERATURE))
        work, open_cells, pictures = Grid.of(cells), masked.copy(), []
        while open_cells.any():
            rim = _rim(open_cells)
            found = propose.fill(work.cells_tl, rim, context, int(draws.integers(1 << 63)))
            sure = np.where(rim, found.logp_tl + NEIGHBOUR_WORTH * _settled_around(open_cells), -np.inf)
            order = np.argsort(-sure, axis=None, kind="stable")[: math.ceil(int(rim.sum()) / 2)]
            for ours, theirs in ((work.cells_tl, found.cells_tl), (work.origins_tl, found.origins_tl)):
                ours.reshape(-1)[order] = theirs.reshape(-1)[order]
            open_cells.reshape(-1)[order] = False
            pictures.append(self._codes_picture(work.cells_tl, open_cells))
        return work, pictures

    def _codes_picture(self, cells: Cells, open_cells: Mask) -> Pixels:
        side = self.domain.side
        picture = self.domain.decode(np.where(open_cells, 0, cells).astype(np.uint16))
        picture[np.kron(open_cells.T, np.ones((side, side), bool))] = 128
        return picture

    def picture(
        self, grid: Grid, masked: Mask, canvas: npt.NDArray[np.float64], known: npt.NDArray[np.bool_], seed: int
    ) -> npt.NDArray[np.float64]:
        """Return the canvas with patches laid on its masked cells, from the rim of what is known inwards."""
        quilt = Quilt(self.images, self.domain.side, canvas, known)
        places, laid = self._places(), self._known_sources(masked)
        good = {source for found in places.values() for source in found}
        draws = np.random.Generator(np.random.Philox(seed))
        for column, row in _inwards(masked):
            token = int(grid.cells_tl[column, row])
            sources = places.get(token) or sorted(good)
            near = {*_continued(laid, column, row), *self._source(grid, column, row)}
            near = {each for each in near if each._replace(down=0, right=0) in good}
            alike = [each for each in sorted(near) if self._looks_like(each, token)]
            picked = draws.permutation(len(sources))[:MOST_CANDIDATES]
            laid[column, row] = quilt.lay(row, column, [*alike, *(sources[k] for k in picked)])
        return quilt.picture()

    def _known_sources(self, masked: Mask) -> dict[tuple[int, int], Source]:
        """Return where the known cells of an image that is filled come from: from itself, the first of the images."""
        return {(column, row): Source(0, row, column) for column, row in np.argwhere(~masked).tolist()}

    def _looks_like(self, source: Source, token: int) -> bool:
        there = int(self.examples[source.image][source.column, source.row])
        return bool(self.domain.unlike_codes[token, there] < ALIKE)

    def _places(self) -> dict[int, list[Source]]:
        """Return where each code stands in the examples, away from holes: a patch is taken with a margin around it."""
        places: dict[int, list[Source]] = {}
        for image, cells in enumerate(self.examples):
            for column, row in np.argwhere(~_near(cells == MASK)).tolist():
                places.setdefault(int(cells[column, row]), []).append(Source(image, row, column))
        return places

    def _source(self, grid: Grid, column: int, row: int) -> list[Source]:
        """Return the patch of an example that a cell leans on, if it leans on one."""
        origin = int(grid.origins_tl[column, row])
        if origin < 0:
            return []
        place = self.memory.place(origin)
        return [Source(place.example, place.lane, place.step)]


def _hole(image: Pixels, box: Box) -> npt.NDArray[np.bool_]:
    height, width = image.shape[:2]
    inside = box.width and box.height and box.x + box.width <= width and box.y + box.height <= height
    if not inside or (box.width, box.height) == (width, height):
        raise InputError(
            f"box: wanted a part of the image of {width} x {height} pixels, got {box.width} x {box.height} at "
            f"{box.x},{box.y}"
        )
    hole = np.zeros((height, width), bool)
    hole[box.y : box.y + box.height, box.x : box.x + box.width] = True
    return hole


def _padded(array: npt.NDArray[Number], side: int) -> npt.NDArray[Number]:
    """Continue an array to whole patches by its last row and column."""
    pads = [(0, -array.shape[0] % side), (0, -array.shape[1] % side), *[(0, 0)] * (array.ndim - 2)]
    return np.pad(array, pads, mode="edge")


def _without(padded: Pixels, masked: Mask, side: int) -> list[Pixels]:
    """Return the patches outside a hole, as images of one patch each: what the codebook may see."""
    return [
        padded[row * side : (row + 1) * side, column * side : (column + 1) * side]
        for column, row in np.argwhere(~masked).tolist()
    ]


def _continued(laid: Mapping[tuple[int, int], Source], column: int, row: int) -> set[Source]:
    """Return the patches that would go on where those beside a cell come from."""
    around = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy]
    beside = [(dx, dy, laid[column + dx, row + dy]) for dx, dy in around if (column + dx, row + dy) in laid]
    return {each._replace(row=each.row - dy, column=each.column - dx) for dx, dy, each in beside}


def _near(masked: Mask) -> Mask:
    """Return masked cells and their eight neighbours."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(masked, 1), (3, 3))
    near: Mask = np.logical_or.reduce(windows, axis=(2, 3))
    return near


def _settled_around(open_cells: Mask) -> npt.NDArray[np.int64]:
    """Return how many of the eight neighbours of each cell are settled; what is outside counts as not."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(~open_cells, 1), (3, 3))
    settled: npt.NDArray[np.int64] = windows.sum((2, 3)) - ~open_cells
    return settled


def _rim(open_cells: Mask) -> Mask:
    """Return the open cells beside settled ones; where none is settled, the one in the middle."""
    rim: Mask = open_cells.copy()
    rim[_settled_around(open_cells) == 0] = False
    if not rim.any():
        middle = np.argwhere(open_cells)[int(open_cells.sum()) // 2]
        rim[tuple(middle)] = True
    return rim


def _inwards(masked: Mask) -> list[tuple[int, int]]:
    """Return masked cells, those with the most settled neighbours first, each settled as it is taken."""
    settled = np.pad(~masked, 1)
    settled[[0, -1]] = settled[:, [0, -1]] = False
    rest = [(int(column), int(row)) for column, row in np.argwhere(masked)]
    order = []
    while rest:
        best = max(rest, key=lambda cell: int(settled[cell[0] : cell[0] + 3, cell[1] : cell[1] + 3].sum()))
        rest.remove(best)
        settled[best[0] + 1, best[1] + 1] = True
        order.append(best)
    return order


def contact_sheet(steps: Sequence[Pixels], columns: int = 4, gap: int = 4) -> Pixels:
    """Return up to `MOST_STEPS_SHOWN` pictures of one size side by side, the last included, in rows of `columns`."""
    shown = np.unique(np.linspace(0, len(steps) - 1, MOST_STEPS_SHOWN).round().astype(int))
    pictures = [steps[k] for k in shown]
    height, width = pictures[0].shape[:2]
    rows = math.ceil(len(pictures) / columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, np.uint8)
    for k, picture in enumerate(pictures):
        y, x = (k // columns) * (height + gap), (k % columns) * (width + gap)
        sheet[y : y + height, x : x + width] = picture
    return sheet

"""Images from tokens: real patches that fit their neighbours, laid with soft edges, and their rim evened out.

Patches are chosen as in image quilting (Efros and Freeman, SIGGRAPH 2001); the rim of a hole is evened out by a
membrane, as in seamless cloning (Perez et al., SIGGRAPH 2003).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sparseq.domains.pictures import Pixels

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MOST_CANDIDATES = 96
MOST_SHIFTED = 3
"""So many of the best candidates are tried in places beside their own, too."""
SHIFT_STEP = 2
"""In pixels."""
MEMBRANE_ROUNDS = 400
MOST_SHIFT = 40.0
"""In levels of 255: a larger difference at a rim is an edge of something, which must not bleed inwards."""


class Source(NamedTuple):
    """A patch of an example: which image, its row and column in patches, and how far it lies off them in pixels."""

    image: int
    row: int
    column: int
    down: int = 0
    right: int = 0


class Quilt:
    """A picture in the making.

    Parameters
    ----------
    images : sequence of uint8 ndarray of shape (height, width, 3)
        What patches are taken from.
    side : int
        Of a patch, in pixels.
    canvas_yxc : float ndarray of shape (height, width, 3)
        What is known, anything elsewhere.
    known_yx : bool ndarray of shape (height, width)
        Where it is known.
    """

    def __init__(self, images: Sequence[Pixels], side: int, canvas_yxc: Floats, known_yx: Bools) -> None:
        self.side, self.margin = side, max(side // 2, 1)
        self.images = [np.pad(image.astype(float), self._pads, mode="reflect") for image in images]
        self.known_yx = np.pad(known_yx, self._pads[:2])
        self.known_yxc = np.pad(canvas_yxc * known_yx[..., None], self._pads)
        self.sum_yxc = np.zeros(self.known_yxc.shape)
        self.weight_yx = np.zeros(self.known_yx.shape)
        ramp = np.minimum(np.arange(1, side + 2 * self.margin + 1), np.arange(side + 2 * self.margin, 0, -1))
        soft = np.clip(ramp / (2.0 * self.margin + 1.0), 0.0, 1.0)
        self.soft_yx = np.minimum.outer(soft, soft) ** 4

    @property
    def _pads(self) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        return (self.margin, self.margin), (self.margin, self.margin), (0, 0)

    def lay(self, row: int, column: int, candidates: Iterable[Source]) -> Source:
        """Lay that candidate on a place which fits best what is there, moved by up to half a patch; first of equals.

        A slope goes on only if the patch that goes on with it need not stand in step with the patches.
        """
        box = self._box(row, column)
        known = self.known_yx[box][..., None]
        there = np.where(known, self.known_yxc[box], self._laid(box))
        trust = np.maximum(known, np.minimum(4.0 * self.weight_yx[box], 1.0)[..., None])

        def unfit(source: Source) -> float:
            return float((trust * (self._patch(source) - there) ** 2).sum())

        ranked = sorted((each for each in candidates if self._is_within(each)), key=unfit)[:MOST_SHIFTED]
        best = min((moved for each in ranked for moved in self._moved(each)), key=unfit)
        self.sum_yxc[box] += self.soft_yx[..., None] * self._patch(best)
        self.weight_yx[box] += self.soft_yx
        return best

    def _moved(self, source: Source) -> list[Source]:
        """Return a source, and those up to half a patch beside it that lie within its image."""
        off = range(-(self.side // 2), self.side // 2 + 1, SHIFT_STEP)
        moved = [source._replace(down=down, right=right) for down in off for right in off]
        return [source, *(each for each in moved if self._is_within(each))]

    def _is_within(self, source: Source) -> bool:
        height, width = self.images[source.image].shape[:2]
        rows, columns = self._box(*source[1:])
        return bool(rows.start >= 0 and columns.start >= 0 and rows.stop <= height and columns.stop <= width)

    def _box(self, row: int, column: int, down: int = 0, right: int = 0) -> tuple[slice, slice]:
        reach = self.side + 2 * self.margin
        y, x = row * self.side + down, column * self.side + right
        return slice(y, y + reach), slice(x, x + reach)

    def _patch(self, source: Source) -> Floats:
        return self.images[source.image][self._box(*source[1:])]

    def picture(self) -> Floats:
        """Return what has been laid, and what is known where nothing was: float of shape (height, width, 3).

        Patches reach over the rim of what is known; there too it is they that are returned.
        """
        m = self.margin
        inner = slice(m, -m), slice(m, -m)
        bare = self.weight_yx[inner] == 0.0
        return np.where(bare[..., None], self.known_yxc[inner], self._laid(inner))

    def _laid(self, box: tuple[slice, slice]) -> Floats:
        laid: Floats = self.sum_yxc[box] / np.maximum(self.weight_yx[box], 1e-9)[..., None]
        return laid


def evened(made_yxc: Floats, known_yxc: Floats, hole_yx: Bools) -> Floats:
    """Return the known picture with what was made in its hole, shifted in colour so that it meets the rim.

    The shift is a membrane spanned over the hole: at its rim the difference of known and made, within as smooth as can
    be.
    """
    shift = np.where(hole_yx[..., None], 0.0, known_yxc - made_yxc)
    ring = _grown(hole_yx) & ~hole_yx
    shift[~ring] = 0.0
    shift = np.clip(shift, -MOST_SHIFT, MOST_SHIFT)
    inside = np.pad(hole_yx | ring, 1)
    padded = np.pad(shift, ((1, 1), (1, 1), (0, 0)))
    hole = np.pad(hole_yx, 1)
    count = sum(np.roll(inside, k, axis).astype(float) for axis in (0, 1) for k in (-1, 1))
    for _ in range(MEMBRANE_ROUNDS):
        around = np.roll(padded, 1, 0) + np.roll(padded, -1, 0) + np.roll(padded, 1, 1) + np.roll(padded, -1, 1)
        padded[hole] = (around / np.maximum(count, 1.0)[..., None])[hole]
    return np.where(hole_yx[..., None], made_yxc + padded[1:-1, 1:-1], known_yxc)


def seam(pixels_yxc: Pixels, hole_yx: Bools) -> float:
    """Return how large steps across a hole's rim are on average, those elsewhere being 1."""
    picture = pixels_yxc.astype(float)
    across, all_steps = [], []
    for axis in (0, 1):
        steps = np.abs(np.diff(picture, axis=axis)).mean(2)
        rim = np.diff(hole_yx, axis=axis)
        across.append(steps[rim])
        all_steps.append(steps[~rim])
    usual = float(np.concatenate([each.reshape(-1) for each in all_steps]).mean())
    rims = np.concatenate(across)
    return float(rims.mean()) / max(usual, 1e-9) if rims.size else 1.0


def _grown(mask_yx: Bools) -> Bools:
    padded = np.pad(mask_yx, 1)
    shifted = [np.roll(padded, k, axis) for axis in (0, 1) for k in (-1, 1)]
    grown: Bools = np.logical_or.reduce([padded, *shifted])[1:-1, 1:-1]
    return grown

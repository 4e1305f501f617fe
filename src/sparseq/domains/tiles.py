"""Images as grids of visual tokens: a codebook of patches by k-means; columns are steps, rows are lanes."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from sparseq.domains.extras import lab_extra
from sparseq.domains.pictures import Pixels
from sparseq.domains.protocol import Cells
from sparseq.engine.context import Context, Slot, make_context
from sparseq.errors import InputError
from sparseq.kernel.layout import EDGE_LANE, constant_lane

HEIGHTS = 16
"""Position codes of rows, from the top of an image to its bottom."""
MOST_PATCHES = 65_536
SHRUNK = 4
"""Patches are compared as so many pixels squared."""

CODES_LIMIT = 512
"""Most codes: how much they look alike is a table of all pairs."""
ALIKE_AT = 0.25
"""Codes count as wholly unlike from this share of the largest distance between two codes on."""

# (columns away, rows down, weight); those far away keep time in what repeats itself, such as bricks.
NEIGHBOURS = (
    *((dt, 0, 1.0) for dt in (-1, 1)),
    *((0, down, 1.0) for down in (-1, 1)),
    *((dt, down, 0.6) for dt in (-1, 1) for down in (-1, 1)),
    *((dt, 0, weight) for away, weight in ((2, 0.5), (3, 0.3), (4, 0.4)) for dt in (-away, away)),
    *((0, down, weight) for away, weight in ((2, 0.5), (3, 0.3), (4, 0.4)) for down in (-away, away)),
)

Floats = npt.NDArray[np.float64]


class TileDomain:
    """A codebook of the patches of some images.

    Parameters
    ----------
    images : sequence of uint8 ndarray of shape (height, width, 3)
        At least one; what is over at the right and at the bottom is left out.
    side : int
        Side of a patch in pixels, 4 or more.
    n_codes : int
        Most codes; fewer where there are fewer different patches.
    seed : int
        Of the clustering.

    Raises
    ------
    InputError
        For too many codes, for too many patches, or an image smaller than a patch.
    """

    def __init__(self, images: Sequence[Pixels], side: int = 8, n_codes: int = 64, seed: int = 0) -> None:
        if n_codes > CODES_LIMIT:
            raise InputError(f"alphabet: wanted at most {CODES_LIMIT} codes, got {n_codes}")
        self.side = side
        features = np.concatenate([self._features(patches(image, side)) for image in images])
        if len(features) > MOST_PATCHES:
            raise InputError(f"images: wanted at most {MOST_PATCHES} patches, got {len(features)}; use larger patches")
        self.codes_kf = _clustered(features, n_codes, seed)
        self.unlike_codes = _unlike(self.codes_kf)
        heights = np.arange(HEIGHTS)
        self.unlike_heights = np.abs(heights[:, None] - heights) / (HEIGHTS - 1)

    @property
    def alphabet(self) -> int:
        """Tokens and position codes are below this."""
        return max(len(self.codes_kf), HEIGHTS)

    def encode(self, pixels_yxc: Pixels) -> Cells:
        """Return the nearest code of each patch: uint16 of shape (columns, rows)."""
        found = patches(pixels_yxc, self.side)
        nearest = _nearest(self._features(found), self.codes_kf)
        return np.ascontiguousarray(nearest.reshape(found.shape[:2]).T, np.uint16)

    def decode(self, cells_tl: Cells) -> Pixels:
        """Return the picture of the codes themselves: what is left of an image in its tokens."""
        small = self.codes_kf[cells_tl.T].reshape(*cells_tl.T.shape, SHRUNK, SHRUNK, 3)
        scale = -(-self.side // SHRUNK)
        large = small.repeat(scale, 2).repeat(scale, 3)[:, :, : self.side, : self.side]
        rows, columns = cells_tl.shape[1], cells_tl.shape[0]
        joined = large.swapaxes(1, 2).reshape(rows * self.side, columns * self.side, 3)
        return np.clip(np.rint(joined), 0, 255).astype(np.uint8)

    def context(self, n_rows: int, height_weight: float = 0.0) -> Context:
        """Return what a cell looks at: its neighbours on all sides, and how far down it is, as much as is wanted."""
        lanes = [
            [
                *(Slot(dt, _lane(row + down, n_rows), weight, self.unlike_codes) for dt, down, weight in NEIGHBOURS),
                Slot(0, constant_lane(row * HEIGHTS // n_rows), height_weight, self.unlike_heights),
            ]
            for row in range(n_rows)
        ]
        return make_context(lanes, [len(self.codes_kf)] * n_rows, [0] * n_rows)

    def _features(self, patches_rcyxc: Pixels) -> Floats:
        """Return patches shrunk to `SHRUNK` pixels squared: float of shape (patches, features)."""
        edges = np.linspace(0, self.side, SHRUNK + 1).astype(int)
        pieces = [
            patches_rcyxc[:, :, a:b, c:d].mean((2, 3))
            for a, b in pairwise(edges.tolist())
            for c, d in pairwise(edges.tolist())
        ]
        return np.stack(pieces, 2).reshape(-1, SHRUNK * SHRUNK * 3)


def patches(pixels_yxc: Pixels, side: int) -> Pixels:
    """Return an image cut into patches, uint8 of shape (rows, columns, side, side, 3)."""
    rows, columns = pixels_yxc.shape[0] // side, pixels_yxc.shape[1] // side
    if not rows or not columns:
        height, width = pixels_yxc.shape[:2]
        raise InputError(f"image: wanted at least {side} x {side} pixels, one patch, got {width} x {height}")
    cut = pixels_yxc[: rows * side, : columns * side]
    return cut.reshape(rows, side, columns, side, 3).swapaxes(1, 2)


def _lane(row: int, n_rows: int) -> int:
    return row if 0 <= row < n_rows else EDGE_LANE


def _clustered(features: Floats, n_codes: int, seed: int) -> Floats:
    """Return the centres of k-means, as many as there are different features at most, in order."""
    different = np.unique(np.rint(features), axis=0)
    if len(different) <= n_codes:
        return different
    with lab_extra("a codebook"):
        from sklearn.cluster import KMeans
    found = KMeans(n_codes, n_init=1, random_state=seed % (1 << 32), max_iter=50).fit(features)
    return np.array(np.unique(found.cluster_centers_, axis=0), np.float64)


def _unlike(codes_kf: Floats) -> Floats:
    """Return how much codes look unlike, 0 to 1: float of shape (codes, codes)."""
    lengths = (codes_kf**2).sum(1)
    squares = np.maximum(lengths[:, None] + lengths - 2.0 * codes_kf @ codes_kf.T, 0.0)
    np.fill_diagonal(squares, 0.0)
    distances = np.sqrt(squares)
    unlike: Floats = np.clip(distances / max(ALIKE_AT * float(distances.max()), 1e-9), 0.0, 1.0)
    return unlike


def _nearest(features: Floats, codes_kf: Floats) -> npt.NDArray[np.int64]:
    """Return the nearest code of each feature, in blocks that need little memory."""
    lengths = (codes_kf**2).sum(1)
    blocks = [features[k : k + 4096] for k in range(0, len(features), 4096)]
    return np.concatenate([(lengths - 2.0 * (block @ codes_kf.T)).argmin(1) for block in blocks])

"""How a level compares with a corpus of levels: the measures of the published tables, and two that they miss."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sparseq.domains.mario import TILES
from sparseq.domains.protocol import Cells

TARGET = {"density": 0.30, "linearity": 0.33, "leniency": -0.04, "playable": 1.00}
"""The middle of the three slices of the published tables; `l2` is the distance to it. Novelty has no target."""

SKY, GROUND = TILES.index("-"), TILES.index("X")
HOSTILE = [TILES.index(tile) for tile in "EB"]
FRIENDLY = [TILES.index(tile) for tile in "?o"]


def measure(cells_tl: Cells, corpus: Sequence[Cells]) -> dict[str, float]:
    """Return every measure of one level.

    Parameters
    ----------
    cells_tl : uint16 ndarray of shape (columns, rows)
        The level.
    corpus : sequence of uint16 ndarray
        The levels it is compared with.

    Returns
    -------
    dict
        `density`: share of tiles that are not sky. `linearity`: standard deviation of the row of the topmost ground, in
        rows; a column without ground counts as one row below the level. `leniency`: (hostile tiles + columns without
        ground - friendly tiles) / columns. `playable`: share of columns with ground in the lower third. `novelty`:
        least share of unlike tiles to any window of the corpus of the same size (1 if there is none). `l2`: distance to
        `TARGET`. `histogram_kl`: divergence of the tile shares from the corpus', in nats. `longest_copy`: most columns
        in a row that stand just so in the corpus. `pipes`: share of pipe tiles whose other side and upper end are there
        (1 if there are none).
    """
    values = {
        "density": float((cells_tl != SKY).mean()),
        "linearity": float(_ground_tops(cells_tl).std()),
        "leniency": _leniency(cells_tl),
        "playable": float((cells_tl[:, cells_tl.shape[1] * 2 // 3 :] == GROUND).any(1).mean()),
    }
    return {
        **values,
        "l2": float(np.sqrt(sum((values[name] - aim) ** 2 for name, aim in TARGET.items()))),
        "novelty": novelty(cells_tl, corpus),
        "histogram_kl": histogram_kl(cells_tl, corpus),
        "longest_copy": float(longest_copy(cells_tl, corpus)),
        "pipes": whole_pipes(cells_tl),
    }


def _ground_tops(cells_tl: Cells) -> npt.NDArray[np.int64]:
    ground = cells_tl == GROUND
    tops: npt.NDArray[np.int64] = np.where(ground.any(1), ground.argmax(1), cells_tl.shape[1])
    return tops


def _leniency(cells_tl: Cells) -> float:
    gaps = int((~(cells_tl == GROUND).any(1)).sum())
    return (int(np.isin(cells_tl, HOSTILE).sum()) + gaps - int(np.isin(cells_tl, FRIENDLY).sum())) / len(cells_tl)


def novelty(cells_tl: Cells, corpus: Sequence[Cells]) -> float:
    """Return the least share of unlike tiles to a window of the corpus; 1 where every level is smaller."""
    least = 1.0
    for level in corpus:
        if level.shape[0] >= cells_tl.shape[0] and level.shape[1] >= cells_tl.shape[1]:
            windows = np.lib.stride_tricks.sliding_window_view(level, cells_tl.shape)
            least = min(least, float((windows != cells_tl).mean((2, 3)).min()))
    return least


def histogram_kl(cells_tl: Cells, corpus: Sequence[Cells]) -> float:
    """Return sum of p log(p / q) in nats, p the tile shares of the level, q those of the corpus.

    Half a tile is added to each count of both, so that a tile that one lacks costs much, not everything.
    """
    here = np.bincount(cells_tl.reshape(-1), minlength=len(TILES)) + 0.5
    there = sum((np.bincount(level.reshape(-1), minlength=len(TILES)) for level in corpus), np.zeros(len(TILES))) + 0.5
    p, q = here / here.sum(), there / there.sum()
    return float((p * np.log(p / q)).sum())


def longest_copy(cells_tl: Cells, corpus: Sequence[Cells]) -> int:
    """Return the most columns in a row that stand just so, at any place, in a level of the corpus."""
    return max((_longest_run(cells_tl, level) for level in corpus), default=0)


def _longest_run(a_tl: Cells, b_tl: Cells) -> int:
    if a_tl.shape[1] != b_tl.shape[1]:
        return 0
    longest = 0
    run = np.zeros(len(b_tl) + 1, np.int64)
    for column in a_tl:
        run[1:] = np.where((b_tl == column).all(1), run[:-1] + 1, 0)
        longest = max(longest, int(run.max()))
    return longest


def whole_pipes(cells_tl: Cells) -> float:
    """Return the share of pipe tiles whose other side stands beside them, and whose upper end or body above them."""
    level = np.pad(cells_tl, 1, constant_values=SKY)
    found = [_pipe_tile_is_whole(level, t, row) for t, row in np.argwhere(np.isin(level, _tokens("<>[]"))).tolist()]
    return sum(found) / len(found) if found else 1.0


def _pipe_tile_is_whole(level: Cells, t: int, row: int) -> bool:
    tile = TILES[int(level[t, row])]
    if tile in "<>":
        return bool(level[t + (1 if tile == "<" else -1), row] == TILES.index(">" if tile == "<" else "<"))
    beside = level[t + (1 if tile == "[" else -1), row] == TILES.index("]" if tile == "[" else "[")
    return bool(beside and level[t, row - 1] in _tokens("<[" if tile == "[" else ">]"))


def _tokens(tiles: str) -> list[int]:
    return [TILES.index(tile) for tile in tiles]

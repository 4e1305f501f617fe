"""Of a large library, the loops whose grooves are nearest to a piece: the others would add time and next to nothing."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sparseq.jobs.drums import usual_bar_steps
from sparseq.music.grid import DrumGrid

MOST_LOOPS = 64


def nearest_loops(
    grid: DrumGrid, known_tl: npt.NDArray[np.bool_], loops: Sequence[DrumGrid], most: int = MOST_LOOPS
) -> list[int]:
    """Return which loops to learn from: indices in order, of all of them where there are no more than `most`.

    Grooves are compared by how often each lane is struck at each step of the usual bar; a loop whose bars have another
    length or resolution comes last. A piece with nothing known takes the first ones.

    Parameters
    ----------
    grid : DrumGrid
        The piece.
    known_tl : bool ndarray of shape (T, L)
        Which of its cells count.
    loops : sequence of DrumGrid
        The loops, on the same lanes.
    most : int
        So many at most.
    """
    if len(loops) <= most:
        return list(range(len(loops)))
    length = usual_bar_steps([grid])
    own = _groove(grid, known_tl, length)
    apart = np.full(len(loops), np.inf)
    for number, loop in enumerate(loops):
        if loop.steps_per_beat == grid.steps_per_beat and usual_bar_steps([loop]) == length:
            apart[number] = np.abs(_groove(loop, None, length) - own).sum()
    nearest: list[int] = np.sort(np.argsort(apart, kind="stable")[:most]).tolist()
    return nearest


def _groove(grid: DrumGrid, known_tl: npt.NDArray[np.bool_] | None, length: int) -> npt.NDArray[np.float64]:
    """Return the share of the bars of a length that strike each lane at each step: float64 ndarray of shape (S, L)."""
    starts = np.array([bar.start_step for bar in grid.bars if bar.length_steps == length], np.int64)
    steps_bs = starts[:, None] + np.arange(length)
    struck = grid.tokens_tl[steps_bs].astype(np.float64)
    if known_tl is None:
        return np.asarray(struck.mean(0))
    known = known_tl[steps_bs]
    return np.asarray((struck * known).sum(0) / np.maximum(known.sum(0), 1))

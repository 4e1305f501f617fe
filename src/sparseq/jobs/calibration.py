"""Numbers that suit a person's own loops: what calibration is asked about, for the stream and for repair."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from sparseq.engine.calibrate import Question, calibrate
from sparseq.engine.calibration import Calibration
from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import Context
from sparseq.jobs.drums import fill_cells, fill_context, stream_context, styled_cells, usual_bar_steps
from sparseq.jobs.examples import is_loop
from sparseq.kernel.checks import MASK
from sparseq.music.grid import DrumGrid

MOST_QUESTIONS = 64
"""Bars asked about, one of each loop: a third as many chose numbers that did not hold for other music."""
MOST_EXAMPLES = 64
"""A larger library is thinned evenly for the search; what was found holds for all of it."""
CELLS_ASKED = 24
"""Cells of a bar that are asked about: many loops and few cells of each say more than the other way round."""
SEED = 0


def calibrate_stream(
    grids: Sequence[DrumGrid],
    styles: Sequence[int],
    start: RetrievalConfig,
    advance: Callable[[int], None] | None = None,
) -> Calibration:
    """Return numbers for `stream_context` that suit these loops.

    Parameters
    ----------
    grids : sequence of DrumGrid
        The loops, all on the same lanes and of one meter.
    styles : sequence of int
        The style code of each.
    start : RetrievalConfig
        The defaults.
    advance : callable, optional
        Told 1 after each number tried.
    """
    chosen = _thinned(len(grids), MOST_EXAMPLES)
    grids, styles = [grids[i] for i in chosen], [styles[i] for i in chosen]
    context = stream_context(len(grids[0].lanes), grids[0].steps_per_beat, usual_bar_steps(grids))
    cells = [styled_cells(grid, style) for grid, style in zip(grids, styles, strict=True)]
    rng = np.random.Generator(np.random.Philox(SEED))
    questions = [_stream_question(i, grids[i], cells[i], bar, rng) for i, bar in _bars_asked(grids)]
    return _calibrated(cells, context, questions, grids, start, advance)


def calibrate_fill(
    grids: Sequence[DrumGrid], start: RetrievalConfig, advance: Callable[[int], None] | None = None
) -> Calibration:
    """Return numbers for `fill_context` that suit these loops; as in `calibrate_stream`."""
    grids = [grids[i] for i in _thinned(len(grids), MOST_EXAMPLES)]
    context = fill_context(len(grids[0].lanes), grids[0].steps_per_beat, usual_bar_steps(grids))
    rng = np.random.Generator(np.random.Philox(SEED))
    cells = [fill_cells(grid) for grid in grids]
    questions = [_fill_question(i, grids[i], bar, rng) for i, bar in _bars_asked(grids) if len(grids[i].bars) > 1]
    return _calibrated(cells, context, questions, grids, start, advance)


def _calibrated(
    cells: Sequence[npt.NDArray[np.uint16]],
    context: Context,
    questions: Sequence[Question],
    grids: Sequence[DrumGrid],
    start: RetrievalConfig,
    advance: Callable[[int], None] | None,
) -> Calibration:
    loops = [is_loop(grid) for grid in grids]
    return calibrate(cells, context, questions, start, loops=loops, advance=advance)


def _thinned(n: int, most: int) -> list[int]:
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(int)).tolist()  # type: ignore[no-any-return]


def _bars_asked(grids: Sequence[DrumGrid]) -> list[tuple[int, int]]:
    """Return which bar of which loop is asked about: from loop to loop another one, the first ones left out."""
    chosen = _thinned(len(grids), MOST_QUESTIONS)
    return [(i, max(k % len(grids[i].bars), min(1, len(grids[i].bars) - 1))) for k, i in enumerate(chosen)]


def _stream_question(
    example: int, grid: DrumGrid, cells: npt.NDArray[np.uint16], bar: int, rng: np.random.Generator
) -> Question:
    """Ask for a few cells of a bar after all before them; the style is not told."""
    n_lanes, width = len(grid.lanes), cells.shape[1]
    here = grid.bars[bar]
    in_bar = _indices(np.arange(here.start_step, here.stop_step), n_lanes, width)
    asked = np.sort(rng.permutation(in_bar)[:CELLS_ASKED])
    seen = cells.copy()
    seen[:, -1] = MASK
    known = _indices(np.arange(here.start_step), n_lanes, width)
    return Question(example, seen, asked, cells.reshape(-1)[asked].astype(np.int64), known)


def _fill_question(example: int, grid: DrumGrid, bar: int, rng: np.random.Generator) -> Question:
    """Ask for a few cells of a bar given a random half of it: the middle of a fill in random order."""
    n_lanes = len(grid.lanes)
    here = grid.bars[bar]
    hole = np.zeros(grid.tokens_tl.shape, bool)
    hole[here.start_step : here.stop_step] = True
    seen = fill_cells(grid, hole)
    truth = fill_cells(grid).reshape(-1)
    width = seen.shape[1]
    steps = np.arange(here.start_step, here.stop_step)
    in_hole = _indices(steps, n_lanes, width)
    hidden = rng.permutation(in_hole)[: len(in_hole) // 2]
    seen.reshape(-1)[hidden] = MASK
    asked = np.sort(hidden[:CELLS_ASKED])
    outside = np.setdiff1d(np.arange(grid.n_steps), steps)
    return Question(example, seen, asked, truth[asked].astype(np.int64), _indices(outside, n_lanes, width))


def _indices(steps: npt.NDArray[np.integer], n_lanes: int, width: int) -> npt.NDArray[np.int64]:
    return (steps[:, None] * width + np.arange(n_lanes)).reshape(-1).astype(np.int64)

"""Drums as tokens: a grid's cells, and the contexts that its lanes are streamed and repaired by."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sparseq.engine.context import Context, Slot, make_context
from sparseq.jobs.habits import LEVELS, habits
from sparseq.jobs.phrases import N_PHRASE_CODES, phrase_codes, phrase_distances
from sparseq.music.grid import DrumGrid

CODE_LIMIT = 254
"""Position and style codes stay below this: a bar of 15/8 at 12 steps a quarter note has 90 steps."""
_PHRASE = 0.8
"""More makes the fills of the shipped loops no surer, and drummers who keep no count harder to foresee."""


def drum_cells(grid: DrumGrid) -> npt.NDArray[np.uint16]:
    """Return a grid's tokens with one more lane, the step in the bar: uint16 ndarray of shape (T, L + 1)."""
    phases = np.minimum(grid.phases_t, CODE_LIMIT - 1)
    return np.column_stack([grid.tokens_tl, phases]).astype(np.uint16)


def styled_cells(grid: DrumGrid, style: int) -> npt.NDArray[np.uint16]:
    """Return `drum_cells` with two more lanes, the bar in the phrase and the style: uint16 ndarray (T, L + 3)."""
    phrase = phrase_codes(len(grid.bars))[grid.bars_t]
    return np.column_stack([drum_cells(grid), phrase, np.full(grid.n_steps, style)]).astype(np.uint16)


def stream_context(
    n_lanes: int, steps_per_beat: int, bar_steps: int, beside: Sequence[Sequence[float]] = ()
) -> Context:
    """Return causal contexts: a lane sees its own past, what is already decided now, and all lanes a bar ago.

    Parameters
    ----------
    n_lanes : int
        Drum lanes; lane `n_lanes` holds the step in the bar, the next two the bar in the phrase and the style.
    steps_per_beat, bar_steps : int
        Steps in a quarter note and in a bar.
    beside : sequence of sequence of float
        For each drum what the lanes behind these count that tell when other parts strike; none where nobody does.
    """
    phrases = phrase_distances()
    lanes = [_stream_slots(lane, n_lanes, steps_per_beat, bar_steps, phrases) for lane in range(n_lanes)]
    n_beside = len(beside[0]) if beside else 0
    for slots, weights in zip(lanes, beside or [()] * n_lanes, strict=True):
        for other, weight in enumerate(weights):
            slots += [Slot(-dt, n_lanes + 3 + other, weight * share) for dt, share in _beside_shares(steps_per_beat)]
    n_tokens = [2] * n_lanes + [CODE_LIMIT, N_PHRASE_CODES, CODE_LIMIT] + [2] * n_beside
    return make_context([*lanes, *[[]] * (3 + n_beside)], n_tokens)


def _stream_slots(lane: int, n_lanes: int, beat: int, bar: int, phrases: npt.NDArray[np.float64]) -> list[Slot]:
    weights = [(1, 1.0), (2, 0.7), (3, 0.3), (beat, 0.8), (2 * beat, 0.5), (bar, 1.5), (2 * bar, 0.8)]
    own = [Slot(-dt, lane, weight) for dt, weight in weights]
    others = [other for other in range(n_lanes) if other != lane]
    now = [Slot(0, other, 0.8) for other in others if other < lane]
    before = [Slot(-1, other, 0.2) for other in others]
    a_bar_ago = [Slot(-bar, other, 0.3) for other in others]
    place = [Slot(0, n_lanes, 2.0), Slot(0, n_lanes + 1, _PHRASE, phrases), Slot(0, n_lanes + 2, 1.6)]
    return [*own, *now, *before, *a_bar_ago, *place]


def _beside_shares(beat: int) -> list[tuple[int, float]]:
    """Return how far back other parts are heard, in steps, and the share of their weight that counts there."""
    return [(0, 1.0), *((dt, 0.5) for dt in range(1, 2 * beat + 1))]


def fill_cells(grid: DrumGrid, mask_tl: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.uint16]:
    """Return `drum_cells` with L more lanes, the habits of each: uint16 ndarray of shape (T, 2 L + 1)."""
    known = np.ones(grid.tokens_tl.shape, bool) if mask_tl is None else ~mask_tl
    return np.column_stack([drum_cells(grid), habits(grid.tokens_tl, grid.bars, known)]).astype(np.uint16)


def fill_context(n_lanes: int, steps_per_beat: int, bar_steps: int) -> Context:
    """Return contexts from both sides, for `fill_cells`.

    Parameters
    ----------
    n_lanes : int
        Drum lanes; lane `n_lanes` holds the step in the bar, the lanes after it the habit of each drum lane.
    steps_per_beat, bar_steps : int
        Steps in a quarter note and in a bar.
    """
    levels = np.arange(LEVELS + 1)
    unlike = np.abs(levels[:, None] - levels) / LEVELS
    lanes = [_fill_slots(lane, n_lanes, steps_per_beat, bar_steps, unlike) for lane in range(n_lanes)]
    return make_context([*lanes, *[[]] * (n_lanes + 1)], [2] * n_lanes + [CODE_LIMIT] + [LEVELS + 1] * n_lanes)


def _fill_slots(lane: int, n_lanes: int, beat: int, bar: int, unlike: npt.NDArray[np.float64]) -> list[Slot]:
    # Pairs, not a mapping: in 2/4 half a bar and a beat are one, and the number of slots must not depend on the meter.
    weights = [(1, 1.0), (2, 0.7), (3, 0.5), (beat, 0.4), (2 * beat, 1.4), (bar, 1.4), (2 * bar, 0.3)]
    own = [Slot(sign * dt, lane, weight) for dt, weight in weights for sign in (-1, 1)]
    others = [other for other in range(n_lanes) if other != lane]
    beside = [Slot(dt, other, weight) for other in others for dt, weight in ((0, 1.1), (-1, 0.25), (1, 0.25))]
    habit_weights = [(0, 5.3), *((dt, 0.3) for dt in (-beat, -2, -1, 1, 2, beat))]
    habit = [Slot(dt, n_lanes + 1 + lane, weight, unlike) for dt, weight in habit_weights]
    others_habits = [Slot(0, n_lanes + 1 + other, 0.1, unlike) for other in others]
    return [*own, *beside, Slot(0, n_lanes, 1.1), *habit, *others_habits]


def usual_bar_steps(grids: Sequence[DrumGrid]) -> int:
    """Return the length in steps that most bars of these grids have."""
    lengths = [bar.length_steps for grid in grids for bar in grid.bars]
    return max(sorted(set(lengths)), key=lengths.count)

"""Where the cells of voices look, and what that counts."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sparseq.engine.context import Context, Slot, make_context
from sparseq.jobs.pitched.cells import ALPHABET, BAR, HARMONY, KICK, N_DEEDS, N_GIVEN, SNARE, STEP
from sparseq.music.grid import GridBar
from sparseq.music.layout import Lane
from sparseq.music.pitched import N_PITCH_TOKENS

Floats = npt.NDArray[np.float64]
BESIDE, OTHERS = 3, 4
"""So many other voices of its own part, and so many other parts, a voice sees."""


class DeedWeights(NamedTuple):
    """What a deed's places count: deeds near by, a beat or a bar away, beside it; kick and snare; step; like bars."""

    near: tuple[float, ...] = (1.4, 0.8, 0.5)
    beat: float = 0.3
    half: float = 0.3
    bar: float = 0.6
    bars: float = 0.3
    beside: float = 2.0
    drums: float = 0.15
    step: float = 2.2
    like: float = 6.0


class PitchWeights(NamedTuple):
    """What a pitch's places count: the pitch before, those a while away, beside it; what is done; chord; step; bars."""

    before: tuple[float, ...] = (1.5, 0.4, 0.4)
    away: float = 0.6
    bar: float = 0.8
    beside: float = 2.0
    others: float = 1.5
    length: float = 0.3
    harmony: float = 1.5
    step: float = 0.5
    like: float = 6.0


def deed_context(
    lanes: Sequence[Lane], counts: tuple[int, int], unlike_bars: Floats, weights: DeedWeights | None = None
) -> Context:
    """Return contexts from both sides for the deeds of `voice_cells`.

    Parameters
    ----------
    lanes : sequence of Lane
        The lanes of voices.
    counts : (int, int)
        Steps in a quarter note and in a bar.
    unlike_bars : float64 ndarray of shape (A, A)
        How unlike each bar is to each other, by their codes.
    weights : DeedWeights, optional
        Other than the usual ones.
    """
    n = len(lanes)
    slots = [
        _deed(lane, n, _neighbours(lane, lanes), counts, unlike_bars, weights or DeedWeights()) for lane in range(n)
    ]
    return make_context([*slots, *[[]] * (2 * n + N_GIVEN)], [N_DEEDS] * n + [ALPHABET] * (2 * n + N_GIVEN))


def pitch_context(
    lanes: Sequence[Lane], counts: tuple[int, int], unlike_bars: Floats, weights: PitchWeights | None = None
) -> Context:
    """Return contexts from both sides for the pitches of `voice_cells`; parameters as of `deed_context`."""
    n = len(lanes)
    how = weights or PitchWeights()
    slots = [_pitch(lane, n, _neighbours(lane, lanes), counts, unlike_bars, how) for lane in range(n)]
    empty: list[Slot] = []
    values = [ALPHABET] * n + [N_PITCH_TOKENS] * n + [ALPHABET] * (n + N_GIVEN)
    return make_context([*[empty] * n, *slots, *[empty] * (n + N_GIVEN)], values)


def usual_bar(bars: Sequence[GridBar]) -> int:
    """Return the length in steps that most bars have."""
    lengths = [bar.length_steps for bar in bars]
    return max(sorted(set(lengths)), key=lengths.count)


def _neighbours(lane: int, lanes: Sequence[Lane]) -> tuple[list[int], list[int]]:
    """Return the nearest voices of the same part, and the top voices of the first other parts."""
    part = lanes[lane].part
    beside = [other for other in range(len(lanes)) if lanes[other].part == part and other != lane]
    beside.sort(key=lambda other: abs(other - lane))
    tops: dict[str, int] = {}
    for other, there in enumerate(lanes):
        if there.part != part:
            tops.setdefault(there.part, other)
    return sorted(beside[:BESIDE]), list(tops.values())[:OTHERS]


def _deed(
    lane: int, n: int, places: tuple[list[int], list[int]], counts: tuple[int, int], unlike: Floats, how: DeedWeights
) -> list[Slot]:
    beat, bar = counts
    steps = [*enumerate(how.near, start=1), (beat, how.beat), (2 * beat, how.half), (bar, how.bar), (2 * bar, how.bars)]
    own = [Slot(sign * dt, lane, weight) for dt, weight in steps for sign in (-1, 1)]
    now = [Slot(0, other, how.beside) for others in places for other in others]
    first = 3 * n
    given = ((KICK, how.drums), (SNARE, how.drums), (STEP, how.step))
    return [*own, *now, *(Slot(0, first + k, weight) for k, weight in given), Slot(0, first + BAR, how.like, unlike)]


def _pitch(
    lane: int, n: int, places: tuple[list[int], list[int]], counts: tuple[int, int], unlike: Floats, how: PitchWeights
) -> list[Slot]:
    beat, bar = counts
    sound = 2 * n
    own = [Slot(-dt, sound + lane, weight) for dt, weight in enumerate(how.before, start=1)]
    own += [Slot(sign * dt, sound + lane, how.away) for dt in (max(beat // 2, 1), beat, 2 * beat) for sign in (-1, 1)]
    own += [Slot(sign * bar, n + lane, how.bar) for sign in (-1, 1)]
    own += [Slot(dt, lane, how.length) for dt in (1, 2, max(beat - 1, 3))]
    beside, others = places
    now = [Slot(0, sound + other, how.beside) for other in beside] + [Slot(0, sound + o, how.others) for o in others]
    first = 3 * n
    given = ((HARMONY, how.harmony), (STEP, how.step))
    return [*own, *now, *(Slot(0, first + k, weight) for k, weight in given), Slot(0, first + BAR, how.like, unlike)]

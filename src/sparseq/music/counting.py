"""The bars of a piece counted in steps, whatever its meters: where they are no whole steps, to the nearest one."""

from collections.abc import Sequence

from sparseq.errors import InputError
from sparseq.music.bars import Bar, bar_lines, score_bars
from sparseq.music.encode import grid_bars
from sparseq.music.grid import GridBar
from sparseq.music.score import Score


def counted_bars(score: Score, steps_per_beat: int, last_step: int = -1) -> tuple[GridBar, ...]:
    """Count the bars of a score in steps.

    Steps always lie at whole multiples of a quarter note's share from tick 0. A bar line that lies between two of them
    (a meter changed too early, a damaged file) is put on the nearer; a bar too short for one step joins the next.

    Parameters
    ----------
    score : Score
        The score.
    steps_per_beat : int
        Steps per quarter note, 1 to 96.
    last_step : int
        The bars reach behind this step.

    Returns
    -------
    tuple of GridBar
        At least one, numbered from 1.

    Raises
    ------
    InputError
        If there are more than `bars.MAX_BARS`, or `steps_per_beat` is out of range.
    """
    bars = _counted(score_bars(score), score.ppq, steps_per_beat)
    if bars and bars[-1].stop_step > last_step:
        return bars
    end = -(-(last_step + 1) * score.ppq // steps_per_beat)  # the tick that the bars have to reach
    while not bars or bars[-1].stop_step <= last_step:
        bars = _counted(bar_lines(score.ppq, score.meters, end), score.ppq, steps_per_beat)
        end += score.ppq
    return bars


def _counted(bars: Sequence[Bar], ppq: int, steps_per_beat: int) -> tuple[GridBar, ...]:
    try:
        return grid_bars(bars, ppq, steps_per_beat)
    except InputError:
        if not 1 <= steps_per_beat <= 96:
            raise
        return _snapped(bars, ppq, steps_per_beat)


def _snapped(bars: Sequence[Bar], ppq: int, steps_per_beat: int) -> tuple[GridBar, ...]:
    """Return bars whose lines are moved to the nearest steps."""
    out: list[GridBar] = []
    start = 0
    for bar in bars:
        stop = (2 * steps_per_beat * bar.end_ticks + ppq) // (2 * ppq)
        if stop > start:
            out.append(GridBar(len(out) + 1, start, stop - start, bar.numerator, bar.denominator))
            start = stop
    return tuple(out)

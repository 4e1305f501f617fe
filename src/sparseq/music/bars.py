"""Bar lines in ticks, from a map of meters."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sparseq.errors import InputError
from sparseq.music.score import Score

MAX_BARS = 100_000
"""More bars than this in one file are damage, not music: at 120 bpm they would last for 55 hours."""


class Bar(NamedTuple):
    """One bar.

    Attributes
    ----------
    number : int
        1-based, as people count.
    start_ticks, length_ticks : int
        Where it begins and how long it is. A meter change inside a bar cuts it short.
    numerator, denominator : int
        Its meter.
    """

    number: int
    start_ticks: int
    length_ticks: int
    numerator: int
    denominator: int

    @property
    def end_ticks(self) -> int:
        """The tick of the next bar line."""
        return self.start_ticks + self.length_ticks


def bar_lines(ppq: int, meters: Sequence[tuple[int, int, int]], end_ticks: int) -> tuple[Bar, ...]:
    """Lay bars over a span of time.

    Parameters
    ----------
    ppq : int
        Ticks per quarter note, at least 1.
    meters : sequence of (int, int, int)
        Tick, numerator and denominator from there on. 4/4 rules where none does. A meter that repeats the one that
        rules already changes nothing, wherever it stands; any other begins a new bar.
    end_ticks : int
        The bars reach at least to this tick; the last one is whole.

    Returns
    -------
    tuple of Bar
        At least one.

    Raises
    ------
    InputError
        If there would be more than `MAX_BARS`.
    """
    bars: list[Bar] = []
    sections = list(_sections(meters))
    for place, (start, numerator, denominator) in enumerate(sections):
        change = sections[place + 1][0] if place + 1 < len(sections) else None
        stop = max(end_ticks, start + 1) if change is None else min(max(end_ticks, start + 1), change)
        bars += _section_bars(ppq, start, stop, numerator, denominator, len(bars))
        if change is not None:
            bars[-1] = bars[-1]._replace(length_ticks=min(bars[-1].length_ticks, change - bars[-1].start_ticks))
        if bars[-1].end_ticks >= end_ticks:
            break
    return tuple(bars)


def score_bars(score: Score) -> tuple[Bar, ...]:
    """Lay bars over a score, up to its last tick.

    A last bar that only the release of the last note reaches into, by less than a quarter note and with no onset in it,
    is not counted: a loop of two bars whose last note is let go a little late has two bars.

    Parameters
    ----------
    score : Score
        The score.

    Returns
    -------
    tuple of Bar
        At least one.

    Raises
    ------
    InputError
        If there would be more than `MAX_BARS`.
    """
    bars = bar_lines(score.ppq, score.meters, score.end_ticks)
    last = bars[-1].start_ticks
    if len(bars) == 1 or score.end_ticks >= last + score.ppq or (score.notes and score.notes[-1].onset_ticks >= last):
        return bars
    released = max((note.end_ticks for note in score.notes if note.off_index >= 0), default=-1)
    return bars[:-1] if released == score.end_ticks else bars


def _sections(meters: Sequence[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """Yield the meters that change something, the first at tick 0."""
    by_tick = {0: (4, 4)} | {max(tick, 0): (numerator, denominator) for tick, numerator, denominator in sorted(meters)}
    ruling = None
    for tick, meter in sorted(by_tick.items()):
        if meter != ruling:
            yield tick, *meter
        ruling = meter


def _section_bars(ppq: int, start: int, stop: int, numerator: int, denominator: int, before: int) -> Iterator[Bar]:
    """Yield bars of one meter from `start` until one reaches `stop`; lines between ticks are rounded half up."""
    quarters = 4 * numerator * ppq  # over denominator: the exact length of a bar in ticks
    count = -(-(stop - start) * denominator // quarters)
    if before + count > MAX_BARS:
        raise InputError(
            f"a file of at most {MAX_BARS} bars was wanted, but {before + count} bars of {numerator}/{denominator} at"
            f" {ppq} ticks per quarter note would be needed to reach tick {stop}"
        )
    lines = [start + (2 * k * quarters + denominator) // (2 * denominator) for k in range(count + 1)]
    for k, (left, right) in enumerate(itertools.pairwise(lines)):
        yield Bar(before + k + 1, left, right - left, numerator, denominator)

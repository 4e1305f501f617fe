"""Swing: how late the second note of a pair comes, measured and set."""

import math
from collections.abc import Sequence
from types import MappingProxyType
from typing import NamedTuple

from sparseq.errors import InputError
from sparseq.music.encode import steps_of
from sparseq.music.grid import GridBar, Hit
from sparseq.music.groove import Cell, Played, bar_starts
from sparseq.music.score import Note
from sparseq.music.units import PPQ

LEAST_SWING, MOST_SWING = 50.0, 75.0

# What swings at so many steps per quarter note: sixteenths where there are any, else eighths; ticks of a pair of them.
_PAIR_TICKS = MappingProxyType(
    {2: PPQ, 3: PPQ, 4: PPQ // 2, 6: PPQ // 2, 8: PPQ // 2, 12: PPQ // 2, 16: PPQ // 2, 24: PPQ // 2}
)
_OFF_FROM, _OFF_BELOW = 0.5, 0.75  # where in its pair a second note's step lies: 1/2 straight, 2/3 in triplets


class Swing(NamedTuple):
    """Where the second note of a pair stands in it, in percent (50 is straight, 66.7 a triplet), and of how many."""

    percent: float
    n_notes: int


def measure_swing(grid: Played) -> Swing | None:
    """Return how much a grid swings: sixteenths at 4, 6, 8 or 12 steps per beat, eighths at 2 or 3.

    Parameters
    ----------
    grid : DrumGrid, VoiceGrid or PartGrid
        What is played.

    Returns
    -------
    Swing or None
        None where no second note of a pair is played, or the steps per beat know no swing.
    """
    pair = _PAIR_TICKS.get(grid.steps_per_beat)
    if pair is None:
        return None
    starts = bar_starts(grid.bars)
    places = [
        place + hit.offset_ticks
        for (step, _), cell in grid.hits.items()
        if (place := _second_in_pair(step, starts, grid.steps_per_beat, pair)) is not None
        for hit in cell
    ]
    return Swing(100 * sum(places) / (len(places) * pair), len(places)) if places else None


def swing_of_notes(notes: Sequence[Note], ppq: int, bars: tuple[GridBar, ...], steps_per_beat: int = 4) -> Swing | None:
    """Return how much notes swing, as `measure_swing` does for a grid; exact at any resolution.

    Parameters
    ----------
    notes : sequence of Note
        The notes.
    ppq : int
        Their resolution.
    bars : tuple of GridBar
        The bars that they lie in.
    steps_per_beat : int
        Steps per quarter note.
    """
    pair = _PAIR_TICKS.get(steps_per_beat)
    if pair is None:
        return None
    starts = bar_starts(bars)
    shares = []
    for note, step in zip(notes, steps_of(notes, ppq, steps_per_beat).tolist(), strict=True):
        place = _second_in_pair(step, starts, steps_per_beat, pair)
        if place is not None:
            offset = (note.onset_ticks * steps_per_beat - step * ppq) * PPQ / (ppq * steps_per_beat)
            shares.append((place + offset) / pair)
    return Swing(100 * sum(shares) / len(shares), len(shares)) if shares else None


def apply_swing(grid: Played, percent: float) -> dict[Cell, tuple[Hit, ...]]:
    """Return the hits with the second notes of all pairs moved together, so that on average they swing as asked.

    What the player does around the average stays, made smaller where a note would leave its step's cell and be taken
    for another; scale it with `scale_feel` first to have every note exactly there. Notes between the two of a pair move
    in proportion and may come to lie in the next step's cell.

    Parameters
    ----------
    grid : DrumGrid, VoiceGrid or PartGrid
        What is played.
    percent : float
        50 (straight) to 75.

    Returns
    -------
    dict of (int, int) to tuple of Hit
        The hits. `measure_swing` of them gives `percent`, to half a tick.

    Raises
    ------
    InputError
        If the percentage is out of range, or the steps per beat know no swing.
    """
    check_swing(percent, grid.steps_per_beat)
    pair = _PAIR_TICKS[grid.steps_per_beat]
    now = measure_swing(grid)
    if now is None:
        return dict(grid.hits)
    return _moved(grid, pair, now.percent, percent)


def check_swing(percent: float, steps_per_beat: int) -> None:
    """Raise InputError for a percentage out of range, or steps per beat that know no swing."""
    if not LEAST_SWING <= percent <= MOST_SWING:
        raise InputError(
            f"a swing from {LEAST_SWING:g} to {MOST_SWING:g} percent was wanted, but {percent:g} was given"
        )
    if steps_per_beat not in _PAIR_TICKS:
        known = ", ".join(map(str, _PAIR_TICKS))
        raise InputError(f"swing needs {known} steps per quarter note, but there are {steps_per_beat}")


def _moved(grid: Played, pair: int, now: float, percent: float) -> dict[Cell, tuple[Hit, ...]]:
    """Return the hits with second notes shifted, all else in proportion, each in the cell that it comes to lie in."""
    starts, step_ticks = bar_starts(grid.bars), PPQ // grid.steps_per_beat
    kept = _kept_feel(grid, pair, now, percent)
    found: dict[Cell, list[Hit]] = {}
    for (step, lane), cell in sorted(grid.hits.items()):
        place = _place_in_pair(step, starts, grid.steps_per_beat, pair)
        for hit in cell:
            if _OFF_FROM <= place / pair < _OFF_BELOW:
                offset = pair * percent / 100 + kept * (place + hit.offset_ticks - pair * now / 100) - place
            else:
                offset = hit.offset_ticks + pair * (percent - now) / 100 * _share(place / pair)
            tick = step * step_ticks + math.floor(offset + 0.5)
            home = max((2 * tick + step_ticks) // (2 * step_ticks), 0)
            moved = hit._replace(offset_ticks=tick - home * step_ticks)
            found.setdefault((home, lane), []).append(moved)
    return {cell: tuple(sorted(hits, key=_offset)) for cell, hits in sorted(found.items())}


def _kept_feel(grid: Played, pair: int, now: float, percent: float) -> float:
    """Return how much of what second notes do around their average can stay, 0 to 1, so that each keeps its step."""
    starts, half = bar_starts(grid.bars), PPQ / (2 * grid.steps_per_beat)
    kept = 1.0
    for (step, _), cell in grid.hits.items():
        place = _second_in_pair(step, starts, grid.steps_per_beat, pair)
        for hit in cell if place is not None else ():
            assert place is not None, "said above"
            target, apart = pair * percent / 100 - place, place + hit.offset_ticks - pair * now / 100
            room = half - 1 - target if apart > 0 else half + target
            if apart:
                kept = min(kept, max(room, 0) / abs(apart))
    return kept


def _share(place: float) -> float:
    """Return how much of the shift a place in the pair gets: none where the pair begins, all on its second note."""
    return 2 * min(place, 1 - place)


def _offset(hit: Hit) -> int:
    return hit.offset_ticks


def _place_in_pair(step: int, starts: Sequence[int], steps_per_beat: int, pair: int) -> int:
    """Return the ticks from the start of its pair to a step; pairs are counted from the bar line."""
    return (step - starts[step]) * PPQ // steps_per_beat % pair


def _second_in_pair(step: int, starts: Sequence[int], steps_per_beat: int, pair: int) -> int | None:
    """Return the place of a step that is the second of its pair; None for all other steps."""
    place = _place_in_pair(step, starts, steps_per_beat, pair)
    return place if _OFF_FROM <= place / pair < _OFF_BELOW else None

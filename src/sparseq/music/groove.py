"""Groove: how far behind its step and how hard each note is played - scaled, taken from a loop, put on another.

All of it works on hits, so it reaches what is played and what is exported alike, and changes no token. Each function
returns the hits of a grid anew; the grid stays as it is.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

import numpy as np

from sparseq.errors import InputError
from sparseq.music.grid import GridBar, Hit
from sparseq.music.units import PPQ

MOST_FEEL = 2.0
HUMAN_TICKS, HUMAN_VELOCITY = 24, 14  # how far "humanize 1" strays at most: 12 ms at 120 bpm, a shade of loudness

Cell = tuple[int, int]
Hits = Mapping[Cell, tuple[Hit, ...]]


class Played(Protocol):
    """What has a groove: a `DrumGrid`, a `VoiceGrid` or a `PartGrid`."""

    @property
    def hits(self) -> Hits:
        """The hits by cell (step, lane)."""

    @property
    def steps_per_beat(self) -> int:
        """Steps per quarter note."""

    @property
    def bars(self) -> tuple[GridBar, ...]:
        """The bars, in steps."""


class GrooveTemplate(NamedTuple):
    """A groove, by ticks in the bar at `units.PPQ`.

    Attributes
    ----------
    bar_ticks : int
        Length of the bar.
    offsets : mapping of int to int
        How far behind its step what is played there sounds, on average.
    accents : mapping of int to float
        How loud it is beside the average of its lane: 1 is as loud.
    """

    bar_ticks: int
    offsets: Mapping[int, int]
    accents: Mapping[int, float]


def scale_feel(grid: Played, feel: float, levels: Mapping[int, float] | None = None) -> dict[Cell, tuple[Hit, ...]]:
    """Return the hits with more or less of what the player did.

    Parameters
    ----------
    grid : DrumGrid, VoiceGrid or PartGrid
        What is played.
    feel : float
        0 puts every note on its step, as loud as its lane is on average; 1 leaves all as it is; up to 2 overdoes it.
    levels : mapping of int to float, optional
        Average velocity of each lane, as `lane_levels` returns it; that of the grid itself otherwise.

    Returns
    -------
    dict of (int, int) to tuple of Hit
        The hits, each in its cell.

    Raises
    ------
    InputError
        If `feel` is out of range.
    """
    if not 0 <= feel <= MOST_FEEL:
        raise InputError(f"a feel from 0 to {MOST_FEEL:g} was wanted, but {feel:g} was given")
    if feel == 1:
        return dict(grid.hits)
    known = lane_levels([grid]) | dict(levels or {})
    out = {}
    for (step, lane), cell in grid.hits.items():
        level = known[lane]
        out[step, lane] = tuple(
            hit._replace(
                offset_ticks=_in_cell(hit.offset_ticks * feel, grid.steps_per_beat),
                velocity=_velocity(level + (hit.velocity - level) * feel),
            )
            for hit in cell
        )
    return out


def lane_levels(grids: Iterable[Played]) -> dict[int, float]:
    """Return the average velocity of each lane over some grids with the same lanes, by lane index."""
    velocities: dict[int, list[int]] = defaultdict(list)
    for grid in grids:
        for (_, lane), cell in grid.hits.items():
            velocities[lane] += [hit.velocity for hit in cell]
    return {lane: sum(found) / len(found) for lane, found in velocities.items()}


def take_template(grid: Played) -> GrooveTemplate:
    """Take the groove of a loop: timing and accents for each step of the bar, over all its bars and lanes.

    Parameters
    ----------
    grid : DrumGrid, VoiceGrid or PartGrid
        The loop.

    Returns
    -------
    GrooveTemplate
        The groove of its most usual bar length; steps that nothing is played on are left out.

    Raises
    ------
    InputError
        If the loop holds no notes.
    """
    lengths = [bar.length_steps for bar in grid.bars]
    usual = max(sorted(set(lengths)), key=lengths.count, default=0)
    in_bar = {bar.start_step + phase: phase for bar in grid.bars if bar.length_steps == usual for phase in range(usual)}
    levels = lane_levels([grid])
    offsets: dict[int, list[int]] = defaultdict(list)
    accents: dict[int, list[float]] = defaultdict(list)
    for (step, lane), cell in grid.hits.items():
        if step in in_bar:
            tick = _ticks(in_bar[step], grid.steps_per_beat)
            offsets[tick] += [hit.offset_ticks for hit in cell]
            accents[tick] += [hit.velocity / levels[lane] for hit in cell]
    if not offsets:
        raise InputError("a loop with notes was wanted to take the groove from, but this one holds none")
    return GrooveTemplate(
        _ticks(usual, grid.steps_per_beat),
        {tick: round(sum(found) / len(found)) for tick, found in sorted(offsets.items())},
        {tick: sum(found) / len(found) for tick, found in sorted(accents.items())},
    )


def apply_template(grid: Played, template: GrooveTemplate, amount: float = 1.0) -> dict[Cell, tuple[Hit, ...]]:
    """Return the hits in the groove of another loop.

    Parameters
    ----------
    grid : DrumGrid, VoiceGrid or PartGrid
        What is played.
    template : GrooveTemplate
        The groove; it begins anew with each bar, and goes round in longer ones. Where it says nothing, hits stay.
    amount : float
        0 (nothing changes) to 1 (timing and accents of the template only).

    Returns
    -------
    dict of (int, int) to tuple of Hit
        The hits, each in its cell.

    Raises
    ------
    InputError
        If the amount is out of range.
    """
    if not 0 <= amount <= 1:
        raise InputError(f"an amount of groove from 0 to 1 was wanted, but {amount:g} was given")
    starts, levels = bar_starts(grid.bars), lane_levels([grid])
    out = {}
    for (step, lane), cell in grid.hits.items():
        tick = _ticks(step - starts[step], grid.steps_per_beat) % template.bar_ticks
        offset, accent = template.offsets.get(tick), template.accents.get(tick)
        if offset is None or accent is None:
            out[step, lane] = cell
            continue
        out[step, lane] = tuple(
            hit._replace(
                offset_ticks=_in_cell(hit.offset_ticks * (1 - amount) + offset * amount, grid.steps_per_beat),
                velocity=_velocity(hit.velocity * (1 - amount) + levels[lane] * accent * amount),
            )
            for hit in cell
        )
    return out


def humanize(grid: Played, amount: float, random: np.random.Generator) -> dict[Cell, tuple[Hit, ...]]:
    """Return the hits a little off, as hands are: each by a number of its own, small ones more often.

    Parameters
    ----------
    grid : DrumGrid, VoiceGrid or PartGrid
        What is played.
    amount : float
        0 (nothing changes) to 1 (up to `HUMAN_TICKS` and `HUMAN_VELOCITY` off).
    random : numpy Generator
        Where the numbers come from; whole numbers are drawn, so that they are the same on every machine.

    Returns
    -------
    dict of (int, int) to tuple of Hit
        The hits, each in its cell.

    Raises
    ------
    InputError
        If the amount is out of range.
    """
    if not 0 <= amount <= 1:
        raise InputError(f"a humanize amount from 0 to 1 was wanted, but {amount:g} was given")
    out = {}
    for cell in sorted(grid.hits):
        hits = []
        for hit in grid.hits[cell]:
            early, late, soft, loud = random.integers(0, 1000, 4, endpoint=True).tolist()
            hits.append(
                hit._replace(
                    offset_ticks=_in_cell(
                        hit.offset_ticks + amount * HUMAN_TICKS * (late - early) / 1000, grid.steps_per_beat
                    ),
                    velocity=_velocity(hit.velocity + amount * HUMAN_VELOCITY * (loud - soft) / 1000),
                )
            )
        out[cell] = tuple(hits)
    return out


def bar_starts(bars: Iterable[GridBar]) -> list[int]:
    """Return for each step the first step of its bar."""
    return [bar.start_step for bar in bars for _ in range(bar.length_steps)]


def _ticks(steps: int, steps_per_beat: int) -> int:
    return steps * PPQ // steps_per_beat


def _in_cell(offset_ticks: float, steps_per_beat: int) -> int:
    """Return an offset as whole ticks, half up, but always within its cell."""
    reach = PPQ // (2 * steps_per_beat)
    highest = reach - (PPQ % (2 * steps_per_beat) == 0)
    return max(-reach, min(highest, math.floor(offset_ticks + 0.5)))


def _velocity(velocity: float) -> int:
    return max(1, min(127, math.floor(velocity + 0.5)))

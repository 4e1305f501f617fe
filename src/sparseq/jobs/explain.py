"""Explain: for each filled bar, whose bars it leaned on, how long it copies, and how likely it is."""

from collections import Counter
from dataclasses import asdict, dataclass

import numpy as np

from sparseq.engine.provenance import OWN, Source, leaned_on, longest_copied_run
from sparseq.jobs.fill import Filler, Filling

MOST_SOURCES = 5
"""So many are named for each bar, those with most weight."""


@dataclass(frozen=True, slots=True)
class Leaning:
    """A bar that was leaned on: its loop ("" for the file itself), its number, and the share of cells, 0 to 1."""

    loop: str
    bar: int
    weight: float


@dataclass(frozen=True, slots=True)
class BarReport:
    """Where one filled bar comes from.

    Attributes
    ----------
    bar : int
        Its number.
    sources : tuple of Leaning
        The bars it leaned on most, the heaviest first.
    longest_copy_steps : int
        Longest run of steps, over all lanes, that stands so in a loop or elsewhere in the file.
    copied_from : Leaning or None
        Where that run begins; its weight is the run's share of the bar.
    log_likelihood : float
        Mean natural logarithm of each filled cell's probability, given all others.
    """

    bar: int
    sources: tuple[Leaning, ...]
    longest_copy_steps: int
    copied_from: Leaning | None
    log_likelihood: float

    def as_dict(self) -> dict[str, object]:
        """Return the same for JSON."""
        return asdict(self)


def explain(filler: Filler, filling: Filling) -> list[BarReport]:
    """Return one report for each filled bar."""
    return [_bar_report(filler, filling, number) for number in filler.hole.bars]


def _bar_report(filler: Filler, filling: Filling, number: int) -> BarReport:
    bar = filler.hole.grid.bars[number - 1]
    mask = np.zeros_like(filler.mask_tl)
    mask[bar.start_step : bar.stop_step] = filler.mask_tl[bar.start_step : bar.stop_step]
    n_lanes = len(filler.hole.grid.lanes)
    run = longest_copied_run(
        filling.grid.cells_tl[:, :n_lanes],
        range(bar.start_step, bar.stop_step),
        [grid.tokens_tl for grid in filler.grids],
    )
    copied = _leaning(filler, run.source, run.length / bar.length_steps) if run.length else None
    return BarReport(
        number,
        _sources(filler, leaned_on(filling.grid, mask, filler.memory)),
        run.length,
        copied,
        float(filling.logp_tl[mask].mean()),
    )


def _sources(filler: Filler, tally: Counter[Source]) -> tuple[Leaning, ...]:
    bars: Counter[tuple[str, int]] = Counter()
    for source, count in tally.items():
        leaning = _leaning(filler, source, 0.0)
        bars[leaning.loop, leaning.bar] += count
    total = max(sum(bars.values()), 1)
    ranked = sorted(bars.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Leaning(loop, bar, count / total) for (loop, bar), count in ranked[:MOST_SOURCES])


def _leaning(filler: Filler, source: Source, weight: float) -> Leaning:
    own = source.example == OWN
    grid = filler.hole.grid if own else filler.grids[source.example]
    return Leaning("" if own else filler.examples[source.example].name, int(grid.bars_t[source.step]) + 1, weight)

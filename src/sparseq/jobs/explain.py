"""Explain: for each filled bar, whose bars it leaned on, how long it copies, and how likely it is."""

from collections import Counter
from dataclasses import asdict, dataclass, replace

import numpy as np

from sparseq.engine.provenance import OWN, Source, leaned_on, longest_copied_run
from sparseq.jobs.filling import Filling
from sparseq.jobs.section import Section
from sparseq.jobs.song import SongFiller, SongFilling

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
    parts : tuple of str
        The parts that it is about.
    """

    bar: int
    sources: tuple[Leaning, ...]
    longest_copy_steps: int
    copied_from: Leaning | None
    log_likelihood: float
    parts: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return the same for JSON."""
        return asdict(self)


def explain_song(filler: SongFiller, filling: SongFilling) -> list[BarReport]:
    """Return one report for each filled bar of the drums, then of the pitched parts."""
    reports: list[BarReport] = []
    for section, found in zip(filler.sections, filling.fillings, strict=True):
        reports += [replace(report, parts=section.part_names) for report in explain(section, found)]
    return sorted(reports, key=lambda report: report.bar)


def explain(section: Section, filling: Filling) -> list[BarReport]:
    """Return one report for each filled bar."""
    return [_bar_report(section, filling, number) for number in section.hole_bars]


def _bar_report(section: Section, filling: Filling, number: int) -> BarReport:
    bar = section.bars[number - 1]
    steps = slice(bar.start_step, bar.stop_step)
    decided = np.zeros_like(section.mask_tl)
    decided[steps] = section.decided_tl(filling.grid)[steps]
    run = longest_copied_run(
        section.columns(filling.grid), range(bar.start_step, bar.stop_step), section.example_columns
    )
    copied = _leaning(section, run.source, run.length / bar.length_steps) if run.length else None
    return BarReport(
        number,
        _sources(section, leaned_on(filling.grid, decided, section.memory)),
        run.length,
        copied,
        float(filling.logp_tl[decided].mean()),
    )


def _sources(section: Section, tally: Counter[Source]) -> tuple[Leaning, ...]:
    bars: Counter[tuple[str, int]] = Counter()
    for source, count in tally.items():
        leaning = _leaning(section, source, 0.0)
        bars[leaning.loop, leaning.bar] += count
    total = max(sum(bars.values()), 1)
    ranked = sorted(bars.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Leaning(loop, bar, count / total) for (loop, bar), count in ranked[:MOST_SOURCES])


def _leaning(section: Section, source: Source, weight: float) -> Leaning:
    if source.example == OWN:
        number = next(bar.number for bar in section.bars if source.step < bar.stop_step)
        return Leaning("", number, weight)
    return Leaning(*section.example_place(source.example, source.step), weight)

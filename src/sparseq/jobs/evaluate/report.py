"""What a run of `evaluate` found: one set of figures for every method, in the form that machines read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sparseq.jobs.evaluate.figures import Figures
from sparseq.jobs.evaluate.intervals import Interval

DIGITS = 5


@dataclass(frozen=True, slots=True)
class Score:
    """One method.

    Attributes
    ----------
    nats : float
        Nats a step (stream), a masked cell (fill) or a frame (chorales); fewer are better.
    nats_95 : Interval
        Its interval over pieces.
    f1 : float or None
        Of the onsets it puts down, pooled over the pieces; None where onsets are not asked for.
    f1_95 : Interval or None
        Its interval over pieces.
    figures : Figures or None
        What it wrote is like; None for a method that writes nothing by itself.
    """

    nats: float
    nats_95: Interval
    f1: float | None = None
    f1_95: Interval | None = None
    figures: Figures | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the figures that there are, rounded."""
        out: dict[str, Any] = {"nats": self.nats, "nats_95": list(self.nats_95)}
        if self.f1 is not None and self.f1_95 is not None:
            out |= {"f1": self.f1, "f1_95": list(self.f1_95)}
        rounded: dict[str, Any] = _rounded(out | (self.figures._asdict() if self.figures else {}))
        return rounded


@dataclass(frozen=True, slots=True)
class Lead:
    """Ours against the best rival, on the same pieces.

    Attributes
    ----------
    rival : str
        The baseline that is best in this figure.
    by : float
        Share by which our nats lie below the rival's, or onset F1 above it.
    interval : Interval
        95 % over pieces, drawn for both alike.
    """

    rival: str
    by: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One run.

    Attributes
    ----------
    task : str
        "stream" or "fill".
    unit : str
        What nats are counted by: "step", "cell" or "frame".
    ours : Score
        Ours.
    baselines : mapping of str to Score
        Every rival.
    leads : mapping of str to Lead
        By "nats" and, where onsets are asked for, "f1".
    library : Figures or None
        The library's own bars, for comparison.
    pieces, cells : int
        How many were asked about.
    skipped : int
        Loops and pieces left out.
    seconds : float
        How long it took.
    facts : mapping
        What the run was: paths, split, protocol, seed, sizes.
    """

    task: str
    unit: str
    ours: Score
    baselines: Mapping[str, Score]
    leads: Mapping[str, Lead]
    library: Figures | None
    pieces: int
    cells: int
    skipped: int
    seconds: float
    facts: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the run for machines."""
        ours = self.ours.as_json()
        if self.unit == "frame":
            ours["framewise_nll"] = ours["nats"]
        return {
            **self.facts,
            "task": self.task,
            "unit": self.unit,
            "ours": ours,
            "baselines": {name: score.as_json() for name, score in self.baselines.items()},
            "leads": {
                name: {"rival": lead.rival, "by": round(lead.by, DIGITS), "by_95": _rounded(list(lead.interval))}
                for name, lead in self.leads.items()
            },
            "library_figures": _rounded(self.library._asdict()) if self.library else {},
            "pieces": self.pieces,
            "cells": self.cells,
            "skipped": self.skipped,
            "seconds": round(self.seconds, 1),
        }

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
        """Return headers and rows for people: ours first, then the rivals, best first."""
        rivals = sorted(self.baselines.items(), key=lambda item: item[1].nats)
        headers = ["", f"nats a {self.unit}", "95 %", "onset F1", "95 %", "onsets a bar", "in range"]
        headers += ["phase KL", "alike", "turnaround", "overlap", "copied run", "copied bars"]
        rows = [_row(name, score) for name, score in [("sparseq", self.ours), *rivals]]
        if self.library is None:
            return headers[:5], [row[:5] for row in rows]  # nothing was written that could be looked at
        return headers, [*rows, ["the library", *[""] * 4, *_looks(self.library)]]


def _row(name: str, score: Score) -> Sequence[str]:
    cells = [name.replace("_", " "), f"{score.nats:.4f}", _span(score.nats_95)]
    cells += [f"{score.f1:.3f}", _span(score.f1_95)] if score.f1 is not None and score.f1_95 else ["", ""]
    return [*cells, *(_looks(score.figures) if score.figures else [""] * 8)]


def _looks(figures: Figures) -> list[str]:
    likeness = [f"{figures.groove_consistency:.3f}", f"{figures.turnaround:.3f}", f"{figures.histogram_overlap:.2f}"]
    copies = [f"{figures.longest_copy_bars:.1f} bars", f"{figures.copied_bars:.0%}"]
    return [f"{figures.density:.1f}", f"{figures.density_in_range:.0%}", f"{figures.phase_kl:.3f}", *likeness, *copies]


def _span(interval: Interval) -> str:
    return f"{interval.low:.3f}-{interval.high:.3f}"


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return round(value, DIGITS) if isinstance(value, float) else value

"""What a run found, and the ratios that are drawn from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sparseq.jobs.bench.attention import PATTERNS
from sparseq.jobs.bench.growth import EPSILON, USUAL, Growth
from sparseq.jobs.bench.sizes import Sizes
from sparseq.jobs.bench.timing import Timing, Timings

DIGITS = 3
"""Digits after the point of microseconds and ratios: finer than the clock, so that quotients hold."""


@dataclass(frozen=True, slots=True)
class Report:
    """One run.

    Attributes
    ----------
    sizes : Sizes
        How much was measured.
    timings : mapping of str to Timing
        All parts but the growth.
    growth : sequence of Growth
        By rising size; ratios are taken at the usual sharpness.
    machine : mapping
        What it ran on.
    """

    sizes: Sizes
    timings: Timings
    growth: Sequence[Growth]
    machine: Mapping[str, Any]

    def all_timings(self) -> dict[str, Timing]:
        """Return every figure by its name."""
        grown = {f"{how}_decode_{label(g)}_us": getattr(g, how) for g in self.growth for how in ("sparse", "scan")}
        return {**self.timings, **grown}

    def quotients(self) -> dict[str, tuple[str, str]]:
        """Return which two figures each ratio is of."""
        longest, few, many = self.sizes.attention_tokens[-1], self.sizes.coding_tokens[0], self.sizes.coding_tokens[-1]
        coded = {
            f"{way}_{name}": (f"vector_{way}_{name}_{n}_us", f"slots_{way}_{name}_{n}_us")
            for name, n in (("drums", few), ("mario", many))
            for way in ("stream", "fill")
        }
        smallest, largest = (f"sparse_decode_{power(self.sizes.growth_rows[end])}_us" for end in (0, -1))
        return {
            **coded,
            **{
                f"dense_over_{p.name.replace('sparse', 'sparse_2048')}": (
                    f"{p.dense}_{longest}_us",
                    f"{p.name}_{longest}_us",
                )
                for p in PATTERNS
            },
            "cached_over_full": ("full_forward_us", "cached_us"),
            "decode_1e7_over_1e4": (largest, smallest),
        }

    def ratios(self) -> dict[str, float]:
        """Return every ratio, from the medians of this run."""
        timings = self.all_timings()
        return {name: timings[a].median_us / timings[b].median_us for name, (a, b) in self.quotients().items()}

    def as_json(self) -> dict[str, Any]:
        """Return the run for machines."""
        timings = self.all_timings()
        return {
            "ratios": {name: round(ratio, DIGITS) for name, ratio in self.ratios().items()},
            "microseconds": {name: round(timing.median_us, DIGITS) for name, timing in timings.items()},
            "noise": {name: _noise_us(timing) for name, timing in timings.items()},
            "bytes_per_row": round(self.growth[-1].bytes_per_row, 1),
            "growth_rows": self.growth[-1].n_rows,
            "machine": dict(self.machine),
            "certificate": {
                "epsilon": EPSILON,
                "largest_bound": max(growth.largest_bound for growth in self.growth),
                "largest_skipped": max(growth.largest_skipped for growth in self.growth),
                "held": all(growth.held for growth in self.growth),
                "libraries": {label(growth): _certificate(growth) for growth in self.growth},
            },
        }


def _noise_us(timing: Timing) -> float | None:
    """Return the distance between the quartiles; None after one call, which has no spread."""
    return round(timing.iqr_us, DIGITS) if timing.n_calls > 1 else None


def _certificate(growth: Growth) -> dict[str, float | int]:
    return {
        "merged_rows": growth.n_merged,
        "sharpness": growth.sharpness,
        "nats": growth.nats,
        "build_s": round(growth.build_s, DIGITS),
        "rows_touched": growth.rows_touched,
        "largest_bound": growth.largest_bound,
        "largest_skipped": growth.largest_skipped,
        "scans": growth.scan.n_calls,
    }


def label(growth: Growth) -> str:
    """Return "1e7" for a library at the usual sharpness, "1e7_sharpness_8" for one at another."""
    return power(growth.n_rows) + ("" if growth.sharpness == USUAL else f"_sharpness_{growth.sharpness:g}")


def power(n: int) -> str:
    """Return 10000000 as "1e7"; a number that is no power of ten as it is."""
    exponent = len(str(n)) - 1
    return f"1e{exponent}" if n == 10**exponent else str(n)

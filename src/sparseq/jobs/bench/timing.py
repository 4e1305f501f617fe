"""Times of calls that take turns: medians and their spread, free of set-up."""

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from sparseq.jobs.bench.sizes import Sizes

FINE_S = 1e-6


class Case(NamedTuple):
    """One of several ways to be compared.

    Attributes
    ----------
    name : str
        Ends in "_us".
    call : callable
        What is timed; it is given what `prepare` returns.
    prepare : callable
        Set-up for one call, not timed.
    """

    name: str
    call: Callable[[Any], object]
    prepare: Callable[[], Any] = tuple


class Timing(NamedTuple):
    """Microseconds of one call: the median, the distance between the quartiles, and how many calls there were."""

    median_us: float
    iqr_us: float
    n_calls: int

    @classmethod
    def of(cls, times_us: Sequence[float]) -> "Timing":
        """Sum up the times of at least one call."""
        low, median, high = np.percentile(times_us, [25, 50, 75])
        return cls(float(median), float(high - low), len(times_us))


Timings = Mapping[str, Timing]


def measure(cases: Sequence[Case], rounds: int, sizes: Sizes, advance: Callable[[int], None]) -> dict[str, Timing]:
    """Time cases in turn.

    Parameters
    ----------
    cases : sequence of Case
        Of one comparison: whatever disturbs the machine for a while disturbs them all.
    rounds : int, at least 1
        Turns that each case gets. A first call warms up; it counts, as the first turn, only where it is a slow one.
    sizes : Sizes
        How often a fast case is called in one turn.
    advance : callable
        Told 1 after each round.

    Returns
    -------
    dict of str to Timing
        By the name of the case.
    """
    with _no_collector():
        first_us = {case.name: time_us(case) for case in cases}
        calls = {
            name: min(int(sizes.round_s * 1e6 / max(us, 0.001)), sizes.most_calls) for name, us in first_us.items()
        }
        times = {name: [us] if calls[name] == 0 else [] for name, us in first_us.items()}
        for number in range(rounds):
            for case in cases:
                slow = calls[case.name] == 0
                times[case.name] += [time_us(case) for _ in range(int(number > 0) if slow else calls[case.name])]
            advance(1)
    return {name: Timing.of(samples) for name, samples in times.items()}


def time_us(case: Case) -> float:
    """Return the microseconds that one call takes."""
    return timed(case.call, case.prepare())[1]


def timed(call: Callable[[Any], Any], ready: Any) -> tuple[Any, float]:
    """Return what a call returns, and the microseconds that it takes."""
    now_ns = getattr(time, f"{clock()}_ns")
    start_ns = now_ns()
    found = call(ready)
    return found, (now_ns() - start_ns) / 1000


def clock() -> str:
    """Return which of Python's clocks is read.

    The processor time of the whole process, all its threads, where that is fine enough: on a busy machine a long call
    is interrupted and a short one is not, which would bend their ratio. Else the wall clock.
    """
    fine = time.get_clock_info("process_time").resolution <= FINE_S
    return "process_time" if fine else "perf_counter"


@contextmanager
def _no_collector() -> Iterator[None]:
    """Keep the garbage collector from falling into a timed call."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

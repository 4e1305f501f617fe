"""Time is injected: a clock that runs by itself, and a clock that a test owns.

Every due time in this package is in seconds of ``time.perf_counter``. It is the one clock of Python that is both
fine-grained and shared by all processes on each system: ``CLOCK_MONOTONIC`` on Linux, ``mach_absolute_time`` on macOS,
the performance counter on Windows. ``time.monotonic`` is the same on the first two, but ticks only every 15.6 ms on
Windows before Python 3.13.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What the sequencer needs to know about time."""

    @property
    def is_real(self) -> bool:
        """Whether time goes on by itself; if not, everything runs in one thread and at full speed."""

    def now_s(self) -> float:
        """Return the time now, in seconds."""

    def sleep_until(self, due_s: float) -> None:
        """Return when ``due_s`` has come; at once if it is past."""


class MonotonicClock:
    """The clock of this machine; it never jumps and never runs backwards."""

    is_real = True

    def now_s(self) -> float:
        """Return the time now, in seconds of ``time.perf_counter``."""
        return time.perf_counter()

    def sleep_until(self, due_s: float) -> None:
        """Sleep to an absolute deadline, so that a late wake-up never moves the next one."""
        while (left_s := due_s - time.perf_counter()) > 0:
            time.sleep(left_s)


class ManualClock:
    """Time that a test owns: it stands still, except that sleeping jumps to the deadline.

    Parameters
    ----------
    start_s : float
        The time at first, in seconds.
    """

    is_real = False

    def __init__(self, start_s: float = 0.0) -> None:
        self._now_s = start_s

    def now_s(self) -> float:
        """Return the time now, in seconds."""
        return self._now_s

    def sleep_until(self, due_s: float) -> None:
        """Jump to ``due_s``, never backwards."""
        self._now_s = max(self._now_s, due_s)

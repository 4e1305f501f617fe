"""How late events went out: counted in small steps, so that hours of playing take no more room than a minute."""

from __future__ import annotations

from typing import NamedTuple

_STEP_MS = 0.01
_LAST_STEP = 1_000_000  # 10 s: whatever is later than that is only counted


class Lateness(NamedTuple):
    """How late the events of a performance were, in milliseconds after they were due."""

    events: int
    p50_ms: float
    p99_ms: float
    max_ms: float


class LatenessMeter:
    """Collects how late each event was; percentiles are right to 0.01 ms, rounded up."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._max_ms = 0.0

    def add(self, late_s: float) -> None:
        """Count one event that was ``late_s`` seconds late; early ones count as on time."""
        late_ms = max(0.0, late_s * 1e3)
        step = min(int(late_ms / _STEP_MS), _LAST_STEP)
        self._counts[step] = self._counts.get(step, 0) + 1
        self._max_ms = max(self._max_ms, late_ms)

    def summary(self) -> Lateness:
        """Return the figures so far; all zero when nothing was counted."""
        return Lateness(sum(self._counts.values()), self._quantile_ms(0.50), self._quantile_ms(0.99), self._max_ms)

    def _quantile_ms(self, share: float) -> float:
        left = share * sum(self._counts.values())
        for step in sorted(self._counts):
            left -= self._counts[step]
            if left <= 0:
                return min((step + 1) * _STEP_MS, self._max_ms)
        return 0.0

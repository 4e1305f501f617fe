"""Where a master is: what everything that can be followed tells the sequencer."""

from __future__ import annotations

import enum
from typing import NamedTuple, Protocol

from sparseq.realtime.clock import Clock


class SyncState(enum.Enum):
    """How it is with the master, as a person is told."""

    WAITING = "waiting for a clock"
    UNSTARTED = "waiting for start"  # the clock runs, but nobody has said yet where the song is
    STOPPED = "stopped"
    RUNNING = "following"
    MOVING = "moving"  # told to be elsewhere with the next pulse
    LOST = "no clock, holding the tempo"


class Reading(NamedTuple):
    """What a master says: at ``at_s`` the song is ``quarters`` after its start, and goes on at ``bpm``.

    ``epoch`` differs from the last reading's when the song has been started, continued or moved since; that was
    to ``origin_quarters``. Before a song begins ``quarters`` may be less than 0.
    """

    state: SyncState
    epoch: int
    quarters: float
    at_s: float
    bpm: float
    origin_quarters: float = 0.0

    @property
    def is_running(self) -> bool:
        """Whether the song goes on; it does when the clock is lost."""
        return self.state in (SyncState.RUNNING, SyncState.LOST)

    @property
    def words(self) -> str:
        """What a person is told."""
        words: str = self.state.value
        if self.state is SyncState.WAITING:
            return words
        if self.state is SyncState.UNSTARTED:
            return f"runs at {self.bpm:.1f} bpm, {words}"
        return f"{words} at {self.bpm:.1f} bpm"


class Transport(Protocol):
    """A master that can be followed."""

    def reading(self, now_s: float) -> Reading:
        """Return where the master is; never waits."""

    def wait(self, clock: Clock, until_s: float) -> None:
        """Return at ``until_s``, or before if the master has started, stopped or moved."""

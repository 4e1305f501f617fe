"""Where events go: what every output can do, and the two that need no device."""

from __future__ import annotations

from typing import Protocol

from sparseq.realtime.clock import Clock
from sparseq.realtime.lateness import Lateness
from sparseq.realtime.ledger import NoteLedger


class OutputPort(Protocol):
    """Takes events ahead of time and sends each when it is due.

    Due times are in seconds of the clock that the sequencer plays by; for real ports that is ``MonotonicClock``.
    """

    @property
    def name(self) -> str:
        """What a person calls this port."""

    def send(self, data: bytes, due_s: float) -> None:
        """Send one complete MIDI message when ``due_s`` comes, at once if it is past."""

    def flush(self) -> None:
        """Drop what is not due yet."""

    def release(self) -> None:
        """End everything that sounds, now: note-offs, pedals up, all notes off."""

    def lateness(self) -> Lateness | None:
        """Return how late events left this port, or None if it cannot tell."""

    def close(self) -> None:
        """Release what sounds and give the port back; closing twice does no harm."""


class NullPort:
    """Takes everything and sends nothing; time passes as it would with a device."""

    name = "null"

    def send(self, data: bytes, due_s: float) -> None:
        """Take one message."""

    def flush(self) -> None:
        """Drop nothing, for nothing is kept."""

    def release(self) -> None:
        """End nothing, for nothing sounds."""

    def lateness(self) -> None:
        """Return None: nothing leaves this port."""

    def close(self) -> None:
        """Do nothing."""


class RecordingPort:
    """Keeps every message with its due time, in the order in which they were handed over.

    Parameters
    ----------
    clock : Clock, optional
        Tells what is not due yet when the port is flushed, and when a release was sent. Without it every message counts
        as sent, and a release happens at the last due time.

    Attributes
    ----------
    events : list of (float, bytes)
        The due time in seconds and the message.
    is_closed : bool
        Whether ``close`` was called.
    """

    name = "recording"

    def __init__(self, clock: Clock | None = None) -> None:
        self.events: list[tuple[float, bytes]] = []
        self.is_closed = False
        self._clock = clock
        self._released_count = 0  # so many events lie before the last release; what they left on has ended

    def send(self, data: bytes, due_s: float) -> None:
        """Keep one message."""
        self.events.append((due_s, data))

    def flush(self) -> None:
        """Drop what is not due yet."""
        if self._clock is not None:
            now_s, first = self._clock.now_s(), self._released_count
            self.events[first:] = [event for event in self.events[first:] if event[0] <= now_s]

    def release(self) -> None:
        """Keep the messages that end what sounds by now."""
        now_s = max((due_s for due_s, _ in self.events), default=0.0) if self._clock is None else self._clock.now_s()
        ledger = NoteLedger()
        for due_s, data in sorted(self.events[self._released_count :], key=lambda event: event[0]):
            if due_s <= now_s:
                ledger.feed(data)
        self.events += [(now_s, data) for data in ledger.release_messages()]
        self._released_count = len(self.events)

    def lateness(self) -> None:
        """Return None: nothing leaves this port."""

    def close(self) -> None:
        """Release what sounds."""
        if not self.is_closed:
            self.release()
            self.is_closed = True

"""What waits to be sent, in order of due time, and what sounds."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable

from sparseq.realtime.devices import Device
from sparseq.realtime.framing import Frame, Kind
from sparseq.realtime.lateness import Lateness, LatenessMeter
from sparseq.realtime.ledger import NoteLedger

# A MIDI server that stalls for some ms loses what arrives then, a whole release at once: so it is said three times.
ECHOES, ECHO_NS = 2, 20_000_000


class Courier:
    """What waits, in order of due time, and what sounds.

    Parameters
    ----------
    device : Device
        Where due messages go.
    now_ns : callable returning int
        The clock of the due times; what is due by then is sent.
    sent_ns : callable returning int, optional
        When the message that was written last goes out; without it, when it was written.
    """

    def __init__(
        self,
        device: Device,
        now_ns: Callable[[], int] = time.perf_counter_ns,
        sent_ns: Callable[[], int] | None = None,
    ) -> None:
        self._device = device
        self._now_ns = now_ns
        self._sent_ns = sent_ns or now_ns
        self._pending: list[tuple[int, int, bytes]] = []  # due, order of arrival, message
        self._arrivals = 0
        self._ledger = NoteLedger()
        self._meter = LatenessMeter()
        self._echoes: list[tuple[int, tuple[bytes, ...]]] = []  # due, messages of the last release

    @property
    def next_due_ns(self) -> int | None:
        """When there is something to send next, or None if nothing waits."""
        event_ns = [self._pending[0][0]] if self._pending else []
        echo_ns = [self._echoes[0][0]] if self._echoes else []
        return min(event_ns + echo_ns, default=None)

    @property
    def has_echo(self) -> bool:
        """Whether the last release is still to be repeated."""
        return bool(self._echoes)

    def accept(self, frame: Frame) -> Lateness | None:
        """Do what a frame asks for, after what was due before it; returns the figures if it asked for them."""
        if frame.kind is Kind.EVENT:
            self._arrivals += 1
            heapq.heappush(self._pending, (frame.due_ns, self._arrivals, frame.data))
            return None
        self.send_due()
        if frame.kind is Kind.FLUSH:
            self._pending.clear()
        elif frame.kind is Kind.RELEASE:
            self.release()
        return self.lateness() if frame.kind is Kind.REPORT else None

    def send_due(self) -> None:
        """Send everything that is due by now; a new event ends the echoes of a release, for it may be a note."""
        while self._echoes and self._echoes[0][0] <= self._now_ns():
            self.echo()
        while self._pending and self._pending[0][0] <= self._now_ns():
            due_ns, _, data = heapq.heappop(self._pending)
            self._device.write(data, due_ns)
            self._ledger.feed(data)
            self._echoes.clear()
            self._meter.add((self._sent_ns() - due_ns) / 1e9)

    def release(self) -> None:
        """End everything that sounds."""
        if messages := self._ledger.release_messages():
            now_ns = self._now_ns()
            self._echoes = [(now_ns + repeat * ECHO_NS, messages) for repeat in range(ECHOES + 1)]
            self.echo()

    def echo(self) -> None:
        """Say the last release, once more."""
        for data in self._echoes.pop(0)[1]:
            self._device.write(data)

    def lateness(self) -> Lateness:
        """Return how late events went out so far."""
        return self._meter.summary()

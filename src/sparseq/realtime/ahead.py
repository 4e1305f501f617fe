"""Sends through a device that schedules: its own thread reads what the player says, and does what is due.

While that thread waits for the interpreter nothing can be sent, and a busy machine may stop the other thread just when
that one has it. So the other one sleeps.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable

from sparseq.errors import PortError
from sparseq.realtime.courier import Courier
from sparseq.realtime.devices import AheadDevice
from sparseq.realtime.framing import Decoder, Frame, Kind
from sparseq.realtime.lateness import Lateness
from sparseq.realtime.names import PortGone

_PIECE_BYTES = 65536
_NAP_S = 0.02  # so long the player waits for figures
_LOOK_NAPS = 25  # to look whether the port is still there takes a while
_CALLS_S = 2.0  # a device that has not called for so long is dead

Read = Callable[[], bytes | None]  # what has arrived; None if nothing has, b"" at the end


def reader(fd: int) -> Read:
    """Return a function that reads without waiting."""
    os.set_blocking(fd, False)

    def read() -> bytes | None:
        try:
            return os.read(fd, _PIECE_BYTES)
        except BlockingIOError:
            return None

    return read


class Office:
    """What is done in the thread of the device, and what it leaves for the other.

    Parameters
    ----------
    device : AheadDevice
        Where messages go.
    read : callable
        Where frames come from.
    """

    def __init__(self, device: AheadDevice, read: Read) -> None:
        self._courier = Courier(device, device.window_ns, device.sent_ns)
        self._read = read
        self._decoder = Decoder()
        self.calls = 0
        self.figures: deque[Lateness] = deque()  # asked for, not answered yet
        self.failure: PortError | None = None
        self.has_ended = False  # the player has gone

    @property
    def is_silent(self) -> bool:
        """Whether the player has gone and all is released."""
        return self.has_ended and not self._courier.has_echo

    def work(self) -> None:
        """Read, and send what is due; the device calls this for each of its periods."""
        self.calls += 1
        try:
            if not self.has_ended and (piece := self._read()) is not None:
                self._do(self._decoder.feed(piece) if piece else self._last_frames())
            self._courier.send_due()
        except PortError as error:
            self.failure = error

    def _last_frames(self) -> list[Frame]:
        self.has_ended = True
        return [Frame(Kind.FLUSH), Frame(Kind.RELEASE), Frame(Kind.REPORT)]

    def _do(self, frames: list[Frame]) -> None:
        for frame in frames:
            if figures := self._courier.accept(frame):
                self.figures.append(figures)


def run_ahead(
    device: AheadDevice, read: Read, answer: Callable[[Lateness], None], on_start: Callable[[], None] = lambda: None
) -> None:
    """Send until the input ends, then release what sounds.

    Parameters
    ----------
    device : AheadDevice
        Not started yet.
    read : callable
        Where frames come from.
    answer : callable
        Takes figures that were asked for.
    on_start : callable
        Called once the device has its thread.

    Raises
    ------
    PortError
        If the port is lost or the input is broken.
    """
    office, guard = Office(device, read), _Guard(device)
    device.start(office.work)
    on_start()
    while not office.is_silent:
        time.sleep(_NAP_S)
        guard.look(office.calls)
        while office.figures:
            answer(office.figures.popleft())
        if office.failure is not None:
            raise office.failure
    time.sleep(_NAP_S)
    device.close()


class _Guard:
    """Notices that a device has gone or calls no more."""

    def __init__(self, device: AheadDevice) -> None:
        self._device = device
        self._naps = 0
        self._calls = -1
        self._called_s = time.perf_counter()

    def look(self, calls: int) -> None:
        """Look; raises PortGone."""
        self._naps += 1
        now_s = time.perf_counter()
        if calls != self._calls:
            self._calls, self._called_s = calls, now_s
        is_dead = now_s - self._called_s > _CALLS_S
        if is_dead or (not self._naps % _LOOK_NAPS and self._device.is_lost()):
            raise PortGone(f"MIDI port {self._device.name!r} has gone")

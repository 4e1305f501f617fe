"""A small process that owns the MIDI port, sends each event when it is due, and does nothing else.

    python -m sparseq.realtime.sender PORT            a port's name, or "virtual"
    python -m sparseq.realtime.sender --record FD     writes frames of what it sent to an inherited file descriptor

It reads frames from standard input (see `framing`) and answers in lines on standard output: "opened NAME" or
"error CLASS MESSAGE" first, "lateness EVENTS P50 P99 MAX" (ms) when asked and at the end, "error CLASS MESSAGE" if the
port is lost. It outlives its player: whatever ends the player ends its input, and then all that sounds is released.
"""

from __future__ import annotations

import gc
import heapq
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import Protocol

from sparseq.errors import PortError
from sparseq.realtime.framing import Decoder, Frame, Kind, encode
from sparseq.realtime.lateness import Lateness, LatenessMeter
from sparseq.realtime.ledger import NoteLedger
from sparseq.realtime.ports import Device, open_device

_PIECE_BYTES = 65536
# Without this pause some systems close the port before the last messages have left it.
_LINGER_S = 0.02
# A MIDI server that stalls for some ms loses what arrives then, a whole release at once: so it is said three times.
_ECHOES, _ECHO_NS = 2, 20_000_000
# Coarse waits on Windows may end a timer tick (15.6 ms) late; the rest is slept finely.
_COARSE_NS = 20_000_000


class RecordingDevice:
    """Writes each message with the time it was sent, as a frame, to an inherited file descriptor."""

    name = "record"

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def write(self, data: bytes) -> None:
        """Write one message; raises PortError if nobody reads any more."""
        try:
            os.write(self._fd, encode(Frame(Kind.EVENT, time.perf_counter_ns(), data)))
        except BrokenPipeError as error:
            raise PortError(f"recording {self._fd} did not take {data.hex(' ')}: nobody reads it any more") from error

    def close(self) -> None:
        """Close the file descriptor."""
        os.close(self._fd)


class Courier:
    """What waits, in order of due time, and what sounds.

    Parameters
    ----------
    device : Device
        Where due messages go.
    now_ns : callable returning int
        The clock of the due times.
    """

    def __init__(self, device: Device, now_ns: Callable[[], int] = time.perf_counter_ns) -> None:
        self._device = device
        self._now_ns = now_ns
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
            self._device.write(data)
            self._ledger.feed(data)
            self._echoes.clear()
            self._meter.add((self._now_ns() - due_ns) / 1e9)

    def release(self) -> None:
        """End everything that sounds."""
        if messages := self._ledger.release_messages():
            now_ns = self._now_ns()
            self._echoes = [(now_ns + repeat * _ECHO_NS, messages) for repeat in range(_ECHOES + 1)]
            self.echo()

    def echo(self) -> None:
        """Say the last release, once more."""
        for data in self._echoes.pop(0)[1]:
            self._device.write(data)

    def lateness(self) -> Lateness:
        """Return how late events went out so far."""
        return self._meter.summary()


class Inbox(Protocol):
    """Where frames arrive."""

    def wait(self, due_ns: int | None) -> bytes | None:
        """Return what arrives before ``due_ns``, None when that time comes first, b"" at the end of the input."""


class SelectInbox:
    """Waits for input and for time at once; works on pipes everywhere but on Windows."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def wait(self, due_ns: int | None) -> bytes | None:
        """Return what arrives before ``due_ns``; see `Inbox`."""
        left_s = None if due_ns is None else max(0.0, (due_ns - time.perf_counter_ns()) / 1e9)
        ready, _, _ = select.select([self._fd], [], [], left_s)
        return os.read(self._fd, _PIECE_BYTES) if ready else None


class ThreadInbox:
    """Waits for input in a thread of its own, where `select` does not know pipes."""

    def __init__(self, fd: int) -> None:
        import queue

        self._fd = fd
        self._pieces: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._empty = queue.Empty

    def start(self) -> ThreadInbox:
        """Begin to read; returns itself."""
        import threading

        threading.Thread(target=self._read, name="inbox", daemon=True).start()
        return self

    def wait(self, due_ns: int | None) -> bytes | None:
        """Return what arrives before ``due_ns``; see `Inbox`."""
        if due_ns is None:
            return self._pieces.get()
        try:
            left_ns = due_ns - time.perf_counter_ns()
            if left_ns > _COARSE_NS:
                return self._pieces.get(timeout=(left_ns - _COARSE_NS) / 1e9)
            return self._pieces.get_nowait()
        except self._empty:
            self._sleep_finely(due_ns)
            return None

    def _sleep_finely(self, due_ns: int) -> None:
        while (left_ns := due_ns - time.perf_counter_ns()) > 0 and self._pieces.empty():
            time.sleep(min(left_ns, 1_000_000) / 1e9)

    def _read(self) -> None:
        while piece := os.read(self._fd, _PIECE_BYTES):
            self._pieces.put(piece)
        self._pieces.put(b"")


def run(device: Device, inbox: Inbox, answer: Callable[[str], None]) -> None:
    """Send until the input ends, then release what sounds.

    Raises
    ------
    PortError
        If the port is lost or the input is broken.
    """
    courier, decoder = Courier(device), Decoder()
    try:
        while (piece := inbox.wait(courier.next_due_ns)) != b"":
            for frame in decoder.feed(piece or b""):
                if figures := courier.accept(frame):
                    answer(_lateness_line(figures))
            courier.send_due()
    finally:
        _end(courier, device)
    answer(_lateness_line(courier.lateness()))


def _end(courier: Courier, device: Device) -> None:
    try:
        courier.release()
        while courier.has_echo:
            time.sleep(_ECHO_NS / 1e9)
            courier.echo()
        time.sleep(_LINGER_S)
    finally:
        device.close()


def main(arguments: list[str]) -> int:
    """Run the process; returns its exit code."""
    for number in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, number):
            signal.signal(getattr(signal, number), signal.SIG_IGN)
    answer = _answers()
    try:
        device = RecordingDevice(int(arguments[1])) if arguments[0] == "--record" else open_device(arguments[0])
        answer(f"opened {device.name}")
        gc.disable()  # nothing here makes cycles, and a collection would come between "due" and "send"
        run(device, ThreadInbox(0).start() if sys.platform == "win32" else SelectInbox(0), answer)
    except PortError as error:
        answer(f"error {type(error).__name__} {error}")
        return 1
    return 0


def _answers() -> Callable[[str], None]:
    """Keep standard output for answers alone, for MIDI systems print on it too; a dead player hears none of them."""
    fd = os.dup(1)
    os.dup2(2, 1)

    def answer(line: str) -> None:
        try:
            os.write(fd, f"{line}\n".encode())
        except BrokenPipeError:
            return

    return answer


def _lateness_line(figures: Lateness) -> str:
    return f"lateness {figures.events} {figures.p50_ms:.6f} {figures.p99_ms:.6f} {figures.max_ms:.6f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

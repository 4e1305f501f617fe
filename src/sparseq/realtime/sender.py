"""A small process that owns the MIDI port, sends each event when it is due, and does nothing else.

    python -m sparseq.realtime.sender PORT            what `open_device` takes: a port's name, or "virtual"
    python -m sparseq.realtime.sender --record FD     writes frames of what it sent to an inherited file descriptor

It reads frames from standard input (see `framing`) and answers in lines on standard output: "opened NAME" or
"error CLASS MESSAGE" first, "lateness EVENTS P50 P99 MAX" (ms) when asked and at the end, "error CLASS MESSAGE" if the
port is lost. It outlives its player: whatever ends the player ends its input, and then all that sounds is released.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable

from sparseq.errors import PortError
from sparseq.realtime.courier import ECHO_NS, ECHOES, Courier
from sparseq.realtime.framing import Decoder, Frame, Kind, encode
from sparseq.realtime.inboxes import Inbox, SelectInbox, ThreadInbox
from sparseq.realtime.lateness import Lateness
from sparseq.realtime.ports import AheadDevice, Device, PortGone, open_device

# Without this pause some systems close the port before the last messages have left it.
_LINGER_S = 0.02
# So often we look whether the port is still there; that takes up to a millisecond, so only where nothing is due soon.
_LOOK_NS, _ROOM_NS = 500_000_000, 5_000_000
_PRIORITY = 5  # below those that JACK (10) and sound drivers give themselves
# How long a thread may keep the interpreter while JACK waits for another.
_SWITCH_S = 0.0001
_FIGURES_S = 1.0  # a report takes one period; longer means that JACK does not call


class RecordingDevice:
    """Writes each message with the time it was sent, as a frame, to an inherited file descriptor."""

    name = "record"

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def write(self, data: bytes, due_ns: int | None = None) -> None:
        """Write one message; raises PortError if nobody reads any more."""
        try:
            os.write(self._fd, encode(Frame(Kind.EVENT, time.perf_counter_ns(), data)))
        except BrokenPipeError as error:
            raise PortError(f"recording {self._fd} did not take {data.hex(' ')}: nobody reads it any more") from error

    def is_lost(self) -> bool:
        """Return False: that shows when something is written."""
        return False

    def close(self) -> None:
        """Close the file descriptor."""
        os.close(self._fd)


def run(device: Device, inbox: Inbox, answer: Callable[[str], None]) -> None:
    """Send until the input ends, then release what sounds.

    Raises
    ------
    PortError
        If the port is lost or the input is broken.
    """
    courier, decoder, sentry = Courier(device), Decoder(), Sentry(device)
    try:
        while (piece := inbox.wait(sentry.wake_ns(courier.next_due_ns))) != b"":
            for frame in decoder.feed(piece or b""):
                if figures := courier.accept(frame):
                    answer(_lateness_line(figures))
            courier.send_due()
            sentry.look(courier.next_due_ns)
    except PortGone:
        raise  # there is nobody to release anything to, and a dead system's port may not even be closed
    except BaseException:
        _end(courier, device)
        raise
    _end(courier, device)
    answer(_lateness_line(courier.lateness()))


def run_ahead(device: AheadDevice, inbox: Inbox, answer: Callable[[str], None]) -> None:
    """Do as `run` does, for a device that calls us when it has a period to fill; what was read lies ready then."""
    office, decoder = Office(device), Decoder()
    device.start(office.work)
    try:
        while (piece := inbox.wait(time.perf_counter_ns() + _LOOK_NS // 5)) != b"":
            if device.is_lost():
                raise PortGone(f"MIDI port {device.name!r} has gone")
            for figures in office.post(decoder.feed(piece or b"")):
                answer(_lateness_line(figures))
            office.check()
    except PortGone:
        raise
    except BaseException:
        office.close()
        raise
    for figures in office.close():
        answer(_lateness_line(figures))


class Sentry:
    """Looks whether a device is still there, at moments when that delays nothing."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._next_ns = time.perf_counter_ns() + _LOOK_NS

    def wake_ns(self, due_ns: int | None) -> int:
        """Return when to wake up for what is due or for a look."""
        return self._next_ns if due_ns is None else min(due_ns, self._next_ns)

    def look(self, due_ns: int | None) -> None:
        """Look if it is time to and nothing is due soon; raises PortGone if nothing is there."""
        now_ns = time.perf_counter_ns()
        if now_ns < self._next_ns:
            return
        is_quiet = due_ns is None or due_ns - now_ns > _ROOM_NS
        if is_quiet and self._device.is_lost():
            raise PortGone(f"MIDI port {self._device.name!r} has gone")
        self._next_ns = now_ns + (_LOOK_NS if is_quiet else _ROOM_NS)


class Office:
    """Passes frames from the thread that reads to the one that JACK calls, and figures back."""

    def __init__(self, device: AheadDevice) -> None:
        self._device = device
        self._courier = Courier(device, device.window_ns, device.sent_ns)
        self._frames: deque[Frame] = deque()
        self._figures: deque[Lateness] = deque()
        self._failure: PortError | None = None

    def work(self) -> None:
        """Do what was posted and send what is due; JACK's thread calls this."""
        try:
            while self._frames:
                if figures := self._courier.accept(self._frames.popleft()):
                    self._figures.append(figures)
            self._courier.send_due()
        except PortError as error:
            self._failure = error

    def post(self, frames: Iterable[Frame]) -> list[Lateness]:
        """Leave frames for the next period, and return the figures that they ask for."""
        figures = []
        for frame in frames:
            self._frames.append(frame)
            if frame.kind is Kind.REPORT:
                figures.append(self._await_figures())
        return figures

    def _await_figures(self) -> Lateness:
        end_s = time.perf_counter() + _FIGURES_S
        while not self._figures:
            if time.perf_counter() > end_s:
                raise PortGone(f"MIDI port {self._device.name!r} has gone: JACK calls no more")
            time.sleep(0.001)
        return self._figures.popleft()

    def check(self) -> None:
        """Raise what went wrong in JACK's thread."""
        if self._failure is not None:
            raise self._failure

    def close(self) -> list[Lateness]:
        """Release what sounds, give the port back, and return the last figures."""
        try:
            figures = self.post([Frame(Kind.FLUSH), Frame(Kind.RELEASE), Frame(Kind.REPORT)])
            time.sleep((ECHOES + 0.5) * ECHO_NS / 1e9 + _LINGER_S)
            return figures
        finally:
            self._device.close()


def _end(courier: Courier, device: Device) -> None:
    try:
        courier.release()
        while courier.has_echo:
            time.sleep(ECHO_NS / 1e9)
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
        _go(device, ThreadInbox(0).start() if sys.platform == "win32" else SelectInbox(0), answer)
    except PortGone as error:
        answer(f"error {type(error).__name__} {error}")
        os._exit(1)  # what a dead MIDI system left in this process may hang or crash when it is tidied up
    except PortError as error:
        answer(f"error {type(error).__name__} {error}")
        return 1
    return 0


def _hurry() -> None:
    """Go before other processes where that is allowed; we sleep nearly all the time, and so take nothing from them.

    The threads that a MIDI system has are left as it made them: a client of JACK that is faster than its server and the
    listeners overwrites what they have not read yet.
    """
    if hasattr(os, "sched_setscheduler"):
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))


def _go(device: Device, inbox: Inbox, answer: Callable[[str], None]) -> None:
    gc.freeze()
    gc.disable()  # nothing here makes cycles, and a collection would come between "due" and "send"
    if isinstance(device, AheadDevice):
        sys.setswitchinterval(_SWITCH_S)
        run_ahead(device, inbox, answer)
    else:
        _hurry()
        run(device, inbox, answer)


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

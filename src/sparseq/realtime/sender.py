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
from collections.abc import Callable

from sparseq.errors import PortError
from sparseq.realtime.ahead import reader, run_ahead
from sparseq.realtime.courier import ECHO_NS, Courier
from sparseq.realtime.devices import AheadDevice, Device
from sparseq.realtime.framing import Decoder, Frame, Kind, encode
from sparseq.realtime.inboxes import Inbox, SelectInbox, ThreadInbox
from sparseq.realtime.lateness import Lateness
from sparseq.realtime.names import PortGone
from sparseq.realtime.ports import open_device

# Without this pause some systems close the port before the last messages have left it.
_LINGER_S = 0.02
# So often we look whether the port is still there; that takes up to a millisecond, so only where nothing is due soon.
_LOOK_NS, _ROOM_NS = 500_000_000, 5_000_000
_PRIORITY = 5  # below those that JACK (10) and sound drivers give themselves
# How long a thread may keep the interpreter while the device waits for it in another.
_SWITCH_S = 0.0001


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
        _go(device, answer)
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


def _go(device: Device, answer: Callable[[str], None]) -> None:
    gc.freeze()
    gc.disable()  # nothing here makes cycles, and a collection would come between "due" and "send"
    if isinstance(device, AheadDevice):
        sys.setswitchinterval(_SWITCH_S)
        # This thread must not be stopped by others while it holds the interpreter: the device's would wait with it, and
        # who listens would read its last period again. It hurries only now, for what it starts would do the same.
        run_ahead(device, reader(0), lambda figures: answer(_lateness_line(figures)), _hurry)
    else:
        _hurry()
        run(device, ThreadInbox(0).start() if sys.platform == "win32" else SelectInbox(0), answer)


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

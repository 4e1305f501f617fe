"""A small process that owns a MIDI input, notes when each message arrived, and passes it on.

    python -m sparseq.realtime.receiver PORT          what `open_input_device` takes: a port's name, or "virtual"

It writes frames to standard output (see `framing`), each with the time of arrival; a frame of the kind `Kind.REPORT`
says what became of the port: "opened NAME" first, "error CLASS MESSAGE" if it cannot be opened or is lost. It ends when
its standard input does. A player that is stopped for a while misses nothing: what it does not read is kept here.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
import threading
import time
from collections import deque

from sparseq.errors import PortError
from sparseq.realtime.devices import InputDevice
from sparseq.realtime.framing import Frame, Kind, encode
from sparseq.realtime.names import PortGone
from sparseq.realtime.ports import open_input_device

_LOOK_S = 0.5  # so often we look whether the port is still there
_SWITCH_S = 0.0001  # how long a thread may keep the interpreter while a message waits to be noted


class Outbox:
    """Writes frames to a pipe without ever waiting for its reader.

    Parameters
    ----------
    fd : int
        The pipe; it is made non-blocking.
    """

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._waiting: deque[bytes] = deque()
        self._lock = threading.Lock()

    @property
    def is_empty(self) -> bool:
        """Whether all was written."""
        return not self._waiting

    def put(self, frame: Frame) -> None:
        """Write a frame, now or as soon as there is room; any thread may ask."""
        with self._lock:
            self._waiting.append(encode(frame))
        self.push()

    def push(self) -> None:
        """Write what waits, as far as there is room; raises BrokenPipeError if nobody reads any more."""
        with self._lock:
            while self._waiting:
                try:
                    written = os.write(self._fd, self._waiting[0])
                except BlockingIOError:
                    return
                rest = self._waiting.popleft()[written:]
                if rest:
                    self._waiting.appendleft(rest)


def run(device: InputDevice, outbox: Outbox, input_fd: int) -> None:
    """Pass on what arrives until the input ends.

    Raises
    ------
    PortGone
        If the port is lost.
    """
    device.start(lambda at_ns, data: outbox.put(Frame(Kind.EVENT, at_ns, data)))
    while True:
        writable = [] if outbox.is_empty else [1]
        ready, room, _ = select.select([input_fd], writable, [], _LOOK_S)
        if ready and not os.read(input_fd, 4096):
            return
        if room:
            outbox.push()
        if not ready and not room and device.is_lost():
            raise PortGone(f"MIDI port {device.name!r} has gone")


def main(arguments: list[str]) -> None:
    """Run the process."""
    for number in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, number):
            signal.signal(getattr(signal, number), signal.SIG_IGN)
    fd = os.dup(1)
    os.dup2(2, 1)  # MIDI systems print on standard output, too
    outbox = Outbox(fd)
    sys.setswitchinterval(_SWITCH_S)
    try:
        device = open_input_device(arguments[0])
        _say(outbox, f"opened {device.name}")
        gc.freeze()
        run(device, outbox, 0)
        device.close()
    except BrokenPipeError:
        return
    except PortError as error:
        _say(outbox, f"error {type(error).__name__} {error}")
        os.kill(os.getpid(), signal.SIGKILL)  # what a dead MIDI system left here may hang or crash when it is tidied up


def _say(outbox: Outbox, line: str) -> None:
    outbox.put(Frame(Kind.REPORT, time.perf_counter_ns(), line.encode()))


if __name__ == "__main__":
    main(sys.argv[1:])

"""The player's end of the sender process: an output port whose events go down a pipe."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from typing import IO

from sparseq.errors import PortError
from sparseq.realtime.framing import Frame, Kind, encode
from sparseq.realtime.lateness import Lateness
from sparseq.realtime.names import NoMidiSystem, PortGone

_ANSWER_S = 10.0  # a MIDI server that starts on demand may take seconds; longer means that it hangs
_ERRORS = {"NoMidiSystem": NoMidiSystem, "PortGone": PortGone}


class SenderPort:
    """A MIDI port that lives in a process of its own; make one with `start`, or with `begin` and `opened`.

    Due times are in seconds of ``time.perf_counter``, the clock of `MonotonicClock`, which all processes share.
    """

    def __init__(self, process: subprocess.Popen[bytes], complaints: IO[bytes]) -> None:
        assert process.stdin is not None
        self.name = "unopened"
        self._process = process
        self._pipe = process.stdin
        self._complaints = complaints  # what the process prints on stderr; read only if it dies
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()  # ends with "" when the process has
        self._has_gone = False
        self._cause = ""  # the answer that said why
        self._lateness: Lateness | None = None
        self._is_closed = False

    @classmethod
    def start(cls, arguments: Sequence[str], pass_fds: Sequence[int] = ()) -> SenderPort:
        """Start the process and wait until its port is open.

        Parameters
        ----------
        arguments : sequence of str
            What the sender is told on its command line: a port's name, or "virtual".
        pass_fds : sequence of int
            File descriptors that it shall inherit.

        Raises
        ------
        NoMidiSystem
            If no MIDI system answers.
        PortError
            If the port cannot be opened.
        """
        port = cls.begin(arguments, pass_fds)
        port.opened()
        return port

    @classmethod
    def begin(cls, arguments: Sequence[str], pass_fds: Sequence[int] = ()) -> SenderPort:
        """Start the process and do not wait: nothing but `opened` or `close` may follow."""
        complaints = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the port, which closes it
        port = cls(_spawn(arguments, pass_fds, complaints), complaints)
        threading.Thread(target=port._listen, name="sender answers", daemon=True).start()
        return port

    def opened(self) -> None:
        """Wait until the port is open; see `start` for what may be raised."""
        try:
            self.name = self._answer("opened")
        except PortError:
            self.close()
            raise

    def send(self, data: bytes, due_s: float) -> None:
        """Send one message when ``due_s`` comes.

        Raises
        ------
        PortError
            If the port was lost.
        """
        self._write(Frame(Kind.EVENT, round(due_s * 1e9), data))

    def flush(self) -> None:
        """Drop what is not due yet; raises PortError if the port was lost."""
        self._write(Frame(Kind.FLUSH))

    def release(self) -> None:
        """End everything that sounds; raises PortError if the port was lost."""
        self._write(Frame(Kind.RELEASE))

    def lateness(self) -> Lateness:
        """Return how late events went out; raises PortError if the port was lost."""
        if not self._is_closed:
            self._write(Frame(Kind.REPORT))
            self._lateness = _parse_lateness(self._answer("lateness"))
        return self._lateness or Lateness(0, 0.0, 0.0, 0.0)

    def close(self) -> None:
        """End the input of the process, which then releases what sounds and goes."""
        if self._is_closed:
            return
        self._is_closed = True
        with contextlib.suppress(BrokenPipeError):  # the process may have gone already, and with it what sounded
            self._pipe.close()
        try:
            self._process.wait(_ANSWER_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._hear_out()
        self._complaints.close()

    def _hear_out(self) -> None:
        """Keep the figures that the process gave when it ended."""
        while line := self._next_line():
            head, _, rest = line.partition(" ")
            if head == "lateness":
                self._lateness = _parse_lateness(rest)

    def _write(self, frame: Frame) -> None:
        if self._is_closed:
            raise PortError(f"MIDI port {self.name!r} is closed: open it again to send")
        try:
            self._pipe.write(encode(frame))
            self._pipe.flush()
        except BrokenPipeError as error:
            raise self._loss() from error

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._answers.put(line.decode(errors="replace").rstrip("\n"))
        self._answers.put("")

    def _next_line(self) -> str:
        """Return the next answer; "" once the process has gone."""
        if self._has_gone:
            return ""
        try:
            line = self._answers.get(timeout=_ANSWER_S)
        except queue.Empty as error:
            message = f"the MIDI sender gave no answer in {_ANSWER_S:.0f} s: is the MIDI system stuck?"
            raise PortError(message) from error
        self._has_gone = not line
        self._cause = line if line.startswith("error ") else self._cause
        return line

    def _answer(self, word: str) -> str:
        """Return what follows ``word`` in the next answer."""
        head, _, rest = self._next_line().partition(" ")
        if head != word:
            raise self._loss()
        return rest

    def _loss(self) -> PortError:
        """Return the error that says why the process has gone."""
        while not self._cause and self._next_line():
            continue
        if self._cause:
            _, name, message = self._cause.split(" ", 2)
            return _ERRORS.get(name, PortError)(message)
        self._complaints.seek(0)
        last = self._complaints.read().decode(errors="replace").strip().rpartition("\n")[2]
        return PortError(f"MIDI port {self.name!r} was lost: its sender process ended" + (f" ({last})" if last else ""))


def _spawn(arguments: Sequence[str], pass_fds: Sequence[int], complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the process in a session of its own, so that Ctrl-C and a closed terminal reach the player alone."""
    return subprocess.Popen(
        [sys.executable, "-m", "sparseq.realtime.sender", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        pass_fds=tuple(pass_fds),
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )


def _parse_lateness(text: str) -> Lateness:
    events, p50_ms, p99_ms, max_ms = text.split()
    return Lateness(int(events), float(p50_ms), float(p99_ms), float(max_ms))

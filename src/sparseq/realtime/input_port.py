"""The player's end of the receiver process: an input port that tells what arrived, and when."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

from sparseq.errors import PortError
from sparseq.realtime.framing import Decoder, Frame, Kind
from sparseq.realtime.names import NoMidiSystem, PortGone

_ANSWER_S = 10.0  # a MIDI server that starts on demand may take seconds; longer means that it hangs
_PIECE_BYTES = 65536
_ERRORS = {"NoMidiSystem": NoMidiSystem, "PortGone": PortGone}

Hear = Callable[[float, bytes], None]  # (time of arrival in seconds of the monotonic clock, message)


class InputPort:
    """A MIDI input that lives in a process of its own; make one with `start`.

    Parameters
    ----------
    process : subprocess.Popen
        The receiver.
    hear : callable
        Called with (time in s, message) for all that arrives, in a thread of this port; it must return soon.
    on_loss : callable, optional
        Called with the PortError that says why, if the port is lost.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], hear: Hear, on_loss: Callable[[PortError], None] | None = None
    ) -> None:
        self.name = "unopened"
        self._process = process
        self._hear = hear
        self._on_loss = on_loss
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._is_closed = self._is_open = False
        self._thread = threading.Thread(target=self._listen, name="midi in", daemon=True)

    @classmethod
    def start(
        cls, arguments: Sequence[str], hear: Hear, on_loss: Callable[[PortError], None] | None = None
    ) -> InputPort:
        """Start the process and wait until its port is open.

        Raises
        ------
        NoMidiSystem
            If no MIDI system answers.
        PortError
            If the port cannot be opened.
        """
        port = cls(_spawn(arguments), hear, on_loss)
        port._thread.start()
        try:
            port.name = _parse_answer(port._first_answer())
        except PortError:
            port.close()
            raise
        port._is_open = True
        return port

    def close(self) -> None:
        """End the process; closing twice does no harm."""
        if self._is_closed:
            return
        self._is_closed = True
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_ANSWER_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if threading.current_thread() is not self._thread:
            self._thread.join(_ANSWER_S)

    def _first_answer(self) -> str:
        try:
            return self._answers.get(timeout=_ANSWER_S)
        except queue.Empty as error:
            message = f"the MIDI receiver gave no answer in {_ANSWER_S:.0f} s: is the MIDI system stuck?"
            raise PortError(message) from error

    def _listen(self) -> None:
        assert self._process.stdout is not None
        decoder = Decoder()
        with self._process.stdout as stream:
            while piece := os.read(stream.fileno(), _PIECE_BYTES):
                for frame in decoder.feed(piece):
                    self._take(frame)
        if self._is_open:
            self._lose("")
        self._answers.put("")

    def _take(self, frame: Frame) -> None:
        if frame.kind is Kind.EVENT:
            self._hear(frame.due_ns / 1e9, frame.data)
        elif self._is_open:
            self._lose(frame.data.decode())
        else:
            self._answers.put(frame.data.decode())

    def _lose(self, answer: str) -> None:
        """Tell, once, that the port is lost."""
        self._is_open = False
        if self._is_closed or self._on_loss is None:
            return
        try:
            _parse_answer(answer)
        except PortError as error:
            self._on_loss(error)


def _parse_answer(answer: str) -> str:
    """Return the name of the port that was opened, or raise why it was not."""
    head, _, rest = answer.partition(" ")
    if head == "opened":
        return rest
    if head != "error":
        raise PortError("the MIDI input was lost: its receiver process ended")
    name, _, message = rest.partition(" ")
    raise _ERRORS.get(name, PortError)(message)


def _spawn(arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the process in a session of its own, so that Ctrl-C and a closed terminal reach the player alone."""
    return subprocess.Popen(
        [sys.executable, "-m", "sparseq.realtime.receiver", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )

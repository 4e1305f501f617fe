"""An input that comes back: when it is lost it is looked for until it is there again."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sparseq.errors import PortError
from sparseq.realtime.input_port import Hear, InputPort

_RETRY_S = 1.0

Opener = Callable[[Hear, Callable[[PortError], None]], InputPort]


class SteadyInput:
    """A MIDI input that is opened again and again until it is there.

    Parameters
    ----------
    open_port : callable
        Called with (hear, on_loss), opens the port or raises PortError.
    hear : callable
        Called with (time in s, message) for all that arrives.
    tell : callable
        Called with one line for a person when the port is lost and when it is back.
    retry_s : float
        How long to wait between two tries.

    Raises
    ------
    PortError
        If the port cannot be opened at first.
    """

    def __init__(self, open_port: Opener, hear: Hear, tell: Callable[[str], None], retry_s: float = _RETRY_S) -> None:
        self._open_port = open_port
        self._hear = hear
        self._tell = tell
        self._retry_s = retry_s
        self._closing = threading.Event()
        self._port = open_port(hear, self._lose)
        self.name = self._port.name

    def close(self) -> None:
        """Close the port and look for it no more."""
        self._closing.set()
        self._port.close()

    def _lose(self, error: PortError) -> None:
        self._tell(f"{error}; looking for it")
        threading.Thread(target=self._seek, name="lost input", daemon=True).start()

    def _seek(self) -> None:
        self._port.close()
        while not self._closing.wait(self._retry_s):
            try:
                self._port = self._open_port(self._hear, self._lose)
            except PortError:
                continue
            if self._closing.is_set():
                self._port.close()
            else:
                self._tell(f"MIDI input {self._port.name!r} is back")
            return

"""A port that comes back: when it is lost the music goes on, and as soon as it is there again it is heard again."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from sparseq.errors import PortError
from sparseq.realtime.lateness import Lateness
from sparseq.realtime.outputs import OutputPort

_RETRY_S = 1.0


class SteadyPort:
    """An output that is opened again and again until it is there.

    Parameters
    ----------
    open_port : callable returning OutputPort
        Opens the port, or raises PortError; called at once, and after a loss in a thread of its own.
    tell : callable
        Called with one line for a person when the port is lost and when it is back, from any thread.
    retry_s : float
        How long to wait between two tries.

    Raises
    ------
    PortError
        If the port cannot be opened at first: a wrong name shall not wait for ever.
    """

    def __init__(
        self, open_port: Callable[[], OutputPort], tell: Callable[[str], None], retry_s: float = _RETRY_S
    ) -> None:
        self._open_port = open_port
        self._tell = tell
        self._retry_s = retry_s
        self._port: OutputPort | None = open_port()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self.name = self._port.name
        self.losses = 0

    @property
    def is_lost(self) -> bool:
        """Whether nothing is heard at the moment."""
        return self._port is None

    def send(self, data: bytes, due_s: float) -> None:
        """Send one message if the port is there."""
        self._try(lambda port: port.send(data, due_s))

    def flush(self) -> None:
        """Drop what is not due yet."""
        self._try(lambda port: port.flush())

    def release(self) -> None:
        """End everything that sounds."""
        self._try(lambda port: port.release())

    def lateness(self) -> Lateness | None:
        """Return how late events left the port since it was opened last, or None if it is lost."""
        port = self._port
        with contextlib.suppress(PortError):
            return port.lateness() if port is not None else None
        return None

    def close(self) -> None:
        """Close the port and look for it no more."""
        self._closing.set()
        with self._lock:
            port, self._port = self._port, None
        if port is not None:
            port.close()

    def _try(self, act: Callable[[OutputPort], None]) -> None:
        port = self._port
        if port is None:
            return
        try:
            act(port)
        except PortError as error:
            if not self._closing.is_set():
                self._lose(port, error)

    def _lose(self, port: OutputPort, error: PortError) -> None:
        """Let it go, say so, and look for it."""
        self._port = None
        self.losses += 1
        self._tell(f"{error}; playing on, and looking for it")
        threading.Thread(target=self._seek, args=(port,), name="lost port", daemon=True).start()

    def _seek(self, lost: OutputPort) -> None:
        lost.close()
        while not self._closing.wait(self._retry_s):
            try:
                port = self._open_port()
            except PortError:
                continue
            with self._lock:
                if not self._closing.is_set():
                    self._port = port
                    self._tell(f"MIDI port {port.name!r} is back")
                    return
            port.close()

"""How a process waits for its input and for the time at once."""

from __future__ import annotations

import os
import select
import time
from typing import Protocol

_PIECE_BYTES = 65536
# Coarse waits on Windows may end a timer tick (15.6 ms) late; the rest is slept finely.
_COARSE_NS = 20_000_000


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

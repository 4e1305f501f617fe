"""Tells when the JACK server goes away: python-rtmidi never says so, it sends into the void."""

from __future__ import annotations

import ctypes
from typing import Any

_LIBRARY = "libjack.so.0"
_NO_START_SERVER = 1


class JackWatch:
    """A client without ports that only hears the server's end; make one with `open`."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self._has_gone = False
        self._client: int | None = None
        callback_type = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
        self._callback = callback_type(self._shut_down)  # kept, for JACK keeps only its address

    @classmethod
    def open(cls, name: str) -> JackWatch | None:
        """Return a watch, or None where there is no JACK library or no server."""
        try:
            library = ctypes.CDLL(_LIBRARY)
        except OSError:
            return None
        watch = cls(library)
        return watch if watch._connect(name) else None

    @property
    def has_gone(self) -> bool:
        """Whether the server has gone since this was opened."""
        return self._has_gone

    def close(self) -> None:
        """Stop watching; a client of a dead server is left alone, for closing it may never end."""
        if self._client and not self._has_gone:
            self._library.jack_client_close(ctypes.c_void_p(self._client))
        self._client = None

    def _connect(self, name: str) -> bool:
        opened = self._library.jack_client_open
        opened.restype = ctypes.c_void_p
        opened.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]
        self._client = opened(name.encode(), _NO_START_SERVER, None)
        if self._client:
            self._library.jack_on_shutdown(ctypes.c_void_p(self._client), self._callback, None)
        return bool(self._client)

    def _shut_down(self, _: int | None) -> None:
        self._has_gone = True

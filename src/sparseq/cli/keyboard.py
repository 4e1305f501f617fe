"""Keys of the terminal as they are pressed, one by one and unseen."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

_ARROWS = {"A": "up", "B": "down", "C": "right", "D": "left"}
_PIECE_BYTES = 1024


class Keyboard(Protocol):
    """Where keys come from."""

    def read(self) -> list[str]:
        """Return the keys pressed since the last call, never waiting; letters as they are, and "up", "down" ..."""

    def pause(self) -> None:
        """Let the terminal be as others expect it."""

    def resume(self) -> None:
        """Take keys one by one again."""


class NoKeyboard:
    """Nobody types."""

    def read(self) -> list[str]:
        """Return nothing."""
        return []

    def pause(self) -> None:
        """Do nothing."""

    def resume(self) -> None:
        """Do nothing."""


class TerminalKeyboard:
    """The terminal on a file descriptor; Ctrl-C and Ctrl-Z stay signals."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._before: Any = None  # as termios gives it

    def read(self) -> list[str]:
        """Return the keys pressed since the last call."""
        if self._before is None or not select.select([self._fd], [], [], 0)[0]:
            return []
        return keys_of(os.read(self._fd, _PIECE_BYTES).decode(errors="ignore"))

    def pause(self) -> None:
        """Give the terminal back."""
        import termios

        before, self._before = self._before, None
        if before is not None:
            termios.tcsetattr(self._fd, termios.TCSADRAIN, before)

    def resume(self) -> None:
        """Take keys one by one, unless somebody else's turn it is: a job in the background would be stopped."""
        import termios
        import tty

        if os.tcgetpgrp(self._fd) == os.getpgrp():
            self._before = termios.tcgetattr(self._fd)
            tty.setcbreak(self._fd, termios.TCSADRAIN)


class ConsoleKeyboard:
    """The console of Windows."""

    def read(self) -> list[str]:
        """Return the keys pressed since the last call."""
        import msvcrt

        keys: list[str] = []
        while msvcrt.kbhit():  # type: ignore[attr-defined,unused-ignore]
            key = msvcrt.getwch()  # type: ignore[attr-defined,unused-ignore]
            if key in "\x00\xe0":
                arrow = {"H": "up", "P": "down", "M": "right", "K": "left"}
                key = arrow.get(msvcrt.getwch(), "")  # type: ignore[attr-defined,unused-ignore]
            keys += [key] if key else []
        return keys

    def pause(self) -> None:
        """Do nothing."""

    def resume(self) -> None:
        """Do nothing."""


def keys_of(text: str) -> list[str]:
    """Return the keys that a terminal's characters stand for; what is no key that we know is left out."""
    keys: list[str] = []
    rest = iter(text)
    for sign in rest:
        if sign != "\x1b":
            keys.append(sign)
        elif next(rest, "") in ("[", "O"):
            last = next((code for code in rest if code.isalpha() or code == "~"), "")
            keys += [_ARROWS[last]] if last in _ARROWS else []
    return keys


@contextmanager
def keyboard(wanted: bool | None) -> Iterator[Keyboard]:
    """Read keys while the block runs, where somebody can type; False for never."""
    keys: Keyboard = NoKeyboard()
    if wanted is not False and sys.stdin is not None and sys.stdin.isatty():
        keys = ConsoleKeyboard() if sys.platform == "win32" else TerminalKeyboard(sys.stdin.fileno())
    keys.resume()
    try:
        yield keys
    finally:
        keys.pause()

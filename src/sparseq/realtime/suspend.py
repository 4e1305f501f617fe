"""Ctrl-Z: what sounds is released before the process stops, and the music goes on when it does."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol


class Pausable(Protocol):
    """What can fall silent and go on; the sequencer."""

    def pause(self, on_silent: Callable[[], None] | None = None) -> None:
        """Fall silent and call ``on_silent`` then."""

    def resume(self) -> None:
        """Go on."""


@contextmanager
def suspends_silently(player: Pausable, stop: Callable[[], None] | None = None) -> Iterator[None]:
    """While the block runs, let Ctrl-Z pause the player first; to be used in the main thread.

    Parameters
    ----------
    player : Pausable
        Plays in any thread but must be playing, or the process does not stop.
    stop : callable, optional
        Stops the process, and returns when it is continued; a test may put something else here.
    """
    if not hasattr(signal, "SIGTSTP"):  # Windows has no such thing
        yield
        return

    def away() -> None:
        (stop or _stop_process)()
        player.resume()

    previous = signal.signal(signal.SIGTSTP, lambda *_: player.pause(away))
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, previous)


def _stop_process() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)

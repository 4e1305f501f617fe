"""Bars made ahead of time: a source says whether the next bar is there, and never makes the player wait."""

from __future__ import annotations

import enum
import queue
import threading
from collections.abc import Iterator
from typing import Protocol

from sparseq.realtime.bar import Bar

_CLOSE_S = 2.0  # so long a generator may take to finish the bar it is making; else its thread dies with the process


class Word(enum.Enum):
    """What a source says when it has no bar."""

    NOT_YET = "the next bar is still being made"
    END = "there are no more bars"


class BarSource(Protocol):
    """Where the sequencer takes its bars from."""

    def take(self) -> Bar | Word | Exception:
        """Return the next bar, or what the generator raised in its place, if it is there; never waits."""

    def close(self) -> None:
        """Ask for no more bars."""


class DirectSource:
    """Pulls bars in the thread of the player, one bar ahead; for clocks that stand still meanwhile."""

    def __init__(self, bars: Iterator[Bar]) -> None:
        self._bars = bars
        self._ahead: list[Bar | Word | Exception] = []

    def take(self) -> Bar | Word | Exception:
        """Return the next bar, and pull the one after it."""
        while len(self._ahead) < 2:
            self._ahead.append(_pull(self._bars))
        return self._ahead.pop(0)

    def close(self) -> None:
        """Do nothing: nothing runs."""


class ThreadSource:
    """Pulls bars in a thread of its own into a queue.

    Parameters
    ----------
    bars : iterator of Bar
        The generator; it runs in the thread.
    lookahead_bars : int, >= 1
        So many bars are made ahead of the one that is taken.
    """

    def __init__(self, bars: Iterator[Bar], lookahead_bars: int) -> None:
        self._bars = bars
        self._made: queue.SimpleQueue[Bar | Word | Exception] = queue.SimpleQueue()
        self._room = threading.Semaphore(lookahead_bars)
        self._is_closed = False
        self._thread = threading.Thread(target=self._fill, name="bars", daemon=True)

    def start(self) -> ThreadSource:
        """Begin to make bars; returns itself."""
        self._thread.start()
        return self

    def take(self) -> Bar | Word | Exception:
        """Return the next bar if it is made."""
        try:
            item = self._made.get_nowait()
        except queue.Empty:
            return Word.NOT_YET if self._thread.is_alive() or not self._made.empty() else Word.END
        self._room.release()
        return item

    def close(self) -> None:
        """Let the generator finish the bar it is making, and make no more."""
        self._is_closed = True
        self._room.release()
        self._thread.join(_CLOSE_S)

    def _fill(self) -> None:
        item: Bar | Word | Exception = Word.NOT_YET
        while not isinstance(item, Word | Exception) or item is Word.NOT_YET:
            self._room.acquire()
            if self._is_closed:
                return
            item = _pull(self._bars)
            self._made.put(item)


def _pull(bars: Iterator[Bar]) -> Bar | Word | Exception:
    """Return the next bar; what goes wrong waits for its turn, so that the bars made before it are still played."""
    try:
        return next(bars, Word.END)
    except BaseException as error:
        if isinstance(error, Exception):
            return error
        raise  # Ctrl-C and exits do not wait

"""What ends or suspends a performance from outside: Ctrl-C, polite kills, a closed terminal, Ctrl-Z."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sparseq.cli.keyboard import Keyboard
    from sparseq.jobs.play import Performance
    from sparseq.views.live import LiveView

STOP_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
PATIENCE = 3  # so many signals only stop the performance


@contextmanager
def stopped_by_signals(performance: Performance) -> Iterator[list[int]]:
    """Let Ctrl-C and polite kills stop the performance, and yield a list of those heard.

    They interrupt nothing else, so that impatient fingers cannot keep the take from being saved; who insists may.
    """
    heard: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        performance.stop()
        if len(heard) > PATIENCE:
            raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in STOP_SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    changed = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}  # nohup stays
    for number in changed:
        signal.signal(number, stop)
    try:
        yield heard
    finally:
        for number, handler in changed.items():
            signal.signal(number, handler)


@contextmanager
def suspends(performance: Performance, view: LiveView, keys: Keyboard) -> Iterator[None]:
    """Let Ctrl-Z release what sounds and give the terminal back, until the process goes on."""
    from sparseq.realtime.suspend import suspends_silently

    def away() -> None:
        view.close()
        keys.pause()
        os.kill(os.getpid(), signal.SIGSTOP)
        keys.resume()

    with suspends_silently(performance.sequencer, away):
        yield

"""Ctrl-Z: the player falls silent before the process stops, and goes on after it."""

import os
import signal
import threading

import pytest

from sparseq.realtime.suspend import suspends_silently

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGTSTP"), reason="this system has no job control")


class Player:
    def __init__(self):
        self.log, self.silent = [], threading.Event()

    def pause(self, on_silent=None):
        self.log.append("pause")
        on_silent()

    def resume(self):
        self.log.append("resume")


def test_the_player_is_silent_before_the_process_stops_and_goes_on_after():
    player = Player()
    before = signal.getsignal(signal.SIGTSTP)
    with suspends_silently(player, stop=lambda: player.log.append("stopped")):
        os.kill(os.getpid(), signal.SIGTSTP)
        assert player.log == ["pause", "stopped", "resume"]
    assert signal.getsignal(signal.SIGTSTP) is before

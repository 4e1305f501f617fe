"""Following a Link session, with a stand-in for LinkPython-extern."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from sparseq.errors import PortError
from sparseq.realtime import ableton_link
from sparseq.realtime.ableton_link import LinkFollower
from sparseq.realtime.bar import Bar
from sparseq.realtime.clock import ManualClock
from sparseq.realtime.outputs import RecordingPort
from sparseq.realtime.sequencer import Sequencer
from sparseq.realtime.transport import SyncState


class Session:
    """A Link session: its beat is ``beat`` at time 0 of the clock of the test."""

    def __init__(self, clock, bpm=120.0, beat=0.0, is_playing=False):
        self.time, self.bpm, self.zero, self.is_playing, self.started_s = clock, bpm, beat, is_playing, 0.0
        self.enabled = self.startStopSyncEnabled = False

    def clock(self):
        return SimpleNamespace(micros=lambda: round(self.time.now_s() * 1e6))

    def captureSessionState(self):
        return self

    def commitSessionState(self, state):
        assert state is self

    def numPeers(self):
        return 2

    def tempo(self):
        return self.bpm

    def setTempo(self, bpm, micros):
        self.bpm = bpm

    def isPlaying(self):
        return self.is_playing

    def setIsPlaying(self, is_playing, micros):
        self.is_playing = is_playing

    def setIsPlayingAndRequestBeatAtTime(self, is_playing, micros, beat, quantum):
        self.is_playing, self.started_s = is_playing, micros / 1e6

    def timeForIsPlaying(self):
        return round(self.started_s * 1e6)

    def beatAtTime(self, micros, quantum):
        return self.zero + micros / 1e6 * self.bpm / 60


@pytest.fixture
def clock(monkeypatch):
    """A clock that Link and we share."""
    clock = ManualClock(10.0)
    monkeypatch.setattr(ableton_link, "time", SimpleNamespace(perf_counter=clock.now_s))
    return clock


def test_without_its_package_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "link", None)
    with pytest.raises(PortError, match=r"pip install 'sparseq\[link\]'"):
        LinkFollower.open(120.0)


def test_a_session_is_joined(monkeypatch, clock):
    module = ModuleType("link")
    sessions = []
    module.Link = lambda bpm: sessions.append(Session(clock, bpm)) or sessions[-1]
    monkeypatch.setitem(sys.modules, "link", module)
    follower = LinkFollower.open(93.0, 5.0)
    assert (sessions[0].enabled, sessions[0].startStopSyncEnabled, sessions[0].bpm) == (True, True, 93.0)
    assert follower.peers == 2
    follower.set_tempo(101.0)
    assert follower.reading(10.0)[::4] == (SyncState.STOPPED, 101.0)
    follower.set_playing(True)
    assert follower.reading(10.0).state is SyncState.RUNNING
    follower.set_playing(False)
    assert follower.reading(10.0).state is SyncState.STOPPED


def test_the_song_begins_on_the_bar_line_of_the_start(clock):
    session = Session(clock, beat=0.02, is_playing=True)
    session.started_s = 8.0  # beat 16.02: the start was meant for beat 16
    reading = LinkFollower(session, offset_ms=-3).reading(clock.now_s())
    assert reading.quarters == pytest.approx(20.02 - 16)
    assert reading.at_s == pytest.approx(10.0 - 0.003)
    assert (reading.epoch, reading.origin_quarters) == (1, pytest.approx(4.02))


def test_without_a_shared_start_we_come_in_with_the_next_bar(clock):
    follower = LinkFollower(Session(clock, beat=1.0), follows_start=False)
    reading = follower.reading(clock.now_s())
    assert (reading.state, reading.quarters, reading.origin_quarters) == (SyncState.RUNNING, pytest.approx(-3), 0.0)


def test_only_a_jump_is_an_epoch_of_its_own(clock):
    session = Session(clock, is_playing=True)
    follower = LinkFollower(session)
    first = follower.reading(clock.now_s()).epoch
    clock.sleep_until(10.02)
    session.bpm, session.zero = 130.0, session.zero + 10.02 / 60 * (120 - 130)
    assert follower.reading(clock.now_s()).epoch == first
    session.zero += 8
    assert follower.reading(clock.now_s()).epoch == first + 1


def test_the_sequencer_plays_in_phase_with_the_session(clock):
    session = Session(clock, bpm=100.0, beat=0.3)
    bar = Bar(96, 77.0, 24, tuple((step * 6, bytes([0x90, step, 64])) for step in range(16)))
    port = RecordingPort(clock)
    sequencer = Sequencer(port, clock, master=LinkFollower(session, follows_start=False))
    sequencer.play([bar] * 3)
    beats = [session.beatAtTime(due_s * 1e6, 4) for due_s, data in port.events if data[0] == 0x90]
    assert beats == pytest.approx([20 + step / 4 for step in range(48)], abs=1e-4)

"""Following a MIDI clock: start, stop, continue, song position, loss; and no step lost or doubled whatever it does."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.realtime.clock import ManualClock, MonotonicClock
from sparseq.realtime.sync import ClockFollower
from sparseq.realtime.transport import SyncState

CLOCK, START, CONTINUE, STOP = b"\xf8", b"\xfa", b"\xfb", b"\xfc"
PERIOD_S = 60 / 120 / 24


def song_position(sixteenth):
    return bytes([0xF2, sixteenth & 0x7F, sixteenth >> 7])


class Master:
    """Sends to a follower at 120 bpm."""

    def __init__(self, **options):
        self.follower, self.now_s = ClockFollower(**options), 100.0

    def say(self, *messages):
        for data in messages:
            self.now_s += PERIOD_S if data == CLOCK else 0
            self.follower.feed(self.now_s, data)

    def place(self):
        reading = self.follower.reading(self.now_s)
        return reading.state, pytest.approx(reading.quarters * 24)


def test_without_a_clock_we_wait():
    reading = ClockFollower(bpm=90).reading(5.0)
    assert (reading.state, reading.bpm, reading.is_running) == (SyncState.WAITING, 90.0, False)
    assert reading.words == "waiting for a clock"


def test_a_clock_alone_gives_the_tempo_and_no_place():
    master = Master(bpm=60)
    master.say(*[CLOCK] * 20)
    reading = master.follower.reading(master.now_s)
    assert (reading.state, round(reading.bpm, 6), reading.is_running) == (SyncState.UNSTARTED, 120, False)
    assert reading.words == "runs at 120.0 bpm, waiting for start"


@pytest.mark.parametrize("told", [STOP, song_position(4)])
def test_who_joins_late_waits_for_a_start_until_anything_is_said_of_the_song(told):
    master = Master()
    master.say(*[CLOCK] * 20)
    assert master.place()[0] is SyncState.UNSTARTED
    master.say(told)
    assert master.place()[0] is SyncState.STOPPED
    assert master.follower.reading(master.now_s).words.startswith("stopped at ")


def test_the_first_clock_after_start_is_the_first_of_the_song():
    master = Master()
    master.say(CLOCK, CLOCK, START)
    assert master.place()[0] is SyncState.STOPPED
    master.say(CLOCK)
    assert master.place() == (SyncState.RUNNING, 0)
    master.say(*[CLOCK] * 30)
    assert master.place() == (SyncState.RUNNING, 30)
    reading = master.follower.reading(master.now_s)
    assert reading.at_s == pytest.approx(master.now_s)


def test_stop_keeps_the_place_and_continue_goes_on_from_it():
    master = Master()
    master.say(CLOCK, START, *[CLOCK] * 11, STOP, *[CLOCK] * 7)
    assert master.place() == (SyncState.STOPPED, 10)
    master.say(CONTINUE, CLOCK)
    assert master.place() == (SyncState.RUNNING, 11)


@given(st.integers(0, (1 << 14) - 1))
def test_a_song_position_is_where_continue_begins(sixteenth):
    master = Master()
    master.say(CLOCK, song_position(sixteenth), CONTINUE, CLOCK, CLOCK)
    assert master.place() == (SyncState.RUNNING, sixteenth * 6 + 1)


@pytest.mark.parametrize("messages", [(START, song_position(5)), (song_position(5), CONTINUE)])
def test_position_and_start_may_come_in_any_order(messages):
    master = Master()
    master.say(CLOCK, *messages, CLOCK)
    assert master.place() == (SyncState.RUNNING, 30)


def test_a_song_position_while_running_jumps_with_the_next_clock():
    master = Master()
    master.say(CLOCK, START, CLOCK, CLOCK, song_position(8))
    assert master.place() == (SyncState.MOVING, 1)
    epoch = master.follower.reading(master.now_s).epoch
    master.say(CLOCK)
    assert master.place() == (SyncState.RUNNING, 48)
    assert master.follower.reading(master.now_s).epoch != epoch


def test_a_song_position_that_says_where_we_are_is_no_jump():
    master = Master()
    master.say(CLOCK, START, *[CLOCK] * 6)
    epoch = master.follower.reading(master.now_s).epoch
    master.say(song_position(1), CONTINUE, CLOCK)
    assert master.place() == (SyncState.RUNNING, 6)
    assert master.follower.reading(master.now_s).epoch == epoch


def test_a_start_while_running_begins_again():
    master = Master()
    master.say(CLOCK, START, *[CLOCK] * 50, START, CLOCK)
    assert master.place() == (SyncState.RUNNING, 0)


def test_a_lost_clock_holds_the_tempo_and_is_said():
    master = Master()
    master.say(CLOCK, START, *[CLOCK] * 48)
    reading = master.follower.reading(master.now_s + 10)
    assert (reading.state, reading.is_running, round(reading.bpm, 6)) == (SyncState.LOST, True, 120)
    assert reading.words == "no clock, holding the tempo at 120.0 bpm"
    assert master.follower.reading(master.now_s + 0.2).state is SyncState.RUNNING


def test_a_clock_that_comes_back_finds_us_on_the_nearest_pulse():
    master = Master()
    master.say(CLOCK, START, *[CLOCK] * 48)
    master.now_s += 100.3 * PERIOD_S
    master.say(CLOCK, *[CLOCK] * 10)
    assert master.place() == (SyncState.RUNNING, 47 + 101 + 10)
    reading = master.follower.reading(master.now_s)
    assert reading.at_s == pytest.approx(master.now_s, abs=0.004)
    assert reading.bpm == pytest.approx(120, rel=0.02)


def test_a_clock_that_ends_after_stop_is_waited_for():
    master = Master()
    master.say(CLOCK, START, CLOCK, STOP)
    assert master.follower.reading(master.now_s + 10).state is SyncState.WAITING


def test_the_offset_moves_when_everything_is_due():
    master = Master(offset_ms=-12.5)
    master.say(CLOCK, START, *[CLOCK] * 5)
    assert master.follower.reading(master.now_s).at_s == pytest.approx(master.now_s - 0.0125)


@pytest.mark.parametrize("data", [b"", b"\x90\x24\x40", b"\xfe", b"\xf2\x01", b"\xf0\x01\xf7"])
def test_what_is_no_clock_changes_nothing(data):
    master = Master()
    master.say(CLOCK, START, CLOCK)
    before = master.follower.reading(master.now_s)
    master.say(data)
    assert master.follower.reading(master.now_s) == before


def test_waiting_ends_in_time_that_a_test_owns_and_with_news_in_real_time():
    follower, clock = ClockFollower(), ManualClock()
    follower.wait(clock, 3.0)
    assert clock.now_s() == 3.0
    waiting = threading.Thread(
        target=follower.wait, args=(MonotonicClock(), MonotonicClock().now_s() + 60), daemon=True
    )
    waiting.start()
    for data in (CLOCK, START, CLOCK):
        follower.feed(1.0, data)
    waiting.join(30)
    assert not waiting.is_alive()

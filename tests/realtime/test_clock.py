"""Clocks: the manual one is owned by the test, the real one sleeps to absolute deadlines."""

import pytest

from sparseq.realtime.clock import ManualClock, MonotonicClock


def test_manual_time_moves_only_by_sleeping_and_never_back():
    clock = ManualClock(5.0)
    assert clock.now_s() == 5.0
    clock.sleep_until(7.5)
    clock.sleep_until(6.0)
    assert clock.now_s() == 7.5
    assert not clock.is_real


class FakeTime:
    """Stands for the time module: each sleep takes its share of the time that was asked for."""

    def __init__(self, shares):
        self.now_s = 100.0
        self.slept = []
        self.shares = list(shares)

    def perf_counter(self):
        return self.now_s

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now_s += seconds * self.shares.pop(0)


def test_a_real_sleep_that_ends_early_goes_on_to_the_same_deadline(monkeypatch):
    fake = FakeTime(shares=[0.5, 1.25])
    monkeypatch.setattr("sparseq.realtime.clock.time", fake)
    MonotonicClock().sleep_until(104.0)
    assert fake.slept == [4.0, 2.0]


def test_late_wake_ups_do_not_move_later_deadlines(monkeypatch):
    fake = FakeTime(shares=[1.01] * 100)
    monkeypatch.setattr("sparseq.realtime.clock.time", fake)
    clock = MonotonicClock()
    for step in range(1, 101):
        clock.sleep_until(100.0 + step)
    assert fake.now_s == pytest.approx(200.01, abs=1e-3)  # late by one sleep, not by a hundred


def test_a_real_sleep_into_the_past_does_not_sleep(monkeypatch):
    fake = FakeTime(shares=[])
    monkeypatch.setattr("sparseq.realtime.clock.time", fake)
    MonotonicClock().sleep_until(99.0)
    assert fake.slept == []
    assert MonotonicClock().now_s() == 100.0
    assert MonotonicClock.is_real

"""Ports without a device."""

from sparseq.realtime.clock import ManualClock
from sparseq.realtime.outputs import NullPort, RecordingPort

ON, OFF, QUIET = b"\x90\x3c\x40", b"\x80\x3c\x40", b"\xb0\x7b\x00"


def test_recording_keeps_what_it_got_in_order():
    port = RecordingPort()
    port.send(ON, 2.0)
    port.send(OFF, 1.0)
    assert port.events == [(2.0, ON), (1.0, OFF)]


def test_flush_drops_what_is_not_due_yet():
    clock = ManualClock(1.0)
    port = RecordingPort(clock)
    port.send(ON, 1.0)
    port.send(OFF, 1.5)
    port.flush()
    assert port.events == [(1.0, ON)]


def test_without_a_clock_everything_counts_as_sent():
    port = RecordingPort()
    port.send(ON, 9.0)
    port.flush()
    port.close()
    assert port.events == [(9.0, ON), (9.0, OFF), (9.0, QUIET)]


def test_release_ends_what_sounds_by_now_and_only_once():
    clock = ManualClock(1.0)
    port = RecordingPort(clock)
    port.send(ON, 0.5)
    port.send(b"\x91\x3c\x40", 2.0)
    port.flush()
    port.release()
    port.release()
    port.close()
    port.close()
    assert port.events == [(0.5, ON), (1.0, OFF), (1.0, QUIET)]
    assert port.is_closed


def test_a_release_is_not_dropped_by_a_later_flush():
    port = RecordingPort(ManualClock(1.0))
    port.send(ON, 1.0)
    port.release()
    port.flush()
    assert len(port.events) == 3


def test_the_null_port_takes_everything():
    port = NullPort()
    port.send(ON, 1.0)
    port.flush()
    port.release()
    port.close()
    assert port.lateness() is None
    assert port.name == "null"

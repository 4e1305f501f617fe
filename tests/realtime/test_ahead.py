"""Sending through a device that schedules: all is done in its own thread, and losses are noticed in the other."""

import os

import pytest

from sparseq.errors import PortError
from sparseq.realtime import ahead
from sparseq.realtime.ahead import Office, reader, run_ahead
from sparseq.realtime.framing import Frame, Kind, encode
from sparseq.realtime.lateness import Lateness
from sparseq.realtime.names import PortGone

ON, OFF, QUIET = b"\x90\x24\x40", b"\x80\x24\x40", b"\xb0\x7b\x00"


class Device:
    """A device whose time stands still until it is told to go on."""

    name, is_gone = "list", False

    def __init__(self):
        self.now_ns, self.log, self.work = 0, [], None

    def start(self, work):
        self.work = work

    def window_ns(self):
        return self.now_ns

    sent_ns = window_ns

    def write(self, data, due_ns=None):
        if not data:
            raise PortError("MIDI port 'list' did not take")
        self.log.append(data)

    def is_lost(self):
        return self.is_gone

    def close(self):
        self.log.append("closed")


def pieces(*items):
    """Return a function that reads these pieces, and nothing after them."""
    left = list(items)
    return lambda: left.pop(0) if left else None


def frames(*items):
    return b"".join(encode(Frame(*item)) for item in items)


@pytest.fixture
def device():
    return Device()


def test_a_pipe_is_read_without_waiting():
    read_fd, write_fd = os.pipe()
    read = reader(read_fd)
    assert read() is None
    os.write(write_fd, b"frame")
    assert (read(), read()) == (b"frame", None)
    os.close(write_fd)
    assert read() == b""
    os.close(read_fd)


def test_frames_are_done_and_sent_when_they_are_due(device):
    office = Office(device, pieces(frames((Kind.EVENT, 20, OFF), (Kind.EVENT, 10, ON))))
    office.work()
    assert device.log == []
    for device.now_ns in (10, 19, 20):
        office.work()
    assert device.log == [ON, OFF]
    assert office.calls == 4


def test_figures_are_left_for_the_other_thread(device):
    office = Office(device, pieces(frames((Kind.EVENT, 0, ON), (Kind.REPORT,))))
    office.work()
    assert list(office.figures) == [Lateness(1, 0.0, 0.0, 0.0)]


def test_the_end_of_the_player_drops_what_waits_and_releases_what_sounds(device):
    office = Office(device, pieces(frames((Kind.EVENT, 0, ON), (Kind.EVENT, 10**15, ON)), b""))
    office.work()
    office.work()
    assert device.log == [ON, OFF, QUIET]
    assert not office.is_silent
    for device.now_ns in (20_000_000, 40_000_000):
        office.work()
    assert device.log == [ON, *[OFF, QUIET] * 3]
    assert office.is_silent


def run(device, *items, calls=True):
    """Run with a clock that calls the device in each nap."""
    answers = []

    def nap(seconds):
        device.now_ns += round(seconds * 1e9)
        if calls:
            device.work()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ahead.time, "sleep", nap)
        patch.setattr(ahead.time, "perf_counter", lambda: next(ticks))
        ticks = iter(range(1000))
        run_ahead(device, pieces(*items), answers.append)
    return answers


def test_a_run_ends_silent_with_its_figures(device):
    answers = run(device, frames((Kind.EVENT, 0, ON)), b"")
    assert device.log == [ON, *[OFF, QUIET] * 3, "closed"]
    assert [figures.events for figures in answers] == [1]


def test_who_starts_it_is_told_when_the_device_has_its_thread(device):
    device.is_gone, started = True, []
    with pytest.raises(PortGone):
        run_ahead(device, pieces(), print, lambda: started.append(device.work is not None))
    assert started == [True]


def test_a_lost_device_is_noticed(device):
    device.is_gone = True
    with pytest.raises(PortGone, match="'list' has gone"):
        run(device)


def test_a_device_that_calls_no_more_is_lost(device):
    with pytest.raises(PortGone, match="'list' has gone"):
        run(device, calls=False)


@pytest.mark.parametrize("piece", [frames((Kind.EVENT, 0, b"")), b"\xff" * 20])
def test_what_goes_wrong_in_the_thread_of_the_device_is_raised(device, piece):
    with pytest.raises(PortError, match=r"did not take|stream to the MIDI sender is broken"):
        run(device, piece)

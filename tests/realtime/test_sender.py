"""The sender: its queue in time that the test owns, its inboxes, and the process itself through its pipes."""

import os
import select
import signal
import subprocess
import sys
import time

import pytest

from sparseq.realtime import sender
from sparseq.realtime.courier import Courier
from sparseq.realtime.framing import Decoder, Frame, Kind, encode
from sparseq.realtime.inboxes import SelectInbox, ThreadInbox
from sparseq.realtime.lateness import Lateness
from sparseq.realtime.sender import RecordingDevice

ON, OFF, QUIET = b"\x99\x24\x40", b"\x89\x24\x40", b"\xb9\x7b\x00"
WAIT_S = 30  # only ever reached by a failure


class ListDevice:
    name = "list"

    def __init__(self):
        self.written = []

    def write(self, data, due_ns=None):
        self.written.append(data)

    def close(self):
        self.written.append("closed")


@pytest.fixture
def device():
    return ListDevice()


@pytest.fixture
def now():
    """The time in ns, as a list of one number."""
    return [0]


@pytest.fixture
def courier(device, now):
    return Courier(device, lambda: now[0])


def test_events_go_out_in_order_of_due_time_then_of_arrival(courier, device, now):
    for due_ns, data in [(30, b"c"), (10, b"a"), (30, b"d"), (20, b"b"), (40, b"e")]:
        courier.accept(Frame(Kind.EVENT, due_ns, data))
    assert courier.next_due_ns == 10
    now[0] = 30
    courier.send_due()
    assert device.written == [b"a", b"b", b"c", b"d"]
    assert courier.next_due_ns == 40


def test_flush_sends_what_was_due_and_drops_the_rest(courier, device, now):
    courier.accept(Frame(Kind.EVENT, 10, ON))
    courier.accept(Frame(Kind.EVENT, 11, OFF))
    now[0] = 10
    courier.accept(Frame(Kind.FLUSH))
    assert device.written == [ON]
    assert courier.next_due_ns is None


def test_release_ends_what_was_sent_and_keeps_what_waits(courier, device, now):
    courier.accept(Frame(Kind.EVENT, 10, ON))
    courier.accept(Frame(Kind.EVENT, 50, ON))
    now[0] = 10
    courier.accept(Frame(Kind.RELEASE))
    assert device.written == [ON, OFF, QUIET]
    assert courier.next_due_ns == 50


def test_a_release_is_said_three_times_for_a_stalled_server_loses_a_period(courier, device, now):
    courier.accept(Frame(Kind.EVENT, 0, ON))
    courier.accept(Frame(Kind.RELEASE))
    courier.accept(Frame(Kind.FLUSH))
    for due_ns, count in [(20_000_000, 1), (40_000_000, 2)]:
        assert courier.next_due_ns == due_ns
        now[0] = due_ns
        courier.send_due()
        assert device.written == [ON, OFF, QUIET] + [OFF, QUIET] * count
    assert courier.next_due_ns is None
    courier.accept(Frame(Kind.RELEASE))
    assert len(device.written) == 7


def test_a_release_is_not_repeated_into_new_notes(courier, device, now):
    courier.accept(Frame(Kind.EVENT, 0, ON))
    courier.accept(Frame(Kind.RELEASE))
    courier.accept(Frame(Kind.EVENT, 5, ON))
    now[0] = 50_000_000
    courier.send_due()
    assert courier.next_due_ns is None
    assert device.written.index(ON, 1) == len(device.written) - 1


def test_lateness_is_reported_when_asked(courier, now):
    courier.accept(Frame(Kind.EVENT, 1_000_000, ON))
    now[0] = 3_000_000
    assert courier.accept(Frame(Kind.REPORT)) == Lateness(1, 2.0, 2.0, 2.0)


def test_the_end_of_input_releases_drops_what_waits_and_closes(device, monkeypatch):
    slept, answers = [], []
    monkeypatch.setattr(sender.time, "sleep", slept.append)
    pieces = [encode(Frame(Kind.EVENT, 0, ON)) + encode(Frame(Kind.EVENT, 2**62, OFF)), b""]

    class Inbox:
        def wait(self, due_ns):
            return pieces.pop(0)

    sender.run(device, Inbox(), answers.append)
    assert device.written == [ON, *[OFF, QUIET] * 3, "closed"]
    assert slept == [0.02, 0.02, 0.02]
    assert [answer.split()[:2] for answer in answers] == [["lateness", "1"]]


@pytest.mark.parametrize("kind", [SelectInbox, ThreadInbox])
def test_inboxes_tell_input_from_time_from_the_end(kind):
    read_fd, write_fd = os.pipe()
    inbox = kind(read_fd)
    if kind is ThreadInbox:
        inbox.start()
    assert inbox.wait(time.perf_counter_ns()) is None
    assert inbox.wait(time.perf_counter_ns() + 2_000_000) is None
    os.write(write_fd, b"hello")
    assert inbox.wait(time.perf_counter_ns() + WAIT_S * 10**9) == b"hello"
    os.close(write_fd)
    assert inbox.wait(None) == b""
    os.close(read_fd)


def test_the_fine_sleep_ends_when_input_comes(monkeypatch):
    inbox = ThreadInbox(-1)
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        inbox._pieces.put(b"hello")

    monkeypatch.setattr(sender.time, "sleep", sleep)
    assert inbox.wait(time.perf_counter_ns() + 15_000_000) is None
    assert slept == [0.001]
    assert inbox.wait(None) == b"hello"


def test_a_recording_that_nobody_reads_is_a_lost_port():
    read_fd, write_fd = os.pipe()
    os.close(read_fd)
    device = RecordingDevice(write_fd)
    with pytest.raises(sender.PortError, match="nobody reads"):
        device.write(ON)
    device.close()


class Process:
    """A running sender whose messages come back through a pipe."""

    def __init__(self):
        self.fd, write_fd = os.pipe()
        command = [sys.executable, "-m", "sparseq.realtime.sender", "--record", str(write_fd)]
        self.popen = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[write_fd])
        os.close(write_fd)
        self.decoder, self.got = Decoder(), []

    def tell(self, *frames):
        self.popen.stdin.write(b"".join(map(encode, frames)))
        self.popen.stdin.flush()

    def hear(self, count):
        while len(self.got) < count:
            ready, _, _ = select.select([self.fd], [], [], WAIT_S)
            assert ready, f"the sender sent {len(self.got)} messages, not {count}"
            piece = os.read(self.fd, 65536)
            assert piece, f"the sender ended after {len(self.got)} messages, not {count}"
            self.got += self.decoder.feed(piece)
        return self.got

    def line(self):
        return self.popen.stdout.readline().decode().split()


@pytest.fixture
def process():
    process = Process()
    yield process
    process.popen.stdin.close()
    process.popen.stdout.close()
    process.popen.wait(WAIT_S)
    os.close(process.fd)


def test_the_process_sends_no_event_early_and_releases_at_the_end_of_input(process):
    assert process.line() == ["opened", "record"]
    start_ns = time.perf_counter_ns()
    dues_ns = [start_ns + step * 3_000_000 for step in range(5)]
    process.tell(*[Frame(Kind.EVENT, due_ns, ON) for due_ns in reversed(dues_ns)])
    sent_ns = [frame.due_ns for frame in process.hear(5)]
    assert all(sent >= due for sent, due in zip(sent_ns, dues_ns, strict=True))
    process.popen.stdin.close()
    assert [frame.data for frame in process.hear(23)] == [ON] * 5 + ([OFF] * 5 + [QUIET]) * 3
    assert process.popen.wait(WAIT_S) == 0
    assert process.line()[:2] == ["lateness", "5"]


def test_the_process_ignores_the_signals_that_end_its_player(process):
    assert process.line() == ["opened", "record"]
    for index, number in enumerate([signal.SIGINT, signal.SIGTERM, signal.SIGHUP]):
        process.popen.send_signal(number)
        process.tell(Frame(Kind.EVENT, 0, ON))
        assert len(process.hear(index + 1)) == index + 1
    process.popen.stdin.close()
    process.hear(3 + 3 * 4)
    assert process.popen.wait(WAIT_S) == 0


def test_a_broken_stream_still_releases_what_sounds(process):
    assert process.line() == ["opened", "record"]
    process.tell(Frame(Kind.EVENT, 0, ON))
    process.hear(1)
    process.popen.stdin.write(b"\xff" * 20)
    process.popen.stdin.flush()
    assert [frame.data for frame in process.hear(7)] == [ON, *[OFF, QUIET] * 3]
    assert process.line()[:2] == ["error", "PortError"]
    assert process.popen.wait(WAIT_S) == 1


def test_a_port_that_goes_is_noticed_when_nothing_is_due_soon(device):
    asked = []
    device.name, device.is_lost = "list", lambda: asked.append(1) or len(asked) > 1
    sentry = sender.Sentry(device)
    assert sentry.wake_ns(5) == 5
    now_ns = time.perf_counter_ns()
    assert now_ns < sentry.wake_ns(None) < now_ns + 10**9
    sentry.look(None)
    assert asked == []  # it is not time to
    for next_ns, due_ns, count in [(0, time.perf_counter_ns(), 0), (0, None, 1)]:
        sentry._next_ns = next_ns
        sentry.look(due_ns)
        assert len(asked) == count
    sentry._next_ns = 0
    with pytest.raises(sender.PortGone, match="'list' has gone"):
        sentry.look(None)


def test_nothing_is_said_to_a_port_that_has_gone(device, monkeypatch):
    """To close a port of a dead system may hang or crash."""
    device.name, device.is_lost = "list", lambda: True
    monkeypatch.setattr(sender, "_LOOK_NS", -1)

    class Inbox:
        def wait(self, due_ns):
            return encode(Frame(Kind.EVENT, 0, ON)) if not device.written else None

    with pytest.raises(sender.PortGone):
        sender.run(device, Inbox(), print)
    assert device.written == [ON]

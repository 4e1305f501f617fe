"""The receiver: what arrives is passed on with its time, whoever is slow and whatever is lost."""

import os
import subprocess
import sys

import pytest

from sparseq.errors import PortError
from sparseq.realtime import receiver
from sparseq.realtime.framing import Decoder, Frame, Kind
from sparseq.realtime.input_port import InputPort
from sparseq.realtime.names import NoMidiSystem, PortGone
from sparseq.realtime.receiver import Outbox

CLOCK, ON = b"\xf8", b"\x90\x24\x40"
WAIT_S = 30  # only ever reached by a failure


def test_an_outbox_never_waits_and_loses_nothing(pipe):
    read_fd, write_fd = pipe
    outbox, decoder = Outbox(write_fd), Decoder()
    for number in range(20_000):
        outbox.put(Frame(Kind.EVENT, number, CLOCK))
    assert not outbox.is_empty
    got = []
    while len(got) < 20_000:
        got += decoder.feed(os.read(read_fd, 65536))
        outbox.push()
    assert [frame.due_ns for frame in got] == list(range(20_000))
    assert outbox.is_empty


def test_an_outbox_without_a_reader_says_so(pipe):
    read_fd, write_fd = pipe
    os.close(read_fd)
    with pytest.raises(BrokenPipeError):
        Outbox(write_fd).put(Frame(Kind.EVENT, 0, CLOCK))


class Device:
    """An input that hears two messages and is then lost, if the test says so."""

    name, is_gone = "keys", False

    def start(self, hear):
        hear(5, CLOCK)
        hear(6, ON)

    def is_lost(self):
        return self.is_gone

    def close(self):
        pass


def test_it_runs_until_its_input_ends(pipe):
    read_fd, write_fd = pipe
    input_fd, input_write_fd = os.pipe()
    os.write(input_write_fd, b"whatever")
    os.close(input_write_fd)
    receiver.run(Device(), Outbox(write_fd), input_fd)
    os.close(input_fd)
    assert Decoder().feed(os.read(read_fd, 4096)) == [Frame(Kind.EVENT, 5, CLOCK), Frame(Kind.EVENT, 6, ON)]


def test_a_lost_port_is_noticed(pipe, monkeypatch):
    monkeypatch.setattr(receiver, "_LOOK_S", 0.0)
    device = Device()
    device.is_gone = True
    with pytest.raises(PortGone, match="'keys' has gone"):
        receiver.run(device, Outbox(pipe[1]), pipe[0])


FAKE = """
import sys, time
from sparseq.realtime import names, receiver
from sparseq.errors import PortError
from sparseq.realtime.framing import Frame, Kind

class Device:
    name = "keys"
    def start(self, hear):
        for number in range(100):
            hear(number * 10**9, bytes([0x90, number, 1]))
    def is_lost(self):
        return {lost}
    def close(self):
        pass

def open_input_device(spec):
    if spec == "nothing":
        raise names.NoMidiSystem("no MIDI system answers here")
    return Device()

receiver._LOOK_S = 0.01
receiver.open_input_device = open_input_device
receiver.main(sys.argv[1:])
"""


@pytest.fixture
def spawn(monkeypatch):
    """Let the process of the test take the place of the receiver."""

    def put(lost):
        popen = subprocess.Popen

        def start(command, **options):
            return popen([sys.executable, "-c", FAKE.format(lost=lost), *command[3:]], **options)

        monkeypatch.setattr(subprocess, "Popen", start)

    return put


def test_what_arrives_is_heard_in_order_with_its_time(spawn):
    spawn(lost=False)
    heard = []
    port = InputPort.start(["keys"], lambda at_s, data: heard.append((at_s, data[1])))
    port.close()
    port.close()
    assert port.name == "keys"
    assert heard == [(float(number), number) for number in range(100)]


def test_a_port_that_cannot_be_opened_says_why(spawn):
    spawn(lost=False)
    with pytest.raises(NoMidiSystem, match="no MIDI system answers here"):
        InputPort.start(["nothing"], print)


def test_a_loss_is_told_once_with_its_cause(spawn):
    spawn(lost=True)
    losses = []
    port = InputPort.start(["keys"], lambda at_s, data: None, losses.append)
    port._thread.join(WAIT_S)
    port.close()
    assert [(type(error), str(error)) for error in losses] == [(PortGone, "MIDI port 'keys' has gone")]


def test_a_receiver_that_dies_is_a_loss_too(spawn):
    spawn(lost=False)
    losses = []
    port = InputPort.start(["keys"], lambda at_s, data: None, losses.append)
    port._process.kill()
    port._thread.join(WAIT_S)
    port.close()
    assert [str(error) for error in losses] == ["the MIDI input was lost: its receiver process ended"]


def test_a_receiver_that_fails_to_start_says_so(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(PortError, match="receiver process ended"):
        InputPort.start(["keys"], print)

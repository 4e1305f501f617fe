"""The player's end of the sender: handshake, loss, and silence when the player dies."""

import os
import signal
import subprocess
import sys
import time

import pytest

from sparseq.errors import PortError
from sparseq.realtime.framing import Decoder
from sparseq.realtime.sender_port import SenderPort

ON, OFF, QUIET = b"\x99\x24\x40", b"\x89\x24\x40", b"\xb9\x7b\x00"
WAIT_S = 30  # only ever reached by a failure

PLAYER = """
import sys, time
from sparseq.realtime.sender_port import SenderPort
port = SenderPort.start(["--record", sys.argv[1]], pass_fds=[int(sys.argv[1])])
for pitch in (0x24, 0x26, 0x24):
    port.send(bytes([0x99, pitch, 0x40]), time.perf_counter())
print(port.lateness().events, flush=True)
sys.stdin.read()
"""


def until_it_fails(act):
    """Repeat ``act``: the pipe may take a little more before it knows that its reader has gone."""
    while True:
        act()


def heard(read_fd):
    """Return what was sent until the last writer went."""
    stream = b""
    while piece := os.read(read_fd, 65536):
        stream += piece
    return [frame.data for frame in Decoder().feed(stream)]


def test_events_arrive_and_closing_releases(pipe):
    read_fd, write_fd = pipe
    port = SenderPort.start(["--record", str(write_fd)], [write_fd])
    os.close(write_fd)
    assert port.name == "record"
    port.send(ON, time.perf_counter())
    assert port.lateness().events == 1
    port.send(ON, time.perf_counter() + 1000)
    port.flush()
    port.release()
    port.send(ON, time.perf_counter() - 1)
    port.close()
    port.close()
    assert heard(read_fd) == [ON, OFF, QUIET, ON, *[OFF, QUIET] * 3]
    assert port.lateness().events == 2
    with pytest.raises(PortError, match="closed"):
        port.send(ON, 0.0)


def test_a_port_that_is_still_being_opened_can_be_closed(pipe):
    read_fd, write_fd = pipe
    port = SenderPort.begin(["--record", str(write_fd)], [write_fd])
    os.close(write_fd)
    port.close()
    assert heard(read_fd) == []


def test_a_port_that_cannot_be_opened_says_why(monkeypatch, tmp_path):
    for name in ("rtmidi", "jack"):
        (tmp_path / f"{name}.py").write_text("raise ImportError\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(PortError, match="pip install python-rtmidi"):
        SenderPort.start(["virtual"])


def test_a_sender_that_fails_to_start_says_why(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(PortError, match="sender process ended"):
        SenderPort.start(["virtual"])


def test_a_lost_port_is_an_error_with_its_cause(pipe):
    read_fd, write_fd = pipe
    port = SenderPort.start(["--record", str(write_fd)], [write_fd])
    os.close(write_fd)
    os.close(read_fd)
    port.send(ON, time.perf_counter())
    with pytest.raises(PortError, match="nobody reads it any more"):
        port.lateness()
    for act in (port.flush, port.release, port.lateness):
        with pytest.raises(PortError, match="nobody reads it any more"):
            until_it_fails(act)
    port.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL, signal.SIGABRT])
def test_a_player_that_dies_leaves_no_note_sounding(pipe, number):
    read_fd, write_fd = pipe
    command = [sys.executable, "-c", PLAYER, str(write_fd)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, pass_fds=[write_fd], **pipes) as player:
        os.close(write_fd)
        assert player.stdout.readline() == b"3\n"
        player.send_signal(number)
        sent = heard(read_fd)
    assert sent[:3] == [ON, b"\x99\x26\x40", ON]
    assert sent[3:] == [OFF, OFF, b"\x89\x26\x40", QUIET] * 3

"""The command itself, as a stranger starts and ends it: nothing sounds on, and a take holds what arrived."""

import os
import signal
import subprocess
import sys

import pytest

from sparseq.music.score import read_score
from sparseq.music.smf import parse

pytestmark = [pytest.mark.device, pytest.mark.usefixtures("server")]

PLAY = [sys.executable, "-m", "sparseq.cli.main", "play", "--loops", "funk", "--seed", "4", "--bpm", "120", "--clock"]
WAIT_S = 15


def in_a_terminal(*options):
    """Start the command in a terminal of its own; return it and the terminal's other end."""
    import fcntl
    import termios

    outer, inner = os.openpty()
    playing = subprocess.Popen(
        [*PLAY, *options],
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(inner)
    return playing, outer


def sounding(events):
    held = set()
    for _, data in events:
        if data[0] & 0xE0 == 0x80:
            is_on = data[0] & 0x10 and data[2]
            (held.add if is_on else held.discard)((data[0] & 0x0F, data[1]))
    return held


def hear_pitched(listener):
    while listener.hear()[1][0] & 0xF0 != 0x90:
        continue


def test_a_terminal_that_is_closed_leaves_no_note_sounding(capture):
    listener = capture("^sparseq:")
    playing, terminal = in_a_terminal()
    hear_pitched(listener)
    os.close(terminal)
    playing.wait(WAIT_S)
    events, _ = listener.end()
    assert sounding(events) == set()
    assert b"\xfc" in {data for _, data in events}


def test_a_key_ends_it_and_the_take_holds_what_arrived(capture, tmp_path):
    listener, take = capture("^sparseq:"), tmp_path / "take.mid"
    playing, terminal = in_a_terminal("--save", str(take))
    hear_pitched(listener)
    os.write(terminal, b"q")
    while playing.poll() is None:
        try:
            os.read(terminal, 65536)
        except OSError:  # Linux says so when the other end has gone
            break
    assert playing.wait(WAIT_S) == 0
    os.close(terminal)
    events, xruns = listener.end()
    assert sounding(events) == set()
    arrived = [(data[0] & 0x0F, data[1], data[2]) for _, data in events if data[0] & 0xF0 == 0x90]
    saved = [(note.channel, note.pitch, note.velocity) for note in read_score(parse(take.read_bytes(), "take")).notes]
    assert len(saved) - len(arrived) <= 2 * xruns
    assert set(arrived) <= set(saved)


def test_kill_leaves_no_note_sounding(capture):
    listener = capture("^sparseq:")
    playing, terminal = in_a_terminal()
    hear_pitched(listener)
    playing.send_signal(signal.SIGKILL)
    playing.wait(WAIT_S)
    while listener.hear()[1] != b"\xb9\x7b\x00":
        continue
    events, _ = listener.end()
    assert sounding(events) == set()
    os.close(terminal)

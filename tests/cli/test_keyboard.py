import os
import sys

import pytest

from sparseq.cli.keyboard import NoKeyboard, keyboard, keys_of

needs_terminals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("aB?", ["a", "B", "?"]),
        ("\x1b[A\x1b[Bx\x1bOC\x1b[D", ["up", "down", "x", "right", "left"]),
        ("\x1b[3~m", ["m"]),
        ("\x1b", []),
        (" ä", [" ", "ä"]),
    ],
)
def test_signs_are_keys(text, keys):
    assert keys_of(text) == keys


def test_without_a_terminal_nobody_types(monkeypatch):
    with keyboard(True) as keys:
        assert isinstance(keys, NoKeyboard)
        assert keys.read() == []


@needs_terminals
def test_keys_of_a_terminal_come_one_by_one_and_unseen(monkeypatch):
    import termios

    outer, inner = os.openpty()
    with os.fdopen(inner, "r+b", buffering=0) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        monkeypatch.setattr(os, "tcgetpgrp", lambda fd: os.getpgrp())
        before = termios.tcgetattr(inner)
        with keyboard(None) as keys:
            assert keys.read() == []
            os.write(outer, b"t?")
            assert keys.read() == ["t", "?"]
            assert not termios.tcgetattr(inner)[3] & (termios.ECHO | termios.ICANON)
            keys.pause()
            assert termios.tcgetattr(inner) == before
            keys.resume()
        assert termios.tcgetattr(inner) == before
    os.close(outer)


@needs_terminals
def test_a_job_in_the_background_leaves_the_terminal_alone(monkeypatch):
    import termios

    outer, inner = os.openpty()
    with os.fdopen(inner, "r+b", buffering=0) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        monkeypatch.setattr(os, "tcgetpgrp", lambda fd: os.getpgrp() + 1)
        before = termios.tcgetattr(inner)
        with keyboard(True) as keys:
            assert termios.tcgetattr(inner) == before
            assert keys.read() == []
    os.close(outer)

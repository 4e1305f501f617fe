import contextlib
import io
import sys

import pytest

from sparseq.cli import talk


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def test_colour_is_for_terminals() -> None:
    assert talk.wants_colour(Terminal())
    assert not talk.wants_colour(io.StringIO())


def test_no_color_is_heard(monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert not talk.wants_colour(Terminal())
    assert talk.wants_motion(Terminal())


def test_a_dumb_terminal_gets_neither_colour_nor_motion(monkeypatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert not talk.wants_colour(Terminal())
    assert not talk.wants_motion(Terminal())


@pytest.mark.parametrize(("encoding", "able"), [("utf-8", True), ("ascii", False), ("cp1252", False), ("cp437", False)])
def test_signs_beyond_ascii_need_an_encoding_that_has_them(encoding: str, able: bool) -> None:
    assert talk.speaks_unicode(io.TextIOWrapper(io.BytesIO(), encoding=encoding)) is able


def test_data_goes_to_stdout_and_talk_to_stderr(capsys) -> None:
    talk.emit("data")
    talk.say("talk")
    talk.say("hush", quiet=True)
    assert capsys.readouterr() == ("data\n", "talk\n")


def test_data_beyond_the_encoding_is_no_error(monkeypatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    talk.emit("Gr\xfc\xdfe \udcff")
    assert raw.getvalue() == b"Gr??e ?\n"


def test_json_is_one_sorted_document(capsys) -> None:
    talk.emit_json({"b": 1, "a": ["ü"]})
    assert capsys.readouterr().out == '{\n  "a": [\n    "\\u00fc"\n  ],\n  "b": 1\n}\n'


def test_progress_is_silent_in_a_pipe(capsys) -> None:
    with talk.progress("working", 3) as advance:
        advance(3)
    assert capsys.readouterr() == ("", "")


def drawn_while_half_done(*, quiet: bool = False) -> str:
    """Return what a terminal shows of a piece of work whose half gets done."""
    screen = Terminal()
    with contextlib.redirect_stderr(screen), talk.progress("working", 4, quiet=quiet) as advance:
        advance(2)
    return screen.getvalue()


def test_progress_of_short_work_draws_nothing(monkeypatch) -> None:
    monkeypatch.setattr(talk, "PROGRESS_AFTER_S", 3600.0)
    assert drawn_while_half_done() == ""


def test_progress_of_long_work_draws_a_bar(monkeypatch) -> None:
    monkeypatch.setattr(talk, "PROGRESS_AFTER_S", 0.0)
    drawn = drawn_while_half_done()
    assert "working" in drawn
    assert "50%" in drawn


def test_quiet_progress_draws_nothing(monkeypatch) -> None:
    monkeypatch.setattr(talk, "PROGRESS_AFTER_S", 0.0)
    assert drawn_while_half_done(quiet=True) == ""

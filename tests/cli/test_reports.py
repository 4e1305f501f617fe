import numpy as np
import pytest

from sparseq.cli.reports import bar_count, emit_bars, say_skipped
from sparseq.music.grid import DrumGrid, GridBar


def test_the_first_few_that_were_left_out_are_told_in_full(capsys) -> None:
    say_skipped([(name, f"{name}: no drums") for name in "abcde"], quiet=False)
    said = ["left out a: no drums", "left out b: no drums", "left out c: no drums", "left out 2 more"]
    assert capsys.readouterr() == ("", "".join(f"{line}\n" for line in said))


def test_nothing_left_out_is_nothing_said(capsys) -> None:
    say_skipped([], quiet=False)
    say_skipped([("a", "no drums")], quiet=True)
    assert capsys.readouterr() == ("", "")


def grid_of(*kicks_per_bar: int) -> DrumGrid:
    tokens = np.zeros((4 * len(kicks_per_bar), 2), np.uint8)
    for number, kicks in enumerate(kicks_per_bar):
        tokens[4 * number : 4 * number + kicks, 0] = 1
    bars = tuple(GridBar(number + 1, 4 * number, 4, 1, 4) for number in range(len(kicks_per_bar)))
    return DrumGrid(tokens, ("kick", "snare"), {}, 4, bars)


def test_lanes_that_rest_throughout_are_not_printed(capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    emit_bars(grid_of(1, 0), [2])
    assert [line.split("|")[0].strip() for line in capsys.readouterr().out.splitlines()] == ["2", "1", "kick"]


def test_silence_can_be_printed_too(capsys) -> None:
    emit_bars(grid_of(0))
    assert capsys.readouterr().out.split() == ["1", "1"]


@pytest.mark.parametrize(("n_bars", "text"), [(0, "0 bars"), (1, "1 bar"), (2, "2 bars")])
def test_one_bar_is_no_bars(n_bars: int, text: str) -> None:
    assert bar_count(n_bars) == text

import re
from collections.abc import Callable

import numpy as np
import pytest

from sparseq.music.grid import DrumGrid, GridBar
from sparseq.views.live import LiveGrid
from sparseq.views.textgrid import render_grid


def one_bar(number: int, n_steps: int = 4) -> DrumGrid:
    tokens_tl = np.zeros((n_steps, 1), np.uint8)
    tokens_tl[number % n_steps] = 1
    return DrumGrid(tokens_tl, ("kick",), {}, 1, (GridBar(number, 0, n_steps, 4, 4),))


class Screen:
    """A terminal that knows the few codes that the view uses."""

    def __init__(self) -> None:
        self.lines = [""]
        self.row = self.column = 0
        self.cursor_shown = True
        self.writes = 0

    def write(self, text: str) -> None:
        self.writes += 1
        for code, char in re.findall(r"(\x1b\[[?0-9]*[A-Za-z])|([\s\S])", text):
            if code:
                self.obey(code)
            else:
                self.put(char)

    def obey(self, code: str) -> None:
        if code == "\x1b[K":
            self.lines[self.row] = self.lines[self.row][: self.column]
        elif code == "\x1b[J":
            self.lines[self.row :] = [self.lines[self.row][: self.column]]
        elif code.endswith("A"):
            self.row -= int(code[2:-1])
            assert self.row >= 0
        elif code in {"\x1b[?25h", "\x1b[?25l"}:
            self.cursor_shown = code.endswith("h")
        else:
            pytest.fail(f"unknown code {code!r}")

    def put(self, char: str) -> None:
        if char == "\n":
            self.row, self.column = self.row + 1, 0
            self.lines.extend([""] * (self.row + 1 - len(self.lines)))
        elif char == "\r":
            self.column = 0
        else:
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + char + line[self.column + 1 :]
            self.column += 1

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


class Play:
    """A view, the screen that it draws on, and the step that sounds."""

    def __init__(self, **options) -> None:
        self.step: int | None = None
        self.screen = Screen()
        self.view = LiveGrid(self.screen.write, lambda: self.step, **options)

    def at(self, step: int | None) -> str:
        self.step = step
        self.view.refresh()
        return self.screen.text


@pytest.fixture
def moving() -> Play:
    return Play(in_place=True)


@pytest.fixture
def still() -> Play:
    return Play(in_place=False)


@pytest.mark.parametrize("step", [None, -1])
def test_nothing_is_drawn_before_play_begins(moving: Play, still: Play, step: int | None) -> None:
    for play in (moving, still):
        play.view.add(one_bar(1))
        assert play.at(step) == ""


def test_the_bar_that_sounds_is_drawn_in_place_with_its_playhead(moving: Play) -> None:
    for number in (1, 2, 3):
        moving.view.add(one_bar(number))
    for step in range(12):
        expected = render_grid(one_bar(step // 4 + 1), playhead_step=step % 4)
        assert moving.at(step) == expected + "\n"


def test_a_step_is_drawn_once_and_in_one_write(moving: Play) -> None:
    moving.view.add(one_bar(1))
    moving.at(0)
    moving.at(0)
    assert moving.screen.writes == 1
    moving.at(1)
    assert moving.screen.writes == 2


def test_the_last_bar_stays_when_no_other_has_come(moving: Play) -> None:
    moving.view.add(one_bar(1))
    moving.at(3)
    assert moving.at(5) == render_grid(one_bar(1)) + "\n"


def test_a_shorter_drawing_leaves_nothing_of_the_longer_one(moving: Play) -> None:
    other_kit = DrumGrid(np.ones((4, 2), np.uint8), ("crash", "ride"), {}, 1, (GridBar(1, 0, 4, 4, 4),))
    moving.view.add(other_kit)
    moving.view.add(one_bar(2))
    moving.at(0)
    assert moving.at(4) == render_grid(one_bar(2), playhead_step=0) + "\n"


def test_bars_are_numbered_as_they_come(moving: Play) -> None:
    for _ in range(2):
        moving.view.add(one_bar(1))
    assert moving.at(4).splitlines()[0].strip() == "2"


def test_a_lane_is_shown_from_the_first_bar_in_which_it_sounds(moving: Play, still: Play) -> None:
    lanes, bar = ("kick", "snare", "crash"), (GridBar(1, 0, 2, 2, 4),)
    for kick, snare in ((1, 0), (1, 1), (0, 0)):
        grid = DrumGrid(np.array([[kick, snare, 0]] * 2, np.uint8), lanes, {}, 1, bar)
        moving.view.add(grid)
        still.view.add(grid)
    drawn = [re.findall("kick|snare|crash", moving.at(step)) for step in (0, 2, 4)]
    assert drawn == [["kick"], ["snare", "kick"], ["snare", "kick"]]
    assert re.findall("kick|snare|crash", still.at(4)) == ["kick", "snare", "kick", "snare", "kick"]


def test_bars_of_any_length_follow_each_other(moving: Play) -> None:
    moving.view.add(one_bar(1, n_steps=7))
    moving.view.add(one_bar(2, n_steps=3))
    assert moving.at(6) == render_grid(one_bar(1, 7), playhead_step=6) + "\n"
    assert moving.at(9) == render_grid(one_bar(2, 3), playhead_step=2) + "\n"


def test_the_cursor_is_hidden_while_drawing_and_given_back(moving: Play) -> None:
    moving.view.add(one_bar(1))
    with moving.view:
        drawn = moving.at(0)
        assert not moving.screen.cursor_shown
    assert moving.screen.cursor_shown
    assert moving.screen.text == drawn


def test_the_cursor_is_given_back_after_an_error(moving: Play) -> None:
    moving.view.add(one_bar(1))

    def fail_while_drawing() -> None:
        with moving.view:
            moving.at(0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_while_drawing()
    assert moving.screen.cursor_shown


def test_closing_a_view_that_drew_nothing_writes_nothing(moving: Play) -> None:
    moving.view.close()
    assert moving.screen.writes == 0


def collected(refresh: Callable[[LiveGrid], None], step: list[int]) -> str:
    written: list[str] = []
    view = LiveGrid(written.append, lambda: step[0], in_place=False)
    refresh(view)
    view.close()
    return "".join(written)


def test_elsewhere_each_bar_is_written_once_without_codes() -> None:
    step = [0]

    def play(view: LiveGrid) -> None:
        for number in (1, 2, 3):
            view.add(one_bar(number))
        for step[0] in range(8):
            view.refresh()

    assert collected(play, step) == f"{render_grid(one_bar(1))}\n\n{render_grid(one_bar(2))}\n\n"


def test_elsewhere_bars_that_went_by_unseen_are_written_too() -> None:
    step = [11]

    def play(view: LiveGrid) -> None:
        for number in (1, 2, 3):
            view.add(one_bar(number))
        view.refresh()

    assert collected(play, step) == "".join(f"{render_grid(one_bar(number))}\n\n" for number in (1, 2, 3))

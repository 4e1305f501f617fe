import re
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from sparseq.music.grid import GridBar, Hit
from sparseq.music.keys import parse_key
from sparseq.music.layout import DRUM, VOICE, Lane, Sound
from sparseq.music.partgrid import PartGrid
from sparseq.views.live import Block, Look, Printer, Silence, draw, fitted, in_words

LANES = (
    Lane("kick", DRUM, "drums", 2),
    Lane("snare", DRUM, "drums", 2),
    Lane("crash", DRUM, "drums", 2),
    Lane("bass/1", VOICE, "bass", 90),
)
SOUNDS = MappingProxyType({"drums": Sound("drums", 9, None), "bass": Sound("bass", 0, 33)})
HITS = (Hit(36, 100, 0, 240), Hit(38, 100, 0, 240), Hit(49, 100, 0, 240), Hit(40, 100, 0, 240))


def a_bar(*cells):
    """Return a bar of four beats, a step each, with hits in these cells (step, lane)."""
    tokens = np.zeros((4, len(LANES)), np.uint16)
    for step, lane in cells:
        tokens[step, lane] = 20 if LANES[lane].kind == VOICE else 1
    hits = {(step, lane): (HITS[lane],) for step, lane in cells}
    return PartGrid(tokens, LANES, np.ones(4, bool), hits, SOUNDS, 1, (GridBar(1, 0, 4, 4, 4),), None, 0)


BEAT, REST, FULL = a_bar((0, 0), (2, 0)), a_bar(), a_bar((0, 0), (1, 1), (0, 3), (2, 3))


class Sounding:
    """A bar that sounds, in a test's own words."""

    def __init__(self, number, grid, step=None):
        self.number, self.grid, self.step = number, grid, step


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
    """A block, the screen that it draws on, and what sounds."""

    def __init__(self, below=(), **look):
        self.now, self.below, self.screen = None, list(below), Screen()
        self.view = Block(self.screen.write, lambda: self.now, lambda: self.below, Look(**look))

    def at(self, number, grid, step):
        self.view.add(Sounding(number, grid))
        self.now = Sounding(number, grid, step)
        self.view.refresh()
        return self.screen.text


def test_the_bar_that_sounds_is_drawn_in_place_with_its_playhead():
    play = Play(["120.0 bpm"])
    for number in (1, 2, 3):
        for step in range(4):
            drawn = draw(BEAT, number, step, {"kick"}, Look())
            assert play.at(number, BEAT, step) == f"{drawn}\n120.0 bpm\n"
            assert "▼" in drawn


def test_before_anything_sounds_there_is_only_what_stands_below():
    play = Play(["waiting for a clock"])
    play.view.refresh()
    assert play.screen.text == "waiting for a clock\n"


def test_what_has_not_changed_is_not_drawn_again():
    play = Play()
    play.at(1, BEAT, 0)
    play.view.refresh()
    assert play.screen.writes == 1


def test_a_shorter_drawing_leaves_nothing_of_the_longer_one():
    play = Play()
    play.at(1, FULL, 0)
    play.below = []
    assert play.at(2, BEAT, 0) == draw(BEAT, 2, 0, {"kick", "snare", "bass/1"}, Look()) + "\n"


def test_a_lane_is_shown_from_the_first_bar_in_which_it_sounds():
    play = Play()
    bars = (BEAT, a_bar((1, 1)), REST)
    drawn = [re.findall("kick|snare|crash", play.at(number, grid, 0)) for number, grid in enumerate(bars, 1)]
    assert drawn == [["kick"], ["snare", "kick"], ["snare", "kick"]]


def test_a_message_stands_above_the_block_and_stays():
    play = Play(["below"])
    play.at(1, BEAT, 0)
    play.view.say("wrote take.mid")
    first = play.at(1, BEAT, 1)
    assert first.startswith("wrote take.mid\n")
    assert play.at(1, BEAT, 2).split("\n")[0] == "wrote take.mid"
    assert play.screen.text.count("below") == 1


def test_a_terminal_that_is_too_low_loses_the_top_and_never_the_state():
    play = Play(["state"], height=4)
    assert play.at(1, FULL, 0).split("\n")[-2:] == ["state", ""]
    assert len(play.screen.lines) == 4


def test_the_cursor_is_hidden_while_drawing_and_given_back():
    play = Play()
    drawn = play.at(1, BEAT, 0)
    assert not play.screen.cursor_shown
    play.view.close()
    assert play.screen.cursor_shown
    assert play.screen.text == drawn


def test_a_block_that_was_closed_goes_on_below_what_others_wrote():
    play = Play()
    play.at(1, BEAT, 0)
    play.view.close()
    play.screen.write("[1]+ Stopped\n")
    assert play.at(2, BEAT, 0).count("kick") == 2


def test_bars_of_all_parts_stand_in_line_under_one_head():
    lines = draw(FULL, 7, 2, {"kick", "snare", "bass/1"}, Look()).split("\n")
    assert [line.split()[0] for line in lines] == ["7", "1", "▼", "bass", "snare", "kick"]
    assert len({line.index("|") for line in lines if "|" in line}) == 1
    assert lines[2].index("▼") == lines[-1].index("|") + 5


def test_black_keys_are_named_as_the_key_is_written():
    hits = {(0, 3): (Hit(39, 100, 0, 240),)}
    for tonic, name in (("E minor", "D#2"), ("C minor", "Eb2"), (None, "D#2")):
        grid = replace(FULL, hits=hits, key=parse_key(tonic) if tonic else None)
        assert f"{name} " in draw(grid, 1, None, {"bass/1"}, Look())


def test_a_part_that_has_never_sounded_is_left_out():
    assert "bass" not in draw(FULL, 1, None, {"kick"}, Look())


def test_colours_change_nothing_but_colours():
    lanes = {"kick", "snare", "bass/1"}
    coloured = draw(FULL, 1, 0, lanes, Look(colour=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == draw(FULL, 1, 0, lanes, Look())
    assert coloured != draw(FULL, 1, 0, lanes, Look())


@pytest.fixture
def printed():
    """Return a function that says what a printer writes of some bars."""

    def written(*bars, **options):
        pieces = []
        view = Printer(pieces.append, pieces.append, Look(), **options)
        for number, grid in enumerate(bars, 1):
            view.add(Sounding(number, grid))
        view.refresh()
        view.close()
        return "".join(pieces)

    return written


def test_elsewhere_each_bar_that_has_begun_is_written_once_without_codes(printed):
    wanted = [draw(BEAT, number, None, {"kick"}, Look()) + "\n\n" for number in (1, 2)]
    assert printed(BEAT, BEAT) == "".join(wanted)
    assert "\x1b" not in printed(FULL)


def test_plain_is_a_line_a_bar(printed):
    assert printed(FULL, REST, in_words=True) == "bar 1: kick 1, snare 1, bass 2\nbar 2: rest\n"


def test_words_name_lanes_and_parts_in_their_order():
    assert in_words(FULL, 3) == "bar 3: kick 1, snare 1, bass 2"


def test_silence_is_silent(capsys):
    view = Silence()
    view.add(Sounding(1, BEAT))
    view.say("something")
    view.refresh()
    view.close()
    assert capsys.readouterr() == ("", "")


def test_words_are_put_in_as_many_lines_as_they_need():
    assert fitted(["one", "two", "three"], 80) == ["one  two  three"]
    assert fitted(["one", "two", "three"], 8) == ["one  two", "three"]
    assert fitted(["seventeen"], 4) == ["seventeen"]

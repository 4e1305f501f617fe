"""The shipped loops are what their tabs say, and can be played."""

import tomllib
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from sparseq.music.encode import encode_drums
from sparseq.music.lanes import lane_of
from sparseq.music.score import read_score
from sparseq.music.smf import parse

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("*.tab"))
SHIPPED = files("sparseq.loops")


@pytest.fixture(params=NAMES)
def tab(request, tabs):
    return next(tab for tab in tabs if tab.name == request.param)


@pytest.fixture(scope="session")
def entries():
    return tomllib.loads((SHIPPED / "loops.toml").read_text("utf-8"))["loop"]


def score_of(tab):
    return read_score(parse((SHIPPED / f"{tab.name}.mid").read_bytes(), tab.name))


def test_a_shipped_file_is_byte_for_byte_its_tab(compose, tab):
    assert (SHIPPED / f"{tab.name}.mid").read_bytes() == compose.to_midi(tab)


def test_nothing_else_is_shipped(entries):
    on_disk = sorted(file.name for file in SHIPPED.iterdir() if file.name.endswith(".mid"))
    assert on_disk == [f"{name}.mid" for name in NAMES] == [entry["file"] for entry in entries]


def test_the_catalogue_is_what_the_tabs_say(compose, tabs):
    assert (SHIPPED / "loops.toml").read_text("utf-8") == compose.catalogue_toml(tabs)


def test_the_catalogue_is_true_of_the_files(tab, entries):
    entry = next(entry for entry in entries if entry["file"] == f"{tab.name}.mid")
    score = score_of(tab)
    upper, lower = (int(number) for number in entry["meter"].split("/"))
    assert score.meters == ((0, upper, lower),)
    assert 60e6 / score.tempos[0][1] == pytest.approx(entry["bpm"], abs=0.01)
    assert score.end_ticks * lower == entry["bars"] * upper * 4 * score.ppq
    assert entry["title"] in score.track_names
    assert {note.channel for note in score.notes} == {9}
    assert entry["parts"] == ["drums"]
    assert (entry["key"], entry["licence"]) == ("", "CC0-1.0")
    assert entry["author"]


def test_every_stroke_is_found_again_in_its_cell_of_the_grid(compose, tab):
    grid = encode_drums(score_of(tab), steps_per_beat=tab.steps_per_beat)
    found = {(step, grid.lanes[lane]) for step, lane in zip(*grid.tokens_tl.nonzero(), strict=True)}
    written = {
        (step, lane_of(compose.KIT[row.lane].pitch))
        for row in tab.rows
        for step, cell in enumerate(row.cells)
        if cell != "."
    }
    assert found == written


def test_a_file_is_named_by_its_style_and_is_in_kebab_case(tab):
    assert tab.name.startswith(tab.header["style"] + "-")
    assert tab.name.replace("-", "").isalnum()
    assert tab.name == tab.name.lower()


def test_two_hands_and_two_feet_can_play_it(compose, tab):
    assert compose.clashes(tab) == []


def test_no_lane_is_empty_and_no_two_bars_of_two_are_alike(tab):
    assert all(set(row.cells) != {"."} for row in tab.rows)
    steps = tab.bar_steps
    assert any(row.cells[:steps] != row.cells[-steps:] for row in tab.rows)


def test_loops_have_accents_and_softer_strokes(tab):
    velocities = Counter(note.velocity for note in score_of(tab).notes)
    assert len(velocities) >= 5
    assert max(velocities) - min(velocities) >= 25


def test_there_are_enough_loops_of_enough_kinds(tabs):
    straight = [tab for tab in tabs if tab.meter == (4, 4) and tab.steps_per_beat == 4]
    assert len(tabs) >= 28
    assert len(straight) >= 20
    assert len({tab.header["style"] for tab in tabs}) >= 16
    assert len({tab.meter for tab in tabs}) >= 5


def test_titles_are_unique_and_players_known(tabs):
    assert len({tab.header["title"] for tab in tabs}) == len(tabs)
    assert {tab.header["player"] for tab in tabs} <= {"drummer", "ensemble", "machine"}
    assert all(tab.header["feel"] for tab in tabs)

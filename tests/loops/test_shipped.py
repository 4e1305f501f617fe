"""The shipped loops are what their tabs say, and can be played."""

import tomllib
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from sparseq.music.chords import lay_out, parse_chords
from sparseq.music.encode import encode_drums
from sparseq.music.keys import parse_key
from sparseq.music.lanes import lane_of
from sparseq.music.partgrid import encode_piece, part_notes
from sparseq.music.parts import DRUMS
from sparseq.music.piece import read_piece
from sparseq.music.score import read_score
from sparseq.music.smf import parse

TABS = sorted(Path(__file__).parent.glob("*.tab"))
NAMES = [path.stem for path in TABS]
PITCHED_NAMES = [path.stem for path in TABS if "\npart " in path.read_text("utf-8")]
SHIPPED = files("sparseq.loops")


@pytest.fixture(params=NAMES)
def tab(request, tabs):
    return next(tab for tab in tabs if tab.name == request.param)


@pytest.fixture(params=PITCHED_NAMES)
def pitched_tab(request, tabs):
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
    channels = {"drums": 9, "bass": 1, "chords": 2, "lead": 3}
    assert entry["parts"] == [part for part in channels if part in entry["parts"]]
    assert {note.channel for note in score.notes} == {channels[part] for part in entry["parts"]}
    assert [name.lower() for name in score.track_names[1:]] == entry["parts"]
    assert bool(entry["key"]) == bool(entry.get("chords")) == (entry["parts"] != ["drums"])
    assert entry["licence"] == "CC0-1.0"
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
    assert not tab.rows or any(row.cells[:steps] != row.cells[-steps:] for row in tab.rows)
    assert all(line.bars[0] != line.bars[-1] for line in tab.lines)


def test_loops_have_accents_and_softer_strokes(tab):
    velocities = Counter(note.velocity for note in score_of(tab).notes)
    assert len(velocities) >= 5
    assert max(velocities) - min(velocities) >= (25 if tab.rows else 12)


def test_there_are_enough_loops_of_enough_kinds(tabs):
    drums = [tab for tab in tabs if tab.parts == ["drums"]]
    straight = [tab for tab in drums if tab.meter == (4, 4) and tab.steps_per_beat == 4]
    pitched = [tab for tab in tabs if tab.lines]
    assert (len(tabs), len(drums), len(pitched)) >= (64, 54, 24)
    assert len(straight) >= 20
    assert len({tab.header["style"] for tab in tabs}) >= 16
    assert len({tab.header["style"] for tab in pitched}) >= 16
    assert {(3, 4), (6, 8), (5, 4), (7, 8), (12, 8)} <= {tab.meter for tab in drums} & {tab.meter for tab in pitched}
    assert sum(tab.parts == ["drums", "bass", "chords", "lead"] for tab in tabs) >= 12


def pitched(tab):
    return read_piece(parse((SHIPPED / f"{tab.name}.mid").read_bytes()), steps_per_beat=tab.steps_per_beat)


def test_parts_are_found_for_what_they_are(pitched_tab):
    assert [part.name for part in pitched(pitched_tab).parts] == pitched_tab.parts


def test_most_notes_are_in_the_key_that_is_stated(pitched_tab):
    notes = pitched(pitched_tab).pitched_notes
    inside = parse_key(pitched_tab.header["key"]).classes
    assert sum(note.pitch % 12 in inside for note in notes) >= 0.75 * len(notes)


def test_the_chords_of_each_bar_are_stated(pitched_tab):
    assert pitched_tab.bars == len(parse_chords(pitched_tab.header["chords"]).bars)


def test_most_notes_of_the_lowest_part_belong_to_the_chords_that_are_stated(pitched_tab):
    piece = pitched(pitched_tab)
    chords = lay_out(parse_chords(pitched_tab.header["chords"]), piece.bars)
    basses = next(part for part in piece.parts if part.kind != DRUMS)
    struck = [(note, chords[note.onset_ticks * pitched_tab.steps_per_beat // piece.score.ppq]) for note in basses.notes]
    fitting = [chord is not None and note.pitch % 12 in chord.classes for note, chord in struck]
    assert sum(fitting) >= 0.6 * len(fitting)


def test_a_loop_comes_back_from_the_grid_as_it_was(tab):
    piece = read_piece(parse((SHIPPED / f"{tab.name}.mid").read_bytes()), steps_per_beat=tab.steps_per_beat)
    back = part_notes(encode_piece(piece), piece.score.ppq)
    assert sorted(note[:5] for note in back) == sorted(note[:5] for note in piece.score.notes)


def test_titles_are_unique_and_players_known(tabs):
    assert len({tab.header["title"] for tab in tabs}) == len(tabs)
    assert {tab.header["player"] for tab in tabs} <= {"drummer", "ensemble", "machine"}
    assert all(tab.header["feel"] for tab in tabs)

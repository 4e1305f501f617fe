import json

import pytest
from click.testing import CliRunner, Result

from sparseq.cli.main import cli, main
from sparseq.music.catalogue import catalogue


def loops(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(cli, ["loops", *words])


def listed(*words: str) -> list[str]:
    """Return the names in the first column of the listing."""
    done = loops(*words)
    assert (done.exit_code, done.stderr) == (0, "")
    return [line.split()[0] for line in done.stdout.splitlines()[1:]]


def test_loops_alone_lists_all_of_the_catalogue() -> None:
    assert listed() == listed("list") == [info.name for info in catalogue()]


def test_the_listing_fits_into_80_columns_under_its_headers() -> None:
    lines = loops().stdout.splitlines()
    assert lines[0].split() == ["name", "style", "bpm", "meter", "bars", "title"]
    assert max(len(line) for line in lines) <= 80


def test_a_line_says_what_the_catalogue_says() -> None:
    info = catalogue()[0]
    facts = [info.name, info.style, f"{info.bpm:g}", info.meter, str(info.bars), *info.title.split()]
    assert loops().stdout.splitlines()[1].split() == facts


@pytest.mark.parametrize("style", ["bossa-nova", "Bossa Nova", "bossa_nova"])
def test_a_style_chooses_however_it_is_written(style: str) -> None:
    expected = [info.name for info in catalogue() if info.style == "bossa-nova"]
    assert expected
    assert listed("--style", style) == listed("list", "--style", style) == expected


def test_a_meter_chooses() -> None:
    expected = [info.name for info in catalogue() if info.meter == "6/8"]
    assert expected
    assert listed("--meter", "6/8") == expected


def test_style_and_meter_choose_together() -> None:
    chosen = json.loads(loops("--style", "funk", "--meter", "4/4", "--json").stdout)
    assert {(info["style"], info["meter"]) for info in chosen} == {("funk", "4/4")}


def test_json_holds_the_whole_catalogue() -> None:
    done = loops("--json")
    assert (done.exit_code, done.stderr) == (0, "")
    facts = json.loads(done.stdout)
    assert [info["name"] for info in facts] == [info.name for info in catalogue()]
    assert {"title", "style", "bpm", "meter", "key", "bars", "steps_per_beat", "author", "licence"} <= set(facts[0])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--style", "polka"], "no loop here has the style 'polka'; there are: afrobeat, "),
        (["--meter", "13/16"], "no loop here has the meter '13/16'; there are: 12/8, 3/4, 4/4, "),
        (["--style", "funk", "--meter", "3/4"], "no loop here has the meter '3/4'; there are: 4/4"),
        (["--bpm", "399"], "no loop here has a tempo of 399 to 399 bpm; there are: 60, "),
        (["show", "funk-sidewall"], "did you mean funk-sidewalk"),
        (["show", "funk-sidewalk", "--bars", "99"], "the file has"),
    ],
)
def test_what_is_not_there_fails_in_one_line(capsys, words: list[str], said: str) -> None:
    assert main(["loops", *words]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("sparseq: ")
    assert said in err
    assert err.count("\n") == 1


def test_a_wrong_subcommand_is_usage(capsys) -> None:
    assert main(["loops", "lst"]) == 2
    assert "lst" in capsys.readouterr().err


@pytest.mark.parametrize("info", catalogue(), ids=lambda info: info.name)
def test_every_loop_can_be_shown(info) -> None:
    done = loops("show", info.name)
    assert (done.exit_code, done.stderr) == (0, "")
    title, blank, numbers, *_ = done.stdout.splitlines()
    key = f"{info.key}   " if info.key else ""
    assert title.startswith(f"{info.title} ({info.name})   {info.bpm:g} bpm   {info.meter}   {key}{info.bars} bar")
    assert blank == ""
    assert numbers.split()[0] == ("1" if info.parts == ("drums",) else info.parts[-1])
    assert max(len(line) for line in done.stdout.splitlines()[1:]) <= 80


def test_a_shown_loop_is_on_its_own_grid() -> None:
    info = next(info for info in catalogue() if info.steps_per_beat != 4)
    facts = json.loads(loops("show", info.name, "--json").stdout)
    assert facts["steps_per_beat"] == info.steps_per_beat
    assert len(facts["bars"]) == info.bars
    assert facts["hits"]


def test_a_loop_is_shown_with_its_parts_and_its_own_chords() -> None:
    done = loops("show", "synthwave-coast-road")
    words = done.stdout.split()
    assert [word for word in words if word in ("lead", "chords", "bass", "drums")] == [
        "lead",
        "chords",
        "bass",
        "drums",
    ]
    facts = json.loads(loops("show", "synthwave-coast-road", "--json").stdout)
    assert [bar["chords"] for bar in facts["bars"]] == [["Am"], ["F"], ["C"], ["G"]]


def test_loops_are_chosen_by_tempo() -> None:
    for words, least, most in ((["--bpm", "100"], 100, 100), (["--bpm", "90-110"], 90, 110)):
        listed = json.loads(loops("list", *words, "--json").stdout)
        assert [info["name"] for info in listed] == [each.name for each in catalogue() if least <= each.bpm <= most]
        assert listed
    assert loops("list", "--bpm", "fast").exit_code == 2


def test_chosen_bars_of_a_loop_are_shown() -> None:
    info = next(info for info in catalogue() if info.bars >= 2)
    assert {hit["bar"] for hit in json.loads(loops("show", info.name, "--bars", "2", "--json").stdout)["hits"]} == {2}


@pytest.mark.parametrize("words", [["list"], ["show"]])
def test_subcommands_explain_themselves(words: list[str]) -> None:
    assert "--json" in loops(*words, "--help").stdout


def test_the_group_explains_its_subcommands() -> None:
    text = loops("--help").stdout
    assert "list" in text
    assert "show" in text

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sparseq.cli.export import MOST_LOOPS
from sparseq.cli.main import cli, main
from sparseq.music.score import read_score
from sparseq.music.smf import parse
from sparseq.music.units import PPQ

BAR = 4 * PPQ


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def export(*words: str) -> Result:
    return CliRunner().invoke(cli, ["export", "--loops", "funk", "--parts", "drums", *words])


def score_of(path: str):
    return read_score(parse(Path(path).read_bytes(), path))


def test_a_loop_is_written_its_first_bar_printed_and_the_file_named_with_its_seed() -> None:
    done = export("--seed", "1", "-o", "a.mid")
    assert (done.exit_code, done.stderr) == (0, "wrote a.mid: 4 bars, seed 1\n")
    lines = done.stdout.splitlines()
    assert lines[0].strip() == "1"
    assert any(line.startswith("kick") for line in lines)
    assert all("●" in line or "◉" in line or "○" in line for line in lines[2:])
    assert score_of("a.mid").end_ticks == 4 * BAR


def test_options_reach_the_file() -> None:
    assert export("--bars", "2", "--bpm", "120", "--seed", "1", "-o", "a.mid").exit_code == 0
    score = score_of("a.mid")
    assert (score.end_ticks, score.tempos) == (2 * BAR, ((0, 500_000),))


def test_temperature_changes_what_is_written() -> None:
    for name, temperature in (("a.mid", "0.01"), ("b.mid", "5")):
        assert export("--seed", "1", "--temperature", temperature, "-o", name).exit_code == 0
    assert score_of("a.mid").notes != score_of("b.mid").notes


def test_the_same_seed_writes_the_same_bytes() -> None:
    for name in ("a.mid", "b.mid"):
        assert export("--seed", "3", "-o", name).exit_code == 0
    assert Path("a.mid").read_bytes() == Path("b.mid").read_bytes()


def test_a_fresh_seed_is_told_and_gives_the_same_again() -> None:
    seed = export("--bars", "1", "-o", "a.mid").stderr.split()[-1]
    assert export("--bars", "1", "--seed", seed, "-o", "b.mid").exit_code == 0
    assert Path("a.mid").read_bytes() == Path("b.mid").read_bytes()


def test_several_loops_go_into_a_folder() -> None:
    done = export("--count", "3", "--bars", "1", "--seed", "1", "-o", "new")
    assert (done.exit_code, done.stderr) == (0, "wrote 3 loops to new: 1 bar each, seed 1\n")
    assert sorted(path.name for path in Path("new").iterdir()) == ["loop-001.mid", "loop-002.mid", "loop-003.mid"]


def test_quiet_says_nothing() -> None:
    done = export("-q", "-o", "a.mid")
    assert (done.exit_code, done.output) == (0, "")
    assert Path("a.mid").exists()


def test_the_loops_left_out_for_their_meter_are_told(rock_loop) -> None:
    paths = [rock_loop("a.mid"), rock_loop("odd.mid", meter=(7, 8))]
    done = CliRunner().invoke(cli, ["export", "--loops", paths[0], "--loops", paths[1], "-o", "new.mid"])
    assert done.exit_code == 0
    assert f"left out {paths[1]}: counted in another meter or resolution than most\n" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["-o", "there.mid"],
        ["-o", "nowhere/a.mid"],
        ["-o", "there.mid/a.mid"],
        ["--count", "2", "-o", "there.mid", "--force"],
        ["--loops", "no such loop", "-o", "a.mid"],
        ["--loops", "there.mid", "-o", "a.mid"],
    ],
)
def test_what_cannot_be_done_is_one_line_and_nothing_is_written(words: list[str], capsys) -> None:
    Path("there.mid").write_bytes(b"mine")
    if "--loops" not in words:
        words = ["--loops", "funk", *words]
    assert main(["export", *words]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("sparseq: ")
    assert [path.name for path in Path().iterdir()] == ["there.mid"]
    assert Path("there.mid").read_bytes() == b"mine"


def test_force_replaces() -> None:
    Path("there.mid").write_bytes(b"mine")
    assert export("--bars", "1", "-o", "there.mid", "--force").exit_code == 0
    assert score_of("there.mid").end_ticks == BAR


@pytest.mark.parametrize("words", [["--count", "0"], ["--count", str(MOST_LOOPS + 1)], ["--bars", "0"], ["--bpm", "5"]])
def test_numbers_out_of_range_are_a_matter_of_usage(words: list[str]) -> None:
    done = export(*words, "-o", "a.mid")
    assert done.exit_code == 2
    assert "wanted" in done.stderr
    assert not Path("a.mid").exists()

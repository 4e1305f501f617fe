from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sparseq.cli.main import cli, main
from sparseq.music.score import Note, read_score
from sparseq.music.smf import parse
from sparseq.music.writer import write_midi

BAR = 4 * 480


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rock_bytes) -> Path:
    """Be in a folder with a groove of four bars, b.mid."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    Path("b.mid").write_bytes(rock_bytes(piano=True))
    return tmp_path


def fill(*words: str) -> Result:
    return CliRunner().invoke(cli, ["fill", "--loops", "funk", *words])


def notes_of(path: str):
    return [note[:6] for note in read_score(parse(Path(path).read_bytes(), path)).notes]


def test_a_bar_is_filled_shown_and_the_file_named_with_the_seed() -> None:
    before = Path("b.mid").read_bytes()
    done = fill("b.mid", "--bars", "3", "--seed", "2", "-o", "c.mid")
    assert (done.exit_code, done.stderr) == (0, "wrote c.mid: bar 3 of b.mid filled, seed 2\n")
    assert done.stdout.splitlines()[0].strip() == "3"
    assert any(line.startswith("kick") for line in done.stdout.splitlines())
    assert Path("b.mid").read_bytes() == before
    outside = [[note for note in notes_of(name) if note[0] // BAR != 2] for name in ("b.mid", "c.mid")]
    assert outside[0] == outside[1]


def test_several_bars_are_counted() -> None:
    done = fill("b.mid", "--bars", "1,3-4", "--seed", "2", "-o", "c.mid")
    assert done.stderr == "wrote c.mid: 3 bars of b.mid filled, seed 2\n"


def test_greedy_needs_no_seed() -> None:
    for name in ("c.mid", "d.mid"):
        done = fill("b.mid", "--bars", "3", "--greedy", "-o", name)
        assert done.stderr == f"wrote {name}: bar 3 of b.mid filled\n"
    assert Path("c.mid").read_bytes() == Path("d.mid").read_bytes()


def test_a_fresh_seed_is_told_and_gives_the_same_again() -> None:
    seed = fill("b.mid", "--bars", "3", "-o", "c.mid").stderr.split()[-1]
    assert fill("b.mid", "--bars", "3", "--seed", seed, "-o", "d.mid").exit_code == 0
    assert Path("c.mid").read_bytes() == Path("d.mid").read_bytes()


@pytest.mark.parametrize("choice", [["--lanes", "kick"], ["--keep-lanes", "snare,hats"]])
def test_other_lanes_of_the_bar_stay(choice: list[str]) -> None:
    assert fill("b.mid", "--bars", "1-3", *choice, "--temperature", "5", "-o", "c.mid").exit_code == 0
    others = [[note for note in notes_of(name) if note[2] != 36] for name in ("b.mid", "c.mid")]
    assert others[0] == others[1]


def test_quiet_says_nothing() -> None:
    done = fill("b.mid", "--bars", "3", "-q", "-o", "c.mid")
    assert (done.exit_code, done.output) == (0, "")
    assert Path("c.mid").exists()


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_the_input_itself_is_no_output_not_even_by_another_name(force: list[str], capsys) -> None:
    before = Path("b.mid").read_bytes()
    Path("link.mid").symlink_to("b.mid")
    for name in ("b.mid", "./b.mid", "link.mid"):
        assert main(["fill", "b.mid", "--bars", "3", "-o", name, *force]) == 1
        assert "use --in-place" in capsys.readouterr().err
    assert Path("b.mid").read_bytes() == before


def test_in_place_keeps_a_copy_of_what_was_there() -> None:
    before = Path("b.mid").read_bytes()
    assert fill("b.mid", "--bars", "3", "--seed", "2", "-o", "c.mid").exit_code == 0
    done = fill("b.mid", "--bars", "3", "--seed", "2", "--in-place")
    assert (done.exit_code, "kept the file as it was: b.mid.bak\n" in done.stderr) == (0, True)
    assert Path("b.mid").read_bytes() == Path("c.mid").read_bytes()
    assert Path("b.mid.bak").read_bytes() == before


def test_an_existing_file_is_replaced_only_by_force(capsys) -> None:
    Path("c.mid").write_bytes(b"mine")
    assert main(["fill", "b.mid", "--bars", "3", "-o", "c.mid"]) == 1
    assert "c.mid exists" in capsys.readouterr().err
    assert Path("c.mid").read_bytes() == b"mine"
    assert fill("b.mid", "--bars", "3", "-o", "c.mid", "--force").exit_code == 0
    assert Path("c.mid").read_bytes() != b"mine"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.mid"], "cannot read none.mid: there is no such file"),
        (["."], "it is a folder, wanted a file"),
        (["text.mid"], "text.mid: a MIDI file was wanted"),
        (["piano.mid", "--bars", "1", "--lanes", "kick"], "piano.mid: wanted drums to repair"),
        (["empty.mid", "--bars", "1"], "wanted notes to go by, got none at all in"),
        (["b.mid", "--bars", "5"], "bar 5 was asked for, but the file has 4 bars"),
        (["b.mid", "--bars", "3-"], "exists"),
        (["b.mid", "--bars", "x"], "'x'"),
        (["b.mid", "--lanes", "kazoo"], "'kazoo'"),
        (["b.mid", "--lanes", "kick", "--keep-lanes", "kick"], "nothing lies in all that was chosen"),
        (["b.mid", "--loops", "no such loop", "-o", "c.mid"], "'no such loop'"),
        (["b.mid", "-o", "nowhere/c.mid"], "there is no folder"),
        (["b.mid", "-o", "text.mid/c.mid"], "is not a folder"),
        (["b.mid", "--lanes", "kick", "--beats", "9"], "9"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_nothing_is_written(words: list[str], said: str, capsys) -> None:
    Path("text.mid").write_bytes(b"hello")
    Path("piano.mid").write_bytes(write_midi([Note(0, 400, 60, 80)], track_names=["Piano"]))
    Path("empty.mid").write_bytes(write_midi([]))
    before = {path: path.read_bytes() for path in Path().iterdir()}
    defaults = [*([] if "--bars" in words else ["--bars", "3"]), *([] if "-o" in words else ["-o", "text.mid"])]
    if said != "exists" and "-o" not in words:
        defaults += ["--force"]
    assert main(["fill", *words, *defaults]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("sparseq: ")
    assert said in err
    assert {path: path.read_bytes() for path in Path().iterdir()} == before


@pytest.mark.parametrize("words", [["b.mid", "-o", "c.mid"], ["--bars", "3", "-o", "c.mid"], ["b.mid", "--bars", "3"]])
def test_file_bars_and_a_place_for_the_result_have_to_be_given(words: list[str]) -> None:
    assert fill(*words).exit_code == 2
    assert not Path("c.mid").exists()

"""`sparseq vary` changes a share of the cells, the same ones for the same seed, and leaves the rest."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sparseq.cli.main import cli, main
from sparseq.music.score import read_score
from sparseq.music.smf import parse

BAR = 4 * 480


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rock_bytes) -> Path:
    """Be in a folder with a groove of four bars, b.mid."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    Path("b.mid").write_bytes(rock_bytes(piano=True))
    return tmp_path


def vary(*words: str) -> Result:
    return CliRunner().invoke(cli, ["vary", "b.mid", *words])


def notes_of(path: str, *, drums: bool = True):
    notes = read_score(parse(Path(path).read_bytes(), path)).notes
    return [note[:6] for note in notes if (note.channel == 9) == drums]


def test_some_of_the_drums_change_and_nothing_else() -> None:
    done = vary("--tracks", "drums", "--temperature", "5", "--seed", "3", "-o", "c.mid")
    assert (done.exit_code, done.stderr) == (0, "wrote c.mid: 4 bars of b.mid filled, seed 3\n")
    before, after = notes_of("b.mid"), notes_of("c.mid")
    assert before != after
    assert len(set(before) & set(after)) > len(before) / 2
    assert notes_of("b.mid", drums=False) == notes_of("c.mid", drums=False)


def test_only_cells_that_are_drawn_change() -> None:
    marked = vary("--dry-run", "--strength", "0.2", "--seed", "3", "--json")
    assert vary("--strength", "0.2", "--seed", "3", "--temperature", "10", "-o", "c.mid").exit_code == 0
    gone = set(notes_of("b.mid")) - set(notes_of("c.mid"))
    assert f'"notes": {len(gone)}' not in marked.stdout or gone
    assert len(gone) <= 16


def test_a_seed_gives_the_same_again_and_another_one_another() -> None:
    for name, seed in (("c.mid", "1"), ("d.mid", "1"), ("e.mid", "2")):
        assert vary("--seed", seed, "--temperature", "5", "-o", name).exit_code == 0
    assert Path("c.mid").read_bytes() == Path("d.mid").read_bytes() != Path("e.mid").read_bytes()


def test_the_choices_of_fill_hold_here_too() -> None:
    words = ["--bars", "2", "--beats", "3-4", "--lanes", "kick", "--strength", "1", "--temperature", "10"]
    assert vary(*words, "--seed", "4", "-o", "c.mid").exit_code == 0
    changed = set(notes_of("b.mid")) ^ set(notes_of("c.mid"))
    assert changed
    assert {(note[2], (note[0] - BAR) // (BAR // 2)) for note in changed} == {(36, 1)}


@pytest.mark.parametrize("word", ["0", "1.1", "-1", "x", "nan"])
def test_a_strength_that_is_no_share_is_usage(word: str) -> None:
    done = vary("--strength", word, "-o", "c.mid")
    assert (done.exit_code, Path("c.mid").exists()) == (2, False)
    assert f"wanted a number above 0 to 1, got '{word}'" in done.stderr


def test_a_strength_that_draws_no_cell_says_so(capsys) -> None:
    words = ["vary", "b.mid", "--bars", "2", "--lanes", "kick", "--strength", "0.001", "--seed", "1", "-o", "c.mid"]
    assert main(words) == 1
    assert "seed 1 draws none; raise the strength" in capsys.readouterr().err
    assert not Path("c.mid").exists()


def test_a_place_for_the_result_has_to_be_given() -> None:
    assert vary("--seed", "1").exit_code == 2

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sparseq.cli.learn import command
from sparseq.errors import FileError, InputError
from sparseq.music.library import library_names, library_path, open_library
from sparseq.music.score import Note
from sparseq.music.writer import write_midi


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPARSEQ_DATA_DIR", str(tmp_path / "data"))
    folder = tmp_path / "pack"
    folder.mkdir()
    for number in range(2):
        (folder / f"{number}.mid").write_bytes(write_midi([Note(0, 100, 36 + number, 90, 9)]))
    (folder / "bad.mid").write_bytes(b"")
    return folder


def learn(*words: str, fails: bool = False) -> Result:
    done = CliRunner().invoke(command, words, catch_exceptions=not fails)
    assert fails or done.exit_code == 0, done.output
    return done


def test_a_folder_becomes_a_library(pack: Path) -> None:
    done = learn(str(pack), "--name", "mine")
    assert library_names() == ("mine",)
    with open_library(library_path("mine")) as library:
        assert library.n_pieces == 2
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["what", "count"],
        ["files", "3"],
        ["learnt", "2"],
        ["known", "0"],
        ["left", "out", "1"],
        ["drums", "parts", "2"],
    ]
    assert "bad.mid: a MIDI file was wanted" in done.stderr
    assert "holds 2 pieces; use it with --loops mine" in done.stderr


def test_json_holds_the_report(pack: Path) -> None:
    facts = json.loads(learn(str(pack), "--name", "mine", "--json").stdout)
    assert (facts["files"], facts["added"], facts["skipped"], facts["pieces"]) == (3, 2, 1, 2)
    assert facts["path"] == str(library_path("mine"))
    assert facts["reasons"][0][0] == str(pack / "bad.mid")


def test_quiet_says_nothing(pack: Path) -> None:
    assert learn(str(pack), "--name", "mine", "-q").output == ""


def test_again_everything_is_known_unless_forced(pack: Path) -> None:
    learn(str(pack), "--name", "mine")
    assert json.loads(learn(str(pack), "--name", "mine", "--json").stdout)["unchanged"] == 3
    assert json.loads(learn(str(pack), "--name", "mine", "--json", "--force").stdout)["added"] == 2


def test_a_name_that_cannot_be_used_is_refused_first(pack: Path) -> None:
    with pytest.raises(InputError, match="library's name"):
        learn(str(pack / "nowhere"), "--name", "a/b", fails=True)


def test_a_path_that_is_not_there_fails(pack: Path) -> None:
    with pytest.raises(FileError, match="there is no"):
        learn(str(pack / "nowhere"), "--name", "mine", fails=True)
    assert library_names() == ()


@pytest.mark.parametrize("words", [[], ["x.mid"], ["--name", "x"]])
def test_paths_and_a_name_are_needed(pack: Path, words: list[str]) -> None:
    assert CliRunner().invoke(command, words).exit_code == 2

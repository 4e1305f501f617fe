import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sparseq.cli.learn import command
from sparseq.cli.main import cli
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


def test_a_library_serves_as_loops_for_export_and_fill_without_the_files(pack: Path) -> None:
    kit = [Note(beat * 960, 100, 36 + 2 * (beat % 2), 90, 9) for beat in range(16)]
    (pack / "kit.mid").write_bytes(write_midi(kit))
    learn(str(pack / "kit.mid"), "--name", "mine")
    take = pack.parent / "take.mid"
    take.write_bytes((pack / "kit.mid").read_bytes())
    (pack / "kit.mid").unlink()
    for words in (["export"], ["fill", str(take), "--bars", "2"]):
        done = CliRunner().invoke(cli, [*words, "--loops", "mine", "--seed", "1", "-o", str(pack / f"{words[0]}.mid")])
        assert done.exit_code == 0, done.output
    assert (pack / "export.mid").exists()
    assert (pack / "fill.mid").exists()


def test_files_that_cannot_be_used_are_told_apart(pack: Path) -> None:
    header = bytes.fromhex("4d546864 00000006 0000 0001")
    track = bytes.fromhex("4d54726b 0000000d 00 992464 60 892400 00 ff2f00").replace(b"\x0d", b"\x0c", 1)
    (pack / "zero.mid").write_bytes(header + b"\x00\x00" + track)
    (pack / "smpte.mid").write_bytes(header + b"\xe7\x28" + track)
    (pack / "empty.mid").write_bytes(write_midi([]))
    (pack / "huge.mid").write_bytes(b"MThd")
    with (pack / "huge.mid").open("r+b") as file:
        file.truncate(100 * 2**20)
    facts = json.loads(learn(str(pack), "--name", "mine", "--json").stdout)
    reasons = {Path(path).name: reason for path, reason in facts["reasons"]}
    assert set(reasons) == {"bad.mid", "zero.mid", "smpte.mid", "empty.mid", "huge.mid"}
    assert "no notes" in reasons["empty.mid"]
    assert "104.9 MB" in reasons["huge.mid"]
    assert all("\n" not in reason for reason in reasons.values())

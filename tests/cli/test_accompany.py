"""`sparseq accompany` as a stranger runs it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from sparseq.cli.main import cli, main
from sparseq.music.parts import programs_of, split_parts
from sparseq.music.score import read_score
from sparseq.music.smf import parse


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.fixture
def bass():
    words = [
        "export",
        "--loops",
        "funk-tin-roof",
        "--parts",
        "bass",
        "--bars",
        "2",
        "--seed",
        "1",
        "-o",
        "bass.mid",
        "-q",
    ]
    assert CliRunner().invoke(cli, words).exit_code == 0
    return "bass.mid"


def accompany(*words):
    return CliRunner().invoke(cli, ["accompany", *words])


def parts_of(path):
    midi = parse(Path(path).read_bytes(), path)
    return [part.name for part in split_parts(read_score(midi), programs_of(midi))]


def test_new_parts_are_written_shown_and_named(bass):
    done = accompany(bass, "--loops", "funk-tin-roof", "--parts", "drums", "--seed", "1", "-o", "band.mid")
    assert (done.exit_code, done.stderr) == (0, "wrote band.mid: drums to 2 bars of bass.mid, seed 1\n")
    assert any(line.startswith("kick") for line in done.stdout.splitlines())
    assert parts_of("band.mid") == ["drums", "bass"]


def test_without_loops_the_style_that_suits_the_take_is_found(bass):
    done = accompany(bass, "--seed", "1", "-o", "band.mid", "-q")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "drums" in parts_of("band.mid")


def test_bars_and_the_options_of_the_band_are_heard(bass):
    words = ("--loops", "funk-tin-roof", "--seed", "1", "--parts", "chords", "--bars", "2", "--chords", "Em7 | A9")
    done = accompany(bass, *words, "--range", "chords=C4-C5", "--max-voices", "2", "-o", "band.mid")
    assert done.exit_code == 0
    assert "chords to 1 bar of bass.mid" in done.stderr
    notes = [note for note in read_score(parse(Path("band.mid").read_bytes())).notes if note.channel != 0]
    assert all(60 <= note.pitch <= 72 for note in notes if note.track > 1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nothere.mid", "-o", "a.mid"), "sparseq: cannot read nothere.mid: there is no such file\n"),
        (("bass.mid", "-o", "bass.mid"), "sparseq: bass.mid is the file to repair; use --in-place, which keeps a copy"),
        (("bass.mid", "--parts", "bass", "-o", "a.mid"), "sparseq: bass.mid has bass already; `sparseq fill` writes"),
        (("bass.mid", "--loops", "waltz", "-o", "a.mid"), "sparseq: bass.mid is in 4/4, but the loops are in 3/4"),
        (("bass.mid", "--bars", "9", "-o", "a.mid"), "sparseq: bar 9 was asked for, but the file has 2 bars (1-2)\n"),
        (("bass.mid", "-o", "none/a.mid"), "sparseq: cannot write none/a.mid: there is no folder"),
    ],
)
def test_what_cannot_be_is_said_in_one_line_and_nothing_is_written(bass, capsys, folder, words, message):
    before = sorted(folder.iterdir())
    assert main(["accompany", *words]) == 1
    out = capsys.readouterr()
    assert out.err.startswith(message)
    assert out.err.count("\n") == 1
    assert sorted(folder.iterdir()) == before

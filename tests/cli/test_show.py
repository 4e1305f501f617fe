import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sparseq.cli.main import cli, main
from sparseq.music.keys import Key
from sparseq.music.score import Note
from sparseq.music.writer import write_midi

PPQ = 480
SIXTEENTH = PPQ // 4
KICK, SNARE, HAT = 36, 38, 42


def hit(step: float, pitch: int, velocity: int = 90) -> Note:
    return Note(round(step * SIXTEENTH), 60, pitch, velocity, channel=9)


@pytest.fixture
def groove(tmp_path: Path) -> str:
    """Return a file of two bars: kick and snare in both, a hat in the second."""
    notes = [hit(0, KICK, 120), hit(4, SNARE), hit(16, KICK), hit(20, SNARE, 127), hit(21.1, SNARE, 30), hit(31, HAT)]
    return written(tmp_path / "groove.mid", notes, tempos=((0, 600_000),))


def written(path: Path, notes: Sequence[Note], **options) -> str:
    path.write_bytes(write_midi(notes, ppq=PPQ, **options))
    return str(path)


def show(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(cli, ["show", *words])


def test_a_file_is_shown_with_title_grid_and_legend(groove: str) -> None:
    done = show(groove)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "groove.mid   100 bpm   4/4   2 bars   480 ppq",
        "",
        "            1                   2",
        "            1    2    3    4    1    2    3    4",
        "closed_hat |···· ···· ···· ····|···· ···· ···· ···●|",
        "snare      |···· ●··· ···· ····|···· ◉○·· ···· ····|",
        "kick       |◉··· ···· ···· ····|●··· ···· ···· ····|",
        "",
        "· rest   ○ ghost note   ● hit   ◉ accent",
    ]


def test_chosen_bars_are_shown(groove: str) -> None:
    assert show(groove, "--bars", "2").stdout.splitlines()[2:5] == [
        "            2",
        "            1    2    3    4",
        "closed_hat |···· ···· ···· ···●|",
    ]


def test_chosen_steps_are_shown(groove: str) -> None:
    assert "kick       |◉· ·· ·· ··|●· ·· ·· ··|" in show(groove, "--steps", "2").stdout


def test_a_shuffle_is_shown_in_triplets(tmp_path: Path) -> None:
    notes = [hit(step * 4 / 3, KICK) for step in (0, 2, 3, 5, 6, 8, 9, 11)]
    assert "kick |●·● ●·● ●·● ●·●|" in show(written(tmp_path / "a.mid", notes)).stdout


def test_changes_of_tempo_and_meter_are_in_the_title(tmp_path: Path) -> None:
    tempos, meters = ((0, 600_000), (960, 400_000), (1920, 500_000)), ((0, 4, 4), (1920, 7, 8))
    path = written(tmp_path / "a.mid", [hit(0, KICK), hit(17, KICK)], tempos=tempos, meters=meters)
    assert show(path).stdout.splitlines()[0] == "a.mid   100-150 bpm   4/4, 7/8   2 bars   480 ppq"


def test_a_title_cannot_command_the_terminal(tmp_path: Path) -> None:
    path = written(tmp_path / "a\x1b[2J.mid", [hit(0, KICK)])
    assert show(path).stdout.startswith("a?[2J.mid   120 bpm   4/4   1 bar   480 ppq\n")


def test_json_holds_what_the_picture_shows(groove: str) -> None:
    done = show(groove, "--bars", "2", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    facts = json.loads(done.stdout)
    assert facts["name"] == "groove.mid"
    assert facts["tempos"] == [{"tick": 0, "bpm": 100.0}]
    assert facts["meters"] == [{"tick": 0, "numerator": 4, "denominator": 4}]
    assert facts["lanes"] == ["kick", "snare", "closed_hat"]
    assert facts["steps_per_beat"] == 4
    assert facts["bars"] == [{"number": 2, "start_step": 16, "length_steps": 16, "numerator": 4, "denominator": 4}]
    assert facts["tracks"] == [{"name": "", "notes": 0}, {"name": "Drums", "notes": 6}]
    shown = [
        (each["bar"], each["step"], each["lane"], each["velocity"], each["offset_ticks"]) for each in facts["hits"]
    ]
    assert shown == [
        (2, 0, "kick", 90, 0),
        (2, 4, "snare", 127, 0),
        (2, 5, "snare", 30, 24),
        (2, 15, "closed_hat", 90, 0),
    ]


@pytest.fixture
def band(tmp_path: Path) -> str:
    """Return a file of two bars with kick, a bass and a chord."""
    notes = [hit(0, KICK), hit(16, KICK), Note(0, PPQ, 33, 90, 1, 1)]
    notes += [Note(0, 4 * PPQ, pitch, 60, 2, 2) for pitch in (57, 60, 64)]
    return written(tmp_path / "band.mid", notes, track_names=["Drums", "Bass", "Strings"])


def test_pitched_parts_are_piano_rolls_with_chords_above(band: str) -> None:
    done = show(band)
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "band.mid   120 bpm   4/4   A minor (estimated)   2 bars   480 ppq"
    assert [line for line in lines if line in ("chords", "bass", "drums")] == ["chords", "bass", "drums"]
    assert lines[3].split() == ["Am"]
    assert "E4   |●━━━ ━━━━ ━━━━ ━━━━|···· ···· ···· ····|" in lines
    assert "A1   |●━━━ ···· ···· ····|···· ···· ···· ····|" in lines
    assert lines[-1] == "· rest   ○ ghost note   ● hit   ◉ accent   ━ held"


def test_the_key_is_that_of_the_key_signature_where_there_is_one(tmp_path: Path) -> None:
    chord = [Note(0, 4 * PPQ, pitch, 60, 2) for pitch in (57, 60, 64)]
    file = written(tmp_path / "chord.mid", chord, track_names=["Strings"], key=Key(3, "major"))
    assert show(file).stdout.splitlines()[0] == "chord.mid   120 bpm   4/4   Eb major   1 bar   480 ppq"
    facts = json.loads(show(file, "--json").stdout)
    assert (facts["key"], facts["key_is_estimated"]) == ("Eb major", False)


def test_chosen_parts_are_shown(band: str) -> None:
    shown = show(band, "--parts", "bass").stdout
    assert "bass" in shown
    assert "kick" not in shown
    assert "chords" not in shown


def test_json_holds_parts_and_notes(band: str) -> None:
    facts = json.loads(show(band, "--json").stdout)
    assert (facts["key"], facts["key_is_estimated"]) == ("A minor", True)
    assert [part["name"] for part in facts["parts"]] == ["drums", "bass", "chords"]
    assert [part["channel"] for part in facts["parts"]] == [10, 2, 3]
    assert facts["bars"][0]["chords"] == ["Am"]
    assert [(each["bar"], each["step"], each["lane"]) for each in facts["hits"]] == [(1, 0, "kick"), (2, 0, "kick")]
    assert {(each["lane"], each["pitch"]) for each in facts["notes"]} == {
        ("bass/1", 33),
        ("chords/1", 64),
        ("chords/2", 60),
        ("chords/3", 57),
    }


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("a.svg", b"<svg")])
def test_a_picture_is_written_and_nothing_printed(band: str, tmp_path: Path, name: str, start: bytes) -> None:
    done = show(band, "-o", str(tmp_path / name), "--bars", "2")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", f"wrote {tmp_path / name}\n")
    assert (tmp_path / name).read_bytes().startswith(start)
    again = show(band, "-o", str(tmp_path / name))
    assert again.exit_code == 1
    assert show(band, "-o", str(tmp_path / name), "--force").exit_code == 0


def test_a_picture_of_another_kind_is_refused_and_not_written(band: str, tmp_path: Path) -> None:
    done = show(band, "-o", str(tmp_path / "a.gif"))
    assert done.exit_code == 1
    assert ".png or .svg" in str(done.exception)
    assert not (tmp_path / "a.gif").exists()


def test_a_file_without_notes_says_so(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mid", [])
    assert show(path).stdout == "a.mid   120 bpm   4/4   1 bar   480 ppq   no notes at all\n"
    facts = json.loads(show(path, "--json").stdout)
    assert facts["hits"] == facts["bars"] == facts["notes"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--bars", "3"], "2 bars"),
        (["--bars", "x"], "'x'"),
        (["--bars", ""], "none were given"),
        (["--parts", "tuba"], "wanted the part 'tuba', but there is drums"),
    ],
)
def test_wrong_bars_fail_in_one_line(groove: str, capsys, words: list[str], said: str) -> None:
    assert main(["show", groove, *words]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("sparseq: ")
    assert said in err
    assert err.count("\n") == 1


def test_a_file_that_is_no_midi_file_fails_in_one_line(tmp_path: Path, capsys) -> None:
    (tmp_path / "a.mid").write_bytes(b"RIFF....")
    assert main(["show", str(tmp_path / "a.mid")]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"sparseq: {tmp_path / 'a.mid'}: ")
    assert err.count("\n") == 1


def test_a_folder_fails_in_one_line(tmp_path: Path, capsys) -> None:
    assert main(["show", str(tmp_path)]) == 1
    assert capsys.readouterr() == ("", f"sparseq: cannot read {tmp_path}: it is a folder, wanted a file\n")


def test_a_real_process_without_unicode_shows_ascii(groove: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sparseq.cli.main", "show", groove],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "80"},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == b""
    assert b"kick       |X... .... .... ....|x... .... .... ....|" in done.stdout
    assert b"\x1b" not in done.stdout

"""What `fill` and `vary` share: how they fill, what they report, and where the results go."""

import json
import re
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


def fill(*words: str, loops: str = "funk") -> Result:
    return CliRunner().invoke(cli, ["fill", "b.mid", "--bars", "3", "--loops", loops, *words])


def there() -> set[str]:
    return {path.name for path in Path().iterdir()}


def notes_of(path: str):
    return [note[:6] for note in read_score(parse(Path(path).read_bytes(), path)).notes]


# Where to


@pytest.mark.parametrize(
    "words", [[], ["-o", "c.mid", "--in-place"], ["--dry-run", "-o", "c.mid"], ["--dry-run", "--in-place"]]
)
def test_one_place_has_to_be_named(words: list[str]) -> None:
    done = fill(*words)
    assert (done.exit_code, there()) == (2, {"b.mid"})
    assert "exactly one of -o OUT.mid, --in-place and --dry-run" in done.stderr


def test_in_place_takes_one_variation() -> None:
    done = fill("--in-place", "--variations", "2")
    assert (done.exit_code, there()) == (2, {"b.mid"})
    assert "--in-place takes one variation" in done.stderr


def test_in_place_backups_are_numbered() -> None:
    versions = [Path("b.mid").read_bytes()]
    for seed in "123":
        assert fill("--in-place", "--seed", seed, "--temperature", "5", "-q").exit_code == 0
        versions.append(Path("b.mid").read_bytes())
    assert there() == {"b.mid", "b.mid.bak", "b.mid.bak2", "b.mid.bak3"}
    assert [Path(f"b.mid.bak{n}").read_bytes() for n in ("", "2", "3")] == versions[:3]


def test_a_folder_is_a_place_too() -> None:
    Path("out").mkdir()
    assert fill("-o", "out", "--seed", "1").exit_code == 0
    assert {path.name for path in Path("out").iterdir()} == {"fill.mid"}


def test_variations_are_numbered_and_all_or_none_are_written() -> None:
    done = fill("-o", "c.mid", "--variations", "3", "--seed", "1", "--temperature", "3")
    assert (done.exit_code, there()) == (0, {"b.mid", "c-1.mid", "c-2.mid", "c-3.mid"})
    assert "wrote c-1.mid, c-2.mid, c-3.mid: bar 3 of b.mid filled, seed 1\n" in done.stderr
    assert len({Path(f"c-{n}.mid").read_bytes() for n in (1, 2, 3)}) == 3
    Path("c-1.mid").unlink()
    Path("c-2.mid").unlink()
    assert main(["fill", "b.mid", "--bars", "3", "-o", "c.mid", "--variations", "3"]) == 1
    assert there() == {"b.mid", "c-3.mid"}


def test_fewer_variations_than_asked_for_are_told() -> None:
    done = fill("-o", "c.mid", "--variations", "3", "--greedy")
    assert (done.exit_code, there()) == (0, {"b.mid", "c-1.mid"})
    assert "only 1 of 3 variations differ enough; without --greedy there are more" in done.stderr


# Dry run


def test_a_dry_run_marks_the_cells_and_writes_nothing() -> None:
    done = fill("--dry-run", "--lanes", "kick,snare", "--beats", "1")
    assert (done.exit_code, there()) == (0, {"b.mid"})
    assert done.stderr == "8 cells would be filled, 1 note would go; nothing is written\n"
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if "|" in line}
    assert rows["kick"] != rows["snare"]
    assert "░" in rows["kick"] or "?" in rows["kick"]


def test_a_dry_run_tells_machines_too_and_quiet_leaves_the_talk_out() -> None:
    plan = json.loads(fill("--dry-run", "--json", "--beats", "1", "--channels", "10").stdout)
    assert plan == {"file": "b.mid", "bars": [3], "lanes": ["kick", "snare", "closed_hat"], "cells": 12, "notes": 3}
    done = fill("--dry-run", "-q")
    assert (bool(done.stdout), done.stderr) == (True, "")


# How


def test_loops_that_are_left_out_are_named() -> None:
    Path("mine").mkdir()
    Path("mine/good.mid").write_bytes(Path("b.mid").read_bytes())
    Path("mine/bad.mid").write_bytes(b"hello")
    done = fill("-o", "c.mid", loops="mine")
    assert done.exit_code == 0
    assert done.stderr.startswith("left out mine/bad.mid: a MIDI file was wanted")


def test_the_file_alone_is_enough() -> None:
    done = CliRunner().invoke(cli, ["fill", "b.mid", "--bars", "3", "--greedy", "-o", "c.mid"])
    assert done.exit_code == 0
    assert [note[:3] for note in notes_of("b.mid")] == [note[:3] for note in notes_of("c.mid")]


def test_own_weight_decides_between_the_file_and_the_loops() -> None:
    loop = [Note(k * 120, 60, 36, 100, 9) for k in range(16)]
    Path("loop.mid").write_bytes(write_midi(loop, ppq=480, end_ticks=BAR, track_names=["Drums"]))
    hollow = [note for note in read_score(parse(Path("b.mid").read_bytes(), "b")).notes if note.onset_ticks // BAR != 2]
    Path("b.mid").write_bytes(write_midi(hollow, ppq=480, end_ticks=4 * BAR, track_names=["Tempo", "Drums", "Piano"]))
    kicks = {}
    for weight in ("1", "1048576"):
        assert fill("--greedy", "--own-weight", weight, "-o", f"{weight}.mid", loops="loop.mid").exit_code == 0
        kicks[weight] = sum(note[2] == 36 and note[0] // BAR == 2 for note in notes_of(f"{weight}.mid"))
    assert kicks["1048576"] == 1
    assert kicks["1"] >= 1


@pytest.mark.parametrize(
    "words",
    [
        ["--own-weight", "0"],
        ["--own-weight", "1048577"],
        ["--max-copy", "0"],
        ["--variations", "0"],
        ["--variations", "100"],
        ["--temperature", "0"],
        ["--seed", "-1"],
    ],
)
def test_numbers_out_of_range_are_usage_and_nothing_is_written(words: list[str]) -> None:
    done = fill("-o", "c.mid", *words)
    assert (done.exit_code, there()) == (2, {"b.mid"})
    assert "wanted a" in done.stderr


def test_max_copy_keeps_the_longest_copied_run_short() -> None:
    for words, least, most in (([], 16, 16), (["--max-copy", "6"], 1, 6)):
        done = fill("--tracks", "drums", "--greedy", "--json", "-q", "-o", "c.mid", "--force", *words)
        (bar,) = json.loads(done.stdout)["variations"][0]["bars"]
        assert least <= bar["longest_copy_steps"] <= most


def test_a_copy_limit_that_cannot_be_kept_is_one_line_and_nothing_is_written(capsys) -> None:
    sixteenths = [k for k, played in enumerate("1001011100101101" * 4) if played == "1"]
    notes = [Note(k * 120, 60, 36, 90, 9) for k in sixteenths]
    Path("b.mid").write_bytes(write_midi(notes, ppq=480, end_ticks=4 * BAR, track_names=["Drums"]))
    assert main(["fill", "b.mid", "--bars", "2", "--steps", "5-6", "--max-copy", "1", "-o", "c.mid"]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), there()) == ("", 1, {"b.mid"})
    assert "fill more bars or lanes, or allow more" in err


# Reports


def test_explain_says_whose_bars_each_bar_leaned_on() -> None:
    lines = fill("--explain", "--greedy", "--tracks", "drums", "-o", "c.mid").stdout.splitlines()
    start = lines.index("bar 3, drums, leaned on")
    leaned = [re.fullmatch(r" +(\d+)%  bar \d+ of (this file|funk-[a-z-]+)", line) for line in lines[start + 1 : -2]]
    assert all(leaned)
    assert 1 <= len(leaned) <= 5
    assert sum(int(found[1]) for found in leaned) <= 102  # rounded each
    assert lines[-2].startswith("  the longest copy is 16 steps, as in bar ")
    assert re.fullmatch(r"  likelihood [01]\.\d\d a cell", lines[-1])
    assert max(map(len, lines)) <= 80


def test_explain_heads_each_variation() -> None:
    done = fill("--explain", "--variations", "2", "--temperature", "3", "--seed", "1", "-q", "-o", "c.mid")
    heads = [line for line in done.stdout.splitlines() if line.startswith("variation ")]
    assert [head.split(",")[0] for head in heads] == ["variation 1", "variation 2"]


def test_json_holds_all_that_is_known_and_nothing_else_is_on_stdout() -> None:
    done = fill("--json", "--variations", "2", "--temperature", "3", "--seed", "1", "--explain", "-o", "c.mid")
    report = json.loads(done.stdout)
    assert (report["file"], report["seed"]) == ("b.mid", 1)
    assert [variation["output"] for variation in report["variations"]] == ["c-1.mid", "c-2.mid"]
    likelihoods = [variation["log_likelihood"] for variation in report["variations"]]
    assert likelihoods == sorted(likelihoods, reverse=True)
    for variation in report["variations"]:
        assert [(bar["bar"], bar["parts"]) for bar in variation["bars"]] == [(3, ["drums"]), (3, ["lead"])]
        for bar in variation["bars"]:
            assert set(bar) == {"bar", "parts", "sources", "longest_copy_steps", "copied_from", "log_likelihood"}
            assert 0 < sum(source["weight"] for source in bar["sources"]) <= 1 + 1e-9


def test_the_first_variation_is_shown() -> None:
    words = ("--tracks", "drums", "--variations", "2", "--temperature", "3", "--seed", "1")
    shown = fill(*words, "-o", "c.mid").stdout
    again = CliRunner().invoke(cli, ["show", "c-1.mid", "--bars", "3"]).stdout
    assert {line for line in shown.splitlines() if "|" in line} <= {*again.splitlines()}


# Kernels


@pytest.mark.parametrize(
    "words",
    [
        ["--greedy"],
        [],
        ["--temperature", "3", "--variations", "2", "--steps", "1-4"],
        ["--max-copy", "5"],
        ["--beats", "2-3", "--lanes", "kick,hats"],
        None,
    ],
)
def test_both_kernels_write_the_same_bytes(words: list[str] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for kernel in ("native", "reference"):
        monkeypatch.setenv("SPARSEQ_KERNEL", kernel)
        Path(kernel).mkdir()
        if words is None:
            call = [
                "vary",
                "b.mid",
                "--strength",
                "0.4",
                "--loops",
                "funk-sidewalk",
                "--seed",
                "5",
                "--temperature",
                "3",
            ]
            assert CliRunner().invoke(cli, [*call, "-o", f"{kernel}/c.mid"]).exit_code == 0
        else:
            assert fill(*words, "--seed", "5", "-o", f"{kernel}/c.mid", loops="funk-sidewalk").exit_code == 0
    written = {
        kernel: {path.name: path.read_bytes() for path in Path(kernel).iterdir()} for kernel in ("native", "reference")
    }
    assert written["native"] == written["reference"]
    assert written["native"]


def test_of_a_long_piece_the_first_bars_are_shown(rock_bytes) -> None:
    Path("long.mid").write_bytes(rock_bytes(20))
    done = CliRunner().invoke(cli, ["vary", "long.mid", "--seed", "1", "-o", "c.mid"])
    assert done.exit_code == 0
    assert "and 4 more bars; `sparseq show` shows them all\n" in done.stderr
    shown = done.stdout.split()
    assert "16" in shown
    assert "17" not in shown

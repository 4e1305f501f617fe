import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from sparseq.cli.main import cli, main
from sparseq.domains import protocol
from sparseq.domains.mario import parse_level
from sparseq.domains.pictures import pixels_png, read_pixels

LEVEL = "\n".join(["-" * 20] * 11 + ["X" * 20] * 3) + "\n"


def lab(*words: str) -> Result:
    return CliRunner().invoke(cli, ["lab", *words])


@pytest.mark.parametrize("words", [(), ("mario",), ("configs",), ("logs",), ("tiles",), ("own",)])
def test_every_part_tells_what_it_does(words: tuple[str, ...]) -> None:
    done = lab(*words, "--help")
    assert done.exit_code == 0
    assert "Commands:" in done.stdout


def test_a_level_goes_to_stdout_and_talk_to_stderr() -> None:
    done = lab("mario", "stream", "--seed", "3", "--columns", "30")
    assert (done.exit_code, done.stderr) == (0, "seed 3\n")
    assert parse_level(done.stdout).shape == (30, 14)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        assert lab("mario", "fill", "--seed", "5", "-o", str(tmp_path / name)).exit_code == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes() != b""


def test_a_file_is_not_replaced_without_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.txt"
    path.write_text("mine")
    assert main(["lab", "mario", "stream", "-o", str(path)]) == 1
    assert "exists" in capsys.readouterr().err
    assert path.read_text() == "mine"
    assert main(["lab", "mario", "stream", "-o", str(path), "--force"]) == 0
    assert path.read_text() != "mine"


def test_a_filled_part_is_all_that_changes(tmp_path: Path) -> None:
    path = tmp_path / "level.txt"
    path.write_text(LEVEL)
    done = lab("mario", "fill", str(path), "--columns", "5-9", "--rows", "1-10", "--seed", "1", "-q")
    made, was = parse_level(done.stdout), parse_level(LEVEL)
    mask = np.zeros(was.shape, bool)
    mask[4:9, :10] = True
    assert (made[~mask] == was[~mask]).all()


def test_a_level_is_shown_with_its_measures(tmp_path: Path) -> None:
    path = tmp_path / "level.txt"
    path.write_text(LEVEL)
    found = json.loads(lab("mario", "show", str(path), "--json").stdout)
    assert found["tiles"] == LEVEL.split()
    assert found["playable"] == 1.0


def test_the_comparison_for_machines_is_keyed_by_pipeline() -> None:
    found = json.loads(lab("mario", "compare", "--json").stdout)
    measures = {
        "l2",
        "density",
        "linearity",
        "leniency",
        "novelty",
        "playable",
        "histogram_kl",
        "longest_copy",
        "seconds",
    }
    assert all(measures <= set(each) for each in found.values())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("mario", "stream", "--levels", "EMPTY"), "wanted a folder with .txt files, got none"),
        (("mario", "show", "RAGGED"), "wanted rows of one length"),
        (("mario", "fill", "LEVEL", "--columns", "90"), "columns: wanted 1 to 20, got 90"),
        (("configs", "generate", "--examples", "EMPTY"), "got none"),
        (("logs", "stream", "--examples", "EMPTY"), "got none"),
        (("tiles", "fill", "LEVEL", "--box", "0,0,8,8", "-o", "OUT"), "wanted an image"),
        (("tiles", "texture", "IMAGE", "--codes", "600", "-o", "OUT"), "wanted at most 512 codes, got 600"),
        (("tiles", "fill", "IMAGE", "--box", "0,0,99,8", "-o", "OUT"), "wanted a part of the image"),
        (("own", "stream", "nothing", "EMPTY"), "wanted one that an installed package adds"),
    ],
)
def test_bad_input_gets_one_clear_line(
    words: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "LEVEL").write_text(LEVEL)
    (tmp_path / "RAGGED").write_text("XX\nX\n")
    (tmp_path / "IMAGE").write_bytes(pixels_png(np.zeros((32, 32, 3), np.uint8)))
    paths = {"EMPTY", "LEVEL", "RAGGED", "IMAGE", "OUT"}
    assert main(["lab", *(str(tmp_path / word) if word in paths else word for word in words)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert message in told.err
    assert told.err.count("\n") == 1
    assert not (tmp_path / "OUT").exists()


def test_a_config_is_generated_under_a_name() -> None:
    pytest.importorskip("yaml", reason="the check of the result needs PyYAML, of the extra lab")
    done = lab("configs", "generate", "--name", "payments", "--seed", "1")
    assert (done.exit_code, done.stderr) == (0, "seed 1; parses\n")
    assert "name: payments\n" in done.stdout


def test_lines_of_a_log_are_as_many_as_asked() -> None:
    pytest.importorskip("drain3", reason="templates are mined with drain3, of the extra lab")
    done = lab("logs", "stream", "--lines", "7", "--seed", "1", "-q")
    assert len(done.stdout.splitlines()) == 7


def test_steps_of_a_fill_are_a_picture_of_their_own(tmp_path: Path) -> None:
    image, out, steps = (tmp_path / name for name in ("a.png", "out.png", "steps.png"))
    was = np.repeat((np.arange(64)[None, :, None] // 16 % 2 * 200), 64, 0).repeat(3, 2).astype(np.uint8)
    image.write_bytes(pixels_png(was))
    done = lab("tiles", "fill", str(image), "--box", "16,24,16,8", "-o", str(out), "--steps", str(steps), "--seed", "1")
    assert done.exit_code == 0
    made = read_pixels(out.read_bytes(), "out.png")
    assert np.abs(made.astype(int) - was).max() < 8  # stripes: nothing else can stand there
    assert read_pixels(steps.read_bytes(), "steps.png").shape[1] >= 64


class Point:
    """An entry point of a package that adds a domain."""

    name = "letters"

    @staticmethod
    def load() -> type:
        return Letters


class Letters:
    """A domain of one lane."""

    def __init__(self, examples: object) -> None:
        self.examples = examples

    def encode(self, data: bytes) -> np.ndarray:
        return np.array([[byte - ord("a")] for byte in data.strip()], np.uint16)

    def decode(self, cells: np.ndarray) -> bytes:
        return bytes(int(token) + ord("a") for token in cells[:, 0]) + b"\n"

    def context(self, n_lanes: int, causal: bool) -> object:
        from sparseq.engine.context import Slot, make_context

        return make_context([[Slot(side, 0, 3.0) for side in ((-1,) if causal else (-1, 1))]], [26])

    def metrics(self, cells: np.ndarray, examples: list[np.ndarray]) -> dict[str, float]:
        return {"length": len(cells)}


def test_a_domain_that_a_package_adds_is_streamed_and_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [Point()] if group == protocol.GROUP else [])
    (tmp_path / "a.abc").write_bytes(b"abcabcabcabc\n")
    assert lab("own", "list").stdout == "letters\n"
    done = lab("own", "stream", "letters", str(tmp_path), "--steps", "6", "--seed", "1")
    assert (done.stdout, done.stderr) == ("abcabc\n", "length 6   seed 1\n")
    (tmp_path / "b.txt").write_bytes(b"abxabc\n")
    words = (
        "own",
        "fill",
        "letters",
        str(tmp_path / "b.txt"),
        "--examples",
        str(tmp_path / "a.abc"),
        "--steps",
        "3",
        "-q",
    )
    assert lab(*words).stdout == "abcabc\n"

"""The README is true: its picture, its example and its command names are what the program prints and has."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sparseq.cli.main import COMMANDS, cli
from sparseq.music.catalogue import catalogue

README = Path(__file__).parent.parent / "README.md"

pytestmark = pytest.mark.skipif(not README.exists(), reason="the tests run without the repository's README")


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", README.read_text("utf-8"), re.M | re.S)
    assert found is not None, f"no {language} block"
    return found.group(1)


def test_the_picture_is_what_its_commands_print(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    _, export, _, show, picture = re.split(r"^\$ sparseq (.*)\n", block("console"), flags=re.M)
    runner = CliRunner()
    assert runner.invoke(cli, export.split()).exit_code == 0
    shown = runner.invoke(cli, show.split())
    assert shown.stdout.rstrip() == picture.rstrip()


def test_the_python_example_runs_and_gives_tokens_of_its_alphabet():
    done = subprocess.run([sys.executable, "-c", block("python")], capture_output=True, text=True, check=True)
    tokens = [int(word) for word in re.findall(r"\d+", done.stdout)]
    assert len(tokens) == 16
    assert set(tokens) <= {0, 1, 2, 3}


def test_every_command_in_the_readme_exists_and_every_command_is_in_it():
    text = README.read_text("utf-8")
    code = "\n".join([*re.findall(r"`([^`\n]+)`", text), *re.findall(r"^```\w+\n(.*?)^```$", text, re.M | re.S)])
    named = set(re.findall(r"^(?:\$ )?sparseq ([a-z]+)\b", code, re.M))
    assert named <= set(COMMANDS)
    assert set(COMMANDS) <= named


@pytest.mark.parametrize("word", ["sparseq play", "pytest"])
def test_each_set_up_command_is_one_line(word):
    lines = [line for line in README.read_text("utf-8").splitlines() if line.startswith("python3 -m venv")]
    assert len(lines) == 2
    assert sum(word in line for line in lines) == 1


def test_the_number_of_loops_and_styles_is_that_of_the_catalogue():
    infos = catalogue()
    wanted = f"the {len(infos)} shipped loops in {len({info.style for info in infos})} styles"
    assert wanted in " ".join(README.read_text("utf-8").split())

"""The command: JSON to stdout, a picture that is not overwritten, one line for what cannot be."""

import json

import pytest
from click.testing import CliRunner

from sparseq.cli.evaluate import command
from sparseq.cli.main import main


@pytest.fixture
def folder(tmp_path):
    """Three shipped loops of one style, as files."""
    from sparseq.music.loops import find

    for source in find("rock")[:3]:
        (tmp_path / f"{source.name}.mid").write_bytes(source.read())
    return str(tmp_path)


def test_figures_as_json_and_as_a_picture(folder, tmp_path):
    drawn = tmp_path / "x.png"
    args = ["fill", "--library", "rock", "--on", folder, "--json", "-o", str(drawn)]
    done = CliRunner().invoke(command, args, catch_exceptions=False)
    assert done.exit_code == 0
    machine = json.loads(done.stdout)
    assert {"ours", "baselines", "pieces", "seconds"} <= set(machine)
    assert drawn.read_bytes().startswith(b"\x89PNG")
    before = drawn.stat().st_mtime_ns
    assert main(["evaluate", *args]) == 1
    assert drawn.stat().st_mtime_ns == before


def test_figures_as_a_table(folder):
    done = CliRunner().invoke(command, ["fill", "--library", "rock", "--on", folder], catch_exceptions=False)
    assert done.exit_code == 0
    assert "majority of other bars" in done.stdout
    assert "of them fewer than" in done.stdout


def test_what_is_not_there_is_said_in_one_line(capsys):
    assert main(["evaluate", "stream", "--library", "rock", "--on", "no/such/folder"]) == 1
    assert "no/such/folder" in capsys.readouterr().err.splitlines()[-1]


def test_a_protocol_for_the_stream_is_refused(capsys):
    args = ["evaluate", "stream", "--library", "rock", "--on", "rock", "--protocol", "coconet"]
    assert main(args) == 1
    assert "wanted the task fill" in capsys.readouterr().err

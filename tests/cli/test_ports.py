import json

import pytest
from click.testing import CliRunner, Result

from sparseq.cli.main import cli
from sparseq.errors import PortError
from sparseq.realtime import ports
from sparseq.realtime.ports import PortInfo

FOUND = (PortInfo("loopMIDI 1", "ALSA", "out"), PortInfo("Pads", "Jack", "in"), PortInfo("Synth", "Jack", "out"))


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["ports", *words])


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """Return a function that says what the machine answers: ports, or an error."""

    def has(answer: tuple[PortInfo, ...] | Exception) -> None:
        def list_ports() -> tuple[PortInfo, ...]:
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(ports, "list_ports", list_ports)

    return has


def test_ports_are_listed_with_their_system_outputs_first(machine) -> None:
    machine(FOUND)
    done = run()
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "kind    name        system",
        "output  loopMIDI 1  ALSA",
        "output  Synth       Jack",
        "input   Pads        Jack",
    ]


def test_ports_as_json(machine) -> None:
    machine(FOUND)
    assert json.loads(run("--json").stdout) == {
        "outputs": [{"name": "loopMIDI 1", "api": "ALSA"}, {"name": "Synth", "api": "Jack"}],
        "inputs": [{"name": "Pads", "api": "Jack"}],
        "trouble": None,
    }


@pytest.mark.parametrize("trouble", ["no MIDI system answers here", "python-rtmidi is not installed"])
def test_a_machine_that_cannot_list_says_so_in_one_line_and_is_done(machine, trouble: str) -> None:
    machine(PortError(trouble))
    done = run()
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", trouble + "\n")
    as_json = run("--json")
    assert json.loads(as_json.stdout) == {"outputs": [], "inputs": [], "trouble": trouble}
    assert (as_json.exit_code, as_json.stderr) == (0, "")


def test_a_machine_without_ports_says_what_remains(machine) -> None:
    machine(())
    done = run()
    assert (done.exit_code, done.stdout) == (0, "")
    assert "'virtual' and 'null'" in done.stderr
    assert done.stderr.count("\n") == 1

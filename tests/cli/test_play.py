import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sparseq.cli.main import cli, main
from sparseq.errors import PortError
from sparseq.music.score import read_score
from sparseq.music.smf import parse
from sparseq.music.units import PPQ
from sparseq.realtime import clock, ports
from sparseq.realtime.clock import ManualClock
from sparseq.realtime.lateness import Lateness
from sparseq.realtime.outputs import NullPort, RecordingPort

BAR = 4 * PPQ
SPARSEQ = [sys.executable, "-m", "sparseq.cli.main"]
posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


@pytest.fixture(autouse=True)
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in an empty folder, on a clock that stands still."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(clock, "MonotonicClock", ManualClock)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """Return a function that says what opening any port gives: the port, or an error."""

    def has(answer: object) -> None:
        def open_output(spec: str) -> object:
            if isinstance(answer, Exception):
                raise answer
            return answer

        def begin_output(spec: str) -> ports.Opening:
            return ports.Opening(lambda: open_output(spec), lambda: None)

        monkeypatch.setattr(ports, "begin_output", begin_output)

    return has


def play(*words: str, bars: int = 2) -> Result:
    return CliRunner().invoke(cli, ["play", "--loops", "funk", "--bars", str(bars), *words])


def score_of(path: str):
    return read_score(parse(Path(path).read_bytes(), path))


def test_bars_are_printed_as_they_sound_and_what_was_played_is_said() -> None:
    done = play("--port", "null", "--seed", "1")
    assert done.exit_code == 0
    assert [line.strip() for line in done.stdout.splitlines() if line.strip().isdigit()] == ["1", "2"]
    first, last = done.stderr.splitlines()
    assert first == "playing to the null port, seed 1; Ctrl-C stops"
    assert last.startswith("played 2 bars, ")


def test_a_take_has_exactly_the_bars_asked_for_and_is_what_export_writes() -> None:
    done = play("--port", "null", "--bpm", "240", "--seed", "1", "--save", "a.mid", bars=4)
    assert (done.exit_code, "wrote a.mid: 4 bars\n" in done.stderr) == (0, True)
    score = score_of("a.mid")
    assert (score.end_ticks, score.tempos) == (4 * BAR, ((0, 250_000),))
    assert {note.onset_ticks // BAR for note in score.notes} == {0, 1, 2, 3}
    words = ["--loops", "funk", "--bars", "4", "--bpm", "240", "--seed", "1", "-o", "b.mid", "-q"]
    assert main(["export", *words]) == 0
    assert Path("a.mid").read_bytes() == Path("b.mid").read_bytes()


def test_a_fresh_seed_is_told_and_gives_the_same_again() -> None:
    seed = play("--port", "null", "--save", "a.mid").stderr.split("seed ")[1].split(";")[0]
    assert play("--port", "null", "--seed", seed, "--save", "b.mid").exit_code == 0
    assert Path("a.mid").read_bytes() == Path("b.mid").read_bytes()


def test_quiet_says_nothing() -> None:
    done = play("--port", "null", "-q", "--save", "a.mid")
    assert (done.exit_code, done.output) == (0, "")
    assert Path("a.mid").exists()


@pytest.mark.parametrize(("words", "wanted"), [([], False), (["--no-clock"], False), (["--clock"], True)])
def test_midi_clock_goes_out_only_when_asked_for(machine, words: list[str], wanted: bool) -> None:
    port = RecordingPort()
    machine(port)
    assert play("--port", "synth", *words).exit_code == 0
    assert any(data == b"\xf8" for _, data in port.events) == wanted
    assert port.is_closed


def test_a_port_is_called_by_its_name_and_its_lateness_told(machine) -> None:
    class Synth(NullPort):
        name = "Synth 1"

        def lateness(self):
            return Lateness(9, 0.25, 1.5, 2.0)

    machine(Synth())
    said = play("--port", "synth", "--seed", "1").stderr.splitlines()
    assert said[0] == "playing to the port 'Synth 1', seed 1; Ctrl-C stops"
    assert said[-1] == "events left 0.25 ms late (median), 1.50 ms (p99)"


def test_a_port_that_cannot_tell_is_asked_for_no_lateness() -> None:
    assert "late" not in play("--port", "null").stderr


def test_a_machine_without_midi_says_so_in_one_line_and_plays_to_the_null_port(machine) -> None:
    machine(ports.NoMidiSystem("no MIDI system answers here"))
    done = play("--seed", "1")
    assert done.exit_code == 0
    assert done.stderr.splitlines()[:2] == [
        "no MIDI system answers here",
        "playing to the null port, seed 1; Ctrl-C stops",
    ]


@pytest.mark.parametrize("error", [PortError("no MIDI port is called 'x'"), ports.NoMidiSystem("none answers")])
def test_a_port_that_was_asked_for_by_name_has_to_be_there(machine, error: PortError, capsys) -> None:
    machine(error)
    assert main(["play", "--loops", "funk", "--port", "x", "--bars", "1", "--save", "a.mid"]) == 1
    assert capsys.readouterr() == ("", f"sparseq: {error}\n")
    assert not Path("a.mid").exists()


class Lost(NullPort):
    """Is lost after so many messages."""

    def __init__(self, after: int) -> None:
        self.left = after

    def send(self, data: bytes, due_s: float) -> None:
        self.left -= 1
        if self.left < 0:
            raise PortError("MIDI port 'x' was lost")


def test_a_port_that_is_lost_is_said_and_the_take_goes_on(machine) -> None:
    machine(Lost(60))
    done = play("--save", "a.mid", bars=4)
    assert done.exit_code == 0
    assert "MIDI port 'x' was lost; playing on, and looking for it" in done.stderr
    assert score_of("a.mid").end_ticks == 4 * BAR


def test_a_clock_needs_an_input(machine) -> None:
    machine(AssertionError("the port was opened"))
    done = play("--sync", "midi")
    assert done.exit_code == 2
    assert "--in" in done.stderr


def test_plain_is_a_line_of_words_for_each_bar() -> None:
    lines = play("--port", "null", "--seed", "1", "--plain").stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == ["bar 1", "bar 2"]
    assert "kick" in lines[0]


def test_a_map_that_is_none_is_said_in_one_line(machine, capsys) -> None:
    Path("map.json").write_text("[]")
    machine(AssertionError("the port was opened"))
    assert main(["play", "--loops", "funk", "--bars", "1", "--map", "map.json"]) == 1
    assert "map.json is not a control map" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--save", "there.mid"], "there.mid exists"),
        (["--save", "nowhere/a.mid"], "there is no folder"),
        (["--save", ""], "folder"),
        (["--save", "there.mid/a.mid"], "is not a folder"),
        (["--loops", "no such loop"], "'no such loop'"),
        (["--loops", "there.mid"], "there.mid"),
    ],
)
def test_what_cannot_be_done_is_one_line_before_a_note_sounds(machine, words: list[str], said: str, capsys) -> None:
    Path("there.mid").write_bytes(b"mine")
    machine(AssertionError("the port was opened"))
    assert main(["play", *words]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
    assert [path.name for path in Path().iterdir()] == ["there.mid"]


@posix_only
@pytest.mark.parametrize("numbers", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGINT] * 3])
def test_a_performance_that_is_stopped_is_saved_and_ends_with_130(numbers: list[int], tmp_path: Path) -> None:
    """Three in a row are impatient fingers: a second Ctrl-C used to come between the stop and the file."""
    command = [*SPARSEQ, "play", "--loops", "funk-sidewalk", "--port", "null", "--seed", "1", "--save", "a.mid"]
    playing = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    assert playing.stdout.readline()  # is written when the first bar begins to sound
    for number in numbers:
        playing.send_signal(number)
    _, err = playing.communicate(timeout=30)
    assert playing.returncode == 130
    assert "wrote a.mid: 1 bar\n" in err
    assert "Traceback" not in err
    assert 0 < score_of(str(tmp_path / "a.mid")).end_ticks < BAR


def test_handlers_of_signals_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    assert play("--port", "null", bars=1).exit_code == 0
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("name", "options"),
    [
        (
            "play",
            "--loops --port --bpm --bars --seed --temperature --swing --feel --sync --in --offset-ms --clock "
            "--no-clock --keys --no-keys --map --save --force --plain --quiet",
        ),
        ("export", "--loops --bars --count --bpm --seed -o --force"),
        ("fill", "--bars --lanes --keep-lanes --loops --greedy --seed -o --force"),
    ],
)
def test_the_promised_options_are_there(name: str, options: str) -> None:
    command = cli.get_command(None, name)
    there = {word for param in command.params for word in (*param.opts, *param.secondary_opts)}
    assert set(options.split()) <= there

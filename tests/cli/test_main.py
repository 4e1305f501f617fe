import errno
import os
import signal
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import sparseq
from sparseq.cli import main as main_module
from sparseq.cli.exits import Exit
from sparseq.cli.main import COMMANDS, Entry, cli, main
from sparseq.errors import CapacityError, FileError, InputError, PortError

SPARSEQ = [sys.executable, "-m", "sparseq.cli.main"]
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full and POSIX pipes")


@pytest.fixture
def do(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], int]:
    """Return a function that runs its argument as the subcommand `sparseq do`, and returns the exit code."""

    def run(body: Callable[[], object]) -> int:
        module = types.ModuleType("sparseq_test_command")
        module.command = click.Command("do", callback=body)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(COMMANDS, "do", Entry(module.__name__, "Do it."))
        return main(["do"])

    return run


def test_an_interrupt_that_python_has_wrapped_is_one(do: Callable[[Callable[[], object]], int]) -> None:
    def body() -> None:
        raise RuntimeError("Error calling __set_name__") from KeyboardInterrupt()

    assert do(body) == Exit.INTERRUPTED
    with pytest.raises(RuntimeError, match="a bug"):
        do(raising(RuntimeError("a bug")))


def raising(error: BaseException) -> Callable[[], None]:
    def body() -> None:
        raise error

    return body


def help_of(*words: str) -> str:
    done = CliRunner().invoke(cli, [*words, "--help"], terminal_width=80)
    assert done.exit_code == Exit.DONE, done.output
    return done.stdout


def test_exit_codes_are_those_of_the_manual() -> None:
    assert {code.name: code.value for code in Exit} == {"DONE": 0, "FAILED": 1, "USAGE": 2, "INTERRUPTED": 130}


def test_a_command_that_returns_is_done(do, capsys) -> None:
    assert do(lambda: None) == Exit.DONE
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("kind", [InputError, FileError, PortError, CapacityError])
def test_an_error_for_people_is_one_line_on_stderr(do, capsys, kind: type[Exception]) -> None:
    assert do(raising(kind("wanted bars 1-8,\ngot 9"))) == Exit.FAILED
    assert capsys.readouterr() == ("", "sparseq: wanted bars 1-8, got 9\n")


@linux_only
def test_an_error_of_the_system_is_one_line_on_stderr(tmp_path: Path) -> None:
    script = f"open({str(tmp_path / 'no.mid')!r})"
    done = run_as_command(script)
    assert (done.returncode, done.stdout) == (Exit.FAILED, "")
    assert done.stderr == f"sparseq: {tmp_path / 'no.mid'}: No such file or directory\n"


def test_a_bug_shows_its_traceback(do) -> None:
    with pytest.raises(ZeroDivisionError):
        do(lambda: 1 / 0)


def test_an_end_of_file_error_is_a_bug_too(do) -> None:
    with pytest.raises(EOFError):
        do(raising(EOFError()))


def test_ctrl_c_is_130(do, capsys) -> None:
    assert do(raising(KeyboardInterrupt())) == Exit.INTERRUPTED
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_polite_kill_unwinds_as_ctrl_c_does(do, number: signal.Signals) -> None:
    released = []

    def body() -> None:
        try:
            signal.raise_signal(number)
        finally:
            released.append("notes")

    before = signal.getsignal(number)
    assert do(body) == Exit.INTERRUPTED
    assert released == ["notes"]
    assert signal.getsignal(number) is before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGHUP")
def test_a_hang_up_that_is_ignored_stays_ignored(do) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert do(lambda: signal.raise_signal(signal.SIGHUP)) == Exit.DONE
    finally:
        signal.signal(signal.SIGHUP, before)


def run_as_command(script: str, **options) -> subprocess.CompletedProcess[str]:
    """Run a script as the subcommand `sparseq do` in a process of its own."""
    program = (
        "import sys, types, click, sparseq.cli.main as m\n"
        "module = sys.modules['do'] = types.ModuleType('do')\n"
        f"module.command = click.Command('do', callback=lambda: exec({script!r}))\n"
        "m.COMMANDS['do'] = m.Entry('do', '')\n"
        "sys.exit(m.main(['do']))"
    )
    options = {"stdout": subprocess.PIPE, "timeout": 60, **options}
    return subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, check=False, **options)


@linux_only
@pytest.mark.parametrize("script", ["print('x' * 10)", "import click\nclick.echo('x' * 1_000_000)"])
def test_a_reader_that_had_enough_is_no_reason_to_complain(script: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = run_as_command(script, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (Exit.FAILED, "")


@linux_only
@pytest.mark.parametrize("script", ["print('x' * 10)", "import click\nclick.echo('x' * 1_000_000)"])
def test_a_full_disk_behind_stdout_is_one_line(script: str) -> None:
    with open("/dev/full", "w") as full:
        done = run_as_command(script, stdout=full)
    assert (done.returncode, done.stderr) == (Exit.FAILED, f"sparseq: {os.strerror(errno.ENOSPC)}\n")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["pots"], "no command 'pots'; did you mean 'ports'?"),
        (["xyzzy"], f"there are: {', '.join(COMMANDS)}"),
        (["--loud"], "No such option"),
        (["show"], "Missing argument 'FILE.mid'"),
        (["show", "a.mid", "--json=3"], "does not take a value"),
    ],
)
def test_a_wrong_command_line_is_usage(capsys, args: list[str], words: str) -> None:
    assert main(args) == Exit.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert "Traceback" not in err


def test_no_command_at_all_shows_the_help(capsys) -> None:
    main([])
    out, err = capsys.readouterr()
    assert "Commands:" in out + err


@pytest.mark.parametrize("kernel", ["native", "reference"])
def test_version_says_which_kernel_is_in_use(monkeypatch, capsys, kernel: str) -> None:
    monkeypatch.setenv("SPARSEQ_KERNEL", kernel)
    assert main(["--version"]) == Exit.DONE
    assert capsys.readouterr() == (f"sparseq {sparseq.__version__} ({kernel} kernel)\n", "")


def test_version_fails_in_one_line_for_a_kernel_that_is_none(monkeypatch, capsys) -> None:
    monkeypatch.setenv("SPARSEQ_KERNEL", "quantum")
    assert main(["--version"]) == Exit.FAILED
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("sparseq: ")
    assert "got 'quantum'" in err
    assert err.count("\n") == 1


def test_the_listing_imports_no_command() -> None:
    script = "import sys; from sparseq.cli.main import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert all(name in done.stdout for name in COMMANDS)
    assert not {entry.module for entry in COMMANDS.values()} & set(done.stderr.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    text = help_of(name)
    assert f"sparseq {name}" in text or f"cli {name}" in text
    assert "--help" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_the_listing_says_what_the_command_says_of_itself(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command.get_short_help_str(limit=200) == COMMANDS[name].summary


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_into_80_columns(name: str) -> None:
    assert max(len(line) for line in help_of(name).splitlines()) <= 80


def test_a_real_process_tells_a_missing_file_and_fails(tmp_path: Path) -> None:
    path = tmp_path / "no.mid"
    done = subprocess.run([*SPARSEQ, "show", path], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (Exit.FAILED, "")
    assert done.stderr == f"sparseq: cannot read {path}: there is no such file\n"


def test_a_shell_is_told_how_to_complete() -> None:
    done = subprocess.run(
        SPARSEQ,
        env={**os.environ, "_SPARSEQ_COMPLETE": "zsh_source"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == Exit.DONE
    assert "sparseq" in done.stdout


def test_main_module_is_the_entry_point() -> None:
    assert main_module.main is main

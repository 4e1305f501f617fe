"""The `sparseq` command: finds the subcommand, runs it, and turns how it ended into an exit code."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NamedTuple, NoReturn

import click

from sparseq.cli.exits import Exit
from sparseq.cli.talk import say
from sparseq.errors import SparseqError


class Entry(NamedTuple):
    """Where a subcommand lives (module with a click command named `command`), and its line in the listing."""

    module: str
    summary: str


# Summaries stand here so that `sparseq --help` need not import eight modules; a test holds them to the commands' own.
COMMANDS: Mapping[str, Entry] = {
    "play": Entry("sparseq.cli.play", "Stream new music live into a MIDI port."),
    "jam": Entry("sparseq.cli.jam", "Play, and be answered in kind."),
    "export": Entry("sparseq.cli.export", "Write new loops to .mid files."),
    "fill": Entry("sparseq.cli.fill", "Repair chosen bars of a .mid file and leave the rest untouched."),
    "accompany": Entry("sparseq.cli.accompany", "Add parts to a .mid file that it does not have."),
    "vary": Entry("sparseq.cli.vary", "Change a share of what a .mid file plays."),
    "learn": Entry("sparseq.cli.learn", "Read your own .mid files into a library for --loops."),
    "show": Entry(
        "sparseq.cli.show", "Show a .mid file: drums as a text grid, pitched parts as piano rolls, chords above."
    ),
    "loops": Entry("sparseq.cli.loops", "List the shipped loops, or show one."),
    "ports": Entry("sparseq.cli.ports", "List the MIDI inputs and outputs of this machine."),
    "bench": Entry("sparseq.cli.bench", "Measure the speed of the kernel on this machine."),
    "evaluate": Entry("sparseq.cli.evaluate", "Measure quality beside every simple rule."),
    "lab": Entry("sparseq.cli.lab", "Stream and fill other alphabets: levels, configs, logs, pictures."),
}


class LazyGroup(click.Group):
    """A click group that imports a subcommand only when it is run or asked for its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the command names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one subcommand, or None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name].module).command
        assert isinstance(command, click.Command), f"{COMMANDS[cmd_name].module}.command is no click command"
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand; an unknown name is answered with what there is."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            ctx.fail(f"no command {name!r}; {_nearest(name)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


def _nearest(name: str) -> str:
    """Return the hint for an unknown command name."""
    from difflib import get_close_matches

    near = get_close_matches(name, COMMANDS, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(COMMANDS)}"


def _show_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """Print the version and the kernel in use, then stop."""
    if not value or ctx.resilient_parsing:
        return
    from sparseq import __version__
    from sparseq.kernel import load

    click.echo(f"sparseq {__version__} ({load().name} kernel)")
    ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="'sparseq COMMAND --help' tells more about each.",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Print the version and which kernel is in use.",
)
def cli() -> None:
    """Play, export and repair music from a handful of your own loops: the examples are the model."""


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    args : sequence of str, optional
        The arguments after the program name; those of the process by default.

    Returns
    -------
    int
        An exit code of `sparseq.cli.exits.Exit`.
    """
    if "_SPARSEQ_COMPLETE" in os.environ:  # a shell asks what could follow
        cli.main(prog_name="sparseq")
    try:
        with _stop_signals_interrupt():
            code = _run(sys.argv[1:] if args is None else args)
            sys.stdout.flush()
    except BrokenPipeError:  # before its parent OSError: the reader had enough (`| head`), nobody is there to be told
        _forget_stdout()
        return Exit.FAILED
    except (KeyboardInterrupt, click.Abort):
        _end_line()
        return Exit.INTERRUPTED
    except SparseqError as error:
        return _failed(str(error))
    except RuntimeError as error:
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        _end_line()  # Ctrl-C while a module makes a class: Python before 3.12 wraps it
        return Exit.INTERRUPTED
    except OSError as error:
        _forget_stdout()  # it may be the culprit (a full disk), and would fail once more at exit
        return _failed(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error))
    return code


def _run(args: Sequence[str]) -> int:
    """Parse and run; click's own `main` is not used because it takes an EOFError, which is a bug, for an interrupt."""
    try:
        with cli.make_context("sparseq", list(args)) as context:
            cli.invoke(context)
    except click.exceptions.Exit as end:  # --help, --version
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return Exit.DONE


def _failed(message: str) -> int:
    """Say in one line what failed."""
    say("sparseq: " + " ".join(message.split()))
    return Exit.FAILED


def _end_line() -> None:
    """Leave the line on which the terminal has echoed ^C."""
    if sys.stderr.isatty():
        say("")


def _forget_stdout() -> None:
    """Point stdout nowhere, so that the interpreter's last flush does not complain about the closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _stop_signals_interrupt() -> Iterator[None]:
    """Let a polite kill, or a closed terminal, stop the program as Ctrl-C does: notes released, files whole."""
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    changed = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}  # nohup stays
    for number in changed:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in changed.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())

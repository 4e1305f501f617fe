"""The options that live commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from sparseq.cli.options import Number, WholeNumber, force_option, quiet_option
from sparseq.cli.stage import Wishes, read_map

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

MOST_OFFSET_MS = 1000
MOST_LAST_BARS = 256


def ports_option() -> Callable[[Decorated], Decorated]:
    """--port, given any number of times; the parameter `ports` is a tuple of str."""
    return click.option(
        "--port",
        "ports",
        multiple=True,
        metavar="[PART=]NAME[@CHANNEL]",
        help="A part of a port's name, 'virtual' for a port of our own that others connect to, or 'null'. May be "
        "repeated to send parts to several: --port drums=TR-8@10 --port bass=MS-20. [default: virtual]",
    )


def sync_option() -> Callable[[Decorated], Decorated]:
    """--sync; the parameter `sync` is "internal", "midi" or "link"."""
    return click.option(
        "--sync",
        type=click.Choice(["internal", "midi", "link"]),
        default="internal",
        show_default=True,
        help="Whose tempo and start: our own, those of the MIDI clock at --in, or Ableton Link's.",
    )


def input_option(*, help: str, required: bool = False) -> Callable[[Decorated], Decorated]:
    """--in; the parameter `input_name` is a str, or None where it is not required."""
    return click.option("--in", "input_name", metavar="PORT", required=required, help=help)


def offset_option() -> Callable[[Decorated], Decorated]:
    """--offset-ms; the parameter `offset_ms` is a float."""
    return click.option(
        "--offset-ms",
        type=Number(-MOST_OFFSET_MS, MOST_OFFSET_MS),
        metavar="X",
        default=0.0,
        show_default=True,
        help="Play so much later than the clock that is followed; less than 0 for earlier.",
    )


def clock_option() -> Callable[[Decorated], Decorated]:
    """--clock/--no-clock; the parameter `clock` is a bool."""
    return click.option(
        "--clock/--no-clock", default=False, show_default=True, help="Send MIDI clock, start and stop too."
    )


def stage_options(*, save: str) -> Callable[[Decorated], Decorated]:
    """How a performance is seen, steered and kept; the command takes them as keywords and hands them to `wished`.

    Parameters
    ----------
    save : str
        What --save says of itself.
    """
    options = (
        click.option("--keys/--no-keys", default=True, show_default=True, help="Steer with the keyboard; ? shows how."),
        click.option(
            "--map",
            "map_path",
            metavar="FILE",
            help="Where to keep what knobs and pads have learnt. [default: in the folder for settings]",
        ),
        click.option(
            "--last",
            "last_bars",
            type=WholeNumber(1, MOST_LAST_BARS),
            metavar="N",
            default=8,
            show_default=True,
            help="How many bars the key s saves.",
        ),
        click.option("--save", metavar="FILE.mid", help=save),
        force_option(),
        click.option("--plain", is_flag=True, help="Say each bar in one line of words, for pipes and screen readers."),
        quiet_option(),
    )

    def decorate(command: Decorated) -> Decorated:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def wished(options: Mapping[str, Any], input_name: str | None) -> Wishes:
    """Return how a person wants to see and steer a performance, and what is to be kept of it.

    Parameters
    ----------
    options : mapping of str
        What `stage_options` gave the command; others may be among them.
    input_name : str or None
        The input to listen to.

    Raises
    ------
    FileError
        If the take cannot be written.
    """
    from sparseq.jobs.files import check_writable

    save, force = options["save"], options["force"]
    if save is not None:
        check_writable(save, force)
    table = read_map(options["map_path"])
    return Wishes(
        options["quiet"], options["plain"], options["keys"], table, input_name, options["last_bars"], save, force
    )

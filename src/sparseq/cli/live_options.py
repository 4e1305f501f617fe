"""The options that live commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from sparseq.cli.options import Number, WholeNumber

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


def keys_option() -> Callable[[Decorated], Decorated]:
    """--keys/--no-keys, --map and --last; the parameters `keys`, `map_path` and `last_bars`."""

    def decorate(command: Decorated) -> Decorated:
        for option in (
            click.option(
                "--last",
                "last_bars",
                type=WholeNumber(1, MOST_LAST_BARS),
                metavar="N",
                default=8,
                show_default=True,
                help="How many bars the key s saves.",
            ),
            click.option(
                "--map",
                "map_path",
                metavar="FILE",
                help="Where to keep what knobs and pads have learnt. [default: in the folder for settings]",
            ),
            click.option(
                "--keys/--no-keys", default=True, show_default=True, help="Steer with the keyboard; ? shows how."
            ),
        ):
            command = option(command)
        return command

    return decorate


def plain_option() -> Callable[[Decorated], Decorated]:
    """--plain; the parameter `plain` is a bool."""
    return click.option(
        "--plain", is_flag=True, help="Say each bar in one line of words, for pipes and screen readers."
    )

"""The options that several commands share: one name, one meaning, one message each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    IntType = click.ParamType[int]
    FloatType = click.ParamType[float]
else:
    IntType = FloatType = click.ParamType  # older clicks have no type arguments

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

LARGEST_SEED = 2**64 - 1
LEAST_BPM, LARGEST_BPM = 20, 400
LARGEST_TEMPERATURE = 10
MOST_BARS = 9_999


class WholeNumber(IntType):
    """A whole number from `least` to `largest`, both allowed."""

    name = "integer"

    def __init__(self, least: int, largest: int) -> None:
        self.least = least
        self.largest = largest

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number, or fail saying what was wanted and what was got."""
        try:
            number = int(value)
        except ValueError:
            number = self.least - 1  # is out of range
        if not self.least <= number <= self.largest:
            self.fail(f"wanted a whole number from {self.least} to {self.largest}, got {value!r}", param, ctx)
        return number


class Number(FloatType):
    """A finite number from `least` to `largest`; `least` itself is left out when `above` is set."""

    name = "number"

    def __init__(self, least: float, largest: float, *, above: bool = False) -> None:
        self.least = least
        self.largest = largest
        self.above = above

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number, or fail saying what was wanted and what was got."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan  # is in no range
        if not self.least <= number <= self.largest or (self.above and number == self.least):
            start = f"above {self.least:g}" if self.above else f"from {self.least:g}"
            self.fail(f"wanted a number {start} to {self.largest:g}, got {value!r}", param, ctx)
        return number


def loops_option(default: str = "the shipped loops in 4/4") -> Callable[[Decorated], Decorated]:
    """--loops, given any number of times; the parameter `loops` is a tuple of str; `default` says what none means."""
    return click.option(
        "--loops",
        multiple=True,
        metavar="NAME|DIR|FILE",
        help="Examples to learn from: a library that `sparseq learn` made, the name or style of shipped loops, a "
        f"folder of .mid files, or one file. May be repeated. [default: {default}]",
    )


def bars_option(
    *, required: bool = False, help: str = "Bars, counted from 1: 5-6,9."
) -> Callable[[Decorated], Decorated]:
    """--bars as a choice of bars; the parameter `bars` is str or None, for `music.masks.parse_bars`."""
    return click.option("--bars", metavar="BARS", required=required, help=help)


def bar_count_option(default: int | None, *, help: str = "How many bars.") -> Callable[[Decorated], Decorated]:
    """--bars as a number of bars; the parameter `bars` is an int in 1..9999, or None where that is the default."""
    return click.option(
        "--bars",
        type=WholeNumber(1, MOST_BARS),
        metavar="N",
        default=default,
        show_default=default is not None,
        help=help,
    )


def seed_option(default: int | None = None) -> Callable[[Decorated], Decorated]:
    """--seed; the parameter `seed` is an int in 0..2^64-1, or None where that is the default."""
    return click.option(
        "--seed",
        type=WholeNumber(0, LARGEST_SEED),
        metavar="N",
        default=default,
        show_default=default is not None,
        help="Same seed and same input, same result.",
    )


def bpm_option(*, help: str = "Tempo in beats per minute, 20 to 400.") -> Callable[[Decorated], Decorated]:
    """--bpm; the parameter `bpm` is a float in 20..400, or None."""
    return click.option("--bpm", type=Number(LEAST_BPM, LARGEST_BPM), metavar="X", help=help)


def temperature_option(default: float | None = None) -> Callable[[Decorated], Decorated]:
    """--temperature; the parameter `temperature` is a float above 0 and up to 10, or None where that is the default."""
    return click.option(
        "--temperature",
        type=Number(0, LARGEST_TEMPERATURE, above=True),
        metavar="X",
        default=default,
        show_default=default is not None,
        help="Below 1 stays closer to the examples, above 1 strays further.",
    )


def output_option(
    *, required: bool = True, metavar: str = "FILE.mid", help: str = "Write here."
) -> Callable[[Decorated], Decorated]:
    """-o/--output; the parameter `output` is a str, or None where it is not required."""
    return click.option("-o", "--output", metavar=metavar, required=required, help=help)


def force_option() -> Callable[[Decorated], Decorated]:
    """--force; the parameter `force` is a bool."""
    return click.option("--force", is_flag=True, help="Replace files that exist.")


def json_option() -> Callable[[Decorated], Decorated]:
    """--json; the parameter `as_json` is a bool."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def quiet_option() -> Callable[[Decorated], Decorated]:
    """-q/--quiet; the parameter `quiet` is a bool."""
    return click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")

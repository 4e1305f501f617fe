"""`sparseq lab logs`: synthetic logs from past ones, gaps filled, the next template foreseen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from sparseq.cli.lab_output import check_result, give, result_option
from sparseq.cli.options import WholeNumber, force_option, json_option, quiet_option, seed_option, temperature_option
from sparseq.cli.seeds import seed_or_fresh
from sparseq.cli.talk import emit, emit_json, say

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

MOST_LINES = 100_000


def examples_option() -> Callable[[Decorated], Decorated]:
    """--examples; the parameter `examples` is a str or None."""
    return click.option(
        "--examples", metavar="DIR|FILE", help="Past logs: a folder of .log and .txt, or a file. [default: one shipped]"
    )


@click.group()
def logs() -> None:
    """Mine the templates of logs, and make new lines of them."""


@logs.command()
@examples_option()
@click.option("--lines", type=WholeNumber(1, MOST_LINES), default=40, show_default=True, help="How many.")
@click.option("--about", metavar="TEXT", help="Start where a line of the examples with this text does.")
@seed_option()
@temperature_option(1.0)
@result_option("FILE")
@force_option()
@quiet_option()
def stream(
    examples: str | None,
    lines: int,
    about: str | None,
    seed: int | None,
    temperature: float,
    output: str | None,
    force: bool,
    quiet: bool,
) -> None:
    """Write a plausible log as test data, such as an incident.

    What stands at the places of the templates is taken from the examples, and said again where they say it again.
    """
    from sparseq.jobs.lab_logs import Logbook, load_logs

    check_result(output, force)
    number = seed_or_fresh(seed)
    made = Logbook(load_logs(examples)).stream(lines, number, about, temperature)
    give("".join(f"{row}\n" for row in made), output, force, quiet)
    say(f"seed {number}", quiet=quiet)


@logs.command()
@click.argument("log", metavar="LOG")
@click.option("--lines", metavar="LINES", required=True, help="Lines to write anew, counted from 1: 40-60.")
@examples_option()
@seed_option()
@result_option("FILE")
@force_option()
@quiet_option()
def fill(
    log: str, lines: str, examples: str | None, seed: int | None, output: str | None, force: bool, quiet: bool
) -> None:
    """Fill a gap in a log from both sides; all other lines stay as they are."""
    from sparseq.domains.regions import parse_numbers
    from sparseq.domains.sources import text
    from sparseq.jobs.files import read_bytes
    from sparseq.jobs.lab_logs import Logbook, load_logs

    check_result(output, force)
    number = seed_or_fresh(seed)
    rows = [row for row in text(read_bytes(log), log).splitlines() if row.strip()]
    chosen = parse_numbers(lines, len(rows), "line")
    made = Logbook(load_logs(examples)).fill("\n".join(rows), chosen, number)
    give("".join(f"{row}\n" for row in made), output, force, quiet)
    say(f"seed {number}", quiet=quiet)


@logs.command()
@examples_option()
@json_option()
def evaluate(examples: str | None, as_json: bool) -> None:
    """Measure how often the next template is foreseen on the last fifth of the logs, learnt from what is before."""
    from sparseq.jobs.lab_logs import evaluate as measured
    from sparseq.jobs.lab_logs import load_logs

    found = measured(load_logs(examples))
    if as_json:
        emit_json(found)
    else:
        emit("\n".join(f"{name:11}{value:.4g}" for name, value in found.items()))

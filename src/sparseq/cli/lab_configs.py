"""`sparseq lab configs`: YAML and HCL files in the house style of a folder of examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sparseq.cli.lab_output import check_result, give, result_option
from sparseq.cli.options import WholeNumber, force_option, json_option, quiet_option, seed_option, temperature_option
from sparseq.cli.seeds import seed_or_fresh
from sparseq.cli.talk import emit, emit_json, say

if TYPE_CHECKING:
    from sparseq.jobs.lab_configs import House

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

MOST_FILES = 10_000


def examples_option() -> Callable[[Decorated], Decorated]:
    """--examples; the parameter `examples` is a str."""
    return click.option(
        "--examples",
        metavar="DIR|FILE|NAME",
        default="kubernetes",
        show_default=True,
        help="Files to learn from: .yaml and .yml, or .tf and .hcl; or the shipped kubernetes, terraform.",
    )


@click.group()
def configs() -> None:
    """Write config files in a house style: YAML (Kubernetes) and HCL (Terraform)."""


@configs.command()
@examples_option()
@click.option("--name", metavar="NAME", help="What the new file describes. [default: a name of the examples]")
@seed_option()
@temperature_option(1.0)
@result_option("FILE")
@force_option()
@quiet_option()
def generate(
    examples: str, name: str | None, seed: int | None, temperature: float, output: str | None, force: bool, quiet: bool
) -> None:
    """Write a new file."""
    from sparseq.jobs.lab_configs import House

    check_result(output, force)
    number = seed_or_fresh(seed)
    house = House(examples)
    _report(house, house.generate(number, temperature=temperature, subject=name), number, output, force, quiet)


@configs.command()
@click.argument("file", metavar="FILE")
@examples_option()
@seed_option()
@temperature_option(1.0)
@result_option("FILE")
@force_option()
@quiet_option()
def complete(
    file: str, examples: str, seed: int | None, temperature: float, output: str | None, force: bool, quiet: bool
) -> None:
    """Write the rest of a file that is begun; its lines stay as they are."""
    from sparseq.domains.sources import text
    from sparseq.jobs.files import read_bytes
    from sparseq.jobs.lab_configs import House

    check_result(output, force)
    number, begun = seed_or_fresh(seed), text(read_bytes(file), file)
    house = House(examples)
    _report(house, house.generate(number, begun, temperature), number, output, force, quiet)


@configs.command()
@click.argument("file", metavar="FILE")
@click.option("--lines", metavar="LINES", required=True, help="Lines to write anew, counted from 1: 5-8,12.")
@examples_option()
@seed_option()
@result_option("FILE")
@force_option()
@quiet_option()
def repair(
    file: str, lines: str, examples: str, seed: int | None, output: str | None, force: bool, quiet: bool
) -> None:
    """Write chosen lines anew from those around them; all others stay as they are."""
    from sparseq.domains.regions import parse_numbers
    from sparseq.domains.sources import text
    from sparseq.jobs.files import read_bytes
    from sparseq.jobs.lab_configs import House

    check_result(output, force)
    number, content = seed_or_fresh(seed), text(read_bytes(file), file)
    chosen = parse_numbers(lines, len(content.splitlines()), "line")
    house = House(examples)
    _report(house, house.repair(content, chosen, number), number, output, force, quiet)


@configs.command()
@examples_option()
@click.option("--count", type=WholeNumber(1, MOST_FILES), default=100, show_default=True, help="How many new files.")
@seed_option(0)
@json_option()
def evaluate(examples: str, count: int, seed: int, as_json: bool) -> None:
    """Measure new files under the real parser: how many parse and keep the examples' hierarchy of keys."""
    from sparseq.jobs.lab_configs import House
    from sparseq.jobs.lab_configs import evaluate as measured

    found = measured(House(examples), count, seed)
    if as_json:
        emit_json(found)
    else:
        emit("\n".join(f"{name:13}{value:.4g}" for name, value in found.items()))


def _report(house: House, made: str, seed: int, output: str | None, force: bool, quiet: bool) -> None:
    parses, kept = house.merit(made)
    give(made, output, force, quiet)
    verdict = "parses" if parses else "DOES NOT PARSE"
    say(f"seed {seed}; {verdict}{'' if kept or not parses else ', with keys nested as in no example'}", quiet=quiet)

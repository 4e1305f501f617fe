"""`sparseq lab own`: the domains that installed packages add."""

from __future__ import annotations

import click

from sparseq.cli.lab_output import check_result, give, result_option
from sparseq.cli.options import WholeNumber, force_option, json_option, quiet_option, seed_option
from sparseq.cli.seeds import seed_or_fresh
from sparseq.cli.talk import emit, emit_json, say

MOST_STEPS = 100_000


@click.group()
def own() -> None:
    """Use the domains that installed packages add (entry points of the group sparseq.domains)."""


@own.command(name="list")
@json_option()
def list_domains(as_json: bool) -> None:
    """List them."""
    from sparseq.domains.protocol import installed_domains

    names = sorted(installed_domains())
    if as_json:
        emit_json(names)
    else:
        emit("\n".join(names) or "none installed; the README tells how to write one")


@own.command()
@click.argument("domain", metavar="NAME")
@click.argument("examples", metavar="DIR|FILE")
@click.option("--steps", type=WholeNumber(1, MOST_STEPS), default=64, show_default=True, help="How many.")
@seed_option()
@result_option("FILE")
@force_option()
@quiet_option()
def stream(
    domain: str, examples: str, steps: int, seed: int | None, output: str | None, force: bool, quiet: bool
) -> None:
    """Write a new file like the examples."""
    from sparseq.jobs.lab_own import open_domain, stream_own

    check_result(output, force)
    number = seed_or_fresh(seed)
    made, metrics = stream_own(open_domain(domain, examples), steps, number)
    _report(made, dict(metrics), number, output, force, quiet)


@own.command()
@click.argument("domain", metavar="NAME")
@click.argument("file", metavar="FILE")
@click.option("--examples", metavar="DIR|FILE", required=True, help="Files to learn from.")
@click.option("--steps", metavar="STEPS", help="Fill these steps only, counted from 1: 3-5,9.")
@click.option("--lanes", metavar="LANES", help="Fill these lanes only, counted from 1.")
@seed_option()
@result_option("FILE")
@force_option()
@quiet_option()
def fill(
    domain: str,
    file: str,
    examples: str,
    steps: str | None,
    lanes: str | None,
    seed: int | None,
    output: str | None,
    force: bool,
    quiet: bool,
) -> None:
    """Fill a part of a file from both sides."""
    from sparseq.jobs.files import read_bytes
    from sparseq.jobs.lab_own import fill_own, open_domain

    check_result(output, force)
    number = seed_or_fresh(seed)
    made, metrics = fill_own(open_domain(domain, examples), read_bytes(file), steps, lanes, number)
    _report(made, dict(metrics), number, output, force, quiet)


def _report(made: bytes, metrics: dict[str, float], seed: int, output: str | None, force: bool, quiet: bool) -> None:
    give(made if output is not None else made.decode("utf-8", "replace"), output, force, quiet)
    say("   ".join([*(f"{name} {value:.3g}" for name, value in metrics.items()), f"seed {seed}"]), quiet=quiet)

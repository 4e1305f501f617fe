"""`sparseq lab mario`: levels of Super Mario Bros., streamed, filled, shown, and compared with the published tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sparseq.cli.lab_output import check_result, give, is_picture, result_option
from sparseq.cli.options import (
    WholeNumber,
    force_option,
    json_option,
    quiet_option,
    seed_option,
    temperature_option,
)
from sparseq.cli.seeds import seed_or_fresh
from sparseq.cli.talk import emit, emit_json, progress, say

if TYPE_CHECKING:
    from sparseq.domains.protocol import Cells, Mask

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

MOST_COLUMNS = 10_000
COLUMNS = ("l2", "density", "linearity", "leniency", "playable", "novelty", "histogram_kl", "longest_copy", "pipes")


def levels_option() -> Callable[[Decorated], Decorated]:
    """--levels; the parameter `levels` is a str or None."""
    return click.option(
        "--levels", metavar="DIR|FILE", help="Examples: a folder of .txt levels, or one. [default: those shipped]"
    )


@click.group()
def mario() -> None:
    """Write levels of Super Mario Bros.: rows of the tiles -XS?Qo<>[]EBbM."""


@mario.command()
@click.argument("level", metavar="LEVEL.txt")
@levels_option()
@result_option("FILE.png")
@force_option()
@json_option()
@quiet_option()
def show(level: str, levels: str | None, output: str | None, force: bool, as_json: bool, quiet: bool) -> None:
    """Show a level and how it compares with the examples."""
    from sparseq.domains.mario import read_levels, render_level
    from sparseq.domains.mario_metrics import measure
    from sparseq.jobs.lab_mario import load_levels

    check_result(output, force)
    (cells,) = read_levels(level)[:1]
    measures = measure(cells, load_levels(levels))
    if as_json:
        emit_json({"tiles": render_level(cells).splitlines(), **measures})
    else:
        emit(render_level(cells) + "\n" + "   ".join(f"{name} {value:.3g}" for name, value in measures.items()))
    if output is not None:
        _give_level(cells, output, force, quiet)


@mario.command()
@levels_option()
@click.option(
    "--columns", type=WholeNumber(1, MOST_COLUMNS), default=50, show_default=True, help="Length of the level."
)
@seed_option()
@temperature_option(1.0)
@result_option()
@force_option()
@json_option()
@quiet_option()
def stream(
    levels: str | None,
    columns: int,
    seed: int | None,
    temperature: float,
    output: str | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write a new level from left to right."""
    from sparseq.jobs.lab_mario import LevelMaker, load_levels

    check_result(output, force)
    number = seed_or_fresh(seed)
    maker = LevelMaker(load_levels(levels))
    made = maker.stream(columns, number, temperature)
    _report(made, maker.levels, number, output, force, as_json, quiet)


@mario.command()
@click.argument("level", metavar="[LEVEL.txt]", required=False)
@click.option("--columns", metavar="COLUMNS", help="Fill these columns only, counted from 1: 12-20,30.")
@click.option("--rows", metavar="ROWS", help="Fill these rows only, counted from 1 at the top.")
@levels_option()
@seed_option()
@temperature_option(1.0)
@result_option()
@force_option()
@json_option()
@quiet_option()
def fill(
    level: str | None,
    columns: str | None,
    rows: str | None,
    levels: str | None,
    seed: int | None,
    temperature: float,
    output: str | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Fill a part of a level from both sides, or without a level a whole new one.

    Everything outside the columns and rows stays as it is; in a picture the part is framed.
    """
    from sparseq.domains.mario import read_levels
    from sparseq.domains.regions import region
    from sparseq.jobs.lab_mario import N_COLUMNS, LevelMaker, load_levels

    check_result(output, force)
    number = seed_or_fresh(seed)
    maker = LevelMaker(load_levels(levels))
    cells = maker.blank(N_COLUMNS) if level is None else read_levels(level)[0]
    mask = region(columns, rows, *cells.shape) if level is not None else None
    if level is None and (columns or rows):
        raise click.UsageError("--columns and --rows need a LEVEL.txt to fill them in")
    made = maker.fill(cells, mask, seed=number, temperature=temperature)
    _report(made, maker.levels, number, output, force, as_json, quiet, mask)


@mario.command()
@levels_option()
@seed_option(0)
@json_option()
@quiet_option()
def compare(levels: str | None, seed: int, as_json: bool, quiet: bool) -> None:
    """Measure our levels beside the original's, simple rules' and the corpus'.

    Three levels each. The published figures of l2: corpus 0.504, fill 0.723, Markov chain 2.745, chance 3.353, stream
    4.998 (with --levels of the three slices they were made from).
    """
    from sparseq.jobs.lab_mario import N_PIPELINES, load_levels
    from sparseq.jobs.lab_mario import compare as measured

    found: dict[str, dict[str, float]] = {}
    with progress("comparing", N_PIPELINES, quiet=quiet) as advance:
        for name, measures in measured(load_levels(levels), seed):
            found[name] = measures
            advance(1)
    if as_json:
        emit_json(found)
    else:
        emit(_table(found))
        say(_speed(found), quiet=quiet)


def _table(found: dict[str, dict[str, float]]) -> str:
    from sparseq.views.table import render_table

    rows = [
        [name, *(f"{measures[column]:.3f}" for column in COLUMNS), f"{measures['seconds'] * 1000:.2f}"]
        for name, measures in found.items()
    ]
    headers = ["pipeline", *COLUMNS, "ms"]
    return render_table(headers, rows, right=headers[1:])


def _speed(found: dict[str, dict[str, float]]) -> str:
    ratio = found["original_fill"]["seconds"] / found["fill"]["seconds"]
    return f"fill of the same schedule: {ratio:.0f} times as fast as the original on the vector kernel"


def _report(
    made: Cells,
    examples: Sequence[Cells],
    seed: int,
    output: str | None,
    force: bool,
    as_json: bool,
    quiet: bool,
    mask: Mask | None = None,
) -> None:
    """Give a made level in the form that was asked for."""
    from sparseq.domains.mario import render_level
    from sparseq.domains.mario_metrics import measure

    if as_json:
        emit_json({"seed": seed, "tiles": render_level(made).splitlines(), **measure(made, examples)})
    if output is not None or not as_json:
        _give_level(made, output, force, quiet, mask)
    say(f"seed {seed}", quiet=quiet)


def _give_level(made: Cells, output: str | None, force: bool, quiet: bool, mask: Mask | None = None) -> None:
    from sparseq.domains.mario import render_level
    from sparseq.domains.mario_picture import level_png

    give(level_png(made, mask) if is_picture(output) else render_level(made), output, force, quiet)

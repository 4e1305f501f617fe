"""`sparseq loops`: the shipped examples, listed or shown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sparseq.cli.options import bars_option, json_option
from sparseq.cli.talk import emit, emit_json, wants_colour
from sparseq.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sparseq.music.loops import LoopInfo

COLUMNS = ("name", "style", "bpm", "meter", "bars", "title")
NUMBERS = ("bpm", "bars")
HELP = ("-h", "--help")


class ListByDefault(click.Group):
    """A group that lists when no subcommand is named, so that `sparseq loops --style funk` works."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default in where options, or nothing, come first."""
        if not args or (args[0].startswith("-") and args[0] not in HELP):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(name="loops", cls=ListByDefault)
def command() -> None:
    """List the shipped loops, or show one.

    `sparseq loops` alone lists. Other commands take a name or a style from this list for --loops; without --loops they
    learn from those in 4/4 that are written in sixteenths.
    """


@command.command(name="list")
@click.option("--style", metavar="STYLE", help="Only loops of this style: funk, bossa nova, ...")
@click.option("--meter", metavar="N/N", help="Only loops in this meter: 4/4, 7/8, ...")
@json_option()
def list_command(style: str | None, meter: str | None, as_json: bool) -> None:
    """List the shipped loops."""
    from dataclasses import asdict

    from sparseq.music.loops import catalogue

    infos = _chosen(_chosen(catalogue(), "style", style), "meter", meter)
    emit_json([asdict(info) for info in infos]) if as_json else emit(_as_table(infos))


@command.command(name="show")
@click.argument("name", metavar="NAME")
@bars_option(help="Show these bars only, counted from 1: 1-2,5.")
@json_option()
def show_command(name: str, bars: str | None, as_json: bool) -> None:
    """Show one of the shipped loops as a text grid."""
    from sparseq.cli.show import show_drums
    from sparseq.music.loops import shipped
    from sparseq.music.score import read_score
    from sparseq.music.smf import parse

    source = shipped(name)
    assert source.info is not None, "a shipped loop is in the catalogue"
    title = source.name if as_json else f"{source.info.title} ({source.name})"
    score = read_score(parse(source.read(), source.name))
    show_drums(title, score, source.info.steps_per_beat, bars, as_json)


def _chosen(infos: Iterable[LoopInfo], fact: str, wanted: str | None) -> list[LoopInfo]:
    """Return the loops of which a fact is as wanted, "Bossa Nova" being "bossa-nova"; all if nothing is wanted."""
    infos = list(infos)
    if wanted is None:
        return infos
    chosen = [info for info in infos if getattr(info, fact) == "-".join(wanted.casefold().replace("_", " ").split())]
    if not chosen:
        there = ", ".join(sorted({getattr(info, fact) for info in infos}))
        raise InputError(f"no loop here has the {fact} {wanted!r}; there are: {there}")
    return chosen


def _as_table(infos: Iterable[LoopInfo]) -> str:
    from sparseq.views.table import render_table

    rows = [[info.name, info.style, f"{info.bpm:g}", info.meter, info.bars, info.title] for info in infos]
    return render_table(COLUMNS, rows, right=NUMBERS, colour=wants_colour(sys.stdout))

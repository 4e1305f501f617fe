"""`sparseq loops`: the shipped examples, listed or shown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sparseq.cli.band import Parsed
from sparseq.cli.options import bars_option, force_option, json_option, output_option
from sparseq.cli.talk import emit, emit_json, say, wants_colour
from sparseq.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sparseq.music.catalogue import LoopInfo

COLUMNS = ("name", "style", "bpm", "meter", "bars", "title")
NUMBERS = ("bpm", "bars")
HELP = ("-h", "--help")


def _tempos(text: str) -> tuple[float, float]:
    """Read a tempo or a range of tempos."""
    words = text.split("-")
    try:
        tempos = [float(word) for word in words]
    except ValueError:
        tempos = []
    if len(tempos) not in (1, 2) or not 0 < tempos[0] <= tempos[-1]:
        raise InputError(f"wanted a tempo like 100 or a range like 90-120, got {text!r}")
    return tempos[0], tempos[-1]


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
@click.option(
    "--bpm", type=Parsed("tempo", _tempos), metavar="X|LOW-HIGH", help="Only loops of this tempo: 100, or 90-120."
)
@json_option()
def list_command(style: str | None, meter: str | None, bpm: tuple[float, float] | None, as_json: bool) -> None:
    """List the shipped loops, and name the libraries that were learnt."""
    from dataclasses import asdict

    from sparseq.music.catalogue import catalogue
    from sparseq.music.library import library_names

    infos = _in_tempo(_chosen(_chosen(catalogue(), "style", style), "meter", meter), bpm)
    emit_json([asdict(info) for info in infos]) if as_json else emit(_as_table(infos))
    names = library_names()
    say(f"your libraries: {', '.join(names)}", quiet=as_json or not names)


@command.command(name="show")
@click.argument("name", metavar="NAME")
@bars_option(help="Show these bars only, counted from 1: 1-2,5.")
@output_option(required=False, metavar="PICTURE.png|.svg", help="Write a picture here instead.")
@force_option()
@json_option()
def show_command(name: str, bars: str | None, output: str | None, force: bool, as_json: bool) -> None:
    """Show one of the shipped loops: drums as a grid, pitched parts as piano rolls, its chords above."""
    from sparseq.cli.showing import Shown, show
    from sparseq.music.chords import parse_chords
    from sparseq.music.keys import parse_key
    from sparseq.music.loops import shipped
    from sparseq.music.piece import read_piece
    from sparseq.music.smf import parse

    source = shipped(name)
    assert source.info is not None, "a shipped loop is in the catalogue"
    info = source.info
    key = parse_key(info.key) if info.key else None
    piece = read_piece(parse(source.read(), source.name), steps_per_beat=info.steps_per_beat, key=key)
    title = source.name if as_json else f"{info.title} ({source.name})"
    show(Shown(title, piece, bars, chords=parse_chords(info.chords) if info.chords else None), output, force, as_json)


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


def _in_tempo(infos: list[LoopInfo], bpm: tuple[float, float] | None) -> list[LoopInfo]:
    """Return the loops of some tempos, both ends among them; all if nothing is wanted."""
    chosen = [info for info in infos if bpm is None or bpm[0] <= info.bpm <= bpm[1]]
    if bpm is not None and not chosen:
        there = ", ".join(f"{tempo:g}" for tempo in sorted({info.bpm for info in infos}))
        raise InputError(f"no loop here has a tempo of {bpm[0]:g} to {bpm[1]:g} bpm; there are: {there}")
    return chosen


def _as_table(infos: Iterable[LoopInfo]) -> str:
    from sparseq.views.table import render_table

    rows = [[info.name, info.style, f"{info.bpm:g}", info.meter, info.bars, info.title] for info in infos]
    return render_table(COLUMNS, rows, right=NUMBERS, colour=wants_colour(sys.stdout))

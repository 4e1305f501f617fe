"""`sparseq vary`: change a share of what a .mid file plays."""

from __future__ import annotations

from typing import Any

import click

from sparseq.cli.filling import Wish, choice_options, run, way_options
from sparseq.cli.options import Number, bars_option


@click.command(name="vary")
@click.argument("file", metavar="IN.mid")
@click.option(
    "--strength",
    type=Number(0, 1, above=True),
    metavar="X",
    default=0.3,
    show_default=True,
    help="Share of the cells that is written anew.",
)
@bars_option(help="Only these bars, counted from 1: 5-6,9.  [default: all]")
@choice_options
@way_options
def command(
    file: str,
    strength: float,
    bars: str | None,
    steps: str | None,
    beats: str | None,
    lanes: str | None,
    keep_lanes: str | None,
    tracks: str | None,
    channels: str | None,
    **way: Any,
) -> None:
    """Change a share of what a .mid file plays.

    The rest stays untouched. The cells that are drawn by the seed, notes and rests alike, are written anew from what
    stands around them. Options that say where, and how, are those of `sparseq fill`.
    """
    from sparseq.jobs.choice import Choice

    run(Wish(file, **way), Choice(bars, steps, beats, lanes, keep_lanes, tracks, channels, strength))

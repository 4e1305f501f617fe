"""`sparseq fill`: repair chosen bars of a .mid file."""

from __future__ import annotations

from typing import Any

import click

from sparseq.cli.filling import Wish, choice_options, run, way_options
from sparseq.cli.options import bars_option


@click.command(name="fill")
@click.argument("file", metavar="IN.mid")
@bars_option(required=True, help="Bars to fill, counted from 1: 5-6,9.")
@choice_options
@way_options
def command(
    file: str,
    bars: str,
    steps: str | None,
    beats: str | None,
    lanes: str | None,
    keep_lanes: str | None,
    tracks: str | None,
    channels: str | None,
    **way: Any,
) -> None:
    """Repair chosen bars of a .mid file and leave the rest untouched.

    All parts of these bars, drums, bass, chords and leads, are written anew: first of all from the other bars of the
    file, and from --loops. Every other event of the file stays as it is. Options that say where go together: what lies
    in all of them is filled.
    """
    from sparseq.jobs.choice import Choice

    run(Wish(file, **way), Choice(bars, steps, beats, lanes, keep_lanes, tracks, channels))

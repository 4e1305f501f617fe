"""`sparseq fill`: repair chosen bars of a .mid file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sparseq.cli.options import (
    bars_option,
    force_option,
    loops_option,
    output_option,
    quiet_option,
    seed_option,
    temperature_option,
)
from sparseq.cli.reports import say_skipped
from sparseq.cli.seeds import seed_or_fresh
from sparseq.cli.talk import columns, emit, say, speaks_unicode, wants_colour

if TYPE_CHECKING:
    from sparseq.jobs.fill import Hole
    from sparseq.music.smf import MidiFile


@click.command(name="fill")
@click.argument("file", metavar="IN.mid")
@bars_option(required=True, help="Bars to fill, counted from 1: 5-6,9.")
@click.option("--lanes", metavar="LANES", help="Fill these drums only: kick,snare or hats, toms, cymbals.")
@click.option("--keep-lanes", metavar="LANES", help="Fill all drums but these.")
@loops_option()
@click.option("--greedy", is_flag=True, help="Take the most likely notes instead of drawing.")
@seed_option()
@temperature_option(1.0)
@output_option()
@force_option()
@quiet_option()
def command(
    file: str,
    bars: str,
    lanes: str | None,
    keep_lanes: str | None,
    loops: tuple[str, ...],
    greedy: bool,
    seed: int | None,
    temperature: float,
    output: str,
    force: bool,
    quiet: bool,
) -> None:
    """Repair chosen bars of a .mid file and leave the rest untouched.

    The drums of these bars are written anew from the bars around them, and from the examples. Every other event of the
    file stays as it is.
    """
    from sparseq.jobs.examples import load_examples
    from sparseq.jobs.files import check_writable, read_bytes, write_atomically
    from sparseq.jobs.fill import FillSettings, dig_hole, fill_hole
    from sparseq.music.smf import parse

    settings = FillSettings(bars, lanes, keep_lanes, seed_or_fresh(seed), greedy, temperature)
    midi = parse(read_bytes(file), file)
    check_writable(output, force)
    plan = dig_hole(midi, settings)
    examples = load_examples(loops, plan.grid.steps_per_beat)
    say_skipped(examples.skipped, quiet=quiet)
    hole = dig_hole(midi, settings, [example.score for example in examples.used])
    filled = fill_hole(hole, examples, settings)
    write_atomically(output, filled.to_bytes(), force)
    _show(hole, filled, quiet)
    say(f"wrote {output}: bars {bars} of {file} filled, seed {settings.seed}", quiet=quiet)


def _show(hole: Hole, filled: MidiFile, quiet: bool) -> None:
    """Print the filled bars."""
    import sys

    import numpy as np

    from sparseq.music.encode import encode_drums
    from sparseq.music.score import read_score
    from sparseq.views.textgrid import render_grid

    if quiet:
        return
    grid = encode_drums(read_score(filled), hole.grid.lanes, hole.grid.steps_per_beat)
    numbers = np.unique(hole.grid.bars_t[hole.mask_tl.any(1)] + 1).tolist()
    colour, unicode = wants_colour(sys.stdout), speaks_unicode(sys.stdout)
    emit(render_grid(grid, bars=numbers, colour=colour, unicode=unicode, width=columns()))

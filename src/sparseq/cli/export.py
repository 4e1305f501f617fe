"""`sparseq export`: new loops as .mid files."""

from __future__ import annotations

from typing import Any

import click

from sparseq.cli.band import band_options, band_settings, load_band
from sparseq.cli.options import (
    WholeNumber,
    bar_count_option,
    bpm_option,
    force_option,
    loops_option,
    output_option,
    quiet_option,
    seed_option,
    temperature_option,
)
from sparseq.cli.reports import bar_count, emit_parts, say_used
from sparseq.cli.seeds import seed_or_fresh
from sparseq.cli.talk import progress, say

MOST_LOOPS = 999


@click.command(name="export")
@loops_option()
@bar_count_option(4, help="Bars in each loop.")
@click.option(
    "--count", type=WholeNumber(1, MOST_LOOPS), metavar="N", default=1, show_default=True, help="How many loops."
)
@bpm_option(help="Tempo, 20 to 400. [default: that of the loop leaned on most]")
@seed_option()
@temperature_option(1.0)
@band_options()
@output_option(metavar="FILE.mid|DIR", help="A file for one loop, a folder for several.")
@force_option()
@quiet_option()
def command(
    loops: tuple[str, ...],
    bars: int,
    count: int,
    bpm: float | None,
    seed: int | None,
    temperature: float,
    output: str,
    force: bool,
    quiet: bool,
    **band: Any,
) -> None:
    """Write new loops to .mid files.

    The loops follow the examples bar by bar, and each other not at all. The first bar is shown. Several go into a
    folder, which is made if it is not there.
    """
    from sparseq.jobs.export import export_loops, export_targets

    targets = export_targets(output, count, force)
    settings = band_settings(seed_or_fresh(seed), temperature, bpm, band)
    examples = load_band(loops, band, settings.seed)
    written = export_loops(examples, settings, bars, targets, force)
    with progress("writing loops", count, quiet=quiet) as advance:
        first = next(written)
        advance(1)
        for _ in written:
            advance(1)
    say_used(first.examples, quiet=quiet)
    if not quiet:
        emit_parts(first.first)
    what = f"{targets[0]}: {bar_count(bars)}" if count == 1 else f"{count} loops to {output}: {bar_count(bars)} each"
    say(f"wrote {what}, seed {settings.seed}", quiet=quiet)

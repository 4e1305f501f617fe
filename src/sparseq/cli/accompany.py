"""`sparseq accompany`: new parts to a .mid file, beside what it plays."""

from __future__ import annotations

from typing import Any

import click

from sparseq.cli.band import band_options, band_settings, load_band
from sparseq.cli.options import (
    bars_option,
    force_option,
    loops_option,
    output_option,
    quiet_option,
    seed_option,
    temperature_option,
)
from sparseq.cli.reports import bar_count, emit_parts, say_skipped
from sparseq.cli.seeds import seed_or_fresh
from sparseq.cli.talk import progress, say


@click.command(name="accompany")
@click.argument("file", metavar="IN.mid")
@loops_option("the shipped loops with all parts, in the meter of the file")
@bars_option(required=False, help="Bars to play in, counted from 1: 5-8,13.  [default: all]")
@seed_option()
@temperature_option(1.0)
@band_options()
@output_option(metavar="OUT.mid", help="Write here.")
@force_option()
@quiet_option()
def command(
    file: str,
    loops: tuple[str, ...],
    bars: str | None,
    seed: int | None,
    temperature: float,
    output: str,
    force: bool,
    quiet: bool,
    **band: Any,
) -> None:
    """Add parts to a .mid file that it does not have.

    Drums, bass, chords or leads are written from the loops, bar by bar, to what the file plays: its meter, its chords,
    its scale, its kick and its bass. Every event of the file stays; each new part is a track behind its own. The first
    new bar is shown.
    """
    from sparseq.jobs.accompany import accompanied, usual_loops
    from sparseq.jobs.files import write_atomically
    from sparseq.jobs.plan import open_music
    from sparseq.jobs.repair import check_outputs, output_paths
    from sparseq.music.bars import score_bars
    from sparseq.music.score import read_score

    midi = open_music(file)
    path = output_paths(output, 1)[0]
    check_outputs(file, [path], force)
    settings = band_settings(seed_or_fresh(seed), temperature, None, band)
    examples = load_band(loops or usual_loops(midi), band, settings.seed)
    with progress("writing bars", len(score_bars(read_score(midi))), quiet=quiet) as advance:
        done = accompanied(midi, examples, settings, bars, advance)
    write_atomically(path, done.midi.to_bytes(), force)
    say_skipped(done.skipped, quiet=quiet)
    if done.other_bars:
        say(f"{bar_count(len(done.other_bars))} in another meter stay as they are", quiet=quiet)
    if not quiet:
        emit_parts(done.first)
    what = ", ".join(done.parts) or "no notes"
    say(f"wrote {path}: {what} to {bar_count(len(done.bars))} of {file}, seed {settings.seed}", quiet=quiet)

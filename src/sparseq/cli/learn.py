"""`sparseq learn`: a person's own music into a library."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sparseq.cli.options import force_option, json_option, quiet_option
from sparseq.cli.reports import say_skipped
from sparseq.cli.talk import emit, emit_json, progress, say, wants_colour

if TYPE_CHECKING:
    from sparseq.jobs.learn import LearnReport


@click.command(name="learn")
@click.argument("paths", metavar="FILE|DIR...", nargs=-1, required=True)
@click.option("--name", metavar="NAME", required=True, help="The library: letters, digits, - and _.")
@force_option()
@json_option()
@quiet_option()
def command(paths: tuple[str, ...], name: str, force: bool, as_json: bool, quiet: bool) -> None:
    """Read your own .mid files into a library for --loops.

    Folders are searched through and through. A library that is there already is gone on with: only new and changed
    files are read, so you can stop at any time and go on later. With --force it is begun anew. From four loops with
    drums on, the numbers that play and fill go by are chosen to suit them.
    """
    from dataclasses import asdict

    from sparseq.jobs.learn import find_midi_files, learn
    from sparseq.music.library import library_path

    library_path(name)  # a name that cannot be used is refused before folders are searched
    files = find_midi_files(paths)
    with progress("learning", len(files), quiet=quiet or as_json) as advance:
        report = learn(files, name, force=force, on_file=advance)
    calibrated = False
    if report.added:
        from sparseq.jobs.calibrated_library import calibrate_library, total_steps

        with progress("calibrating", total_steps(), quiet=quiet or as_json) as advance:
            calibrated = bool(calibrate_library(name, advance))
    if as_json:
        emit_json(asdict(report) | {"calibrated": calibrated})
        return
    say_skipped(report.reasons, quiet=quiet)
    if not quiet:
        emit(_as_table(report))
    say(f"library {name} holds {report.pieces} pieces; use it with --loops {name}", quiet=quiet)


def _as_table(report: LearnReport) -> str:
    from sparseq.views.table import render_table

    rows = [("files", report.files), ("learnt", report.added), ("known", report.unchanged)]
    rows += [("left out", report.skipped), *((f"{kind} parts", count) for kind, count in report.parts.items())]
    return render_table(("what", "count"), rows, right=("count",), colour=wants_colour(sys.stdout))

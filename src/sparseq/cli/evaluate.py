"""`sparseq evaluate`: ours beside every simple rule, on the same cells in the same run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sparseq.cli.options import force_option, json_option, output_option, quiet_option, seed_option
from sparseq.cli.talk import emit, emit_json, progress, say, wants_colour

if TYPE_CHECKING:
    from sparseq.jobs.evaluate.report import Evaluation


_LEADS = {"nats": "nats: {:.3f} of them fewer than", "f1": "onset F1: {:+.3f} against"}


@click.command(name="evaluate")
@click.argument("task", type=click.Choice(["stream", "fill"]))
@click.option(
    "--library",
    required=True,
    metavar="X",
    help="Learn from: a folder of .mid, a loop, style or library, .npz or .json.",
)
@click.option("--on", required=True, metavar="Y", help="Ask about: the same kinds.")
@click.option(
    "--split",
    type=click.Choice(["valid", "test"]),
    default="valid",
    show_default=True,
    help="Which part of an .npz to ask about; its training part is learnt from.",
)
@click.option(
    "--protocol",
    type=click.Choice(["coconet"]),
    help="How chorales are asked about: frames in random order, voices in random order within a frame.",
)
@click.option("--pitched", is_flag=True, help="Fill: bass, chords and leads instead of drums; .json loops always are.")
@click.option("--calibrate", is_flag=True, help="Choose our numbers on the library first, instead of the defaults.")
@seed_option(0)
@json_option()
@output_option(required=False, metavar="PICTURE.png", help="Draw the figures into this file.")
@force_option()
@quiet_option()
def command(
    task: str,
    library: str,
    on: str,
    split: str,
    protocol: str | None,
    pitched: bool,
    calibrate: bool,
    seed: int,
    as_json: bool,
    output: str | None,
    force: bool,
    quiet: bool,
) -> None:
    """Measure quality beside every simple rule.

    Ours and its rivals learn from one library and answer the same questions about the same cells: how probable was
    what was played (nats, fewer are better), and which onsets would you put there (F1). Intervals are 95 %, over
    pieces.
    """
    from sparseq.jobs.evaluate.request import Request
    from sparseq.jobs.evaluate.run import run, total_steps
    from sparseq.jobs.files import check_writable, write_atomically

    request = Request(task, library, on, split, seed, protocol, calibrate, pitched)
    if output:
        check_writable(output, force)
    with progress("evaluating", total_steps(request), quiet=quiet) as advance:
        found = run(request, advance)
    if output:
        from sparseq.jobs.evaluate.picture import picture

        write_atomically(output, picture(found), force)
        say(f"drew {output}", quiet=quiet)
    emit_json(found.as_json()) if as_json else emit(_as_text(found))


def _as_text(found: Evaluation) -> str:
    from sparseq.views.table import render_table

    headers, rows = found.table()
    leads = [
        f"{_LEADS[kind].format(lead.by)} {lead.rival.replace('_', ' ')}"
        f" (95 %: {lead.interval.low:.3f} to {lead.interval.high:.3f})"
        for kind, lead in found.leads.items()
    ]
    head = f"{found.task}: {found.pieces} pieces, {found.cells} cells, {found.skipped} left out, {found.seconds:.0f} s"
    drawn = render_table(headers, rows, right=headers[1:], colour=wants_colour(sys.stdout))
    return "\n".join([head, "", drawn, "", *leads])

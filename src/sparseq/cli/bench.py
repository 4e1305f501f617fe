"""`sparseq bench`: measure the speed of the kernel on this machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sparseq.cli.options import json_option
from sparseq.cli.talk import emit, emit_json, progress, wants_colour

if TYPE_CHECKING:
    from sparseq.jobs.bench.report import Report
    from sparseq.jobs.bench.tables import Table


@click.command(name="bench")
@click.option("--mario", metavar="DIR", help="Folder of .txt level slices. [default: three of our own]")
@click.option("--quick", is_flag=True, help="Fewer repeats, and libraries up to 1e5 rows.")
@json_option()
def command(mario: str | None, quick: bool, as_json: bool) -> None:
    """Measure the speed of the kernel on this machine.

    Every peer runs here and now, in turns: attention over vectors, decoding with and without a cache, slots against
    vectors, and one look-up in libraries up to ten million rows. A whole run takes minutes and up to 10 GB of memory.
    """
    from sparseq.jobs.bench.run import run_bench, total_rounds
    from sparseq.jobs.bench.sizes import FULL, QUICK

    sizes = QUICK if quick else FULL
    with progress("measuring", total_rounds(sizes)) as advance:
        report = run_bench(sizes, mario, advance)
    emit_json(report.as_json()) if as_json else emit(_as_text(report))


def _as_text(report: Report) -> str:
    from sparseq.jobs.bench.tables import all_tables

    facts = ", ".join(f"{name} {fact}" for name, fact in report.machine.items())
    head = f"{facts}\nmicroseconds: medians of calls that take turns, in brackets the distance between the quartiles"
    return "\n\n".join([head, *(_with_table(table) for table in all_tables(report))])


def _with_table(table: Table) -> str:
    from sparseq.views.table import render_table

    right = table.headers[1:2] if table.title == "ratios" else table.headers[1:]
    drawn = render_table(table.headers, table.rows, right=right, colour=wants_colour(sys.stdout))
    return f"{table.title}\n{drawn}\n{table.note}"

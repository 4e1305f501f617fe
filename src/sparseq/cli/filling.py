"""What `fill` and `vary` have in common: their options, and the way from options to files."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from sparseq.cli.options import (
    WholeNumber,
    force_option,
    json_option,
    output_option,
    quiet_option,
    seed_option,
    temperature_option,
)
from sparseq.cli.reports import say_skipped
from sparseq.cli.seeds import seed_or_fresh
from sparseq.cli.talk import emit, emit_json, say

if TYPE_CHECKING:
    from pathlib import Path

    from sparseq.jobs.choice import Choice
    from sparseq.jobs.explain import BarReport, Leaning
    from sparseq.jobs.filling import FillSettings
    from sparseq.jobs.plan import Harmony, Repair
    from sparseq.jobs.repair import Result

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

MOST_VARIATIONS = 99
MOST_COPY_STEPS = 9_999
LARGEST_OWN_WEIGHT = 1 << 20


class Wish(NamedTuple):
    """The options of one call, beside what to fill."""

    file: str
    loops: tuple[str, ...]
    variations: int
    max_copy: int | None
    own_weight: int | None
    key: str | None
    chords: str | None
    greedy: bool
    seed: int | None
    temperature: float
    explain: bool
    as_json: bool
    dry_run: bool
    in_place: bool
    output: str | None
    force: bool
    quiet: bool


def choice_options(command: Decorated) -> Decorated:
    """Add the options that say which cells: --steps --beats --lanes --keep-lanes --tracks --channels."""
    for option in reversed(
        (
            click.option("--steps", metavar="STEPS", help="Only these steps of the bar, counted from 1: 1-4,13-16."),
            click.option("--beats", metavar="BEATS", help="Only these beats of the bar: 2,4."),
            click.option(
                "--lanes", metavar="LANES", help="Drums alone, and of them these: kick,snare or hats, toms, cymbals."
            ),
            click.option("--keep-lanes", metavar="LANES", help="Drums alone, all but these."),
            click.option("--tracks", metavar="TRACKS", help="Only these tracks, by number or name: 2,Bass."),
            click.option("--channels", metavar="CHANNELS", help="Only these channels, 1 to 16."),
        )
    ):
        command = option(command)
    return command


def way_options(command: Decorated) -> Decorated:
    """Add the options that say how, and where to; their values are the fields of `Wish`."""
    for option in reversed(
        (
            click.option(
                "--loops",
                multiple=True,
                metavar="DIR|FILE|NAME",
                help="Learn from these too: a folder of .mid files, one file, or the name or style of shipped loops. "
                "May be repeated.  [default: the file alone]",
            ),
            click.option(
                "--variations",
                type=WholeNumber(1, MOST_VARIATIONS),
                metavar="N",
                default=1,
                help="Write N ways, the likeliest first: OUT-1.mid, OUT-2.mid, ...",
            ),
            click.option(
                "--max-copy",
                type=WholeNumber(1, MOST_COPY_STEPS),
                metavar="N",
                help="Let at most N steps in a row equal a loop or another place of the file.",
            ),
            click.option(
                "--own-weight",
                type=WholeNumber(1, LARGEST_OWN_WEIGHT),
                metavar="N",
                help="What the file's own bars count beside those of the loops.  [default: 60]",
            ),
            click.option(
                "--key", metavar="KEY", help='Key of the file, such as "F# minor".  [default: what it sounds like]'
            ),
            click.option("--chords", metavar="CHORDS", help='Chords of these bars, one each: "Am F"; or "Am F | C G".'),
            click.option("--greedy", is_flag=True, help="Take the most likely notes instead of drawing."),
            seed_option(),
            temperature_option(1.0),
            click.option("--explain", is_flag=True, help="Say whose bars each filled bar leaned on."),
            json_option(),
            click.option("--dry-run", is_flag=True, help="Show what would be filled, and write nothing."),
            click.option("--in-place", is_flag=True, help="Replace IN.mid; a copy is kept as IN.mid.bak."),
            output_option(required=False, metavar="OUT.mid"),
            force_option(),
            quiet_option(),
        )
    ):
        command = option(command)
    return command


def run(wish: Wish, choice: Choice) -> None:
    """Fill, write and report as wished."""
    # Without this numpy starts a thread for each processor while it loads, for products of matrices that nobody takes.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from sparseq.jobs.filling import FillSettings
    from sparseq.jobs.plan import open_music, plan_repair
    from sparseq.jobs.repair import check_outputs, output_paths, repaired

    _check_target(wish)
    seed = seed_or_fresh(wish.seed)
    settings = FillSettings(seed, wish.greedy, wish.temperature, wish.own_weight, wish.max_copy)
    harmony = _harmony(wish)
    midi = open_music(wish.file)
    if wish.output is not None:
        check_outputs(wish.file, output_paths(wish.output, wish.variations), wish.force)
    repair = plan_repair(midi, choice, wish.loops, seed, harmony)
    say_skipped(repair.skipped, quiet=wish.quiet)
    if wish.dry_run:
        _show_hole(wish, repair)
        return
    results = repaired(repair, settings, wish.variations, explained=wish.explain or wish.as_json)
    written = _write(wish, results)
    _report(wish, repair, results, written, settings)


def _harmony(wish: Wish) -> Harmony | None:
    """Return what is said of the harmony, read before any file is."""
    if wish.key is None and wish.chords is None:
        return None
    from sparseq.jobs.plan import Harmony
    from sparseq.music.chords import parse_chords
    from sparseq.music.keys import parse_key

    key = None if wish.key is None else parse_key(wish.key)
    return Harmony(key, None if wish.chords is None else parse_chords(wish.chords))


def _check_target(wish: Wish) -> None:
    targets = [wish.output is not None, wish.in_place, wish.dry_run]
    if sum(targets) != 1:
        raise click.UsageError("say where to: exactly one of -o OUT.mid, --in-place and --dry-run")
    if wish.in_place and wish.variations > 1:
        raise click.UsageError("--in-place takes one variation; write several with -o OUT.mid")


def _show_hole(wish: Wish, repair: Repair) -> None:
    """Print the bars to fill with the cells to fill marked."""
    from sparseq.cli.holes import emit_hole, masked_lanes

    if wish.as_json:
        facts = {"file": wish.file, "bars": repair.bars, "lanes": masked_lanes(repair)}
        emit_json({**facts, "cells": repair.n_cells, "notes": repair.n_notes})
        return
    emit_hole(repair)
    say(
        f"{_count(repair.n_cells, 'cell')} would be filled, {_count(repair.n_notes, 'note')} would go; "
        "nothing is written",
        quiet=wish.quiet,
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _write(wish: Wish, results: list[Result]) -> list[Path]:
    from sparseq.jobs.files import write_atomically
    from sparseq.jobs.repair import output_paths, replace_in_place

    if wish.in_place:
        backup = replace_in_place(wish.file, results[0].midi.to_bytes())
        say(f"kept the file as it was: {backup}", quiet=wish.quiet)
        return output_paths(wish.file, 1)
    assert wish.output is not None
    paths = output_paths(wish.output, wish.variations)[: len(results)]
    for path, result in zip(paths, results, strict=True):
        write_atomically(path, result.midi.to_bytes(), wish.force)
    return paths


def _report(wish: Wish, repair: Repair, results: list[Result], paths: list[Path], settings: FillSettings) -> None:
    if wish.as_json:
        emit_json(
            {
                "file": wish.file,
                "seed": settings.seed,
                "variations": [
                    {
                        "output": str(path),
                        "log_likelihood": result.filling.log_likelihood,
                        "bars": [bar.as_dict() for bar in result.bars],
                    }
                    for path, result in zip(paths, results, strict=True)
                ],
            }
        )
    elif not wish.quiet:
        from sparseq.cli.holes import emit_filled

        emit_filled(repair, results[0])
    if wish.explain and not wish.as_json:
        for number, result in enumerate(results, 1):
            emit(_explained(number if len(results) > 1 else None, result))
    if len(results) < wish.variations:
        more = "without --greedy there are more" if settings.greedy else "a higher --temperature finds more"
        say(f"only {len(results)} of {wish.variations} variations differ enough; {more}", quiet=wish.quiet)
    drawn = "" if settings.greedy and len(paths) == 1 else f", seed {settings.seed}"
    bars = repair.bars
    what = f"bar {bars[0]}" if len(bars) == 1 else f"{len(bars)} bars"
    say(f"wrote {', '.join(map(str, paths))}: {what} of {wish.file} filled{drawn}", quiet=wish.quiet)


def _explained(number: int | None, result: Result) -> str:
    head = [] if number is None else [f"variation {number}, likelihood {_likelihood(result.filling.log_likelihood)}"]
    return "\n".join([*head, *(_bar_lines(bar) for bar in result.bars)])


def _bar_lines(bar: BarReport) -> str:
    leaned = [f"  {100 * source.weight:3.0f}%  {_place(source)}" for source in bar.sources] or ["  nothing"]
    copied = f"the longest copy is {_count(bar.longest_copy_steps, 'step')}"
    where = f", as in {_place(bar.copied_from)}" if bar.copied_from else ""
    return "\n".join(
        [
            f"bar {bar.bar}, {', '.join(bar.parts)}, leaned on",
            *leaned,
            f"  {copied}{where}",
            f"  likelihood {_likelihood(bar.log_likelihood)}",
        ]
    )


def _likelihood(mean_log: float) -> str:
    """Return the usual probability of a cell, given all others: what that logarithm says to a person."""
    return f"{math.exp(mean_log):.2f} a cell"


def _place(source: Leaning) -> str:
    return f"bar {source.bar} of {source.loop or 'this file'}"

"""`sparseq show`: the drums of a .mid file as a text grid."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sparseq.cli.options import WholeNumber, bars_option, json_option
from sparseq.cli.talk import columns, emit, emit_json, speaks_unicode, wants_colour

if TYPE_CHECKING:
    from sparseq.music.grid import DrumGrid
    from sparseq.music.score import Score

MOST_STEPS = 96
MOST_TRACKS = 8  # to name in one line


@click.command(name="show")
@click.argument("file", metavar="FILE.mid")
@bars_option(help="Show these bars only, counted from 1: 1-2,5.")
@click.option(
    "--steps",
    type=WholeNumber(1, MOST_STEPS),
    metavar="N",
    help="Steps in a quarter note: 4 are sixteenths, 3 triplets. [default: what suits the file]",
)
@json_option()
def command(file: str, bars: str | None, steps: int | None, as_json: bool) -> None:
    """Show the drums of a .mid file as a text grid.

    A lane a row, a step a character: see the line below the grid for what they mean.
    """
    from sparseq.jobs.files import read_bytes
    from sparseq.music.score import read_score
    from sparseq.music.smf import parse

    score = read_score(parse(read_bytes(file), file))
    if has_drums(score):
        show_drums(Path(file).name, score, steps, bars, as_json)
    else:
        _show_no_drums(Path(file).name, score, as_json)


def has_drums(score: Score) -> bool:
    """Say whether there is anything for the grid."""
    from sparseq.music.encode import drum_notes

    return bool(drum_notes(score))


def show_drums(name: str, score: Score, steps: int | None, bars: str | None, as_json: bool) -> None:
    """Print title, grid and legend of a score with drums, or the same for machines.

    Parameters
    ----------
    name : str
        What the title calls it.
    score : Score
        A score with drum notes.
    steps : int or None
        Steps in a quarter note, 1 to 96, or None for what suits the score.
    bars : str or None
        The bars to show as `music.masks.parse_bars` reads them, or None for all.
    as_json : bool
        Print JSON.

    Raises
    ------
    InputError
        If a bar is not there, or the bars are not whole numbers of steps.
    """
    from sparseq.music.masks import parse_bars
    from sparseq.views.symbols import paint

    grid = _grid_of(score, steps)
    numbers = parse_bars(bars, len(grid.bars)) if bars is not None else range(1, len(grid.bars) + 1)
    if as_json:
        emit_json({"name": name, **_score_facts(score), **_grid_facts(grid, numbers)})
    else:
        title = paint(_title(name, score, len(grid.bars)), "number", wants_colour(sys.stdout))
        emit(f"{title}\n\n{_picture(grid, numbers)}")


def _picture(grid: DrumGrid, numbers: Sequence[int]) -> str:
    """Return grid and legend as this stdout can show them."""
    from sparseq.views.textgrid import legend, render_grid

    colour, unicode = wants_colour(sys.stdout), speaks_unicode(sys.stdout)
    drawn = render_grid(grid, bars=numbers, colour=colour, unicode=unicode, width=columns())
    return f"{drawn}\n\n{legend(colour=colour, unicode=unicode)}"


def _grid_of(score: Score, steps: int | None) -> DrumGrid:
    """Return the drums as a grid of so many steps, or of as many as suit them."""
    from sparseq.music.encode import encode_drums
    from sparseq.music.resolution import suitable_steps

    return encode_drums(score, steps_per_beat=suitable_steps(score) if steps is None else steps)


def _show_no_drums(name: str, score: Score, as_json: bool) -> None:
    """Say what was found instead of drums."""
    if as_json:
        emit_json({"name": name, **_score_facts(score), "bars": [], "lanes": [], "hits": [], "steps_per_beat": None})
        return
    from sparseq.views.table import plain_text

    tracks = [f"{track['name'] or 'unnamed'} {track['notes']}" for track in _tracks(score) if track["notes"]]
    more = f" and {len(tracks) - MOST_TRACKS} more tracks" if len(tracks) > MOST_TRACKS else ""
    found = f"{len(score.notes)} notes in {', '.join(tracks[:MOST_TRACKS])}{more}" if tracks else "no notes at all"
    emit(plain_text(f"{name}: no drums (nothing on channel 10, no track named like drums); found {found}"))


def _title(name: str, score: Score, n_bars: int) -> str:
    """Return the line above the grid: name, tempo, meter, length, resolution."""
    from sparseq.views.table import plain_text

    tempos = [f"{bpm:.5g}" for bpm in _bpms(score)]
    tempo = tempos[0] if len(set(tempos)) == 1 else f"{min(tempos, key=float)}-{max(tempos, key=float)}"
    meters = dict.fromkeys(f"{upper}/{lower}" for _, upper, lower in score.meters)
    length = f"{n_bars} bar{'s' * (n_bars != 1)}"
    return plain_text("   ".join([name, f"{tempo} bpm", ", ".join(meters), length, f"{score.ppq} ppq"]))


def _bpms(score: Score) -> list[float]:
    from sparseq.music.units import tempo_us_to_bpm

    return [tempo_us_to_bpm(max(tempo_us, 1)) for _, tempo_us in score.tempos]


def _tracks(score: Score) -> list[dict[str, str | int]]:
    counts = [0] * len(score.track_names)
    for note in score.notes:
        counts[note.track] += 1
    return [{"name": name, "notes": count} for name, count in zip(score.track_names, counts, strict=True)]


def _score_facts(score: Score) -> dict[str, object]:
    """Return what is known of the score, for machines."""
    return {
        "ppq": score.ppq,
        "end_ticks": score.end_ticks,
        "tempos": [{"tick": tick, "bpm": bpm} for (tick, _), bpm in zip(score.tempos, _bpms(score), strict=True)],
        "meters": [{"tick": tick, "numerator": upper, "denominator": lower} for tick, upper, lower in score.meters],
        "tracks": _tracks(score),
    }


def _grid_facts(grid: DrumGrid, numbers: Sequence[int]) -> dict[str, object]:
    """Return the chosen bars and their hits, for machines; steps are counted from 0 within each bar."""
    chosen = [bar for bar in grid.bars if bar.number in set(numbers)]
    hits = [
        {"bar": bar.number, "step": step, "lane": name, **hit._asdict()}
        for bar in chosen
        for step in range(bar.length_steps)
        for lane, name in enumerate(grid.lanes)
        for hit in grid.hits.get((bar.start_step + step, lane), ())
    ]
    return {
        "steps_per_beat": grid.steps_per_beat,
        "lanes": list(grid.lanes),
        "bars": [bar._asdict() for bar in chosen],
        "hits": hits,
    }

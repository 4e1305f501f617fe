"""`sparseq show`: a .mid file as drum grid and piano rolls, on the terminal or as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sparseq.cli.band import Parsed, names_of
from sparseq.cli.options import WholeNumber, bars_option, force_option, json_option, output_option

if TYPE_CHECKING:
    from sparseq.music.piece import Piece

MOST_STEPS = 96


@click.command(name="show")
@click.argument("file", metavar="FILE.mid")
@bars_option(help="Show these bars only, counted from 1: 1-2,5.")
@click.option(
    "--parts",
    type=Parsed("list", names_of),
    metavar="LIST",
    help="Show these parts only: drums, bass, chords, lead, chords 2.",
)
@click.option(
    "--steps",
    type=WholeNumber(1, MOST_STEPS),
    metavar="N",
    help="Steps in a quarter note: 4 are sixteenths, 3 triplets. [default: what suits the file]",
)
@output_option(required=False, metavar="PICTURE.png|.svg", help="Write a picture here instead.")
@force_option()
@json_option()
def command(
    file: str,
    bars: str | None,
    parts: frozenset[str] | None,
    steps: int | None,
    output: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Show a .mid file: drums as a text grid, pitched parts as piano rolls, chords above.

    A drum or a pitch a row, a step a character: see the line below for what they mean.
    """
    from sparseq.cli.showing import Shown, show

    show(Shown(Path(file).name, _read(file, steps), bars, parts or frozenset()), output, force, as_json)


def _read(file: str, steps: int | None) -> Piece:
    """Return a file as music, counted in so many steps, or in as many as suit it; drums decide where there are any."""
    from sparseq.jobs.files import read_bytes
    from sparseq.music.bars import score_bars
    from sparseq.music.encode import drum_notes, grid_bars
    from sparseq.music.parts import programs_of, split_parts
    from sparseq.music.piece import make_piece
    from sparseq.music.resolution import suitable_steps
    from sparseq.music.score import read_score
    from sparseq.music.signature import key_signature
    from sparseq.music.smf import parse

    midi = parse(read_bytes(file), file)
    score = read_score(midi)
    if steps is not None:
        grid_bars(score_bars(score), score.ppq, steps)  # bars that are no whole steps are told
    counted = suitable_steps(score, drum_notes(score) or score.notes) if steps is None else steps
    return make_piece(score, split_parts(score, programs_of(midi)), steps_per_beat=counted, key=key_signature(midi))

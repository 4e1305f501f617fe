"""What is to be filled and what was: drums as a grid, each pitched part as a piano roll."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sparseq.cli.reports import emit_bars
from sparseq.cli.talk import columns, emit, say, speaks_unicode, wants_colour

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sparseq.jobs.pitched.hole import PitchedHole
    from sparseq.jobs.plan import Repair
    from sparseq.jobs.repair import Result
    from sparseq.music.partgrid import PartGrid

MOST_BARS_SHOWN = 16
MOST_PARTS_SHOWN = 6


def masked_lanes(repair: Repair) -> list[str]:
    """Return the names of drum lanes and of pitched parts with cells to fill."""
    lanes: list[str] = []
    if repair.drums is not None:
        hole = repair.drums
        lanes += [lane for index, lane in enumerate(hole.grid.lanes) if hole.mask_tl[:, index].any()]
    return lanes + (repair.pitched.parts if repair.pitched is not None else [])


def emit_hole(repair: Repair) -> None:
    """Print the bars to fill, the cells to fill marked."""
    if repair.drums is not None:
        emit_bars(repair.drums.grid, repair.drums.bars[:MOST_BARS_SHOWN], mask=repair.drums.mask_tl)
    if repair.pitched is not None:
        _emit_parts(repair.pitched, repair.pitched.grid, repair.pitched.mask_tl)
    _say_more(repair)


def emit_filled(repair: Repair, result: Result) -> None:
    """Print the bars that were filled, as they are now."""
    from sparseq.music.score import read_score

    if repair.drums is not None:
        from sparseq.music.encode import encode_drums

        drums = repair.drums.grid
        grid = encode_drums(read_score(result.midi), drums.lanes, drums.steps_per_beat)
        emit_bars(grid, repair.drums.bars[:MOST_BARS_SHOWN])
    if repair.pitched is not None:
        from sparseq.music.partgrid import encode_piece
        from sparseq.music.piece import read_piece

        piece = read_piece(result.midi, steps_per_beat=repair.pitched.grid.steps_per_beat, key=repair.pitched.piece.key)
        _emit_parts(repair.pitched, encode_piece(piece))
    _say_more(repair)


def _emit_parts(hole: PitchedHole, grid: PartGrid, mask_tl: npt.NDArray[np.bool_] | None = None) -> None:
    """Print the rolls of the first parts with cells to fill."""
    from sparseq.views.roll import render_roll

    tracks = {part.name: hole.piece.score.track_names[part.track] for part in hole.piece.parts}
    for name in hole.parts[:MOST_PARTS_SHOWN]:
        lanes = grid.indices(part=name)
        if not lanes:
            continue
        called = f" ({tracks[name]})" if tracks[name] else ""
        emit(f"{name}{called}")
        emit(
            render_roll(
                grid.voice_grid(name),
                bars=hole.bars[:MOST_BARS_SHOWN],
                mask_tv=None if mask_tl is None else mask_tl[:, lanes],
                flat=grid.key is not None and grid.key.has_flats,
                colour=wants_colour(sys.stdout),
                unicode=speaks_unicode(sys.stdout),
                width=columns(),
            )
        )


def _say_more(repair: Repair) -> None:
    more_bars = len(repair.bars) - MOST_BARS_SHOWN
    more_parts = len(repair.pitched.parts) - MOST_PARTS_SHOWN if repair.pitched is not None else 0
    more = [f"{n} more {what}" for n, what in ((more_bars, "bars"), (more_parts, "parts")) if n > 0]
    if more:
        say(f"and {', '.join(more)}; `sparseq show` shows them all")

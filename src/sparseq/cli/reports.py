"""What several commands report alike: examples left out, bars made."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sparseq.cli.talk import columns, emit, say, speaks_unicode, wants_colour

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sparseq.jobs.examples import Examples
    from sparseq.music.grid import DrumGrid
    from sparseq.music.partgrid import PartGrid

MOST_REASONS = 3


def say_skipped(skipped: Sequence[tuple[str, str]], *, quiet: bool) -> None:
    """Say which examples were left out and why, the first few in full."""
    for name, reason in skipped[:MOST_REASONS]:
        say(f"left out {name}: {reason.removeprefix(f'{name}: ')}", quiet=quiet)
    if len(skipped) > MOST_REASONS:
        say(f"left out {len(skipped) - MOST_REASONS} more", quiet=quiet)


def say_used(examples: Examples, *, quiet: bool) -> None:
    """Say which loops were left out, and how many were drawn where there are too many."""
    say_skipped(examples.skipped, quiet=quiet)
    if examples.n_there:
        say(f"learnt from {len(examples.used)} of {examples.n_there:,} loops, drawn by the seed", quiet=quiet)


def emit_bars(grid: DrumGrid, numbers: Sequence[int] | None = None, mask: npt.NDArray[np.bool_] | None = None) -> None:
    """Print bars of a grid, all by default; lanes that rest from its start to its end are left out.

    With a mask of shape (T, L) its cells are marked, and its lanes are there even if they rest.
    """
    from sparseq.views.textgrid import render_grid

    shown_tl = grid.tokens_tl.astype(bool) if mask is None else grid.tokens_tl.astype(bool) | mask
    heard = {lane for lane, row_t in zip(grid.lanes, shown_tl.T, strict=True) if row_t.any()}
    colour, unicode = wants_colour(sys.stdout), speaks_unicode(sys.stdout)
    emit(render_grid(grid, bars=numbers, lanes=heard, mask=mask, colour=colour, unicode=unicode, width=columns()))


def emit_parts(grid: PartGrid, numbers: Sequence[int] | None = None) -> None:
    """Print bars of several parts, all by default: drums alone as a grid, others as piano rolls above it."""
    from sparseq.views.roll import render_parts

    sounding = {grid.lanes[lane].part for _, lane in grid.hits}
    if sounding <= {"drums"}:
        emit_bars(grid.drum_grid(), numbers)
        return
    colour, unicode = wants_colour(sys.stdout), speaks_unicode(sys.stdout)
    emit(render_parts(grid, bars=numbers, parts=sounding, colour=colour, unicode=unicode, width=columns()))


def bar_count(n_bars: int) -> str:
    """Return "1 bar", "2 bars"."""
    return f"{n_bars} bar{'s' * (n_bars != 1)}"

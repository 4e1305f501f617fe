"""Ours, asked the same questions as the baselines: the contexts and numbers that `play` and `fill` use."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from sparseq.engine.calibration import Calibration, calibrated
from sparseq.engine.context import Context
from sparseq.engine.diffuser import Diffuser
from sparseq.engine.memory import Memory
from sparseq.engine.sampling import SamplingConfig
from sparseq.jobs.baselines.library import Bits, Bools, Excerpt, Floats, Library, Piece
from sparseq.jobs.calibration import calibrate_fill, calibrate_stream
from sparseq.jobs.drums import CODE_LIMIT, fill_cells, fill_context, styled_cells
from sparseq.jobs.examples import is_loop
from sparseq.jobs.fill import RETRIEVAL as FILL_RETRIEVAL
from sparseq.jobs.filling import FillSettings
from sparseq.jobs.stream import OWN_STEPS, RETRIEVAL
from sparseq.jobs.stream.drums import DrumSection
from sparseq.kernel.checks import MASK
from sparseq.music.grid import DrumGrid, GridBar

SHOWN_BARS = 8
"""So many bars of each piece are shown to the calibration."""
SEED = 1


class _Ours:
    """What answers for us.

    Parameters
    ----------
    library : Library
        To learn from.
    calibration : Calibration, optional
        Numbers other than the defaults.

    Attributes
    ----------
    context : Context
        What each cell looks at.
    memory : Memory
        The library's rows.
    """

    context: Context
    memory: Memory

    def __init__(self, library: Library) -> None:
        self._library, self._n_lanes = library, len(library.lanes)
        self._grids = [grid_of(piece, library) for piece in library.pieces]


class Streaming(_Ours):
    """The stream, teacher-forced or set free."""

    def __init__(self, library: Library, calibration: Calibration | None = None) -> None:
        super().__init__(library)
        names = sorted({piece.style for piece in library.pieces})
        self._styles = [names.index(piece.style) for piece in library.pieces]
        self._drums = DrumSection(self._grids, self._styles, library.bar_steps, calibration)
        self.context, self.memory = self._drums.context, self._drums.memory

    def stream_p(self, piece: Piece) -> Floats:
        """Return the probability of an onset in each cell given all cells before it, float64 of shape (T, L).

        The style is not told; what was played is remembered as `play` remembers what it wrote.
        """
        cells = styled_cells(grid_of(piece, self._library), 0)
        cells[:, -1] = MASK
        heads = self.memory.heads(OWN_STEPS)
        out = np.empty((len(cells), self._n_lanes))
        for step in range(len(cells)):
            asked = step * cells.shape[1] + np.arange(self._n_lanes)
            found = self.memory.kernel.likelihood(heads, self.context.layout, cells, asked)
            out[step] = found[:, 1]
            self.memory.kernel.remember(heads, self.context.layout, cells, asked)
        return out

    def stream_bits(self, piece: Piece) -> Bools:
        """Return the likelier token of each cell, bool of shape (T, L)."""
        return self.stream_p(piece) > 0.5

    def written(self, n_bars: int, seed: int) -> Bits:
        """Return bars of a stream, in the style of a piece drawn by the seed, uint8 of shape (n_bars, S, L)."""
        drums = self._drums.begun(seed)
        style = self._styles[int(np.random.default_rng(seed).integers(len(self._styles)))]
        bars = [drums.write(style, SamplingConfig(), {}).tokens_tl for _ in range(n_bars)]
        return np.stack(bars).astype(np.uint8)


class Filling(_Ours):
    """The repair."""

    def __init__(self, library: Library, calibration: Calibration | None = None) -> None:
        super().__init__(library)
        plain = fill_context(self._n_lanes, library.steps_per_beat, library.bar_steps)
        self.context, retrieval = calibrated(calibration, plain, FILL_RETRIEVAL)
        self.memory = Memory(self.context.heads, CODE_LIMIT, retrieval)
        for grid in self._grids:
            self.memory.add(fill_cells(grid), self.context, loop=is_loop(grid))

    def fill_p(self, excerpt: Excerpt) -> Floats:
        """Return the probability of an onset in each cell of the hole, those asked before it known, shape (S, L)."""
        grid = grid_of(excerpt.piece, self._library)
        mask = self._mask(excerpt)
        cells = fill_cells(grid, mask)
        cells[:, : self._n_lanes][mask] = MASK
        heads = self._heads(self.context, cells)
        n_steps = len(excerpt.truth_sl)
        out = np.empty(excerpt.truth_sl.shape)
        for cell in excerpt.order_c.tolist():
            step, lane = divmod(cell, self._n_lanes)
            asked = np.array([(excerpt.gap * n_steps + step) * cells.shape[1] + lane])
            out[step, lane] = self.memory.kernel.likelihood(heads, self.context.layout, cells, asked)[0, 1]
            cells[excerpt.gap * n_steps + step, lane] = excerpt.truth_sl[step, lane]
        return out

    def fill_bits(self, excerpt: Excerpt) -> Bools:
        """Return what `fill --greedy` puts into the hole, bool of shape (S, L)."""
        mask = self._mask(excerpt)
        cells = fill_cells(grid_of(excerpt.piece, self._library), mask)
        wide = np.zeros(cells.shape, bool)
        wide[:, : self._n_lanes] = mask
        asked = FillSettings(SEED, greedy=True)
        diffuser = Diffuser(self.memory, asked.schedule, asked.sampling)
        filled = diffuser.fill(cells, wide, self.context, SEED)
        return filled.cells_tl[mask.any(1), : self._n_lanes] > 0

    def _mask(self, excerpt: Excerpt) -> Bools:
        bits = excerpt.piece.bits_bsl
        mask = np.zeros(bits.shape, bool)
        mask[excerpt.gap] = True
        return mask.reshape(-1, self._n_lanes)

    def _heads(self, context: Context, cells: Any) -> list[Any]:
        """Heads that remember what is known of the piece."""
        known = np.flatnonzero((cells[:, : self._n_lanes] != MASK).any(1))
        indices = (known[:, None] * cells.shape[1] + np.arange(self._n_lanes)).reshape(-1)
        heads = self.memory.heads(len(known))
        self.memory.kernel.remember(heads, context.layout, cells, indices)
        return heads


def ours(task: str, library: Library, calibration: Calibration | None) -> "Streaming | Filling":
    """Return what answers for us in a task."""
    return (Streaming if task == "stream" else Filling)(library, calibration)


def numbers_for(task: str, library: Library) -> Calibration:
    """Return numbers chosen on the library's first bars; the style is not told, as it is not when we are asked."""
    grids = [grid_of(piece.bars(0, SHOWN_BARS), library) for piece in library.pieces]
    if task == "fill":
        return calibrate_fill(grids, FILL_RETRIEVAL)
    return calibrate_stream(grids, [0] * len(grids), RETRIEVAL)


def grid_of(piece: Piece, library: Library) -> DrumGrid:
    """Return a piece as a grid, without strokes."""
    return DrumGrid(piece.tokens_tl, library.lanes, {}, library.steps_per_beat, tuple(_bars(piece, library)))


def _bars(piece: Piece, library: Library) -> Iterator[GridBar]:
    n_bars, n_steps, _ = piece.bits_bsl.shape
    for bar in range(n_bars):
        yield GridBar(bar + 1, bar * n_steps, n_steps, *library.meter)

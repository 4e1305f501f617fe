"""Repair: a hole in the drums of a .mid filled from both sides, every other event left as it is."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from sparseq.engine.calibration import Calibration, calibrated
from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import Context
from sparseq.engine.diffuser import Diffuser
from sparseq.engine.grid import Grid
from sparseq.engine.memory import Memory
from sparseq.jobs.drums import CODE_LIMIT, fill_cells, fill_context, usual_bar_steps
from sparseq.jobs.examples import Example, is_loop
from sparseq.jobs.filling import OWN_WEIGHT, Filling, FillSettings
from sparseq.jobs.hits import Cell, HitReader
from sparseq.jobs.hole import Hole
from sparseq.jobs.nearest import nearest_loops
from sparseq.jobs.novelty import rewrite_copies
from sparseq.jobs.strokes import Strokes
from sparseq.music.edit import replace_notes
from sparseq.music.grid import DrumGrid, GridBar
from sparseq.music.score import Note
from sparseq.music.smf import MidiFile

RETRIEVAL = RetrievalConfig(sharpness=1.2, prior_weight=1e-6, own_weight=OWN_WEIGHT)


class Filler:
    """Fills one hole, as often as asked.

    Parameters
    ----------
    hole : Hole
        What to fill.
    examples : sequence of Example
        Loops to learn from beside the file itself.
    settings : FillSettings
        How.
    calibration : Calibration, optional
        Numbers that suit the loops, other than the defaults.

    Attributes
    ----------
    examples : tuple of Example
        The loops, the nearest of many, numbered as in `memory`.
    grids : list of DrumGrid
        Their drums on the hole's lanes.
    memory : Memory
        Their rows.
    """

    def __init__(
        self,
        hole: Hole,
        examples: Sequence[Example],
        settings: FillSettings,
        calibration: Calibration | None = None,
    ) -> None:
        self.hole, self.settings = hole, settings
        grids = [example.grid(hole.grid.lanes) for example in examples]
        near = nearest_loops(hole.grid, ~hole.mask_tl, grids)
        self.examples, self.grids = tuple(examples[k] for k in near), [grids[k] for k in near]
        self._context, retrieval = calibrated(calibration, _context(hole.grid), RETRIEVAL)
        self._cells = fill_cells(hole.grid, hole.mask_tl)
        self.mask_tl = _widened(hole.mask_tl, self._cells.shape)
        # Bars that are silent, or written by ourselves, are no examples.
        self._learn = hole.heard_bars_b[hole.grid.bars_t][:, None] & ~self.mask_tl
        if settings.own_weight is not None:
            retrieval = replace(retrieval, own_weight=settings.own_weight)
        self.memory = Memory(self._context.heads, CODE_LIMIT, retrieval)
        contexts: dict[tuple[int, int], Context] = {}  # most examples are counted alike: one context for all of them
        for grid in self.grids:
            counted = grid.steps_per_beat, usual_bar_steps([grid])
            if counted not in contexts:
                plain = fill_context(len(grid.lanes), *counted)
                contexts[counted], _ = calibrated(calibration, plain, retrieval)
            self.memory.add(fill_cells(grid), contexts[counted], loop=is_loop(grid), ends=False)
        self._diffuser = Diffuser(self.memory, settings.schedule, settings.sampling)

    def fill(self, seed: int | None = None) -> Filling:
        """Fill the hole once, by the seed of the settings or another one."""
        seed = self.settings.seed if seed is None else seed
        grid = self._fill(self._cells, self.mask_tl, seed)
        if self.settings.max_copy is not None:
            grid = rewrite_copies(self, grid, self.settings.max_copy, seed)
        logp_tl = np.zeros(self.mask_tl.shape)
        logp_tl[self.mask_tl] = logp = self._diffuser.likelihood(grid, self.mask_tl, self._context, self._learn)
        return Filling(grid, logp_tl, float(logp.mean()))

    # What `novelty` and `explain` ask: see `section.Section`.

    @property
    def part_names(self) -> tuple[str, ...]:
        """Names of the parts with cells to fill."""
        return ("drums",)

    @property
    def hole_bars(self) -> list[int]:
        """Numbers of the bars with cells to fill."""
        return self.hole.bars

    @property
    def bars(self) -> tuple[GridBar, ...]:
        """All bars."""
        return self.hole.grid.bars

    @property
    def example_columns(self) -> list[npt.NDArray[np.uint8]]:
        """Tokens of each example's drums."""
        return [grid.tokens_tl for grid in self.grids]

    def columns(self, grid: Grid) -> npt.NDArray[np.uint16]:
        """Return the drums' tokens of a filling."""
        return grid.cells_tl[:, : len(self.hole.grid.lanes)]

    def decided_tl(self, grid: Grid) -> npt.NDArray[np.bool_]:
        """Return the cells of the hole."""
        return self.mask_tl

    def example_place(self, example: int, step: int) -> tuple[str, int]:
        """Return an example's name, and the number of the bar that one of its steps lies in."""
        return self.examples[example].name, int(self.grids[example].bars_t[step]) + 1

    def other_probabilities(self, grid: Grid, asked_tl: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """Return how likely the other token is in each asked cell, in rising order of cells."""
        found = self.probabilities(grid, asked_tl)
        other: npt.NDArray[np.float64] = found[np.arange(len(found)), 1 - grid.cells_tl[asked_tl].astype(int)]
        return other

    def changed(self, grid: Grid, cell: Cell, seed: int) -> Grid:
        """Return a filling with the other token in one cell."""
        mask_tl = np.zeros_like(self.mask_tl)
        mask_tl[cell] = True
        allowed = np.ones((*mask_tl.shape, 2), np.uint8)
        allowed[*cell, int(grid.cells_tl[cell])] = 0
        return self._refill(grid, mask_tl, seed, allowed)

    def probabilities(self, grid: Grid, mask_tl: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """Return the probabilities of some filled cells' tokens given all others, (C, 2), in rising order of cells."""
        return self._diffuser.probabilities(grid, mask_tl, self._context, self._learn)

    def _fill(
        self,
        cells_tl: npt.NDArray[np.uint16],
        mask_tl: npt.NDArray[np.bool_],
        seed: int,
        allowed_tlv: npt.NDArray[np.uint8] | None = None,
    ) -> Grid:
        return self._diffuser.fill(
            cells_tl, mask_tl, self._context, seed, learn_tl=self._learn, allowed_tlv=allowed_tlv
        )

    def _refill(
        self, grid: Grid, mask_tl: npt.NDArray[np.bool_], seed: int, allowed_tlv: npt.NDArray[np.uint8]
    ) -> Grid:
        """Fill some cells of a filling anew, with allowed tokens only; the others keep theirs, and their origins."""
        again = self._fill(grid.cells_tl, mask_tl, seed, allowed_tlv)
        return Grid(
            again.cells_tl,
            np.where(mask_tl, again.origins_tl, grid.origins_tl),
            np.where(mask_tl, again.logp_tl, grid.logp_tl),
        )

    def written(self, filling: Filling) -> MidiFile:
        """Return the file with the hole filled so.

        Raises
        ------
        InputError
            Where it cannot be written into the file.
        """
        return replace_notes(self.hole.midi, self.hole.notes, self.written_notes(filling))

    def written_notes(self, filling: Filling) -> list[Note]:
        """Return the new notes in the file's ticks."""
        reader = HitReader(self.memory, self.grids, filling.grid.cells_tl.shape[1])
        return Strokes(self.hole, reader).notes(filling.grid)


def fill_hole(hole: Hole, examples: Sequence[Example], settings: FillSettings) -> MidiFile:
    """Return the file with its hole filled from the rest of itself, and from the examples."""
    filler = Filler(hole, examples, settings)
    return filler.written(filler.fill())


def _context(grid: DrumGrid) -> Context:
    return fill_context(len(grid.lanes), grid.steps_per_beat, usual_bar_steps([grid]))


def _widened(mask_tl: npt.NDArray[np.bool_], shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Return the mask with the lanes that are only read, unmasked."""
    wide = np.zeros(shape, np.bool_)
    wide[:, : mask_tl.shape[1]] = mask_tl
    return wide

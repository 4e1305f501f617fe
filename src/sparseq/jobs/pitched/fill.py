"""The filler of pitched parts: what each masked cell holds, from the piece's other bars and from examples.

Deeds come first, for all voices together; then the pitches of what is struck, the surest first, each one heard by the
next. Nothing is held that was not struck in the hole: a note that stays is never made longer.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sparseq.engine.diffuser import Diffuser
from sparseq.engine.grid import Grid
from sparseq.jobs.filling import OWN_WEIGHT, Filling, FillSettings
from sparseq.jobs.novelty import rewrite_copies
from sparseq.jobs.pitched.cells import (
    KICK,
    N_GIVEN,
    SNARE,
    STRANGE_BAR,
    STRIKE,
    Cells,
    bar_codes,
    sounding,
    voice_cells,
)
from sparseq.jobs.pitched.examples import PitchedExample
from sparseq.jobs.pitched.harmony import legal_pitches
from sparseq.jobs.pitched.hole import PitchedHole
from sparseq.jobs.pitched.learnt import Learnt
from sparseq.jobs.pitched.legal import held_on, holding_nothing, legal_deeds
from sparseq.jobs.pitched.likeness import unlike_table
from sparseq.jobs.pitched.notes import new_notes
from sparseq.kernel.checks import MASK
from sparseq.music.grid import GridBar
from sparseq.music.keys import Key
from sparseq.music.layout import VOICE
from sparseq.music.pitched import HOLD, N_PITCH_TOKENS
from sparseq.music.score import Note

Token = TypeVar("Token", bound=np.generic)
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


class PitchedFiller:
    """Fills the hole in pitched parts, as often as asked.

    Parameters
    ----------
    hole : PitchedHole
        What to fill.
    examples : sequence of PitchedExample
        Loops on the hole's lanes.
    settings : FillSettings
        How.
    scale : Key, optional
        The scale that new pitches are kept in.

    Attributes
    ----------
    memory : Memory
        What pitches are learnt from; examples are numbered as given.
    mask_tl : bool ndarray of shape (T, 3 V + `N_GIVEN`)
        Deeds to fill.
    """

    def __init__(
        self, hole: PitchedHole, examples: Sequence[PitchedExample], settings: FillSettings, scale: Key | None = None
    ) -> None:
        self.hole, self.settings, self._n_loops = hole, settings, len(examples)
        self._voices = hole.grid.indices(kind=VOICE)
        self._n = len(self._voices)
        bars = np.array(hole.bars, np.int64) - 1
        codes = bar_codes(len(hole.grid.bars), bars)
        self._cells = voice_cells(hole.grid, codes, masked_tl=hole.unknown_tl)
        self._hole_tv = hole.mask_tl[:, self._voices]
        near_t = (codes != STRANGE_BAR)[hole.grid.bars_t]
        heard = hole.heard_tl()[:, self._voices] & near_t[:, None] & ~self._hole_tv
        self._learn = self._wide(heard) | self._wide(heard, self._n)
        self.mask_tl = self._wide(self._hole_tv)
        learnt = Learnt(hole, unlike_table(hole, codes), examples, settings.own_weight or OWN_WEIGHT)
        if hole.chords_given:
            learnt.learn_moved(np.where(self._learn | self._read_only(), self._cells, MASK))
        self.examples, self._contexts, self.memory = learnt.examples, learnt.contexts, learnt.memories[1]
        self._deeds, self._pitches = (
            Diffuser(memory, settings.schedule, settings.sampling) for memory in learnt.memories
        )
        onset_tv = hole.onset_tl[:, self._voices]
        self._allowed_deeds = legal_deeds(self._hole_tv, onset_tv, self.mask_tl.shape[1])
        self._allowed_pitches = legal_pitches(hole, scale, self.example_columns)

    def fill(self, seed: int | None = None, strokes: Mapping[str, npt.NDArray[np.integer]] | None = None) -> Filling:
        """Fill the hole once.

        Parameters
        ----------
        seed : int, optional
            That of the settings otherwise.
        strokes : mapping of str to integer ndarray of shape (T,), optional
            Drum lanes that have been filled before.
        """
        seed = self.settings.seed if seed is None else seed
        cells = self._beside(strokes or {})
        grid = self._fill_pitches(self._fill_deeds(cells, seed), seed)
        if self.settings.max_copy is not None:
            grid = rewrite_copies(self, grid, self.settings.max_copy, seed)
        return self._judged(grid)

    def truth_probabilities(self, cells: Sequence[tuple[int, int]], truth_tv: Cells) -> Floats:
        """Return the probability of the true token of each cell (step, voice), those asked before it known.

        That of a stroke is the deed's times the pitch's, which is asked when all deeds of these cells are known.
        """
        grid = self._cells.copy()
        voices = np.array(cells, np.int64).reshape(-1, 2)
        truth = truth_tv[voices[:, 0], voices[:, 1]]
        deeds = self._asked_one_by_one(0, grid, voices, np.minimum(truth, STRIKE))
        struck = truth >= STRIKE
        pitches = np.ones(len(truth))
        pitches[struck] = self._asked_one_by_one(1, grid, voices[struck], truth[struck])
        return deeds * pitches

    def _asked_one_by_one(self, stage: int, grid: Cells, cells: npt.NDArray[np.int64], truth: Cells) -> Floats:
        """Return the probability of each true token, and write it into the grid once it has been asked for."""
        memory, context = (self._deeds, self._pitches)[stage].memory, self._contexts[stage]
        known = np.flatnonzero(self._learn[:, stage * self._n : (stage + 1) * self._n])
        rows = known // self._n * grid.shape[1] + stage * self._n + known % self._n
        rows = rows[grid.reshape(-1)[rows] != MASK]
        heads = memory.heads(len(rows))
        memory.kernel.remember(heads, context.layout, grid, rows)
        out = np.empty(len(cells))
        for number, ((step, voice), token) in enumerate(zip(cells.tolist(), truth.tolist(), strict=True)):
            self._let_sound(grid)
            asked = np.array([step * grid.shape[1] + stage * self._n + voice])
            out[number] = memory.kernel.likelihood(heads, context.layout, grid, asked)[0, token]
            grid[step, stage * self._n + voice] = token
        return out

    def written_notes(self, filling: Filling) -> list[Note]:
        """Return the new notes in the file's ticks."""
        tokens = self.columns(filling.grid)
        return new_notes(self.hole, tokens, filling.grid.origins_tl, self.memory, self.examples)

    # What `novelty` and `explain` ask: see `section.Section`.

    @property
    def part_names(self) -> tuple[str, ...]:
        """Names of the parts with cells to fill."""
        return tuple(self.hole.parts)

    @property
    def hole_bars(self) -> list[int]:
        """Numbers of the bars with cells to fill."""
        return self.hole.bars

    @property
    def bars(self) -> tuple[GridBar, ...]:
        """All bars."""
        return self.hole.grid.bars

    @property
    def example_columns(self) -> list[Cells]:
        """Tokens of each example's voices."""
        loops = self.examples[: self._n_loops]
        return [example.grid.tokens_tl[:, example.grid.indices(kind=VOICE)] for example in loops]

    def columns(self, grid: Grid) -> Cells:
        """Return the voices' tokens of a filling, as in a `PartGrid`: uint16 ndarray of shape (T, V)."""
        deeds, pitches = grid.cells_tl[:, : self._n], grid.cells_tl[:, self._n : 2 * self._n]
        return np.where(deeds == STRIKE, pitches, deeds)

    def decided_tl(self, grid: Grid) -> Bools:
        """Return the deeds of the hole, and the pitches of those that strike."""
        return self.mask_tl | self._struck(grid)

    def example_place(self, example: int, step: int) -> tuple[str, int]:
        """Return an example's name, and the number of the bar that one of its steps lies in."""
        name, grid = self.examples[example]
        return name, int(grid.bars_t[step]) + 1

    def other_probabilities(self, grid: Grid, asked_tl: Bools) -> Floats:
        """Return how likely another pitch is where one is struck, and a stroke where none is; 0 where none may be."""
        cells = np.argwhere(asked_tl)
        deeds = self._probabilities(self._deeds, grid, asked_tl)[:, STRIKE]
        may_t = self.hole.onset_tl[:, self._voices][cells[:, 0], cells[:, 1]]
        found = np.where(may_t, deeds, 0.0)
        struck = grid.cells_tl[asked_tl] == STRIKE
        if struck.any():
            pitches = self._wide(self._tv(asked_tl) & (self._tv(grid.cells_tl) == STRIKE), self._n)
            likely = self._probabilities(self._pitches, grid, pitches)
            likely[np.arange(len(likely)), grid.cells_tl[pitches]] = 0.0
            found[struck] = likely.max(1)
        return found

    def changed(self, grid: Grid, cell: tuple[int, int], seed: int) -> Grid:
        """Return a filling where a cell strikes another pitch, or strikes at all."""
        here = np.zeros(self._hole_tv.shape, np.bool_)
        here[cell] = True
        allowed: npt.NDArray[np.uint8] | None = None
        if grid.cells_tl[cell] == STRIKE:
            allowed = np.ones((*self.mask_tl.shape, N_PITCH_TOKENS), np.uint8)
            allowed[cell[0], self._n + cell[1], grid.cells_tl[cell[0], self._n + cell[1]]] = 0
        else:
            deeds = np.zeros_like(self._allowed_deeds)
            deeds[..., STRIKE] = 1
            grid = self._refilled(self._deeds, grid, self._wide(here), seed, deeds)
        return self._fill_pitches(grid, seed, here, allowed)

    # The two stages.

    def _fill_deeds(self, cells_tl: Cells, seed: int) -> Grid:
        allowed = self._allowed_deeds
        context, learn = self._contexts[0], self._learn
        grid = self._deeds.fill(cells_tl, self.mask_tl, context, seed, learn_tl=learn, allowed_tlv=allowed)
        while (wrong := holding_nothing(self._tv(grid.cells_tl), self._hole_tv)).any():
            allowed = allowed.copy()
            allowed[:, : self._n][wrong, HOLD] = 0
            again = wrong | held_on(self._tv(grid.cells_tl), wrong, self._hole_tv)
            grid = self._refilled(self._deeds, grid, self._wide(again), seed, allowed)
        return grid

    def _fill_pitches(
        self, grid: Grid, seed: int, where_tv: Bools | None = None, allowed: npt.NDArray[np.uint8] | None = None
    ) -> Grid:
        """Return a filling with the pitches of all strokes in the hole, or of some, decided."""
        cells = grid.cells_tl.copy()
        struck = self._hole_tv & (self._tv(cells) == STRIKE)
        cells[:, self._n : 2 * self._n][self._hole_tv & ~struck] = MASK
        mask = self._wide(struck if where_tv is None else struck & where_tv, self._n)
        cells[mask] = MASK
        self._let_sound(cells)
        allowed = self._allowed_pitches if allowed is None else allowed
        asked = Grid(cells, grid.origins_tl, grid.logp_tl)
        return self._refilled(self._pitches, asked, mask, seed, allowed) if mask.any() else asked

    def _refilled(
        self, diffuser: Diffuser, grid: Grid, mask_tl: Bools, seed: int, allowed: npt.NDArray[np.uint8] | None
    ) -> Grid:
        """Fill some cells anew; the others keep theirs, and their origins."""
        pitched = diffuser is self._pitches
        again = diffuser.fill(
            grid.cells_tl,
            mask_tl,
            self._contexts[pitched],
            seed,
            learn_tl=self._learn,
            allowed_tlv=allowed,
            follow=self._let_sound if pitched else None,
        )
        return Grid(
            again.cells_tl,
            np.where(mask_tl, again.origins_tl, grid.origins_tl),
            np.where(mask_tl, again.logp_tl, grid.logp_tl),
        )

    def _let_sound(self, cells_tl: Cells) -> None:
        n = self._n
        cells_tl[:, 2 * n : 3 * n] = sounding(cells_tl[:, :n], cells_tl[:, n : 2 * n])

    def _judged(self, grid: Grid) -> Filling:
        logp_tl = np.zeros(self.mask_tl.shape)
        for number, (diffuser, mask) in enumerate(((self._deeds, self.mask_tl), (self._pitches, self._struck(grid)))):
            if mask.any():
                logp_tl[mask] = diffuser.likelihood(grid, mask, self._contexts[number], self._learn)
        return Filling(grid, logp_tl, float(logp_tl[self.decided_tl(grid)].mean()))

    def _probabilities(self, diffuser: Diffuser, grid: Grid, asked_tl: Bools) -> Floats:
        return diffuser.probabilities(grid, asked_tl, self._contexts[diffuser is self._pitches], self._learn)

    def _struck(self, grid: Grid) -> Bools:
        return self._wide(self._hole_tv & (self._tv(grid.cells_tl) == STRIKE), self._n)

    # Building blocks.

    def _read_only(self) -> Bools:
        out = np.ones(self._cells.shape, np.bool_)
        out[:, : 2 * self._n] = False
        return out

    def _beside(self, strokes: Mapping[str, npt.NDArray[np.integer]]) -> Cells:
        """Return the cells with drums that have been filled before."""
        cells = self._cells.copy()
        for given, name in ((KICK, "kick"), (SNARE, "snare")):
            if name in strokes and len(strokes[name]) == len(cells):
                cells[:, 3 * self._n + given] = strokes[name]
        return cells

    def _tv(self, cells_tl: npt.NDArray[Token]) -> npt.NDArray[Token]:
        return cells_tl[:, : self._n]

    def _wide(self, mask_tv: Bools, first: int = 0) -> Bools:
        """Return a mask over all cells, of these in the lanes from `first` on."""
        out = np.zeros((len(mask_tv), 3 * self._n + N_GIVEN), np.bool_)
        out[:, first : first + self._n] = mask_tv
        return out

"""Repair: a hole in the drums of a .mid filled from both sides, every other event left as it is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sparseq.engine.calibrate import Calibration
from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import Context
from sparseq.engine.diffuser import Diffuser
from sparseq.engine.grid import Grid
from sparseq.engine.memory import Memory
from sparseq.engine.sampling import SamplingConfig
from sparseq.engine.schedule import DiffusionConfig
from sparseq.errors import InputError
from sparseq.jobs.drums import CODE_LIMIT, fill_cells, fill_context, usual_bar_steps
from sparseq.jobs.examples import Example, is_loop
from sparseq.jobs.hits import Cell, HitReader
from sparseq.jobs.hole import Hole
from sparseq.jobs.nearest import nearest_loops
from sparseq.jobs.novelty import rewrite_copies
from sparseq.music.decode import place_hits
from sparseq.music.edit import replace_notes
from sparseq.music.encode import DRUM_CHANNEL, drum_notes
from sparseq.music.grid import DrumGrid, GridBar, Hit
from sparseq.music.lanes import lane_of
from sparseq.music.score import Note, Score
from sparseq.music.smf import MidiFile

OWN_WEIGHT = 60
RETRIEVAL = RetrievalConfig(sharpness=1.2, prior_weight=1e-6, own_weight=OWN_WEIGHT)
"""What a row of the piece itself counts beside a row of an example."""


@dataclass(frozen=True, slots=True)
class FillSettings:
    """How a hole is filled.

    Attributes
    ----------
    seed : int
        0 to 2**64 - 1.
    greedy : bool
        The most likely notes, instead of drawing.
    temperature : float
        Sampling temperature, above 0.
    own_weight : int or None
        What the piece's own bars count beside the examples, 1 up to 2**20; None for `OWN_WEIGHT`, or what suits a
        library.
    max_copy : int or None
        At most so many steps in a row may be equal to an example or to another place of the piece, 1 or more.
    """

    seed: int = 0
    greedy: bool = False
    temperature: float = 1.0
    own_weight: int | None = None
    max_copy: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Filling:
    """One way to fill the hole.

    Attributes
    ----------
    grid : Grid
        All cells, with the origins of those filled.
    logp_tl : float64 ndarray of shape (T, L)
        Natural logarithm of each filled cell's probability, given all others; 0 for cells that were given.
    log_likelihood : float
        Its mean over the filled cells.
    """

    grid: Grid
    logp_tl: npt.NDArray[np.float64]
    log_likelihood: float


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
        self._calibration = calibration
        self._context = self._calibrated(_context(hole.grid))
        self._cells = fill_cells(hole.grid, hole.mask_tl)
        self.mask_tl = _widened(hole.mask_tl, self._cells.shape)
        # Bars that are silent, or written by ourselves, are no examples.
        self._learn = hole.heard_bars_b[hole.grid.bars_t][:, None] & ~self.mask_tl
        retrieval = calibration.retrieval() if calibration else RETRIEVAL
        if settings.own_weight is not None:
            retrieval = replace(retrieval, own_weight=settings.own_weight)
        self.memory = Memory(self._context.heads, CODE_LIMIT, retrieval)
        contexts: dict[tuple[int, int], Context] = {}  # most examples are counted alike: one context for all of them
        for grid in self.grids:
            counted = grid.steps_per_beat, usual_bar_steps([grid])
            if counted not in contexts:
                contexts[counted] = self._calibrated(fill_context(len(grid.lanes), *counted))
            self.memory.add(fill_cells(grid), contexts[counted], loop=is_loop(grid), ends=False)
        self._diffuser = Diffuser(self.memory, _schedule(settings), _sampling(settings))

    def _calibrated(self, context: Context) -> Context:
        return self._calibration.applied(context) if self._calibration else context

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
        return self._notes(self._hits(filling.grid))

    def _hits(self, grid: Grid) -> Mapping[Cell, tuple[Hit, ...]]:
        """Return strokes of the filled cells, on the pitches that the file itself uses for each lane."""
        reader = HitReader(self.memory, self.grids, grid.cells_tl.shape[1])
        own, hits = _own_pitches(self.hole.score), {}
        for step, lane in np.argwhere(self.mask_tl & (grid.cells_tl == 1)).tolist():
            name, origin = self.hole.grid.lanes[lane], int(grid.origins_tl[step, lane])
            found = self._usual_strokes(step, lane) if origin >= 0 else ()
            least = 0 if self._is_first_of_hole(step) else None
            found = found or reader.hits(origin, self.hole.grid.hits, name)
            hits[step, lane] = tuple(_fitted(hit, own.get(name), least) for hit in found)
        return hits

    def _usual_strokes(self, step: int, lane: int) -> tuple[Hit, ...]:
        """Return how the nearest other bar plays this cell: a loop says what is played, the file how loud and late."""
        grid = self.hole.grid
        known_t = (grid.tokens_tl[:, lane] == 1) & ~self.hole.mask_tl[:, lane]
        steps = np.flatnonzero(known_t & (grid.phases_t == grid.phases_t[step]))
        if not len(steps):
            return ()
        return grid.hits[int(steps[np.abs(steps - step).argmin()]), lane]

    def _is_first_of_hole(self, step: int) -> bool:
        """Whether a stroke played early at this step would begin in a bar that is not to be touched."""
        bar = self.hole.grid.bars[int(self.hole.grid.bars_t[step])]
        return step == bar.start_step and bar.number - 1 not in self.hole.bars

    def _notes(self, hits: Mapping[Cell, tuple[Hit, ...]]) -> list[Note]:
        """Return notes in the file's ticks, each on the track and channel that play most of its lane."""
        grid, ppq = self.hole.grid, self.hole.score.ppq
        notes: list[Note] = []
        for (track, channel), lanes in _lanes_by_place(self.hole).items():
            theirs = {cell: found for cell, found in hits.items() if grid.lanes[cell[1]] in lanes}
            notes += place_hits(theirs, grid.steps_per_beat, ppq, channel=channel, track=track)
        return notes


def _lanes_by_place(hole: Hole) -> dict[tuple[int, int], list[str]]:
    """Return the lanes by track and channel: where most of a lane is played, or else most of all drums."""
    usual = Counter((note.track, note.channel) for note in hole.notes or hole.voices)
    fallback = usual.most_common(1)[0][0] if usual else (_last_track(hole.midi), DRUM_CHANNEL)
    tally: dict[str, Counter[tuple[int, int]]] = {}
    for note in hole.voices:
        tally.setdefault(lane_of(note.pitch), Counter())[note.track, note.channel] += 1
    places: dict[tuple[int, int], list[str]] = {}
    for lane in hole.grid.lanes:
        place = tally[lane].most_common(1)[0][0] if lane in tally else fallback
        places.setdefault(place, []).append(lane)
    return places


def fill_hole(hole: Hole, examples: Sequence[Example], settings: FillSettings) -> MidiFile:
    """Return the file with its hole filled from the rest of itself, and from the examples."""
    filler = Filler(hole, examples, settings)
    return filler.written(filler.fill())


def _schedule(settings: FillSettings) -> DiffusionConfig:
    return DiffusionConfig(steps=12, noise=0.0 if settings.greedy else 0.5)


def _sampling(settings: FillSettings) -> SamplingConfig:
    return SamplingConfig(temperature=settings.temperature, greedy=settings.greedy)


def _context(grid: DrumGrid) -> Context:
    return fill_context(len(grid.lanes), grid.steps_per_beat, usual_bar_steps([grid]))


def _widened(mask_tl: npt.NDArray[np.bool_], shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Return the mask with the lanes that are only read, unmasked."""
    wide = np.zeros(shape, np.bool_)
    wide[:, : mask_tl.shape[1]] = mask_tl
    return wide


def _own_pitches(score: Score) -> dict[str, Counter[int]]:
    tally: dict[str, Counter[int]] = {}
    for note in drum_notes(score):
        tally.setdefault(lane_of(note.pitch), Counter())[note.pitch] += 1
    return tally


def _fitted(hit: Hit, own: Counter[int] | None, least_offset: int | None) -> Hit:
    """Return a stroke on a pitch that the file uses, and not before its step where it must not be."""
    if own and hit.pitch not in own:
        hit = hit._replace(pitch=own.most_common(1)[0][0])
    return hit if least_offset is None else hit._replace(offset_ticks=max(hit.offset_ticks, least_offset))


def _last_track(midi: MidiFile) -> int:
    """Return the last track: in a file of format 1 the first holds the tempo."""
    if not midi.tracks:
        raise InputError(f"{midi.name}: wanted a file with a track to write into, got none")
    return len(midi.tracks) - 1

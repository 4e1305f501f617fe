"""Repair: chosen bars of a .mid filled from both sides, every other event left as it is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import Context
from sparseq.engine.diffuser import Diffuser, DiffusionConfig
from sparseq.engine.grid import Grid
from sparseq.engine.memory import Memory
from sparseq.engine.sampling import SamplingConfig
from sparseq.errors import InputError
from sparseq.jobs.drums import CODE_LIMIT, fill_cells, fill_context, usual_bar_steps
from sparseq.jobs.examples import Examples, is_loop, lanes_of
from sparseq.jobs.hits import Cell, HitReader
from sparseq.music.decode import place_hits
from sparseq.music.edit import replace_notes
from sparseq.music.encode import DRUM_CHANNEL, drum_notes, encode_drums
from sparseq.music.grid import DrumGrid, Hit
from sparseq.music.lanes import LANES, lane_of
from sparseq.music.masks import cell_mask, notes_in_mask, parse_bars, parse_lanes
from sparseq.music.resolution import suitable_steps
from sparseq.music.score import Note, Score, read_score
from sparseq.music.smf import MidiFile

RETRIEVAL = RetrievalConfig(sharpness=1.2, prior_weight=1e-6, own_weight=170)
DIFFUSION = DiffusionConfig(steps=12, noise=0.5)


@dataclass(frozen=True, slots=True)
class FillSettings:
    """What a person may ask of a repair.

    Attributes
    ----------
    bars : str
        Bars to fill, counted from 1: "5-6,9".
    lanes : str or None
        Only these lanes: "kick,hats"; all by default.
    keep_lanes : str or None
        All but these lanes.
    seed : int
        0 to 2**64 - 1.
    greedy : bool
        The most likely notes, instead of drawing.
    temperature : float
        Sampling temperature, above 0.
    """

    bars: str
    lanes: str | None = None
    keep_lanes: str | None = None
    seed: int = 0
    greedy: bool = False
    temperature: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Hole:
    """A drum part with the cells to fill.

    Attributes
    ----------
    midi : MidiFile
        The file.
    score : Score
        What it sounds like.
    grid : DrumGrid
        Its drums.
    mask_tl : bool ndarray of shape (T, L)
        Cells to fill.
    """

    midi: MidiFile
    score: Score
    grid: DrumGrid
    mask_tl: npt.NDArray[np.bool_]


def dig_hole(midi: MidiFile, settings: FillSettings, library: Sequence[Score] = ()) -> Hole:
    """Put a file's drums on a grid and mark what is to be filled.

    The lanes are those that the file plays outside the hole, and those asked for by name; a file with no drums outside
    takes the library's.

    Raises
    ------
    InputError
        For bars or lanes that the file does not have, or where there is nothing to go by.
    """
    score = read_score(midi)
    steps_per_beat = suitable_steps(score)
    n_bars = len(encode_drums(score, (), steps_per_beat).bars)
    bars = parse_bars(settings.bars, n_bars)
    lanes = _lanes(score, steps_per_beat, bars, settings, library)
    if not lanes:
        raise InputError(f"{midi.name}: wanted drums to go by, got none outside the hole; give --loops with drums")
    grid = encode_drums(score, lanes, steps_per_beat)
    chosen = parse_lanes(settings.lanes, lanes) if settings.lanes else lanes
    kept = parse_lanes(settings.keep_lanes, lanes) if settings.keep_lanes else ()
    return Hole(midi, score, grid, cell_mask(grid, bars, [lane for lane in chosen if lane not in kept]))


def _lanes(
    score: Score, steps_per_beat: int, bars: Sequence[int], settings: FillSettings, library: Sequence[Score]
) -> tuple[str, ...]:
    whole = encode_drums(score, None, steps_per_beat)
    outside = ~np.isin(whole.bars_t + 1, bars)
    heard = {lane for k, lane in enumerate(whole.lanes) if whole.tokens_tl[outside, k].any()}
    if not heard:
        heard = set(whole.lanes) | set(lanes_of(library))
    named = set(parse_lanes(settings.lanes)) if settings.lanes else set()
    return tuple(lane for lane in LANES if lane in heard | named or lane in whole.lanes)


def fill_hole(hole: Hole, examples: Examples | None, settings: FillSettings) -> MidiFile:
    """Return the file with its hole filled from the rest of itself, and from the examples.

    Raises
    ------
    InputError
        Where the result cannot be written into the file.
    """
    grids = [example.grid(hole.grid.lanes) for example in examples.used] if examples else []
    memory = _memory(hole, grids)
    sampling = SamplingConfig(temperature=settings.temperature, greedy=settings.greedy)
    schedule = DIFFUSION if not settings.greedy else DiffusionConfig(steps=DIFFUSION.steps)
    cells = fill_cells(hole.grid, hole.mask_tl)
    n_lanes = len(hole.grid.lanes)
    mask = np.zeros(cells.shape, bool)
    mask[:, :n_lanes] = hole.mask_tl
    diffuser = Diffuser(memory, schedule, sampling)
    filled = diffuser.fill(cells, mask, _context(hole.grid), settings.seed)
    hits = _hits(hole, filled, HitReader(memory, grids, cells.shape[1]))
    removed = notes_in_mask(drum_notes(hole.score), hole.score.ppq, hole.grid, hole.mask_tl)
    return replace_notes(hole.midi, removed, _notes(hole, hits))


def _context(grid: DrumGrid) -> Context:
    return fill_context(len(grid.lanes), grid.steps_per_beat, usual_bar_steps([grid]))


def _memory(hole: Hole, grids: Sequence[DrumGrid]) -> Memory:
    memory = Memory(_context(hole.grid).heads, CODE_LIMIT, RETRIEVAL)
    for grid in grids:
        memory.add(fill_cells(grid), _context(grid), loop=is_loop(grid))
    return memory


def _hits(hole: Hole, filled: Grid, reader: HitReader) -> Mapping[Cell, tuple[Hit, ...]]:
    """Strokes of the filled cells, on the pitches that the file itself uses for each lane."""
    own = _own_pitches(hole.score)
    hits = {}
    for step, lane in np.argwhere(hole.mask_tl & (filled.cells_tl[:, : hole.mask_tl.shape[1]] == 1)).tolist():
        name = hole.grid.lanes[lane]
        found = reader.hits(int(filled.origins_tl[step, lane]), hole.grid.hits, name)
        hits[step, lane] = tuple(_retuned(hit, own.get(name)) for hit in found)
    return hits


def _own_pitches(score: Score) -> dict[str, Counter[int]]:
    tally: dict[str, Counter[int]] = {}
    for note in drum_notes(score):
        tally.setdefault(lane_of(note.pitch), Counter())[note.pitch] += 1
    return tally


def _retuned(hit: Hit, own: Counter[int] | None) -> Hit:
    if not own or hit.pitch in own:
        return hit
    return hit._replace(pitch=own.most_common(1)[0][0])


def _notes(hole: Hole, hits: Mapping[Cell, tuple[Hit, ...]]) -> list[Note]:
    """Return notes in the file's ticks, on the track and channel that play most of its drums."""
    places = Counter((note.track, note.channel) for note in drum_notes(hole.score))
    track, channel = places.most_common(1)[0][0] if places else (_first_free_track(hole.midi), DRUM_CHANNEL)
    return list(place_hits(hits, hole.grid.steps_per_beat, hole.score.ppq, channel=channel, track=track))


def _first_free_track(midi: MidiFile) -> int:
    """Return the last track: in a file of format 1 the first holds the tempo."""
    if not midi.tracks:
        raise InputError(f"{midi.name}: wanted a file with a track to write into, got none")
    return len(midi.tracks) - 1

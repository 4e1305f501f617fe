"""The hole in pitched parts: which cells of which voices are to be filled, and which notes go.

Notes go whole or stay whole. A note that begins in a chosen cell goes; so do the cells that it was held in, even behind
the hole: there a new note may be held in its place, but none begins. A note that begins before the hole stays, with the
cells that it is held in; so does one that is played a hair before the first bar of the hole, though it belongs to that
bar's first step.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sparseq.jobs.choice import Choice, by_chance
from sparseq.music.bars import score_bars
from sparseq.music.chords import Progression, lay_out
from sparseq.music.encode import steps_of
from sparseq.music.layout import CHORD, DRUM, VOICE
from sparseq.music.masks import parse_bars, step_mask
from sparseq.music.partgrid import PartGrid, chord_tokens, encode_piece
from sparseq.music.parts import DRUMS, Part
from sparseq.music.piece import Piece
from sparseq.music.score import Note
from sparseq.music.smf import MidiFile
from sparseq.music.tracks import parse_channels, parse_tracks
from sparseq.music.voices import MAX_VOICES, allocate_voices, stops_of

NO_CHORDS = Progression(((None,),))
FIRST_DRAW = 64
"""Voices draw their chances behind those of all drum lanes."""


@dataclass(frozen=True, slots=True, eq=False)
class PitchedHole:
    """Pitched parts with the cells to fill.

    Attributes
    ----------
    midi : MidiFile
        The file.
    piece : Piece
        What it is as music.
    grid : PartGrid
        All its parts, drums too.
    mask_tl : bool ndarray of shape (T, L)
        Cells to fill, all of them in lanes of voices.
    onset_tl : bool ndarray of shape (T, L)
        Those in which a note may begin; in the others of the mask one is held at most.
    unknown_tl : bool ndarray of shape (T, L)
        What the fill may not see: the hole, drums that are filled too, chords that nobody plays there.
    notes : tuple of Note
        Notes that are in the way.
    starts_b, ends_b : int64 ndarray of shape (B,)
        The ticks between which each bar lies.
    chords_given : bool
        Whether a person says what the chords of the hole are.
    """

    midi: MidiFile
    piece: Piece
    grid: PartGrid
    mask_tl: npt.NDArray[np.bool_]
    onset_tl: npt.NDArray[np.bool_]
    unknown_tl: npt.NDArray[np.bool_]
    notes: tuple[Note, ...]
    starts_b: npt.NDArray[np.int64]
    ends_b: npt.NDArray[np.int64]
    chords_given: bool = False

    @property
    def bars(self) -> list[int]:
        """Numbers of the bars in which notes may begin."""
        return (np.flatnonzero(_any_by_bar(self.grid, self.onset_tl)) + 1).tolist()

    @property
    def parts(self) -> list[str]:
        """Names of the parts to fill, in the order of the grid."""
        return list(dict.fromkeys(self.grid.lanes[lane].part for lane in np.flatnonzero(self.mask_tl.any(0)).tolist()))

    def hears(self, part: str) -> bool:
        """Whether a part sounds outside the hole."""
        lanes = self.grid.indices(kind=VOICE, part=part)
        return bool(((self.grid.tokens_tl[:, lanes] != 0) & ~self.mask_tl[:, lanes]).any())

    def heard_tl(self) -> npt.NDArray[np.bool_]:
        """Whether the part of each cell sounds in its bar outside the hole: bool ndarray of shape (T, L)."""
        sounding = (self.grid.tokens_tl != 0) & ~self.mask_tl
        out = np.zeros(sounding.shape, np.bool_)
        for part in {lane.part for lane in self.grid.lanes if lane.kind == VOICE}:
            lanes = self.grid.indices(part=part)
            heard_b = _any_by_bar(self.grid, sounding[:, lanes])
            out[:, lanes] = heard_b[self.grid.bars_t][:, None]
        return out


def chosen_parts(piece: Piece, choice: Choice) -> tuple[Part, ...]:
    """Return the pitched parts with notes that tracks and channels leave, each with the notes that they leave.

    Where drum lanes are named there are none: drums are meant.

    Raises
    ------
    InputError
        For tracks and channels that the file does not have.
    """
    tracks: Collection[int] = range(len(piece.score.track_names))
    channels: Collection[int] = range(16)
    if choice.tracks:
        tracks = parse_tracks(choice.tracks, piece.score.track_names)
    if choice.channels:
        channels = parse_channels(choice.channels)
    if choice.lanes or choice.keep_lanes:
        return ()
    found = [
        part._replace(notes=tuple(note for note in part.notes if note.track in tracks and note.channel in channels))
        for part in piece.parts
        if part.kind != DRUMS
    ]
    return tuple(part for part in found if part.notes)


def dig_pitched_hole(
    midi: MidiFile,
    piece: Piece,
    choice: Choice,
    seed: int = 0,
    *,
    chords: Progression | None = None,
    drums_too: bool = False,
) -> PitchedHole | None:
    """Put a file's parts on a grid and mark what is to be filled of the pitched ones; None where that is nothing.

    Parameters
    ----------
    midi : MidiFile
        The file.
    piece : Piece
        The same as music.
    choice : Choice
        What to fill.
    seed : int
        For a share of the cells.
    chords : Progression, optional
        Chords of the bars to fill; it goes round.
    drums_too : bool
        Whether the drums of these bars are filled too, so that they cannot be gone by.

    Raises
    ------
    InputError
        For bars, steps, tracks or channels that the file does not have.
    """
    grid = encode_piece(piece, chords=NO_CHORDS)
    wanted_bars = parse_bars(choice.bars, len(grid.bars)) if choice.bars else range(1, len(grid.bars) + 1)
    in_time_t = np.isin(grid.bars_t + 1, list(wanted_bars)) & step_mask(grid, choice.steps, choice.beats)
    starts_b, ends_b = _bar_ticks(piece)
    wanted, held, freed = (np.zeros(grid.tokens_tl.shape, np.bool_) for _ in range(3))
    gone: list[Note] = []
    for part in chosen_parts(piece, choice):
        lanes = grid.indices(kind=VOICE, part=part.name)
        mine = np.zeros_like(wanted)
        mine[:, lanes] = in_time_t[:, None]
        wanted |= by_chance(mine, [FIRST_DRAW + lane for lane in range(len(grid.lanes))], choice.strength, seed)
        gone += _sort_notes(piece, part, grid, lanes, (wanted, held, freed), starts_b)
    onset_tl = wanted & ~held
    if not onset_tl.any():
        return None
    mask_tl = onset_tl | (freed & ~held)
    grid = _with_chords(grid, piece, gone, onset_tl, chords)
    unknown_tl = mask_tl | _not_heard(grid, mask_tl, onset_tl, chords is not None)
    if drums_too:
        unknown_tl[:, grid.indices(kind=DRUM)] |= _any_by_bar(grid, onset_tl)[grid.bars_t][:, None]
    notes = tuple(sorted(gone))
    return PitchedHole(midi, piece, grid, mask_tl, onset_tl, unknown_tl, notes, starts_b, ends_b, chords is not None)


def _with_chords(
    grid: PartGrid, piece: Piece, gone: Sequence[Note], onset_tl: npt.NDArray[np.bool_], given: Progression | None
) -> PartGrid:
    """Return the grid with the chords that are heard without the notes that go, and in the hole those given."""
    away = set(gone)
    kept = [part._replace(notes=tuple(note for note in part.notes if note not in away)) for part in piece.parts]
    chords = list(replace(piece, parts=tuple(kept)).chords_t())
    if given is not None:
        filled = [bar for bar, any_here in zip(grid.bars, _any_by_bar(grid, onset_tl), strict=True) if any_here]
        steps = [step for bar in filled for step in range(bar.start_step, bar.stop_step)]
        for step, chord in zip(steps, lay_out(given, filled), strict=True):
            chords[step] = chord
    tokens, known = grid.tokens_tl.copy(), grid.known_l.copy()
    lane = grid.indices(kind=CHORD)[0]
    tokens[:, lane] = chord_tokens(chords, grid.shift)
    known[lane] = True
    return replace(grid, tokens_tl=tokens, known_l=known)


def _not_heard(
    grid: PartGrid, mask_tl: npt.NDArray[np.bool_], onset_tl: npt.NDArray[np.bool_], given: bool
) -> npt.NDArray[np.bool_]:
    """Mark the chords of the hole's steps where no note is left to hear them by."""
    out = np.zeros(mask_tl.shape, np.bool_)
    voices = grid.indices(kind=VOICE)
    heard_t = ((grid.tokens_tl[:, voices] != 0) & ~mask_tl[:, voices]).any(1)
    out[:, grid.indices(kind=CHORD)[0]] = onset_tl.any(1) & ~heard_t & (not given)
    return out


def _sort_notes(
    piece: Piece,
    part: Part,
    grid: PartGrid,
    lanes: Sequence[int],
    cells: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.bool_]],
    starts_b: npt.NDArray[np.int64],
) -> list[Note]:
    """Return a part's notes that go; mark in `cells` (wanted, held, freed) what the others hold, and what is freed."""
    wanted, held, freed = cells
    everyone = next(other.notes for other in piece.parts if other.name == part.name)
    ppq, steps_per_beat = piece.score.ppq, piece.steps_per_beat
    starts = steps_of(everyone, ppq, steps_per_beat)
    stops = stops_of(everyone, starts, ppq, steps_per_beat)
    voices = allocate_voices(everyone, starts, stops, min(len(lanes), MAX_VOICES))
    wanted_b, bars_t = _any_by_bar(grid, wanted[:, lanes]), grid.bars_t
    chosen = set(part.notes)
    gone = []
    for note, start, stop, voice in zip(everyone, starts.tolist(), stops.tolist(), voices.tolist(), strict=True):
        bar = int(bars_t[start])
        early = note.onset_ticks < starts_b[bar] and not (bar and wanted_b[bar - 1])
        goes = note in chosen and bool(wanted[start, lanes[voice]]) and not early
        (freed if goes else held)[start:stop, lanes[voice]] = True
        gone += [note] if goes else []
    return gone


def _any_by_bar(grid: PartGrid, cells_tl: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    any_b: npt.NDArray[np.bool_] = np.bincount(grid.bars_t, weights=cells_tl.any(1), minlength=len(grid.bars)) > 0
    return any_b


def _bar_ticks(piece: Piece) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return where each bar of the grid begins and ends: at the bar line that its first step was put on."""
    ppq, steps_per_beat = piece.score.ppq, piece.steps_per_beat
    lines = np.array([bar.start_ticks for bar in score_bars(piece.score)], np.int64)
    steps_b = np.array([bar.start_step for bar in piece.bars], np.int64)
    exact = -(-steps_b * ppq // steps_per_beat)
    line_steps = (2 * steps_per_beat * lines + ppq) // (2 * ppq)
    place = np.minimum(np.searchsorted(line_steps, steps_b), len(lines) - 1)
    starts = np.where(line_steps[place] == steps_b, lines[place], exact)
    last = -(-piece.bars[-1].stop_step * ppq // steps_per_beat)
    return starts, np.append(starts[1:], last)

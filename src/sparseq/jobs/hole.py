"""The hole: which cells of a file's drums are to be filled, and which notes go."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sparseq.errors import InputError
from sparseq.jobs.choice import NOTHING_CHOSEN, Choice, NothingToFill, some_by_chance
from sparseq.jobs.examples import lanes_of
from sparseq.music.encode import drum_notes, encode_drums, steps_of
from sparseq.music.grid import DrumGrid
from sparseq.music.lanes import LANES, lane_of
from sparseq.music.masks import cell_mask, notes_in_mask, parse_bars, parse_lanes, step_mask
from sparseq.music.resolution import suitable_steps
from sparseq.music.score import Note, Score, read_score
from sparseq.music.smf import MidiFile
from sparseq.music.tracks import parse_channels, parse_tracks


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
        Its drums; lanes without a note may be there to be filled.
    mask_tl : bool ndarray of shape (T, L)
        Cells to fill.
    notes : tuple of Note
        Notes that are in the way.
    voices : tuple of Note
        All drums of the tracks and channels that were chosen: new notes go where these are.
    """

    midi: MidiFile
    score: Score
    grid: DrumGrid
    mask_tl: npt.NDArray[np.bool_]
    notes: tuple[Note, ...]
    voices: tuple[Note, ...]

    @property
    def bars(self) -> list[int]:
        """Numbers of the bars with cells to fill."""
        filled_b = np.bincount(self.grid.bars_t, weights=self.mask_tl.any(1))
        return (np.flatnonzero(filled_b) + 1).tolist()

    @property
    def heard_bars_b(self) -> npt.NDArray[np.bool_]:
        """Whether each bar has an onset outside the hole: bool ndarray, one for each bar."""
        onsets = (self.grid.tokens_tl.astype(bool) & ~self.mask_tl).any(1)
        return np.bincount(self.grid.bars_t, weights=onsets, minlength=len(self.grid.bars)) > 0


def dig_hole(
    midi: MidiFile, choice: Choice, library: Sequence[Score] = (), seed: int = 0, score: Score | None = None
) -> Hole:
    """Put a file's drums on a grid and mark what is to be filled.

    The lanes are those that the file plays outside the hole, and those asked for by name; a file with no drums outside
    takes its own and the library's. Where tracks or channels are chosen and no lanes, these are the lanes they play.
    A stroke that is played a hair before the first bar of the hole stays, though it belongs to that bar's first step:
    no note that begins outside the chosen bars is ever changed. The file's score is read where it is not given.

    Raises
    ------
    InputError
        For bars, lanes, tracks or channels that the file does not have, or where there is nothing to go by.
    """
    score = read_score(midi) if score is None else score
    voices = _chosen_notes(score, choice)
    whole = encode_drums(score, None, suitable_steps(score))
    bars = parse_bars(choice.bars, len(whole.bars)) if choice.bars else tuple(range(1, len(whole.bars) + 1))
    lanes = _lanes(whole, bars, choice, library)
    if not lanes:
        raise InputError(f"{midi.name}: wanted drums to go by, got none outside the hole; give --loops with drums")
    grid = encode_drums(score, lanes, whole.steps_per_beat)
    mask = _wanted(grid, bars, choice, voices)
    mask &= ~_held(score, grid, voices, mask)
    if not mask.any():
        raise NothingToFill(f"{midi.name}: {NOTHING_CHOSEN}")
    mask = some_by_chance(mask, [LANES.index(lane) for lane in lanes], choice.strength, seed)
    taken = set(voices)
    notes = tuple(note for note in notes_in_mask(drum_notes(score), score.ppq, grid, mask) if note in taken)
    return Hole(midi, score, grid, mask, notes, voices)


def _lanes(whole: DrumGrid, bars: Sequence[int], choice: Choice, library: Sequence[Score]) -> tuple[str, ...]:
    outside = ~np.isin(whole.bars_t + 1, bars)
    heard = {lane for k, lane in enumerate(whole.lanes) if whole.tokens_tl[outside, k].any()}
    if not heard:
        heard = set(whole.lanes) | set(lanes_of(library))
    for part in choice.lanes.split(",") if choice.lanes else ():
        # Of a family ("hats") those that the file plays are meant; where it plays none, all.
        named = set(parse_lanes(part))
        heard |= named if not named & {*heard, *whole.lanes} else set()
    return tuple(lane for lane in LANES if lane in heard or lane in whole.lanes)


def _wanted(grid: DrumGrid, bars: Sequence[int], choice: Choice, voices: Sequence[Note]) -> npt.NDArray[np.bool_]:
    played = {lane_of(note.pitch) for note in voices} if choice.tracks or choice.channels else set(grid.lanes)
    chosen = parse_lanes(choice.lanes, grid.lanes) if choice.lanes else [lane for lane in grid.lanes if lane in played]
    kept = parse_lanes(choice.keep_lanes, grid.lanes) if choice.keep_lanes else ()
    cells = cell_mask(grid, bars, [lane for lane in chosen if lane not in kept])
    return cells & step_mask(grid, choice.steps, choice.beats)[:, None]


def _chosen_notes(score: Score, choice: Choice) -> tuple[Note, ...]:
    notes = drum_notes(score)
    if choice.tracks:
        tracks = parse_tracks(choice.tracks, score.track_names)
        notes = tuple(note for note in notes if note.track in tracks)
    if choice.channels:
        channels = parse_channels(choice.channels)
        notes = tuple(note for note in notes if note.channel in channels)
    if not notes and (choice.tracks or choice.channels):
        where = " on ".join(
            f"{what} {asked}" for what, asked in (("track", choice.tracks), ("channel", choice.channels)) if asked
        )
        places = sorted({(note.track + 1, note.channel + 1) for note in drum_notes(score)})
        there = ", ".join(f"track {track} channel {channel}" for track, channel in places)
        raise InputError(f"drums of {where} were asked for, but those of the file are on {there or 'no track'}")
    return notes


def _held(
    score: Score, grid: DrumGrid, chosen: Sequence[Note], mask_tl: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Mark cells held by a note that must stay: of another track or channel, or begun before its bar in the hole."""
    held = np.zeros(grid.tokens_tl.shape, np.bool_)
    column = {lane: k for k, lane in enumerate(grid.lanes)}
    starts_b = [bar.start_step * score.ppq // grid.steps_per_beat for bar in grid.bars]
    in_hole_b = np.bincount(grid.bars_t, weights=mask_tl.any(1), minlength=len(grid.bars)) > 0
    free = set(chosen)
    notes = drum_notes(score)
    for note, step in zip(notes, steps_of(notes, score.ppq, grid.steps_per_beat).tolist(), strict=True):
        bar = int(grid.bars_t[step])
        is_early = note.onset_ticks < starts_b[bar] and not (bar and in_hole_b[bar - 1])
        if note not in free or is_early:
            held[step, column[lane_of(note.pitch)]] = True
    return held

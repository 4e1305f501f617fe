"""Strokes of filled drums: which are played, how loud and how late, and on which track of the file.

A cell is played as the file plays the lane in the place most like it. A drummer's time drifts from bar to bar, so a
stroke near by tells more of it than the row that the cell was drawn from; and a stroke between two others is played
unlike one that stands alone. What the file does not play there is played as in the example.
"""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sparseq.engine.grid import Grid
from sparseq.errors import InputError
from sparseq.jobs.hits import Cell, HitReader
from sparseq.jobs.hole import Hole
from sparseq.music.decode import place_hits
from sparseq.music.encode import DRUM_CHANNEL, drum_notes
from sparseq.music.grid import Hit
from sparseq.music.lanes import lane_of
from sparseq.music.score import Note, Score
from sparseq.music.smf import MidiFile

OTHER_STEP, OTHER_STEP_OF_BEAT, OTHER_NEIGHBOUR, A_BAR_AWAY = 1.0, 1.0, 0.5, 0.1
"""How unlike two places of a lane are: another step of the bar, of the beat, a neighbour of only one, bars between."""


class _Lane(NamedTuple):
    """One lane: the steps at which the file plays it, and what it plays in all steps once the hole is filled."""

    known_k: npt.NDArray[np.int64]
    tokens_t: npt.NDArray[np.uint16]


class Strokes:
    """Turns a filled hole into notes.

    Parameters
    ----------
    hole : Hole
        The hole.
    reader : HitReader
        Where the strokes of examples are looked up.
    """

    def __init__(self, hole: Hole, reader: HitReader) -> None:
        self._hole, self._reader = hole, reader
        self._own_pitches = _own_pitches(hole.score)

    def notes(self, filled: Grid) -> list[Note]:
        """Return the new notes in the file's ticks, each on the track and channel that play most of its lane."""
        grid, ppq = self._hole.grid, self._hole.score.ppq
        hits = self.hits(filled)
        notes: list[Note] = []
        for (track, channel), lanes in _lanes_by_place(self._hole).items():
            theirs = {cell: found for cell, found in hits.items() if grid.lanes[cell[1]] in lanes}
            notes += place_hits(theirs, grid.steps_per_beat, ppq, channel=channel, track=track)
        return notes

    def hits(self, filled: Grid) -> Mapping[Cell, tuple[Hit, ...]]:
        """Return the strokes of the filled cells, on the pitches that the file itself uses for each lane."""
        grid, mask = self._hole.grid, self._hole.mask_tl
        out: dict[Cell, tuple[Hit, ...]] = {}
        for lane, name in enumerate(grid.lanes):
            tokens = filled.cells_tl[:, lane]
            here = _Lane(np.flatnonzero((grid.tokens_tl[:, lane] == 1) & ~mask[:, lane]), tokens)
            for step in np.flatnonzero(mask[:, lane] & (tokens == 1)).tolist():
                least = 0 if self._is_first_of_hole(step) else None
                found = self._played(here, step, lane, int(filled.origins_tl[step, lane]))
                out[step, lane] = tuple(_fitted(hit, self._own_pitches.get(name), least) for hit in found)
        return out

    def _played(self, here: _Lane, step: int, lane: int, origin: int) -> tuple[Hit, ...]:
        """Return the strokes of one cell: where an example says what is played, only the same step says how."""
        phases = self._hole.grid.phases_t
        known = here.known_k if origin < 0 else here.known_k[phases[here.known_k] == phases[step]]
        if len(known):
            return self._hole.grid.hits[self._likest(known, here.tokens_t, step), lane]
        return self._reader.hits(origin, self._hole.grid.hits, self._hole.grid.lanes[lane])

    def _likest(self, known_k: npt.NDArray[np.int64], tokens_t: npt.NDArray[np.uint16], step: int) -> int:
        """Return the step at which the lane is played in the place most like another step; of equals the first."""
        grid = self._hole.grid
        phases, beat = grid.phases_t, grid.steps_per_beat
        unlike = OTHER_STEP * (phases[known_k] != phases[step])
        unlike += OTHER_STEP_OF_BEAT * (phases[known_k] % beat != phases[step] % beat)
        padded = np.pad(tokens_t, 1)
        for side in (0, 2):  # the step before and the one behind
            unlike += OTHER_NEIGHBOUR * (padded[known_k + side] != padded[step + side])
        unlike += A_BAR_AWAY * np.abs(grid.bars_t[known_k] - grid.bars_t[step])
        return int(known_k[unlike.argmin()])

    def _is_first_of_hole(self, step: int) -> bool:
        """Whether a stroke played early at this step would begin in a bar that is not to be touched."""
        bar = self._hole.grid.bars[int(self._hole.grid.bars_t[step])]
        return step == bar.start_step and bar.number - 1 not in self._hole.bars


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

"""How filled drums are played: loudness and time of a bar's strokes against the drummer's, on a collection of drums.

usage: python tests/bench/strokes.py COLLECTION.npz      bar 6 of the first 8 bars of each validation piece
"""

import sys
from collections.abc import Mapping

import numpy as np

from sparseq.errors import InputError
from sparseq.jobs.choice import Choice
from sparseq.jobs.evaluate.sources import examples_of
from sparseq.jobs.fill import Filler
from sparseq.jobs.filling import FillSettings
from sparseq.jobs.hits import Cell, HitReader
from sparseq.jobs.hole import Hole, dig_hole
from sparseq.jobs.strokes import Strokes
from sparseq.music.grid import Hit
from sparseq.music.score import Score
from sparseq.music.smf import parse
from sparseq.music.units import PPQ
from sparseq.music.writer import write_midi

BARS, BAR = 8, 6
Hits = Mapping[Cell, tuple[Hit, ...]]


def hole_of(score: Score) -> Hole | None:
    """Return the hole in the first bars of a piece in 4/4; None for shorter pieces."""
    end = BARS * 4 * score.ppq
    if score.end_ticks < end or score.meters[0][1:] != (4, 4):
        return None
    notes = [note for note in score.notes if note.onset_ticks < end - score.ppq // 8]
    midi = parse(write_midi(notes, ppq=score.ppq, end_ticks=end, track_names=["Drums"]), "piece.mid")
    try:
        return dig_hole(midi, Choice(str(BAR)))
    except InputError:
        return None


def both_ways(hole: Hole) -> tuple[Hits, Hits]:
    """Return the strokes of the greedy filling as in the rows that it leaned on, and as they are written."""
    filler = Filler(hole, (), FillSettings(greedy=True))
    grid = filler.fill().grid
    reader = HitReader(filler.memory, filler.grids, grid.cells_tl.shape[1])
    written = Strokes(hole, reader).hits(grid)
    leaned = {
        cell: reader.hits(int(grid.origins_tl[cell]), hole.grid.hits, hole.grid.lanes[cell[1]]) for cell in written
    }
    return leaned, written


def errors(hole: Hole, found: Hits) -> list[tuple[int, int]]:
    """Return how far off velocity and ticks are where the drummer plays too: of the loudest stroke of each cell."""
    pairs = [(hole.grid.hits[cell], hits) for cell, hits in found.items() if cell in hole.grid.hits]
    loudest = [[max(hits, key=lambda hit: hit.velocity) for hits in pair] for pair in pairs]
    return [(abs(a.velocity - b.velocity), abs(a.offset_ticks - b.offset_ticks)) for a, b in loudest]


def main(path: str) -> None:
    holes = [hole for example in examples_of(path, "valid")[0] if (hole := hole_of(example.score)) is not None]
    ways = [both_ways(hole) for hole in holes]
    for number, name in enumerate(("as in the row it leaned on", "as in the place most like it")):
        off = np.array([error for hole, way in zip(holes, ways, strict=True) for error in errors(hole, way[number])])
        velocity, ticks = off.mean(0)
        print(f"{name}: velocity off by {velocity:.1f}, time by {ticks:.1f} ticks of {PPQ} ({len(off)} strokes)")


if __name__ == "__main__":
    main(sys.argv[1])

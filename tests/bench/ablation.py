"""Ablation of repair: what the schedule, its noise, refilling rounds and the anchor give, on a collection of drums.

usage: python tests/bench/ablation.py COLLECTION.npz      prints the table that ABLATION.md keeps
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from sparseq.engine.diffuser import Diffuser
from sparseq.engine.sampling import SamplingConfig
from sparseq.engine.schedule import SCHEDULES, DiffusionConfig
from sparseq.jobs.baselines.library import Excerpt, Library, excerpt_of
from sparseq.jobs.drums import fill_cells
from sparseq.jobs.evaluate.ours import Filling, grid_of
from sparseq.jobs.evaluate.sources import read_both

LIBRARY_PIECES, EXCERPTS, BARS, GAP = 60, 30, 8, 5
DRAWS = (1, 2, 3)
STEPS = 12


class Case(NamedTuple):
    """One line of the table."""

    name: str
    steps: int = STEPS
    noise: float = 0.0
    rounds: int = 0
    remask: float = 0.3
    temperature: float = 1.0
    schedule: str = "cosine"
    anchor: bool = False
    greedy: bool = True


BASE = (
    Case("cosine, 12 steps"),
    Case("1 step", steps=1),
    Case("4 steps", steps=4),
    Case("8 steps", steps=8),
    Case("24 steps", steps=24),
    Case("48 steps", steps=48),
    *(Case(name, schedule=name) for name in SCHEDULES if name != "cosine"),
    Case("noise 0.5", noise=0.5),
    Case("noise 2", noise=2.0),
    Case("1 refilling round", rounds=1),
    Case("2 refilling rounds", rounds=2),
    Case("4 refilling rounds", rounds=4),
    Case("anchor: kick and snare on the beats first", anchor=True),
)


def filled(filling: Filling, library: Library, excerpt: Excerpt, case: Case, seed: int) -> tuple[int, int, int]:
    """Return onsets hit, said and played."""
    mask = np.zeros(excerpt.piece.bits_bsl.shape, bool)
    mask[excerpt.gap] = True
    mask = mask.reshape(-1, len(library.lanes))
    cells = fill_cells(grid_of(excerpt.piece, library), mask)
    wide = np.zeros(cells.shape, bool)
    wide[:, : mask.shape[1]] = mask
    first = None
    if case.anchor:
        first = np.zeros_like(wide)
        first[:: library.steps_per_beat, :2] = True
    config = DiffusionConfig(case.steps, case.noise, case.rounds, case.remask, case.schedule)
    sampling = SamplingConfig(greedy=case.greedy, temperature=case.temperature)
    done = Diffuser(filling.memory, config, sampling).fill(cells, wide, filling.context, seed, first)
    bits = done.cells_tl[mask.any(1), : mask.shape[1]] > 0
    played = excerpt.truth_sl > 0
    return int((bits & played).sum()), int(bits.sum()), int(played.sum())


def line(filling: Filling, library: Library, excerpts: list[Excerpt], case: Case) -> str:
    tasks = [(excerpt, seed) for excerpt in excerpts for seed in (DRAWS[:1] if case.greedy else DRAWS)]
    began = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda task: filled(filling, library, task[0], case, task[1]), tasks))
    hits, said, played = np.array(found).sum(0)
    each_ms = 1000 * (time.perf_counter() - began) / len(tasks)
    return f"| {case.name} | {2 * hits / (said + played):.4f} | {said / played:.3f} | {each_ms:.0f} |"


def main(path: str) -> None:
    both = read_both(path, path, "valid")
    pieces = both.library.pieces
    chosen = np.unique(np.linspace(0, len(pieces) - 1, LIBRARY_PIECES).astype(int))
    library = Library(tuple(pieces[k] for k in chosen), both.library.lanes, both.library.steps_per_beat, (4, 4))
    filling, rng = Filling(library), np.random.default_rng(0)
    long_enough = [piece.bars(0, BARS) for piece in both.pieces if len(piece.bits_bsl) >= BARS][:EXCERPTS]
    excerpts = [excerpt_of(piece, GAP, rng) for piece in long_enough]
    for greedy in (True, False):
        print(f"\n| {'greedy' if greedy else 'drawn'} | onset F1 | onsets, of those played | ms |\n|---|---|---|---|")
        for case in BASE:
            print(line(filling, library, excerpts, case._replace(greedy=greedy)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])

"""Ablation of repair: what the schedule, its noise, refilling rounds and the anchor give, on a collection of drums.

usage: python tests/bench/ablation.py COLLECTION.npz      prints the table that ABLATION.md keeps
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
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
    top_p: float = 1.0
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
    Case("24 steps, linear, noise 2", steps=24, schedule="linear", noise=2.0),
    Case("polynomial, noise 2", schedule="polynomial", noise=2.0),
    Case("every cell a step, in random order", steps=1000, noise=50.0),
    Case("noise 0.5, the likeliest 0.95 of each cell", noise=0.5, top_p=0.95),
    Case("1 refilling round", rounds=1),
    Case("2 refilling rounds", rounds=2),
    Case("4 refilling rounds", rounds=4),
    Case("anchor: kick and snare on the beats first", anchor=True),
)


def filled(filling: Filling, library: Library, excerpt: Excerpt, case: Case, seed: int) -> np.ndarray:
    """Return the onsets of the bar: bool of shape (S, L)."""
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
    sampling = SamplingConfig(greedy=case.greedy, temperature=case.temperature, top_p=case.top_p)
    done = Diffuser(filling.memory, config, sampling).fill(cells, wide, filling.context, seed, first)
    return done.cells_tl[mask.any(1), : mask.shape[1]] > 0


def variety(bits_xd: np.ndarray, played_x: np.ndarray) -> tuple[float, float]:
    """Return in how many cells two draws of a bar differ, and the energy score of the draws: the lower the better.

    That is how far draws are from what was played less half of how far they are from each other: it is least where
    draws are spread as widely as what a drummer may play.
    """
    apart = np.mean([(bits_xd[:, i] != bits_xd[:, j]).sum((1, 2)) for i, j in combinations(range(bits_xd.shape[1]), 2)])
    away = (bits_xd != played_x[:, None]).sum((2, 3)).mean()
    return float(apart), float(away - apart / 2)


def line(filling: Filling, library: Library, excerpts: list[Excerpt], case: Case) -> str:
    seeds = DRAWS[:1] if case.greedy else DRAWS
    tasks = [(excerpt, seed) for excerpt in excerpts for seed in seeds]
    began = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda task: filled(filling, library, task[0], case, task[1]), tasks))
    each_ms = 1000 * (time.perf_counter() - began) / len(tasks)
    bits = np.array(found).reshape(len(excerpts), len(seeds), *found[0].shape)
    played = np.array([excerpt.truth_sl > 0 for excerpt in excerpts])
    hits, n_played = (bits & played[:, None]).sum(), played.sum() * len(seeds)
    cells = [case.name, f"{2 * hits / (bits.sum() + n_played):.4f}", f"{bits.sum() / n_played:.3f}"]
    cells += [] if case.greedy else [f"{figure:.2f}" for figure in variety(bits, played)]
    return f"| {' | '.join([*cells, f'{each_ms:.0f}'])} |"


def main(path: str) -> None:
    both = read_both(path, path, "valid")
    pieces = both.library.pieces
    chosen = np.unique(np.linspace(0, len(pieces) - 1, LIBRARY_PIECES).astype(int))
    library = Library(tuple(pieces[k] for k in chosen), both.library.lanes, both.library.steps_per_beat, (4, 4))
    filling, rng = Filling(library), np.random.default_rng(0)
    long_enough = [piece.bars(0, BARS) for piece in both.pieces if len(piece.bits_bsl) >= BARS][:EXCERPTS]
    excerpts = [excerpt_of(piece, GAP, rng) for piece in long_enough]
    for greedy in (True, False):
        headers = ["greedy" if greedy else "drawn", "onset F1", "onsets, of those played"]
        headers += [] if greedy else ["cells between two draws", "energy score"]
        print(f"\n| {' | '.join([*headers, 'ms'])} |\n{'|---' * (len(headers) + 1)}|")
        for case in BASE:
            print(line(filling, library, excerpts, case._replace(greedy=greedy)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])

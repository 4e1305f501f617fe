"""Mario levels streamed, filled, and compared with what the published tables were made of."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from importlib.resources import as_file, files
from typing import NamedTuple

import numpy as np

from sparseq.domains import mario_baselines as baselines
from sparseq.domains.mario import TILES, fill_context, read_levels, stream_context
from sparseq.domains.mario_metrics import measure
from sparseq.domains.protocol import Cells, Mask, learn
from sparseq.engine.config import RetrievalConfig
from sparseq.engine.diffuser import Diffuser
from sparseq.engine.memory import Memory
from sparseq.engine.retriever import Retriever
from sparseq.engine.sampling import SamplingConfig
from sparseq.engine.schedule import DiffusionConfig
from sparseq.errors import InputError
from sparseq.kernel.checks import MASK

N_COLUMNS = 50
RETRIEVAL = RetrievalConfig(sharpness=3.0, prior_weight=1e-9)
STREAM_TEMPERATURE = 0.9
SCHEDULE = DiffusionConfig(steps=24, noise=32.0)
"""That of the published tables; noise so strong that cells are settled almost in any order keeps the mix of tiles."""
REFINED = replace(SCHEDULE, rounds=3, remask=0.1)
SEED_LIMIT = 1 << 64


def load_levels(path: str | None = None) -> tuple[Cells, ...]:
    """Return the levels of a folder or file, or without one those shipped; raises as `read_levels`."""
    if path is not None:
        return read_levels(path)
    with as_file(files("sparseq.domains") / "data" / "mario") as folder:
        return read_levels(folder)


class LevelMaker:
    """Streams and fills levels from examples; learns them once.

    Parameters
    ----------
    levels : sequence of uint16 ndarray of shape (columns, rows)
        Levels of one height.
    """

    def __init__(self, levels: Sequence[Cells]) -> None:
        self.levels = levels
        self.n_rows = int(levels[0].shape[1])
        self._stream_context, self._fill_context = stream_context(self.n_rows), fill_context(self.n_rows)
        self._memories: dict[bool, Memory] = {}

    def stream(self, n_columns: int, seed: int, temperature: float = 1.0) -> Cells:
        """Return a new level, written from left to right."""
        sampling = SamplingConfig(temperature=STREAM_TEMPERATURE * temperature)
        retriever = Retriever(self._memory(True), self._stream_context, sampling=sampling, seed=seed)
        return retriever.step(self.blank(n_columns)).cells_tl

    def fill(
        self,
        level: Cells | None = None,
        mask_tl: Mask | None = None,
        *,
        seed: int = 0,
        temperature: float = 1.0,
        schedule: DiffusionConfig = REFINED,
    ) -> Cells:
        """Return a level with the cells of a mask filled from both sides; without a level or a mask, all of them."""
        cells = self.blank(N_COLUMNS) if level is None else level
        if cells.shape[1] != self.n_rows:
            raise InputError(f"level: wanted {self.n_rows} rows as in the examples, got {cells.shape[1]}")
        mask = np.ones(cells.shape, bool) if mask_tl is None else mask_tl
        diffuser = Diffuser(self._memory(False), schedule, SamplingConfig(temperature=temperature))
        return diffuser.fill(cells, mask, self._fill_context, seed).cells_tl

    def blank(self, n_columns: int) -> Cells:
        """Return a level of which nothing is known."""
        return np.full((n_columns, self.n_rows), MASK, np.uint16)

    def _memory(self, causal: bool) -> Memory:
        if causal not in self._memories:
            context = self._stream_context if causal else self._fill_context
            self._memories[causal] = learn(self.levels, context, RETRIEVAL, alphabet=len(TILES))
        return self._memories[causal]


class Pipeline(NamedTuple):
    """One way to make a level: its name, and a function from the number of the try (0, 1, 2) to the level."""

    name: str
    make: Callable[[int], Cells]


N_PIPELINES = 15
"""How many `compare` yields."""
N_TRIES = len(baselines.PUBLISHED_SEEDS)


def compare(levels: Sequence[Cells], seed: int = 0) -> Iterator[tuple[str, dict[str, float]]]:
    """Measure ours, the original, simple rules and the corpus itself; yields name and measures of each.

    Measures are those of `measure`, averaged over three levels. `seconds` is the fastest of the three, learning the
    corpus not counted.
    """
    for pipeline in pipelines(levels, seed):
        yield pipeline.name, _measured(pipeline, levels)


def pipelines(levels: Sequence[Cells], seed: int) -> Iterator[Pipeline]:
    """Yield every pipeline over a corpus; ours draw from `seed` on, the others from the published seeds."""
    yield Pipeline("corpus", lambda k: levels[k % len(levels)])
    yield from _ours(LevelMaker(levels), seed)
    yield from _originals(levels)
    tokens, shape = baselines.corpus_tokens(levels), (N_COLUMNS, int(levels[0].shape[1]))
    size = shape[0] * shape[1]
    seeds = baselines.PUBLISHED_SEEDS
    yield Pipeline("markov1", lambda k: baselines.level_of(baselines.markov_tokens(tokens, size, seeds[k]), *shape))
    yield Pipeline("uniform", lambda k: baselines.level_of(baselines.uniform_tokens(size, seeds[k]), *shape))


def _ours(maker: LevelMaker, seed: int) -> Iterator[Pipeline]:
    yield Pipeline("stream", lambda k: maker.stream(N_COLUMNS, (seed + k) % SEED_LIMIT))
    yield Pipeline("fill", lambda k: maker.fill(seed=(seed + k) % SEED_LIMIT, schedule=SCHEDULE))
    yield Pipeline("fill_refined", lambda k: maker.fill(seed=(seed + k) % SEED_LIMIT))


def _originals(levels: Sequence[Cells]) -> Iterator[Pipeline]:
    """Yield the original as published, then the sweep of its settings."""
    tokens, n_rows = baselines.corpus_tokens(levels), int(levels[0].shape[1])
    size, seeds = N_COLUMNS * n_rows, baselines.PUBLISHED_SEEDS
    retriever, diffuser = baselines.original_retriever(tokens), baselines.original_diffuser(tokens)
    unplaced = baselines.original_retriever(tokens, pos_scale=0.0)

    def level(made: baselines.Tokens) -> Cells:
        return baselines.level_of(made, N_COLUMNS, n_rows)

    yield Pipeline("original_stream", lambda k: level(baselines.original_stream(retriever, size, seeds[k])))
    yield Pipeline("original_stream_no_position", lambda k: level(baselines.original_stream(unplaced, size, seeds[k])))
    yield Pipeline("original_fill", lambda k: level(baselines.original_fill(diffuser, size, seeds[k])))
    floor = np.arange(size - N_COLUMNS, size)
    anchored = partial(baselines.original_fill, diffuser, size, floor=floor)
    yield Pipeline("original_fill_floor", lambda k: level(anchored(seeds[k])))
    for name, draw in baselines.sweep_draws().items():
        said = partial(baselines.original_stream, retriever, size, draw=draw)
        yield Pipeline(f"original_stream_{name}", _made_by(lambda k, said=said: level(said(seeds[k]))))
    for steps in baselines.SWEEP_STEPS:
        filled = partial(baselines.original_fill, diffuser, size, steps=steps)
        yield Pipeline(f"original_fill_{steps}_steps", _made_by(lambda k, filled=filled: level(filled(seeds[k]))))


def _made_by(make: Callable[..., Cells]) -> Callable[[int], Cells]:
    return make


def _measured(pipeline: Pipeline, levels: Sequence[Cells]) -> dict[str, float]:
    made, seconds = [], []
    for k in range(N_TRIES):
        start = time.perf_counter()
        made.append(pipeline.make(k))
        seconds.append(time.perf_counter() - start)
    measures = [measure(level, levels) for level in made]
    mean = {name: float(np.mean([each[name] for each in measures])) for name in measures[0]}
    return {**mean, "seconds": min(seconds)}

"""Slots against vectors: the same corpus streamed and filled, as many tokens, by the same schedule and sampling."""

from collections.abc import Callable
from typing import Any

import numpy as np

from sparseq.engine.diffuser import Diffuser
from sparseq.engine.original import MASK as VECTOR_MASK
from sparseq.engine.original import QUALITY, OriginalDiffuser, OriginalRetriever
from sparseq.engine.retriever import Retriever
from sparseq.engine.sampling import SamplingConfig
from sparseq.engine.schedule import DiffusionConfig
from sparseq.jobs.bench.sizes import Sizes
from sparseq.jobs.bench.tasks import Task
from sparseq.jobs.bench.timing import Case, Timing, measure
from sparseq.kernel.checks import MASK

SEED = 1
# The vector fill knows no penalty, so the slot fill has none here either.
FILL_SAMPLING = SamplingConfig(temperature=QUALITY.temperature, top_k=QUALITY.top_k, top_p=QUALITY.top_p)


def measure_codings(task: Task, sizes: Sizes, advance: Callable[[int], None]) -> dict[str, Timing]:
    """Return, for every number of tokens N, the times of streaming and filling them.

    Parameters
    ----------
    task : Task
        Its name is part of the names.
    sizes : Sizes
        Numbers of tokens, steps, repeats.
    advance : callable
        Told 1 after each round.

    Returns
    -------
    dict of str to Timing
        slots_stream_NAME_N_us and vector_stream_NAME_N_us; slots_fill_NAME_N_us, vector_fill_NAME_N_us (the original's
        form: each step looks up for all of corpus and canvas) and vector_fill_masked_rows_NAME_N_us.
    """
    found: dict[str, Timing] = {}
    for n_tokens in sizes.coding_tokens:
        found |= measure(_stream_cases(task, n_tokens), sizes.rounds, sizes, advance)
        found |= measure(_fill_cases(task, n_tokens, sizes.fill_steps), sizes.rounds, sizes, advance)
    return found


def _stream_cases(task: Task, n_tokens: int) -> list[Case]:
    canvas = task.canvas(n_tokens)
    memory = task.memory(task.stream)
    vectors = OriginalRetriever(task.corpus_tokens(), task.alphabet)
    known = task.tokens(canvas)[:-n_tokens]

    def fresh() -> Retriever:
        return Retriever(
            memory, task.stream, sampling=SamplingConfig.quality(), seed=SEED, own_capacity_steps=len(canvas)
        )

    def step(retriever: Retriever) -> object:
        return retriever.step(canvas)

    def take(stream: Any) -> object:
        return stream.take(n_tokens, QUALITY)

    return [
        Case(f"slots_stream_{task.name}_{n_tokens}_us", step, fresh),
        Case(f"vector_stream_{task.name}_{n_tokens}_us", take, lambda: vectors.start(n_tokens, known, SEED)),
    ]


def _fill_cases(task: Task, n_tokens: int, n_steps: int) -> list[Case]:
    canvas = task.canvas(n_tokens)
    mask = np.zeros(canvas.shape, bool)
    mask[:, task.fill.lanes] = canvas[:, task.fill.lanes] == MASK
    slots = Diffuser(task.memory(task.fill), DiffusionConfig(steps=n_steps), FILL_SAMPLING)
    slots.memory.rows()
    vectors = OriginalDiffuser(task.corpus_tokens(), task.alphabet)
    known = task.tokens(canvas)
    known[known == MASK] = VECTOR_MASK

    def by_vectors(every_row: bool) -> object:
        return vectors.fill(len(known), n_steps, known, draw=QUALITY, seed=SEED, every_row=every_row)

    return [
        Case(f"slots_fill_{task.name}_{n_tokens}_us", lambda _: slots.fill(canvas, mask, task.fill, SEED)),
        Case(f"vector_fill_{task.name}_{n_tokens}_us", lambda _: by_vectors(True)),
        Case(f"vector_fill_masked_rows_{task.name}_{n_tokens}_us", lambda _: by_vectors(False)),
    ]

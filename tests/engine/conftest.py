"""A small music-like world: two lanes that are decided, one that is only read."""

import numpy as np
import pytest

from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import Slot, make_context
from sparseq.engine.memory import Memory

# Lane 2 counts the step within a bar of four.
PATTERN = np.array([[1, 0, 0], [0, 0, 1], [1, 1, 2], [0, 2, 3]] * 3, np.uint16)


class Ground:
    """Contexts over three lanes, and a memory of the pattern."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.pattern = PATTERN.copy()
        self.causal = make_context(
            [
                [Slot(-1, 0, 1.0), Slot(-4, 0, 0.5), Slot(-1, 1, 0.4), Slot(0, 2, 1.5)],
                [Slot(-1, 1, 1.0), Slot(0, 0, 1.0), Slot(0, 2, 1.5)],
                [],
            ],
            [2, 3, 4],
        )
        self.both = make_context(
            [
                [Slot(-1, 0, 1.0), Slot(1, 0, 1.0), Slot(0, 1, 0.8), Slot(0, 2, 1.5)],
                [Slot(-1, 1, 1.0), Slot(1, 1, 1.0), Slot(0, 0, 1.0), Slot(0, 2, 1.5)],
                [],
            ],
            [2, 3, 4],
        )

    def memory(self, context, *, examples=None, loop=False, **config):
        memory = Memory(context.heads, 4, RetrievalConfig(**config), self.kernel)
        for cells in [self.pattern] if examples is None else examples:
            memory.add(cells, context, loop=loop)
        return memory


@pytest.fixture(scope="session")
def ground(kernel):
    return Ground(kernel)

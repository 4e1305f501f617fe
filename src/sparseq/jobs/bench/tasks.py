"""The two corpora that codings are compared on: four drum patterns, and Mario slices."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sparseq.domains import mario
from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import Context, Slot, make_context
from sparseq.engine.memory import Memory
from sparseq.jobs.bench.levels import LEVELS
from sparseq.kernel.checks import MASK

BAR = 16
N_DRUMS = 4
# Kick, snare, closed hat and open hat, each a line of sixteenths.
PATTERNS = (
    ("x.......x.x.....", "....x.......x...", "x.x.x.x.x.x.x...", "..............x."),  # rock
    ("x...x...x...x...", "....x.......x...", "................", "..x...x...x...x."),  # disco
    ("x.....x...x.....", "....x..x.x..x..x", "xxxx.xxxxxxx.xxx", "....x.......x..."),  # funk
    ("x......x..x.....", "........x.......", "x.x.xxx.x.x.x.xx", "................"),  # half time
)
OWN_PAST = {1: 1.0, 2: 0.7, 3: 0.3, 4: 0.8, 8: 0.5, 16: 1.0}


class Task(NamedTuple):
    """A corpus with its contexts.

    Attributes
    ----------
    name : str
        "drums" or "mario".
    grids : tuple of uint16 ndarray of shape (T, L)
        The corpus.
    alphabet : int
        Tokens of the lanes that are written, and of those only read, are below this.
    stream, fill : Context
        Contexts to stream and to fill by; both write the same lanes.
    sharpness : float
        Of the attention to slots.
    loop : bool
        Whether the grids go round.
    """

    name: str
    grids: tuple[npt.NDArray[np.uint16], ...]
    alphabet: int
    stream: Context
    fill: Context
    sharpness: float
    loop: bool

    def memory(self, context: Context) -> Memory:
        """Return the corpus as slot rows."""
        memory = Memory(context.heads, self.alphabet, RetrievalConfig(sharpness=self.sharpness))
        for grid in self.grids:
            memory.add(grid, context, loop=self.loop)
        return memory

    def tokens(self, cells_tl: npt.NDArray[np.uint16]) -> npt.NDArray[np.int64]:
        """Return the written lanes of a grid in a row, step by step, as a vector coding reads them."""
        return cells_tl[:, self.stream.lanes].reshape(-1).astype(np.int64)

    def corpus_tokens(self) -> npt.NDArray[np.int64]:
        """Return the tokens of all grids in a row."""
        return np.concatenate([self.tokens(grid) for grid in self.grids])

    def canvas(self, n_masked: int) -> npt.NDArray[np.uint16]:
        """Return a grid whose last `n_masked` written cells are masked; at least one before them is known."""
        n_lanes = len(self.stream.lanes)
        n_steps = n_masked // n_lanes + 1
        cells = self.grids[0][np.arange(n_steps) % len(self.grids[0])].copy()
        written = cells[:, self.stream.lanes].reshape(-1)
        written[n_steps * n_lanes - n_masked :] = MASK
        cells[:, self.stream.lanes] = written.reshape(n_steps, n_lanes)
        return cells


def drum_task() -> Task:
    """Return four bars of 16 steps: one lane of 16 tokens, each a choice of four drums, and one for the step."""
    near = [Slot(-dt, 0, weight) for dt, weight in OWN_PAST.items()]
    ahead = [Slot(dt, 0, weight) for dt, weight in OWN_PAST.items()]
    step = Slot(0, 1, 1.0)
    n_tokens = 1 << N_DRUMS
    stream, fill = (make_context([slots, []], [n_tokens, BAR]) for slots in ([*near, step], [*near, *ahead, step]))
    return Task("drums", tuple(_bar(pattern) for pattern in PATTERNS), max(n_tokens, BAR), stream, fill, 2.0, True)


def _bar(lines: tuple[str, ...]) -> npt.NDArray[np.uint16]:
    tokens = [sum(1 << drum for drum in range(N_DRUMS) if lines[drum][step] == "x") for step in range(BAR)]
    return np.column_stack([tokens, np.arange(BAR)]).astype(np.uint16)


def mario_task(folder: str | None = None) -> Task:
    """Return the levels of a folder, or three of our own; raises as `mario.read_levels` does."""
    if folder is None:
        levels = tuple(mario.parse_level(text, f"level {number}") for number, text in enumerate(LEVELS, start=1))
    else:
        levels = mario.read_levels(folder)
    n_rows = levels[0].shape[1]
    alphabet = max(len(mario.TILES), n_rows)  # a row's number is a code that contexts read, too
    return Task("mario", levels, alphabet, mario.stream_context(n_rows), mario.fill_context(n_rows), 3.0, False)


def text_tokens(task: Task) -> tuple[npt.NDArray[np.int64], int]:
    """Return levels as the original reads them, and the size of the alphabet: row by row, a break between rows."""
    rows = [row for grid in task.grids for row in grid[:, task.stream.lanes].T]
    ended = [np.append(row, task.alphabet) for row in rows]
    return np.concatenate(ended)[:-1].astype(np.int64), task.alphabet + 1

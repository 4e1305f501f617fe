"""New drums, bar by bar: the stream that `play` sends out and `export` writes down."""

from collections import Counter
from collections.abc import Iterator
from copy import copy
from typing import NamedTuple

import numpy as np

from sparseq.engine.config import RetrievalConfig
from sparseq.engine.memory import Memory
from sparseq.engine.retriever import Retriever
from sparseq.engine.sampling import SamplingConfig
from sparseq.jobs.drums import CODE_LIMIT, stream_context, styled_cells
from sparseq.jobs.examples import Example, Examples, is_loop, lanes_of, largest_group
from sparseq.jobs.hits import Cell, HitReader
from sparseq.kernel.checks import MASK
from sparseq.kernel.philox import philox4x32
from sparseq.music.grid import DrumGrid, GridBar, Hit

RETRIEVAL = RetrievalConfig(sharpness=2.0, prior_weight=1e-7, own_weight=1)
OWN_STEPS = 256
"""What the stream remembers of itself, in steps; strokes are kept as long."""


STYLE_DRAW = 2
"""The last word of the counter that the style is drawn with; the kernel's draws have 0 and 1 there."""


class StreamSettings(NamedTuple):
    """What a person may ask of a stream: seed (0 to 2**64 - 1), sampling temperature, tempo in bpm or as the loops."""

    seed: int = 0
    temperature: float = 1.0
    bpm: float | None = None


class DrumStream:
    """An endless drum part.

    Parameters
    ----------
    examples : Examples
        Loops; those of the most common meter and resolution are used, `examples` tells which.
    settings : StreamSettings
        Seed, temperature, tempo.

    Attributes
    ----------
    examples : Examples
        What is used, and what is left out and why.
    lanes : tuple of str
        Drum lanes, decided in this order within a step.
    style : str
        The style that the stream keeps to, drawn by the seed where the loops have several; "" where none is known.
    """

    def __init__(self, examples: Examples, settings: StreamSettings) -> None:
        self.examples = largest_group(examples, _count, "counted in another meter or resolution than most")
        self.lanes = lanes_of(example.score for example in self.examples.used)
        self.steps_per_beat = self.examples.used[0].steps_per_beat
        self._grids = [example.grid(self.lanes) for example in self.examples.used]
        self._bar = self._grids[0].bars[0]
        self._styles = sorted({example.style for example in self.examples.used})
        self._context = stream_context(len(self.lanes), self.steps_per_beat, self._bar.length_steps)
        self._memory = Memory(self._context.heads, CODE_LIMIT, RETRIEVAL)
        for example, grid in zip(self.examples.used, self._grids, strict=True):
            style = self._styles.index(example.style)
            self._memory.add(styled_cells(grid, style), self._context, loop=is_loop(grid))
        self._reader = HitReader(self._memory, self._grids, len(self.lanes) + 2)
        self._begin(settings)

    def _begin(self, settings: StreamSettings) -> None:
        """Stand at the start of a stream with these settings."""
        self._settings = settings
        self.style = self._drawn_style()
        sampling = SamplingConfig(temperature=settings.temperature)
        self._retriever = Retriever(
            self._memory, self._context, sampling=sampling, seed=settings.seed, own_capacity_steps=OWN_STEPS
        )
        self._hits: dict[Cell, tuple[Hit, ...]] = {}
        self._leaned_on: Counter[int] = Counter()

    def _drawn_style(self) -> str:
        """Return the style of one example, each being as likely as the other."""
        word = philox4x32(self._settings.seed, 0, 0, 0, STYLE_DRAW)
        return self.examples.used[word[0] * len(self.examples.used) >> 32].style

    def with_settings(self, settings: StreamSettings) -> "DrumStream":
        """Return another stream from the same loops, at its start; the examples are not read into memory again."""
        other = copy(self)
        other._begin(settings)
        return other

    @property
    def bpm(self) -> float:
        """Tempo: the one asked for, else that of the loop that the bars so far leaned on most."""
        if self._settings.bpm is not None:
            return self._settings.bpm
        best = max(self._leaned_on, key=lambda example: self._leaned_on[example], default=0)
        return self.examples.used[best].bpm

    @property
    def meter(self) -> tuple[int, int]:
        """Numerator and denominator."""
        return self._bar.numerator, self._bar.denominator

    def bars(self) -> Iterator[DrumGrid]:
        """Yield one bar after the other, each a grid of one bar; never ends."""
        while True:
            yield self.next_bar()

    def next_bar(self) -> DrumGrid:
        """Return the next bar."""
        start, length = self._retriever.n_steps, self._bar.length_steps
        columns = np.full((length, len(self.lanes) + 2), MASK, np.uint16)
        columns[:, -2] = np.arange(length)
        columns[:, -1] = self._styles.index(self.style)
        decided = self._retriever.step(columns)
        tokens = decided.cells_tl[:, :-2].astype(np.uint8)
        hits = {}
        for step, lane in np.argwhere(tokens).tolist():
            origin = int(decided.origins_tl[step, lane])
            self._lean(origin)
            hits[step, lane] = self._reader.hits(origin, self._hits, self.lanes[lane])
            self._hits[start + step, lane] = hits[step, lane]
        self._forget(start + length - OWN_STEPS)
        bar = GridBar(1, 0, length, self._bar.numerator, self._bar.denominator)
        return DrumGrid(tokens, self.lanes, hits, self.steps_per_beat, (bar,))

    def _lean(self, origin: int) -> None:
        if origin >= 0:
            self._leaned_on[self._memory.place(origin).example] += 1

    def _forget(self, before_step: int) -> None:
        """Drop the strokes that own memory has evicted."""
        for cell in [cell for cell in self._hits if cell[0] < before_step]:
            del self._hits[cell]


def _count(example: Example) -> tuple[tuple[int, int], int]:
    return example.meter, example.steps_per_beat

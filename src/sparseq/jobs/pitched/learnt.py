"""What the filler of pitched parts goes by: memories of deeds and of pitches, and where their cells look."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import Context
from sparseq.engine.memory import Memory
from sparseq.jobs.pitched.cells import ALPHABET, Cells, voice_cells
from sparseq.jobs.pitched.context import PitchWeights, deed_context, pitch_context, usual_bar
from sparseq.jobs.pitched.examples import PitchedExample
from sparseq.jobs.pitched.harmony import moved_cells
from sparseq.jobs.pitched.hole import PitchedHole
from sparseq.music.grid import GridBar
from sparseq.music.layout import VOICE

SHARPNESS = 1.5
PRIORS = 1e-6, 1e-30
"""Mass of what no example does: any deed is possible, a pitch that is never played only where all others are barred."""
FOLLOWING = PitchWeights(harmony=10.0)
"""Where a person says what the chords are, they count before all else: the piece's own bars over others do not."""
LOOP_BARS = 8


class Learnt:
    """Memories for a hole, of deeds and of pitches.

    Parameters
    ----------
    hole : PitchedHole
        What they are for.
    unlike_bars : float64 ndarray of shape (A, A)
        How unlike each bar is to each other, by their codes.
    examples : sequence of PitchedExample
        Loops on the hole's lanes.
    own_weight : int
        What a row of the piece itself counts beside a row of an example.

    Attributes
    ----------
    contexts : tuple of Context
        Where the deeds of the hole look, and where its pitches do.
    memories : tuple of Memory
        What is remembered of deeds, and of pitches.
    examples : tuple of PitchedExample
        All that the memories hold, in their order.
    """

    def __init__(
        self,
        hole: PitchedHole,
        unlike_bars: npt.NDArray[np.float64],
        examples: Sequence[PitchedExample],
        own_weight: int,
    ) -> None:
        self._hole, self._unlike = hole, unlike_bars
        self._lanes = [hole.grid.lanes[lane] for lane in hole.grid.indices(kind=VOICE)]
        self.contexts = self._contexts_for(hole.grid.steps_per_beat, hole.grid.bars)
        deeds, pitches = (
            Memory(context.heads, ALPHABET, RetrievalConfig(SHARPNESS, prior, own_weight))
            for context, prior in zip(self.contexts, PRIORS, strict=True)
        )
        self.memories = deeds, pitches
        self.examples = tuple(examples)
        self._learn(examples)

    def learn_moved(self, known_tl: Cells) -> None:
        """Learn from the piece itself on all other degrees, so that it can follow chords that it never plays."""
        own = PitchedExample("", self._hole.grid)
        for cells in moved_cells(known_tl, len(self._lanes)):
            for memory, context in zip(self.memories, self.contexts, strict=True):
                memory.add(cells, context)
            self.examples += (own,)

    def _learn(self, examples: Sequence[PitchedExample]) -> None:
        alike: dict[tuple[int, int], tuple[Context, Context]] = {}  # most loops are counted alike
        for _, grid in examples:
            counted = grid.steps_per_beat, usual_bar(grid.bars)
            if counted not in alike:
                alike[counted] = self._contexts_for(grid.steps_per_beat, grid.bars)
            cells = voice_cells(grid)
            for memory, context in zip(self.memories, alike[counted], strict=True):
                memory.add(cells, context, loop=len(grid.bars) <= LOOP_BARS, ends=False)

    def _contexts_for(self, steps_per_beat: int, bars: Sequence[GridBar]) -> tuple[Context, Context]:
        counts = steps_per_beat, usual_bar(bars)
        how = FOLLOWING if self._hole.chords_given else PitchWeights()
        return (
            deed_context(self._lanes, counts, self._unlike),
            pitch_context(self._lanes, counts, self._unlike, how),
        )

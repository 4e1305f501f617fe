"""Answers to what somebody plays: every phrase is an example at once, and is gone on with or varied in kind."""

from __future__ import annotations

import enum
from collections import Counter, deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import Context, Slot, make_context
from sparseq.engine.memory import Memory
from sparseq.engine.retriever import Retriever
from sparseq.engine.sampling import SamplingConfig
from sparseq.kernel.checks import MASK
from sparseq.music.decode import place_hits
from sparseq.music.grid import GridBar, Hit
from sparseq.music.pitched import (
    FIRST_ONSET,
    HOLD,
    N_PITCH_TOKENS,
    REST,
    VoiceGrid,
    encode_voices,
    holds_of,
    pitch_distances,
    reshaped,
    token_pitch,
)
from sparseq.music.score import Note, without_overlaps
from sparseq.music.units import PPQ
from sparseq.realtime.listen import Phrase, PlayedNote

RETRIEVAL = RetrievalConfig(sharpness=1.2, prior_weight=1e-7, own_weight=1)
"""Mild: an answer that knew one phrase and followed it closely would be that phrase again."""
KEPT_PHRASES = 64
"""So many phrases of a channel are remembered; older ones are forgotten."""
MOST_BARS = 8
"""An answer is as long as what it answers, up to this."""
MOST_VOICES = 6
_PLAIN = Hit(60, 80, 0, PPQ // 8)


class Way(enum.Enum):
    """How to answer."""

    CONTINUE = "continue"  # go on from the end of the phrase
    VARY = "vary"  # begin as the phrase began, and go another way


class Meter(NamedTuple):
    """How bars are counted: steps in a quarter note and in a bar, and what the meter is called."""

    steps_per_beat: int
    bar_steps: int
    numerator: int
    denominator: int

    def bars(self, count: int) -> tuple[GridBar, ...]:
        """Return so many bars."""
        return tuple(
            GridBar(index + 1, index * self.bar_steps, self.bar_steps, self.numerator, self.denominator)
            for index in range(count)
        )

    @property
    def bar_ticks(self) -> int:
        """Length of a bar in ticks."""
        return self.bar_steps * PPQ // self.steps_per_beat


class Answer(NamedTuple):
    """One channel of an answer: its notes on a grid."""

    channel: int
    grid: VoiceGrid

    def notes(self) -> tuple[Note, ...]:
        """Return its notes, at `PPQ`, in order of onset."""
        return tuple(without_overlaps(place_hits(self.grid.hits, self.grid.steps_per_beat, PPQ, channel=self.channel)))


class _Heard(NamedTuple):
    """A phrase from its first note on, and the step in the bar where that is."""

    grid: VoiceGrid
    phase: int


class Answerer:
    """Remembers phrases and answers them.

    Parameters
    ----------
    meter : Meter
        How bars are counted.
    seed : int
        0 to 2**64 - 1; the same phrases get the same answers.
    way : Way
        How to answer.

    Attributes
    ----------
    temperature : float
        Above 0; of sampling, may be set between answers.
    """

    def __init__(self, meter: Meter, seed: int = 0, way: Way = Way.CONTINUE, temperature: float = 1.0) -> None:
        self._meter, self._seed, self._way = meter, seed, way
        self._phrases: dict[int, deque[_Heard]] = {}
        self._answers = 0
        self.temperature = temperature

    @property
    def n_phrases(self) -> int:
        """How many phrases are remembered, channel by channel."""
        return sum(map(len, self._phrases.values()))

    def answer(self, phrase: Phrase) -> tuple[Answer, ...]:
        """Remember a phrase, and return the answer to it, a part for each channel that it was played on.

        The phrase itself is only read.
        """
        answers = []
        for channel in sorted({note.channel for note in phrase.notes}):
            heard = self._heard([note for note in phrase.notes if note.channel == channel])
            self._phrases.setdefault(channel, deque(maxlen=KEPT_PHRASES)).append(heard)
            n_bars = -(-len(heard.grid.tokens_tv) // self._meter.bar_steps)
            answers.append(Answer(channel, self._written(channel, heard, min(n_bars, MOST_BARS))))
        self._answers += 1
        return tuple(answers)

    def _heard(self, played: Sequence[PlayedNote]) -> _Heard:
        """Put the notes of one channel on a grid that begins with the first; their strokes stay as they were."""
        meter, beat = self._meter, self._meter.steps_per_beat
        step_ticks = PPQ // beat
        most = (step_ticks - 1) // 2  # so far beside its step a stroke still belongs to it
        steps = [note.bar_index * meter.bar_steps + note.step for note in played]
        first, offsets = min(steps), [min(max(note.offset_ticks, -most), most) for note in played]
        notes = [
            Note(
                max(0, (step - first) * step_ticks + offset),
                note.duration_ticks,
                note.pitch,
                note.velocity,
                note.channel,
                0,
            )
            for note, step, offset in zip(played, steps, offsets, strict=True)
        ]
        last = max(max(steps), min(first + max(note.end_ticks for note in notes) // step_ticks, max(steps) + beat))
        n_steps = -(-(last + 1) // meter.bar_steps) * meter.bar_steps - first  # an answer begins with a bar line
        bar = GridBar(1, 0, n_steps, meter.numerator, meter.denominator)
        grid = encode_voices(sorted(notes), PPQ, (bar,), beat, max_voices=MOST_VOICES)
        return _Heard(grid, first % meter.bar_steps)

    def _written(self, channel: int, asked: _Heard, n_bars: int) -> VoiceGrid:
        known = list(self._phrases[channel])
        n_voices = max(heard.grid.tokens_tv.shape[1] for heard in known)
        writer = _Writer(known, n_voices, self._meter, self._seed + self._answers, self.temperature)
        if self._way is Way.CONTINUE:
            writer.feed(asked)
        return writer.write(n_bars)


class _Writer:
    """Writes one channel of one answer."""

    def __init__(self, known: Sequence[_Heard], n_voices: int, meter: Meter, seed: int, temperature: float) -> None:
        self._known, self._n_voices, self._meter = known, n_voices, meter
        context = _context(n_voices, meter)
        self._memory = Memory(context.heads, max(N_PITCH_TOKENS, meter.bar_steps), RETRIEVAL)
        for heard in known:
            self._memory.add(self._cells(heard), context, loop=True)  # a phrase that is played again begins anew
        sampling = SamplingConfig(temperature=temperature)
        self._retriever = Retriever(self._memory, context, sampling=sampling, seed=seed % 2**64)
        self._hits: dict[tuple[int, int], tuple[Hit, ...]] = {}
        allowed = np.zeros(N_PITCH_TOKENS, np.uint8)
        allowed[np.unique(np.concatenate([heard.grid.tokens_tv.ravel() for heard in known]))] = 1
        allowed[[REST, HOLD]] = 1, 0  # what is held is given, not drawn
        self._allowed = np.ascontiguousarray(np.tile(allowed, (n_voices + 1, 1)))

    def feed(self, heard: _Heard) -> None:
        """Take a phrase for what was written before."""
        self._retriever.feed(self._cells(heard))
        self._hits = dict(heard.grid.hits)

    def write(self, n_bars: int) -> VoiceGrid:
        """Return so many bars, beginning with a bar."""
        start, n_steps = self._retriever.n_steps, n_bars * self._meter.bar_steps
        tokens = np.zeros((n_steps, self._n_voices), np.uint8)
        hits: dict[tuple[int, int], tuple[Hit, ...]] = {}
        holding: Counter[int] = Counter()
        for step in range(n_steps):
            column = np.full((1, self._n_voices + 1), MASK, np.uint16)
            column[0, -1] = step % self._meter.bar_steps
            for voice in +holding:
                column[0, voice] = HOLD
                holding[voice] -= 1
            decided = self._retriever.step(column, allowed=self._allowed)
            tokens[step] = decided.cells_tl[0, :-1]
            for voice in np.flatnonzero(tokens[step] >= FIRST_ONSET).tolist():
                source, holds = self._source(int(decided.origins_tl[0, voice]))
                holds = min(holds, n_steps - step - 1)
                pitch = min(max(token_pitch(int(tokens[step, voice])), 0), 127)
                new = reshaped(source, pitch, holds, self._meter.steps_per_beat)
                hits[step, voice] = self._hits[start + step, voice] = new
                holding[voice] = holds
        return VoiceGrid(tokens, hits, self._meter.steps_per_beat, self._meter.bars(n_bars))

    def _source(self, origin: int) -> tuple[tuple[Hit, ...], int]:
        """Return the notes at an origin, and how many steps they are held."""
        if origin >= 0:
            place = self._memory.place(origin)
            found = self._known[place.example].grid.hits.get((place.step, place.lane), ())
        else:
            found = self._hits.get(divmod(-1 - origin, self._n_voices + 1), ())
        source = found or (_PLAIN,)
        return source, max(holds_of(hit, self._meter.steps_per_beat) for hit in source)

    def _cells(self, heard: _Heard) -> NDArray[np.uint16]:
        """Return a phrase's tokens, rests in the voices that it does not have, and the step in the bar."""
        n_steps, n_voices = heard.grid.tokens_tv.shape
        silent = np.zeros((n_steps, self._n_voices - n_voices), np.uint16)
        steps = (np.arange(n_steps) + heard.phase) % self._meter.bar_steps
        return np.column_stack([heard.grid.tokens_tv, silent, steps]).astype(np.uint16)


def _context(n_voices: int, meter: Meter) -> Context:
    """Return what each voice looks at: its own past, the others now and a step ago, the step in the bar."""
    unlike = pitch_distances()
    beat, bar = meter.steps_per_beat, meter.bar_steps
    weights = [(1, 1.5), (2, 1.0), (3, 0.7), (4, 0.5), (beat, 0.5), (2 * beat, 0.5), (bar, 1.0)]
    lanes = []
    for voice in range(n_voices):
        own = [Slot(-dt, voice, weight, unlike) for dt, weight in weights]
        now = [Slot(0, other, 1.2, unlike) for other in range(voice)]
        before = [Slot(-1, other, 0.4, unlike) for other in range(n_voices) if other != voice]
        lanes.append([*own, *now, *before, Slot(0, n_voices, 1.5)])
    return make_context([*lanes, []], [N_PITCH_TOKENS] * n_voices + [meter.bar_steps])

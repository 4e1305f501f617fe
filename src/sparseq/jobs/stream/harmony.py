"""The chords of a stream: given by a person, or streamed like any lane, ahead of all that listens to them."""

import itertools
from collections.abc import Sequence
from copy import copy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import Slot, make_context
from sparseq.engine.memory import Memory
from sparseq.engine.sampling import SamplingConfig
from sparseq.jobs.drums import CODE_LIMIT
from sparseq.jobs.stream.written import OWN_STEPS, REWIND_STEPS, another_seed, begin_retriever
from sparseq.kernel.api import NO_ORIGIN
from sparseq.kernel.checks import MASK
from sparseq.music.chords import N_CHORD_TOKENS, Chord, Progression, chord_distances, chord_token, token_chord

RETRIEVAL = RetrievalConfig(sharpness=3.0, prior_weight=1e-7, own_weight=1)
_TRITONE = 6


class Moment(NamedTuple):
    """The chord of one step, told from the tonic.

    Attributes
    ----------
    token : int
        Of the chord lane.
    root_up, bass_up : int
        Semitones from the tonic to its root and its bass note the nearest way, -6 to 5; 0 where there is no chord.
    classes : frozenset of int
        Its pitch classes above the tonic, 0 to 11; empty where there is no chord.
    """

    token: int
    root_up: int
    bass_up: int
    classes: frozenset[int]

    def clashes(self, pitch_class: int) -> bool:
        """Tell whether a pitch class above the tonic is no note of the chord, but a semitone beside one."""
        if pitch_class in self.classes:
            return False
        return any((pitch_class - other) % 12 in (1, 11) for other in self.classes)


NO_CHORD = Moment(0, 0, 0, frozenset())


def moment_of(chord: Chord | None, tonic: int) -> Moment:
    """Return a chord as it stands to a tonic, a pitch class."""
    if chord is None:
        return NO_CHORD
    classes = frozenset((pitch_class - tonic) % 12 for pitch_class in chord.classes)
    return Moment(chord_token(chord, tonic), nearest_way(chord.root - tonic), nearest_way(chord.bass - tonic), classes)


def nearest_way(semitones: int) -> int:
    """Return an interval the nearest way round the octave, -6 to 5."""
    return (semitones + _TRITONE) % 12 - _TRITONE


class HarmonySection:
    """Chords in progress, step by step, as far ahead as they are asked for.

    Parameters
    ----------
    examples : sequence of sequence of Moment
        The chords of each example, a step each.
    facts : sequence of ndarray of shape (T, 3)
        For each step of each example the step in the bar, the bar in the phrase, and the style.
    steps_per_beat, bar_steps, phrase_bars : int
        How they are counted.
    """

    def __init__(
        self,
        examples: Sequence[Sequence[Moment]],
        facts: Sequence[NDArray[np.uint16]],
        *,
        steps_per_beat: int,
        bar_steps: int,
        phrase_bars: int,
    ) -> None:
        self._examples = examples
        self._bar_steps, self._phrase_bars = bar_steps, phrase_bars
        unlike = chord_distances()
        own = [(1, 1.5), (steps_per_beat, 0.5), (bar_steps, 1.0), (2 * bar_steps, 0.5), (4 * bar_steps, 0.5)]
        slots = [Slot(-dt, 0, weight, unlike) for dt, weight in own]
        slots += [Slot(0, 1, 2.0), Slot(0, 2, 2.0), Slot(0, 3, 2.0)]
        self._context = make_context([slots, [], [], []], [N_CHORD_TOKENS, *[CODE_LIMIT] * 3])
        self._memory = Memory(self._context.heads, CODE_LIMIT, RETRIEVAL)
        for moments, fact in zip(examples, facts, strict=True):
            tokens = np.array([moment.token for moment in moments], np.uint16)
            self._memory.add(np.column_stack([tokens, fact]).astype(np.uint16), self._context, loop=True)
        self._starts = _starts(examples, facts)
        self._begin(0, 0)

    def begun(self, seed: int, style: int) -> "HarmonySection":
        """Return these chords at the start of a stream in a style; what was learnt is shared."""
        other = copy(self)
        other._begin(seed, style)
        return other

    def _begin(self, seed: int, style: int) -> None:
        self._style = style
        self._seed = seed
        self._retriever = begin_retriever(self._memory, self._context, seed)
        self._moments: dict[int, Moment] = {}
        self._given: tuple[Progression, int] | None = None
        self._sampling = SamplingConfig()

    def follow(self, progression: Progression | None, tonic: int, temperature: float) -> None:
        """Let the chords from here on be these, told from a tonic; or such as the examples have."""
        self._given = None if progression is None else (progression, tonic)
        self._sampling = SamplingConfig(temperature=temperature)

    def at(self, step: int) -> Moment:
        """Return the chord of a step, counted from the start."""
        while self._retriever.n_steps <= step:
            self._write_bar()
        return self._moments[step]

    def redraw(self, number: int) -> None:
        """Draw as from another seed from here on, one for each number."""
        self._retriever.seed = another_seed(self._seed, number)

    def rewind(self, step: int) -> None:
        """Go back to a step where a bar begins."""
        if step < self._retriever.n_steps:
            self._retriever.rewind(step)
            for later in [later for later in self._moments if later >= step]:
                del self._moments[later]

    def _write_bar(self) -> None:
        start, length = self._retriever.n_steps, self._bar_steps
        bar = start // length
        columns = np.full((length, 4), MASK, np.uint16)
        columns[:, 1] = np.arange(length)
        columns[:, 2] = bar % self._phrase_bars
        columns[:, 3] = self._style
        given = self._given_bar(bar)
        self._retriever.sampling = self._sampling
        if given:
            columns[:, 0] = [moment.token for moment in given]
            self._retriever.feed(columns)
            self._moments.update(enumerate(given, start))
        else:
            lines = sorted({0, *self._starts.get(self._style, set()), length})
            for first, stop in itertools.pairwise(lines):
                self._write_chord(start + first, columns[first:stop])
        for old in [old for old in self._moments if old < start - OWN_STEPS - REWIND_STEPS]:
            del self._moments[old]

    def _write_chord(self, start: int, columns: NDArray[np.uint16]) -> None:
        """Write one chord: drawn at its first step, and then held."""
        decided = self._retriever.step(columns[:1])
        token = int(decided.cells_tl[0, 0])
        moment = self._read(int(decided.origins_tl[0, 0]), token)
        columns[1:, 0] = token
        self._retriever.feed(columns[1:])
        self._moments.update(dict.fromkeys(range(start, start + len(columns)), moment))

    def _given_bar(self, bar: int) -> list[Moment]:
        if self._given is None:
            return []
        progression, tonic = self._given
        chords = progression.bars[bar % len(progression.bars)]
        n_steps = self._bar_steps
        return [moment_of(chords[step * len(chords) // n_steps], tonic) for step in range(n_steps)]

    def _read(self, origin: int, token: int) -> Moment:
        """Return the chord as the example that was leaned on has it, its bass note too."""
        if origin >= 0:
            place = self._memory.place(origin)
            return self._examples[place.example][place.step]
        if origin != NO_ORIGIN and (-1 - origin) // 4 in self._moments:
            return self._moments[(-1 - origin) // 4]
        return moment_of(token_chord(token), 0)


def _starts(examples: Sequence[Sequence[Moment]], facts: Sequence[NDArray[np.uint16]]) -> dict[int, set[int]]:
    """Return by style the steps of the bar at which chords change."""
    found: dict[int, set[int]] = {}
    for moments, fact in zip(examples, facts, strict=True):
        for step, (before, now) in enumerate(itertools.pairwise(moments), 1):
            if before != now:
                found.setdefault(int(fact[step, 2]), set()).add(int(fact[step, 0]))
    return found

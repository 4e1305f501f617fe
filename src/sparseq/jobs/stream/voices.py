"""The pitched parts of a stream: step by step, voice by voice, over drums and chords that are known.

Onsets of basses and chords are told from the root of the chord of their step, so that they follow chords that no
example has; those of leads from the tonic. How long a note lasts is decided when it begins: it is held as long as the
one it leaned on, so a hold is never drawn, only given.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparseq.engine.config import RetrievalConfig
from sparseq.engine.memory import Memory
from sparseq.engine.sampling import SamplingConfig
from sparseq.jobs.drums import CODE_LIMIT
from sparseq.jobs.stream.contexts import GIVEN, VoiceLane, voice_context
from sparseq.jobs.stream.copying import COPIED_BARS, CopyWatch
from sparseq.jobs.stream.harmony import Moment
from sparseq.jobs.stream.written import REWIND_STEPS, Written, another_seed, begin_retriever, forget, forget_from
from sparseq.kernel.api import NO_ORIGIN
from sparseq.kernel.checks import MASK
from sparseq.music.grid import Hit
from sparseq.music.parts import BASS, LEAD
from sparseq.music.pitched import (
    FIRST_ONSET,
    HOLD,
    N_PITCH_TOKENS,
    REST,
    moved_tokens,
    reshaped,
    token_mask,
    token_pitch,
)
from sparseq.music.units import PPQ

RETRIEVAL = RetrievalConfig(sharpness=1.5, prior_weight=1e-7, own_weight=1)
MOST_CHANGES = 4
"""So many notes of a bar are drawn anew, at most, to keep parts from playing a loop through."""
_OCTAVES = (0, -12, 12)
PLAIN_VELOCITY = 80
"""For an onset that no example holds."""

PitchesOf = Callable[[VoiceLane, Moment], NDArray[np.bool_]]
"""Which pitches a voice may play on a chord: bool ndarray of shape (128,)."""


class VoiceExample(NamedTuple):
    """One example as the voices learn it.

    Attributes
    ----------
    tokens_tv : uint16 ndarray of shape (T, V)
        Tokens told from the tonic; `MASK` in the lanes of parts that it does not have.
    hits : mapping of (int, int) to tuple of Hit
        Its notes by step and voice lane.
    drums_td : uint16 ndarray of shape (T, D)
        Its drums; `MASK` where it has none.
    moments : sequence of Moment
        Its chord at each step.
    facts : uint16 ndarray of shape (T, 3)
        Step in the bar, bar in the phrase, style.
    is_loop : bool
        Whether it goes round.
    """

    tokens_tv: NDArray[np.uint16]
    hits: Mapping[tuple[int, int], tuple[Hit, ...]]
    drums_td: NDArray[np.uint16]
    moments: Sequence[Moment]
    facts: NDArray[np.uint16]
    is_loop: bool


class Over(NamedTuple):
    """What a bar of the voices is written over, and how.

    Attributes
    ----------
    drums_td : uint16 ndarray of shape (T, D)
        The bar of the drums.
    chord_at : callable
        Returns the chord of a step counted from the start of the stream.
    phrase, style : int
        The bar in the phrase, the style.
    shift : int
        The movable zero of the tokens.
    pitches_of : callable
        Which pitches a voice may play.
    sampling : SamplingConfig
        How tokens are drawn.
    by_octaves : bool
        Whether what would lie where a voice may not play moves there by an octave: the chords are not those of the
        loops, and on another root a voicing may lie too high or too low.
    """

    drums_td: NDArray[np.uint16]
    chord_at: Callable[[int], Moment]
    phrase: int
    style: int
    shift: int
    pitches_of: PitchesOf
    sampling: SamplingConfig
    by_octaves: bool = False


class VoiceSection:
    """Pitched parts in progress.

    Parameters
    ----------
    voices : sequence of VoiceLane
        Decided in this order within a step.
    drums : sequence of str
        Drum lanes that they hear.
    examples : sequence of VoiceExample
        What they learn from.
    steps_per_beat, bar_steps : int
        How they are counted.
    """

    def __init__(
        self,
        voices: Sequence[VoiceLane],
        drums: Sequence[str],
        examples: Sequence[VoiceExample],
        *,
        steps_per_beat: int,
        bar_steps: int,
    ) -> None:
        self.voices, self._examples = tuple(voices), examples
        self._steps_per_beat, self._bar_steps = steps_per_beat, bar_steps
        self._n_lanes = len(voices) + len(drums) + len(GIVEN)
        self._context = voice_context(voices, drums, steps_per_beat, bar_steps)
        self._memory = Memory(self._context.heads, CODE_LIMIT, RETRIEVAL)
        self._cells = [_cells(voices, example) for example in examples]
        for example, cells in zip(examples, self._cells, strict=True):
            self._memory.add(cells, self._context, loop=example.is_loop)
        self._watched = self._watches()
        self._begin(0)

    def _watches(self) -> list[tuple[list[int], CopyWatch]]:
        """Return the lanes of each line, and who watches them; chords follow the harmony, which is nobody's own."""
        parts = dict.fromkeys(voice.part for voice in self.voices if voice.kind in (BASS, LEAD))
        watched = []
        for part in parts:
            lanes = [lane for lane, voice in enumerate(self.voices) if voice.part == part]
            having = [each for each in self._examples if (each.tokens_tv[:, lanes] != MASK).all()]
            loops, goes_round = [each.tokens_tv[:, lanes] for each in having], [each.is_loop for each in having]
            watched.append((lanes, CopyWatch(loops, goes_round, COPIED_BARS * self._bar_steps)))
        return watched

    def begun(self, seed: int) -> "VoiceSection":
        """Return these voices at the start of a stream; what was learnt is shared."""
        other = copy(self)
        other._begin(seed)
        return other

    def _begin(self, seed: int) -> None:
        self._seed = seed
        self._retriever = begin_retriever(self._memory, self._context, seed)
        self._hits: dict[tuple[int, int], tuple[Hit, ...]] = {}
        self._holds: dict[tuple[int, int], int] = {}
        self._free_from = [0] * len(self.voices)
        self._allowed: dict[tuple[int, Moment], NDArray[np.uint8]] = {}
        self._playable: dict[tuple[int, Moment], NDArray[np.bool_]] = {}  # the pitches that these stand for
        self._over: Over | None = None
        self._past = np.zeros((0, len(self.voices)), np.uint16)
        self._drawn_tv = np.zeros((self._bar_steps, len(self.voices)), np.uint16)
        self._logp_tv = np.zeros(self._drawn_tv.shape)
        self._barred: set[tuple[int, int, int]] = set()

    def write(self, over: Over, given: Mapping[int, Written]) -> Written:
        """Return the next bar; `given` says by lane a bar that it is to take over."""
        if self._over is None or over.pitches_of is not self._over.pitches_of or over.shift != self._over.shift:
            self._allowed.clear()
        self._over = over
        self._retriever.sampling = over.sampling
        self._barred = set()
        start, written = self._retriever.n_steps, self._write_bar(given)
        while len(self._barred) < MOST_CHANGES and (cell := self._copied(written, given)):
            self._barred.add(cell)
            self._go_back(start)
            written = self._write_bar(given)
        self._past = np.concatenate([self._past, written.tokens_tl])[-self._past_steps :]
        forget(self._hits, self._retriever.n_steps)
        forget(self._holds, self._retriever.n_steps)
        return written

    @property
    def _past_steps(self) -> int:
        return COPIED_BARS * self._bar_steps + REWIND_STEPS

    def _write_bar(self, given: Mapping[int, Written]) -> Written:
        written = Written(np.zeros((self._bar_steps, len(self.voices)), np.uint16), {}, [])
        for step in range(self._bar_steps):
            self._write_step(step, written, given)
        return written

    def _copied(self, written: Written, given: Mapping[int, Written]) -> tuple[int, int, int] | None:
        """Return step, lane and drawn token of the least certain note with which a part plays a loop through.

        The first beat is left alone: where a line has nothing else it only says where the harmony is.
        """
        for lanes, watch in self._watched:
            stop = watch.end_of_copy(self._past[:, lanes], written.tokens_tl[:, lanes])
            notes = [
                (self._logp_tv[step, lane], step, lane)
                for step in range(1, stop)
                for lane in lanes
                if lane not in given and written.tokens_tl[step, lane] >= FIRST_ONSET
            ]
            if notes:
                _, step, lane = min(notes)
                return step, lane, int(self._drawn_tv[step, lane])
        return None

    def redraw(self, number: int) -> None:
        """Draw as from another seed from here on, one for each number."""
        self._retriever.seed = another_seed(self._seed, number)

    def rewind(self, step: int) -> None:
        """Go back to a step where a bar begins, as if nothing from there on had been written."""
        self._past = self._past[: max(len(self._past) - (self._retriever.n_steps - step), 0)]
        self._go_back(step)

    def _go_back(self, step: int) -> None:
        self._retriever.rewind(step)
        forget_from(self._hits, step)
        forget_from(self._holds, step)
        self._free_from = [0] * len(self.voices)
        for (began, lane), holds in self._holds.items():
            self._free_from[lane] = max(self._free_from[lane], began + holds + 1)

    def _write_step(self, step: int, written: Written, given: Mapping[int, Written]) -> None:
        over, now = self._over, self._retriever.n_steps
        assert over is not None, "a bar is being written"
        moment = over.chord_at(now)
        column = np.full((1, self._n_lanes), MASK, np.uint16)
        for lane, voice in enumerate(self.voices):
            if lane in given:
                tokens = given[lane].tokens_tl[step : step + 1, lane]
                column[0, lane] = moved_tokens(tokens, np.array([-_root_up(voice, moment)]))[0]
            elif now < self._free_from[lane]:
                column[0, lane] = HOLD
        column[0, len(self.voices) : -len(GIVEN)] = over.drums_td[step]
        column[0, -len(GIVEN) :] = moment.token, step, over.phrase, over.style
        allowed = np.ones((self._n_lanes, N_PITCH_TOKENS), np.uint8)
        for lane in range(len(self.voices)):
            allowed[lane] = self._allowed_tokens(lane, moment)
        for barred_step, lane, token in self._barred:
            if barred_step == step:
                allowed[lane, token] = 0
        decided = self._retriever.step(column, allowed=allowed)
        self._drawn_tv[step] = decided.cells_tl[0, : len(self.voices)]
        self._logp_tv[step] = decided.logp_tl[0, : len(self.voices)]
        struck: dict[str, int] = {}
        octaves = self._octaves(decided.cells_tl[0], moment, given)
        for lane, voice in enumerate(self.voices):
            token = int(decided.cells_tl[0, lane])
            written.tokens_tl[step, lane] = token
            if token >= FIRST_ONSET:
                written.tokens_tl[step, lane] = token + _root_up(voice, moment) + octaves[lane]
                if lane in given:
                    hits, holds = given[lane].hits[step, lane], _run(given[lane].tokens_tl[:, lane], step)
                else:
                    origin = self._together(struck, lane, token, int(decided.origins_tl[0, lane]))
                    hits, holds = self._begin_note(now, lane, token + octaves[lane], origin, written)
                written.hits[step, lane] = self._hits[now, lane] = hits
                self._holds[now, lane] = holds
                self._free_from[lane] = now + holds + 1

    def _allowed_tokens(self, lane: int, moment: Moment) -> NDArray[np.uint8]:
        """Return what may be drawn: rests, and onsets of pitches that may be played; holds are given, not drawn."""
        found = self._allowed.get((lane, moment))
        if found is None:
            assert self._over is not None, "a bar is being written"
            voice = self.voices[lane]
            shift = self._over.shift + _root_up(voice, moment)
            pitches = self._playable[lane, moment] = self._over.pitches_of(voice, moment)
            if self._over.by_octaves:
                pitches = np.any([_moved(pitches, octave) for octave in _OCTAVES], axis=0)
            found = token_mask(pitches, shift).astype(np.uint8)
            found[HOLD] = 0
            self._allowed[lane, moment] = found
        return found

    def _octaves(self, tokens_l: NDArray[np.uint16], moment: Moment, given: Mapping[int, Written]) -> list[int]:
        """Return by how many semitones the onsets of each voice move: those of one part together, if they can."""
        assert self._over is not None, "a bar is being written"
        out = [0] * len(self.voices)
        if not self._over.by_octaves:
            return out
        for part in dict.fromkeys(voice.part for voice in self.voices):
            fits = {
                lane: self._fitting_octaves(lane, int(tokens_l[lane]), moment)
                for lane, voice in enumerate(self.voices)
                if voice.part == part and lane not in given and tokens_l[lane] >= FIRST_ONSET
            }
            together = [octave for octave in _OCTAVES if all(octave in found for found in fits.values())]
            for lane, found in fits.items():
                out[lane] = together[0] if together else found[0]
        return out

    def _fitting_octaves(self, lane: int, token: int, moment: Moment) -> list[int]:
        """Return the octaves, nearest first, that bring an onset to a pitch that its voice may play."""
        assert self._over is not None, "a bar is being written"
        allowed = self._playable[lane, moment]
        pitch = token_pitch(token, self._over.shift + _root_up(self.voices[lane], moment))
        return [octave for octave in _OCTAVES if 0 <= pitch + octave < len(allowed) and allowed[pitch + octave]]

    def _together(self, struck: dict[str, int], lane: int, token: int, origin: int) -> int:
        """Return the origin of an onset: that of the voice above if it holds this note too, so that chords are one."""
        part = self.voices[lane].part
        if part in struck:
            place = self._memory.place(struck[part])
            if self._cells[place.example][place.step, lane] == token:
                return struck[part] - place.lane + lane
        elif origin >= 0:
            struck[part] = origin
        return origin

    def _begin_note(
        self, now: int, lane: int, token: int, origin: int, written: Written
    ) -> tuple[tuple[Hit, ...], int]:
        """Return the notes of an onset, played and held as what it leaned on, and how many steps they are held."""
        assert self._over is not None, "a bar is being written"
        moment = self._over.chord_at(now)
        pitch = token_pitch(token, self._over.shift + _root_up(self.voices[lane], moment))
        source, holds, moments = self._source(origin, written)
        holds = self._until_clash(now, (pitch - self._over.shift) % 12, holds, moments)
        return reshaped(source, pitch, holds, self._steps_per_beat), holds

    def _source(self, origin: int, written: Written) -> tuple[tuple[Hit, ...], int, Sequence[Moment]]:
        """Return the notes at an origin, how many steps they are held, and the chords from there on."""
        if origin >= 0:
            place = self._memory.place(origin)
            example = self._examples[place.example]
            written.leaned_on.append(place.example)
            hits = example.hits.get((place.step, place.lane), ())
            if hits:
                return hits, _run(example.tokens_tv[:, place.lane], place.step), example.moments[place.step :]
        elif origin != NO_ORIGIN:
            own = divmod(-1 - origin, self._n_lanes)
            if own in self._hits:
                return self._hits[own], self._holds[own], ()
        return (Hit(60, PLAIN_VELOCITY, 0, PPQ // self._steps_per_beat),), 0, ()

    def _until_clash(self, now: int, pitch_class: int, holds: int, moments: Sequence[Moment]) -> int:
        """Return how many steps a note can be held: to a chord that it clashes with, but for one it was held over."""
        assert self._over is not None, "a bar is being written"
        first = self._over.chord_at(now)
        for ahead in range(1, holds + 1):
            moment = self._over.chord_at(now + ahead)
            as_it_was = ahead < len(moments) and moment.token == moments[ahead].token
            if moment.token != first.token and not as_it_was and moment.clashes(pitch_class):
                return ahead - 1
        return holds


def _cells(voices: Sequence[VoiceLane], example: VoiceExample) -> NDArray[np.uint16]:
    """Return an example's cells: voices told from roots where they are, drums, and the lanes of `GIVEN`."""
    columns = []
    for lane, voice in enumerate(voices):
        up_t = -np.array([_root_up(voice, moment) for moment in example.moments])
        tokens = example.tokens_tv[:, lane]
        columns.append(np.where(tokens == MASK, MASK, moved_tokens(np.where(tokens == MASK, REST, tokens), up_t)))
    chords = np.array([moment.token for moment in example.moments])
    return np.column_stack([*columns, example.drums_td, chords, example.facts]).astype(np.uint16)


def _root_up(voice: VoiceLane, moment: Moment) -> int:
    """Return how far above the tonic a voice's onsets are told from."""
    if voice.kind == LEAD:
        return 0
    return moment.bass_up if voice.kind == BASS else moment.root_up


def _run(tokens_t: NDArray[np.uint16], step: int) -> int:
    """Return how many holds follow an onset."""
    behind = np.flatnonzero(tokens_t[step + 1 :] != HOLD)
    return int(behind[0]) if len(behind) else len(tokens_t) - step - 1


def _moved(pitches: NDArray[np.bool_], octave: int) -> NDArray[np.bool_]:
    """Return the pitches that come to these by an octave."""
    out = np.zeros_like(pitches)
    first, last = max(-octave, 0), len(pitches) - max(octave, 0)
    out[first:last] = pitches[first + octave : last + octave]
    return out

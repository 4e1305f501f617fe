"""The pitched parts of a stream: step by step, voice by voice, over drums and chords that are known.

Onsets of basses and chords are told from the root of the chord of their step, so that they follow chords that no
example has; those of leads from the tonic. How long a note lasts is decided when it begins: it is held as long as the
one it leaned on, so a hold is never drawn, only given.
"""

from collections.abc import Collection, Mapping, Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

from sparseq.engine.config import RetrievalConfig
from sparseq.engine.grid import Grid
from sparseq.engine.memory import Memory
from sparseq.jobs.drums import CODE_LIMIT
from sparseq.jobs.stream.contexts import GIVEN, VoiceLane, voice_context
from sparseq.jobs.stream.copying import COPIED_BARS, CopyWatch
from sparseq.jobs.stream.harmony import Moment
from sparseq.jobs.stream.over import Over
from sparseq.jobs.stream.playable import Playable
from sparseq.jobs.stream.voice_examples import VoiceExample, example_cells, held_steps, root_up
from sparseq.jobs.stream.voice_notes import VoiceNotes, beside
from sparseq.jobs.stream.written import (
    REWIND_STEPS,
    Written,
    another_seed,
    begin_retriever,
    decided_again,
    past_before,
)
from sparseq.kernel.api import NO_ORIGIN
from sparseq.kernel.checks import MASK
from sparseq.music.grid import Hit
from sparseq.music.parts import BASS, CHORDS, LEAD
from sparseq.music.pitched import (
    FIRST_ONSET,
    HOLD,
    N_PITCH_TOKENS,
    REST,
    moved_tokens,
    reshaped,
    token_pitch,
)

RETRIEVAL = RetrievalConfig(sharpness=1.5, prior_weight=1e-7, own_weight=1)
MOST_CHANGES = 4
"""So many notes of a bar are drawn anew, at most, to keep parts from playing a loop through."""


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
    backed : collection of str
        Names of parts that are there already, see `voice_context`.
    """

    def __init__(
        self,
        voices: Sequence[VoiceLane],
        drums: Sequence[str],
        examples: Sequence[VoiceExample],
        *,
        steps_per_beat: int,
        bar_steps: int,
        backed: Collection[str] = (),
    ) -> None:
        self.voices, self._examples = tuple(voices), examples
        self._steps_per_beat, self._bar_steps = steps_per_beat, bar_steps
        self._n_lanes = len(voices) + len(drums) + len(GIVEN)
        self._context = voice_context(voices, drums, steps_per_beat, bar_steps, backed)
        self._memory = Memory(self._context.heads, CODE_LIMIT, RETRIEVAL)
        self._cells = [example_cells(voices, example) for example in examples]
        for example, cells in zip(examples, self._cells, strict=True):
            self._memory.add(cells, self._context, loop=example.is_loop)
        self._watched = self._watches()
        parts = dict.fromkeys(voice.part for voice in voices if voice.kind == CHORDS)
        self._chords = [[lane for lane, voice in enumerate(voices) if voice.part == part] for part in parts]
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
        self._notes = VoiceNotes(self._memory, self._examples, self._n_lanes, self._steps_per_beat)
        self._playable: Playable | None = None
        self._over: Over | None = None
        self._past = np.zeros((0, len(self.voices)), np.uint16)
        self._drawn_tv = np.zeros((self._bar_steps, len(self.voices)), np.uint16)
        self._logp_tv = np.zeros(self._drawn_tv.shape)
        self._barred: set[tuple[int, int, int]] = set()

    def write(self, over: Over, given: Mapping[int, Written]) -> Written:
        """Return the next bar; `given` says by lane a bar that it is to take over."""
        if self._playable is None or not self._playable.is_for(over):
            self._playable = Playable(self.voices, over)
        self._over = over
        self._retriever.sampling = over.sampling
        self._barred = set()
        start, written = self._retriever.n_steps, self._write_bar(given)
        while len(self._barred) < MOST_CHANGES and (cell := self._copied(written, given)):
            self._barred.add(cell)
            self._go_back(start)
            written = self._write_bar(given)
        self._past = np.concatenate([self._past, written.tokens_tl])[-self._past_steps :]
        self._notes.forget(self._retriever.n_steps)
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
        self._past = past_before(self._past, self._retriever.n_steps, step)
        self._go_back(step)

    def _go_back(self, step: int) -> None:
        self._retriever.rewind(step)
        self._notes.go_back(step)

    def _write_step(self, step: int, written: Written, given: Mapping[int, Written]) -> None:
        over, playable, now = self._over, self._playable, self._retriever.n_steps
        assert over is not None, "a bar is being written"
        assert playable is not None, "a bar is being written"
        moment = over.chord_at(now)
        column, allowed = self._column(now, step, moment, given), self._allowed_now(step, moment, playable)
        decided = self._as_chords(column, self._retriever.step(column, allowed=allowed), allowed)
        self._drawn_tv[step] = decided.cells_tl[0, : len(self.voices)]
        self._logp_tv[step] = decided.logp_tl[0, : len(self.voices)]
        octaves = playable.octaves(decided.cells_tl[0], moment, given)
        begun: dict[int, int] = {}
        for lane, voice in enumerate(self.voices):
            token = int(decided.cells_tl[0, lane])
            is_onset = token >= FIRST_ONSET
            written.tokens_tl[step, lane] = token + (root_up(voice, moment) + octaves[lane]) * is_onset
            if is_onset and lane in given:
                holds = held_steps(given[lane].tokens_tl[:, lane], step)
                self._keep(now, step, lane, given[lane].hits[step, lane], holds, written)
            elif is_onset:
                begun[lane] = int(decided.origins_tl[0, lane])
        self._begin_notes(now, step, begun, written)

    def _column(self, now: int, step: int, moment: Moment, given: Mapping[int, Written]) -> NDArray[np.uint16]:
        """Return what is known of a step: what is given, held notes, drums, chord and place."""
        over = self._over
        assert over is not None, "a bar is being written"
        column = np.full((1, self._n_lanes), MASK, np.uint16)
        for lane, voice in enumerate(self.voices):
            if lane in given:
                tokens = given[lane].tokens_tl[step : step + 1, lane]
                column[0, lane] = moved_tokens(tokens, np.array([-root_up(voice, moment)]))[0]
            elif self._notes.is_held(now, lane):
                column[0, lane] = HOLD
        column[0, len(self.voices) : -len(GIVEN)] = over.drums_td[step]
        column[0, -len(GIVEN) :] = moment.token, step, over.phrase, over.style
        return column

    def _allowed_now(self, step: int, moment: Moment, playable: Playable) -> NDArray[np.uint8]:
        """Return what may be drawn in a step of the bar."""
        allowed = np.ones((self._n_lanes, N_PITCH_TOKENS), np.uint8)
        for lane in range(len(self.voices)):
            allowed[lane] = playable.tokens(lane, moment)
        for barred_step, lane, token in self._barred:
            if barred_step == step:
                allowed[lane, token] = 0
        return allowed

    def _begin_notes(self, now: int, step: int, begun: Mapping[int, int], written: Written) -> None:
        """Begin notes, given by lane with the origin of each; a chord is one, struck and let go together."""
        over = self._over
        assert over is not None, "a bar is being written"
        for part in dict.fromkeys(self.voices[lane].part for lane in begun):
            mine = {lane: origin for lane, origin in begun.items() if self.voices[lane].part == part}
            notes = {lane: self._notes.leaned(origin) for lane, origin in self._together(mine).items()}
            written.leaned_on.extend(note.example for note in notes.values() if note.example is not None)
            pitches = {lane: token_pitch(int(written.tokens_tl[step, lane]), over.shift) for lane in notes}
            holds = {
                lane: note.steps_to_clash(lambda ahead: over.chord_at(now + ahead), (pitches[lane] - over.shift) % 12)
                for lane, note in notes.items()
            }
            cut = min((holds[lane] for lane, note in notes.items() if holds[lane] < note.holds), default=None)
            for lane, note in notes.items():
                held = note.holds if cut is None else min(note.holds, cut)
                self._keep(
                    now, step, lane, reshaped(note.hits, pitches[lane], held, self._steps_per_beat), held, written
                )

    def _keep(self, now: int, step: int, lane: int, hits: tuple[Hit, ...], holds: int, written: Written) -> None:
        written.hits[step, lane] = hits
        self._notes.begin(now, lane, hits, holds)

    def _as_chords(self, column: NDArray[np.uint16], decided: Grid, allowed: NDArray[np.uint8]) -> Grid:
        """Return a step as it was decided, or decided again where the voices of a chord would come apart.

        Which voices begin with the first one that is free, be it to play or to rest, is as where that one leaned; where
        it leaned nowhere, all do as it does.
        """
        for lanes in self._chords:
            first, *others = [lane for lane in lanes if column[0, lane] == MASK] or [-1]
            begins = {lane: bool(decided.cells_tl[0, lane] >= FIRST_ONSET) for lane in (first, *others)}
            wanted = dict.fromkeys(others, begins[first])
            wanted |= self._notes.beginning(int(decided.origins_tl[0, first]), others)
            torn = [lane for lane in others if begins[lane] != wanted[lane] and _may(allowed[lane], wanted[lane])]
            for lane in torn:
                allowed[lane, slice(None, FIRST_ONSET) if wanted[lane] else slice(FIRST_ONSET, None)] = 0
            if torn:
                again = decided.cells_tl.copy()
                again[0, first + 1 :] = column[0, first + 1 :]
                decided = decided_again(self._retriever, decided, again, allowed)
        return decided

    def _together(self, begun: Mapping[int, int]) -> dict[int, int]:
        """Return the origins of notes of one part: beside that of the first, where one begins there, too.

        Voices of a chord that lean on nothing of the kind lean on what the first one did.
        """
        leading = [lane for lane, origin in begun.items() if origin != NO_ORIGIN]
        if not leading:
            return dict(begun)
        first, leader = leading[0], begun[leading[0]]
        there = self._notes.beginning(leader, begun)
        is_chord = self.voices[first].kind == CHORDS
        return {
            lane: beside(leader, lane - first) if there[lane] else leader if is_chord else origin
            for lane, origin in begun.items()
        }


def _may(allowed_v: NDArray[np.uint8], begins: bool) -> bool:
    """Tell whether a voice may begin a note, or else rest."""
    return bool(allowed_v[FIRST_ONSET:].any() if begins else allowed_v[REST])

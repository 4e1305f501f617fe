"""The notes of voices in progress: which were begun, how long they are held, and what they were leaned on."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from sparseq.engine.memory import Memory
from sparseq.jobs.stream.harmony import Moment
from sparseq.jobs.stream.voice_examples import VoiceExample, held_steps
from sparseq.jobs.stream.written import forget, forget_from
from sparseq.kernel.api import NO_ORIGIN
from sparseq.kernel.checks import MASK
from sparseq.music.grid import Hit
from sparseq.music.pitched import FIRST_ONSET
from sparseq.music.units import PPQ

PLAIN_VELOCITY = 80
"""For an onset that no example holds."""


class Leaned(NamedTuple):
    """Where a note was learnt.

    Attributes
    ----------
    hits : tuple of Hit
        The notes there.
    holds : int
        How many steps they are held.
    moments : sequence of Moment
        The chords there, from the onset on; empty where they are not known.
    example : int or None
        Which example it is.
    """

    hits: tuple[Hit, ...]
    holds: int
    moments: Sequence[Moment] = ()
    example: int | None = None

    def steps_to_clash(self, moment_at: Callable[[int], Moment], pitch_class: int) -> int:
        """Return how many steps a note can be held: to a chord that it clashes with, but for one it was held over.

        Parameters
        ----------
        moment_at : callable
            Returns the chord so many steps after the onset.
        pitch_class : int
            Above the tonic.
        """
        first = moment_at(0)
        for ahead in range(1, self.holds + 1):
            moment = moment_at(ahead)
            as_it_was = ahead < len(self.moments) and moment.token == self.moments[ahead].token
            if moment.token != first.token and not as_it_was and moment.clashes(pitch_class):
                return ahead - 1
        return self.holds


class VoiceNotes:
    """Notes by step, counted from the start of the stream, and lane.

    Parameters
    ----------
    memory : Memory
        Holds the examples' cells.
    examples : sequence of VoiceExample
        In the order of the memory.
    n_lanes : int
        Lanes of the grid that own origins count cells on.
    steps_per_beat : int
        Steps per quarter note.
    """

    def __init__(self, memory: Memory, examples: Sequence[VoiceExample], n_lanes: int, steps_per_beat: int) -> None:
        self._memory, self._examples, self._n_lanes = memory, examples, n_lanes
        self._plain = (Hit(60, PLAIN_VELOCITY, 0, PPQ // steps_per_beat),)
        self._hits: dict[tuple[int, int], tuple[Hit, ...]] = {}
        self._holds: dict[tuple[int, int], int] = {}
        self._free_from: dict[int, int] = {}

    def is_held(self, step: int, lane: int) -> bool:
        """Tell whether a note that was begun before is held in a step."""
        return step < self._free_from.get(lane, 0)

    def begin(self, step: int, lane: int, hits: tuple[Hit, ...], holds: int) -> None:
        """Note what begins in a cell, and how many steps it is held."""
        self._hits[step, lane], self._holds[step, lane] = hits, holds
        self._free_from[lane] = step + holds + 1

    def forget(self, n_steps: int) -> None:
        """Drop what nobody can ask for when so many steps are written."""
        forget(self._hits, n_steps)
        forget(self._holds, n_steps)

    def go_back(self, step: int) -> None:
        """Be as if nothing from a step on had been begun."""
        forget_from(self._hits, step)
        forget_from(self._holds, step)
        self._free_from = {}
        for (began, lane), holds in self._holds.items():
            self._free_from[lane] = max(self._free_from.get(lane, 0), began + holds + 1)

    def beginning(self, origin: int, lanes: Iterable[int]) -> dict[int, bool]:
        """Return which lanes begin a note in the step of an origin; empty where it says nothing."""
        if origin >= 0:
            place = self._memory.place(origin)
            tokens = self._examples[place.example].tokens_tv[place.step]
            return {lane: bool(FIRST_ONSET <= tokens[lane] != MASK) for lane in lanes}
        if origin == NO_ORIGIN:
            return {}
        step = (-1 - origin) // self._n_lanes
        return {lane: (step, lane) in self._hits for lane in lanes}

    def leaned(self, origin: int) -> Leaned:
        """Return what was learnt at an origin."""
        if origin >= 0:
            place = self._memory.place(origin)
            example = self._examples[place.example]
            hits = example.hits.get((place.step, place.lane), ())
            if hits:
                holds = held_steps(example.tokens_tv[:, place.lane], place.step)
                return Leaned(hits, holds, example.moments[place.step :], place.example)
            return Leaned(self._plain, 0, example=place.example)
        if origin != NO_ORIGIN:
            own = divmod(-1 - origin, self._n_lanes)
            if own in self._hits:
                return Leaned(self._hits[own], self._holds[own])
        return Leaned(self._plain, 0)


def beside(origin: int, away: int) -> int:
    """Return the origin so many lanes beside another."""
    return origin + away if origin >= 0 else origin - away

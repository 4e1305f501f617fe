"""Jam: somebody plays, and is answered with the next bar line."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from sparseq.jobs.answers import Answer, Answerer, Meter, Way
from sparseq.jobs.stream import Stream
from sparseq.music.layout import VOICE, Lane, Sound
from sparseq.music.partgrid import PartGrid
from sparseq.music.parts import LEAD
from sparseq.music.pitched import N_PITCH_TOKENS
from sparseq.music.units import PPQ, RELEASE_VELOCITY
from sparseq.realtime.bar import Bar
from sparseq.realtime.clock import Clock
from sparseq.realtime.listen import Listener, Phrase
from sparseq.realtime.outputs import OutputPort
from sparseq.realtime.reports import Position
from sparseq.realtime.tape import Tape

ANSWER = "answer"
LEAD_S, LEAD_QUARTERS = 0.2, 0.5
"""So long before the bar line a turn is answered: a bar is decided on 0.1 s before the first moment that it may have an
event at, half a quarter early; the rest is for the answer to be written in."""
Event = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class JamSettings:
    """How somebody is listened to and answered.

    Attributes
    ----------
    way : Way
        Go on from the end of a phrase, or vary it.
    every_bars : int or None
        A phrase ends after so many bars; None: with a pause.
    pause_quarters : float
        How long nothing sounds before that counts as a pause, in quarter notes.
    latency_ms : float
        So much earlier than they arrive notes were played.
    thru : bool
        Whether what is played goes to the output too, as it is.
    """

    way: Way = Way.CONTINUE
    every_bars: int | None = None
    pause_quarters: float = 2.0
    latency_ms: float = 0.0
    thru: bool = False


class _Sung(NamedTuple):
    """One bar of an answer: its messages, and what is shown of it."""

    events: tuple[Event, ...]
    grid: PartGrid


class Jam:
    """Listens to somebody, and puts answers on the bars that are played; what is played is never altered.

    Parameters
    ----------
    stream : Stream
        Plays along; meter and resolution are its.
    settings : JamSettings
        How to listen and answer.
    seed : int
        Of the answers.
    position_at : callable
        Returns where the performance was at a time; `Sequencer.position_at`.
    on_word : callable
        Called with one line for a person about each answer.
    """

    def __init__(
        self,
        stream: Stream,
        settings: JamSettings,
        seed: int,
        position_at: Callable[[float], Position | None],
        on_word: Callable[[str], None],
    ) -> None:
        self._settings, self._on_word = settings, on_word
        self.meter = Meter(stream.steps_per_beat, stream.bar_steps, *stream.meter)
        self.answerer = Answerer(self.meter, seed, settings.way)
        self._listener = Listener(
            position_at,
            self._answer,
            steps_per_quarter=stream.steps_per_beat,
            every_bars=settings.every_bars,
            pause_quarters=settings.pause_quarters,
            latency_ms=settings.latency_ms,
            lead_s=LEAD_S,
            lead_quarters=LEAD_QUARTERS,
        )
        self._coming: deque[_Sung] = deque()
        self._lock = threading.Lock()

    def hear(self, time_s: float, data: bytes) -> None:
        """Take a message that somebody played; who plays on is not talked over, unless it is by turns of bars."""
        is_on = len(data) == 3 and data[0] & 0xF0 == 0x90 and data[2] > 0
        if is_on and self._settings.every_bars is None:
            with self._lock:
                self._coming.clear()
        self._listener.feed(time_s, data)

    def poll(self, now_s: float) -> None:
        """Answer if a phrase has ended; to be called every few hundredths of a second."""
        self._listener.poll(now_s)

    def dress(self, bar: Bar) -> Bar:
        """Return a bar with what is to be answered in it."""
        with self._lock:
            sung = self._coming.popleft() if self._coming else None
        if sung is None:
            return bar
        events = sorted([*bar.events, *sung.events], key=lambda event: (event[0], _is_on(event[1])))
        grid = _both(bar.tag, sung.grid) if isinstance(bar.tag, PartGrid) else sung.grid
        return replace(bar, events=tuple(events), tag=grid)

    def _answer(self, phrase: Phrase) -> None:
        answers = self.answerer.answer(phrase)
        n_bars = max(len(answer.grid.bars) for answer in answers)
        n_bars = min(n_bars, self._settings.every_bars or n_bars)  # what was struck early belongs to no bar of the turn
        with self._lock:
            self._coming = deque(_sung(answers, index, self.meter) for index in range(n_bars))
        n_notes = sum(len(answer.notes()) for answer in answers)
        self._on_word(f"heard {len(phrase.notes)} notes, answering with {n_notes} in {n_bars} bar{'s' * (n_bars > 1)}")


class Thru:
    """Passes on what somebody plays, as it is and at once, and keeps it on the tape.

    Parameters
    ----------
    port : OutputPort
        Where to.
    tape : Tape or None
        Keeps it.
    tick_at : callable
        Returns the tick of a time; `Sequencer.tick_at`.
    clock : Clock
        The time now, when it is sent.
    """

    def __init__(
        self, port: OutputPort, tape: Tape | None, tick_at: Callable[[float], int | None], clock: Clock
    ) -> None:
        self._port, self._tape, self._tick_at, self._clock = port, tape, tick_at, clock

    def hear(self, time_s: float, data: bytes) -> None:
        """Pass on one message; clock and transport are not for others."""
        if not data or data[0] >= 0xF0:
            return
        self._port.send(data, self._clock.now_s())
        tick = self._tick_at(time_s)
        if self._tape is not None and tick is not None and tick >= 0:
            self._tape.write(tick, data)


def _sung(answers: tuple[Answer, ...], index: int, meter: Meter) -> _Sung:
    """Return one bar of an answer; what begins in a bar ends by a message of the same bar, however late."""
    start = index * meter.bar_ticks
    events: list[tuple[int, int, bytes]] = []
    for answer in answers:
        for note in answer.notes():
            bar = max(0, (note.onset_ticks + meter.bar_ticks // meter.bar_steps // 2) // meter.bar_ticks)
            if bar == index:
                onset = max(note.onset_ticks - start, -PPQ // 2)
                events.append((onset, 1, bytes((0x90 | note.channel, note.pitch, note.velocity))))
                events.append(
                    (
                        max(note.end_ticks - start, onset + 1),
                        0,
                        bytes((0x80 | note.channel, note.pitch, RELEASE_VELOCITY)),
                    )
                )
    return _Sung(tuple((tick, data) for tick, _, data in sorted(events)), _grid_of(answers, index, meter))


def _grid_of(answers: tuple[Answer, ...], index: int, meter: Meter) -> PartGrid:
    """Return one bar of an answer as it is shown: a part for each channel."""
    lanes: list[Lane] = []
    columns = []
    hits = {}
    sounds: dict[str, Sound] = {}
    steps = slice(index * meter.bar_steps, (index + 1) * meter.bar_steps)
    for answer in answers:
        name = ANSWER if len(answers) == 1 else f"{ANSWER} {answer.channel + 1}"
        sounds[name] = Sound(LEAD, answer.channel, None)
        mine = answer.grid.tokens_tv[steps]
        for voice in range(mine.shape[1]):
            for (step, of_voice), found in answer.grid.hits.items():
                if of_voice == voice and steps.start <= step < steps.stop:
                    hits[step - steps.start, len(lanes)] = found
            lanes.append(Lane(f"{name}/{voice + 1}", VOICE, name, N_PITCH_TOKENS))
        columns.append(mine)
    tokens = np.column_stack(columns).astype(np.uint16)
    known = np.ones(len(lanes), bool)
    return PartGrid(tokens, tuple(lanes), known, hits, sounds, meter.steps_per_beat, meter.bars(1), None, 0)


def _both(backing: PartGrid, answer: PartGrid) -> PartGrid:
    """Return what plays along and the answer as one bar."""
    n_lanes = len(backing.lanes)
    hits = dict(backing.hits) | {(step, n_lanes + lane): found for (step, lane), found in answer.hits.items()}
    return replace(
        backing,
        tokens_tl=np.column_stack([backing.tokens_tl, answer.tokens_tl]).astype(np.uint16),
        lanes=(*backing.lanes, *answer.lanes),
        known_l=np.concatenate([backing.known_l, answer.known_l]),
        hits=hits,
        sounds={**backing.sounds, **answer.sounds},
    )


def _is_on(data: bytes) -> bool:
    return data[0] & 0xF0 == 0x90 and data[2] > 0

"""Listens to a player: notes as they come, put on the grid of the bars that are played, handed over bar by bar."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

from sparseq.errors import InputError
from sparseq.realtime.reports import Position


class PlayedNote(NamedTuple):
    """A note that somebody played.

    ``bar_index`` and ``step`` say where it belongs (0-based), ``offset_ticks`` how far from there it was struck: from
    minus half a step to half a step. ``channel`` is 0 to 15.
    """

    bar_index: int
    step: int
    offset_ticks: int
    duration_ticks: int
    pitch: int
    velocity: int
    channel: int


class Phrase(NamedTuple):
    """What was played since the last phrase, in order, and why it ends here: "bar" or "pause"."""

    notes: tuple[PlayedNote, ...]
    reason: str


class _Stroke(NamedTuple):
    """A note that was struck: when, where on the grid, how hard, and how many ticks a second has there."""

    time_s: float
    bar_index: int
    step: int
    offset_ticks: int
    velocity: int
    rate: float


class Listener:
    """Turns incoming messages into phrases; what was played is only read, never altered.

    Parameters
    ----------
    position_at : callable
        Returns where the performance was at a time in seconds; `Sequencer.position_at`.
    on_phrase : callable
        Called with each `Phrase`, in the thread that feeds or polls; not with empty ones.
    steps_per_quarter : int, >= 1
        The grid.
    every_bars : int, optional
        A phrase ends after so many bars; None to wait for a pause.
    pause_quarters : float, > 0
        A phrase ends when nothing sounds for so long.
    latency_ms : float
        So much earlier than they arrived the notes were struck.
    lead_s, lead_quarters : float, >= 0
        A phrase of bars ends so many seconds and quarter notes before its last bar line, so that there is time to
        answer from that line on. What is struck after it begins the next phrase, where and when it was struck; if
        nothing follows, it makes none.
    """

    def __init__(
        self,
        position_at: Callable[[float], Position | None],
        on_phrase: Callable[[Phrase], None],
        *,
        steps_per_quarter: int = 4,
        every_bars: int | None = None,
        pause_quarters: float = 2.0,
        latency_ms: float = 0.0,
        lead_s: float = 0.0,
        lead_quarters: float = 0.0,
    ) -> None:
        if steps_per_quarter < 1 or (every_bars is not None and every_bars < 1) or not pause_quarters > 0:
            raise InputError(
                "listening needs at least 1 step a quarter, 1 bar and a pause that is not 0, "
                f"got {steps_per_quarter}, {every_bars} and {pause_quarters}"
            )
        self._position_at = position_at
        self._on_phrase = on_phrase
        self._steps_per_quarter = steps_per_quarter
        self._every_bars = every_bars
        self._pause_quarters = pause_quarters
        self._latency_s = latency_ms / 1e3
        self._lead_s, self._lead_quarters = lead_s, lead_quarters
        self._open: dict[tuple[int, int], _Stroke] = {}
        self._notes: list[PlayedNote] = []
        self._cut_bar = 0  # before which bar the bars were cut last
        self._last_s = 0.0  # when something last happened
        self._lock = threading.Lock()

    def feed(self, time_s: float, data: bytes) -> None:
        """Take one message that arrived at ``time_s``; what is no note is not for us."""
        if len(data) != 3 or data[0] & 0xE0 != 0x80:
            return
        time_s -= self._latency_s
        key = (data[0] & 0x0F, data[1])
        with self._lock:
            self._last_s = time_s
            if stroke := self._open.pop(key, None):
                self._keep(key, stroke, time_s)
            position = self._position_at(time_s)
            if data[0] & 0x10 and data[2] and position is not None:
                self._open[key] = self._strike(time_s, position, data[2])

    def poll(self, now_s: float) -> None:
        """End the phrase if its bars or a pause are over; to be called every few hundredths of a second."""
        position = self._position_at(now_s)
        if position is None:
            return
        with self._lock:
            phrase = self._ended(position, now_s)
        if phrase is not None:
            self._on_phrase(phrase)

    def _ended(self, position: Position, now_s: float) -> Phrase | None:
        if self._every_bars is not None:
            bar = position.bar
            rest_s = ((bar.length_ticks - position.tick) / bar.ppq - self._lead_quarters) * 60 / bar.bpm
            number = position.bar_index + (rest_s <= self._lead_s)
            first_bar = number - number % self._every_bars
            before, self._cut_bar = self._cut_bar, first_bar
            return self._cut(before, first_bar, now_s) if first_bar != before else None
        quarters = (now_s - self._last_s) * position.bar.bpm / 60
        return self._take("pause") if not self._open and quarters >= self._pause_quarters else None

    def _cut(self, before: int, first_bar: int, now_s: float) -> Phrase | None:
        """Return what belongs to the bars up to ``first_bar``; what is still held ends here for this purpose.

        What was struck before the bar ``before``, too late for the last phrase, makes none of its own.
        """
        for key in [key for key, stroke in self._open.items() if stroke.bar_index < first_bar]:
            self._keep(key, self._open.pop(key), now_s)
        later = [note for note in self._notes if note.bar_index >= first_bar]
        self._notes = [note for note in self._notes if note.bar_index < first_bar]
        phrase = self._take("bar")
        self._notes = later
        return phrase if phrase is not None and phrase.notes[-1].bar_index >= before else None

    def _take(self, reason: str) -> Phrase | None:
        notes, self._notes = sorted(self._notes), []
        return Phrase(tuple(notes), reason) if notes else None

    def _strike(self, time_s: float, position: Position, velocity: int) -> _Stroke:
        """Put a note on the grid; one struck just before a bar line may belong to the bar after it."""
        bar = position.bar
        step_ticks = bar.ppq / self._steps_per_quarter
        step = int((position.tick + step_ticks / 2) // step_ticks)
        offset = position.tick - round(step * step_ticks)
        steps = round(bar.length_ticks / step_ticks)
        index, step = (position.bar_index + 1, 0) if step >= steps else (position.bar_index, step)
        return _Stroke(time_s, index, step, offset, velocity, bar.bpm / 60 * bar.ppq)

    def _keep(self, key: tuple[int, int], stroke: _Stroke, end_s: float) -> None:
        """Note what was played, now that it has ended."""
        duration = max(1, round((end_s - stroke.time_s) * stroke.rate))
        place = (stroke.bar_index, stroke.step, stroke.offset_ticks)
        self._notes.append(PlayedNote(*place, duration, key[1], stroke.velocity, key[0]))

"""Where a performance is in its song: it plays on, or rests and waits, or goes to where the master is."""

from __future__ import annotations

import math
from collections.abc import Callable

from sparseq.realtime.agenda import Agenda
from sparseq.realtime.outputs import OutputPort
from sparseq.realtime.roll import Roll
from sparseq.realtime.supply import Supply
from sparseq.realtime.timeline import Timeline
from sparseq.realtime.transport import Transport


class Place:
    """The place, and what it takes to be at another.

    Parameters
    ----------
    port : OutputPort
        Falls silent for a rest.
    roll, agenda, supply
        The bars that lie end to end, what is to be sent of them, and where the next comes from.
    master : Transport or None
        Who is followed.
    ahead_s : float
        Events are handed to the port so long before they are due.

    Attributes
    ----------
    rest_tick : int or None
        Where we are silent and wait; None while we play.
    is_paused : bool
        Whether a pause was asked for.
    on_silent : callable or None
        Called when a pause has begun and nothing sounds.
    """

    def __init__(
        self, port: OutputPort, roll: Roll, agenda: Agenda, supply: Supply, master: Transport | None, ahead_s: float
    ) -> None:
        self._port, self._roll, self._agenda, self._supply = port, roll, agenda, supply
        self._master, self._ahead_s = master, ahead_s
        self._epoch: int | None = None  # of the master, as far as we have followed
        self.rest_tick: int | None = None
        self.is_paused = False
        self.on_silent: Callable[[], None] | None = None

    def begin(self, now_s: float) -> Timeline:
        """Return when each tick is due, now that the first bar is there; a master says when that begins."""
        first = self._supply.latest(self._roll)
        timeline = Timeline(now_s + self._lead_s(first.bpm), first.ppq, first.bpm)
        if self._master is None:
            self._agenda.begin(0, first.ppq)
        else:
            self.rest_tick = 0
        return timeline

    def tick_at(self, timeline: Timeline | None, time_s: float) -> int | None:
        """Return which tick of the song was or will be at a time, or None before the start; any thread may ask."""
        rest_tick = self.rest_tick
        if timeline is None or (self._epoch is None and self._master is not None):
            return None
        return timeline.tick_at(time_s) if rest_tick is None else rest_tick

    def move(self, timeline: Timeline, now_s: float) -> None:
        """Be where we should be: pause or go on as asked, and where there is a master be where that is."""
        if self._master is not None:
            self._follow(timeline, now_s, self._master)
        elif self.is_paused and self.rest_tick is None:
            self.rest(timeline, now_s)
        elif not self.is_paused and self.rest_tick is not None:
            self._go_on(timeline, now_s)

    def rest(self, timeline: Timeline, now_s: float) -> None:
        """Fall silent; what was handed over and is not due is taken back."""
        self._roll.settle(timeline, now_s)
        self._port.flush()
        self._port.release()
        tick, sixteenth_ticks = max(0, timeline.tick_at(now_s)), max(1, timeline.ppq // 4)
        self._roll.rest(tick)
        self._agenda.clear()
        self.rest_tick = -(-tick // sixteenth_ticks) * sixteenth_ticks
        if self.is_paused and self.on_silent is not None:
            self.on_silent()

    def go_to(self, timeline: Timeline, tick: int) -> None:
        """Play on from any tick of the song."""
        self.rest_tick = None
        bar_ticks = self._supply.latest(self._roll).length_ticks
        self._supply.go_to(tick // bar_ticks)
        self._roll.restart(tick // bar_ticks * bar_ticks, bar_ticks)
        self._agenda.begin(tick, timeline.ppq)

    def _lead_s(self, bpm: float) -> float:
        """Return how long before its first tick a start is decided: there is room for the pulse that announces it."""
        return self._ahead_s + 60.0 / bpm / 24

    def _follow(self, timeline: Timeline, now_s: float, master: Transport) -> None:
        """Be where the master is."""
        reading = master.reading(now_s)
        is_running = reading.is_running and not self.is_paused
        if self.rest_tick is None and not (is_running and reading.epoch == self._epoch):
            self.rest(timeline, now_s)
        if is_running:
            timeline.follow(reading.quarters * timeline.ppq, reading.at_s, reading.bpm)
        if is_running and self.rest_tick is not None:
            # What began a moment ago is played from its beginning, what was interrupted by a pause from here.
            quarters = reading.quarters if reading.epoch == self._epoch else reading.origin_quarters
            self._epoch = reading.epoch
            self.go_to(timeline, max(0, math.ceil(quarters * timeline.ppq - 1e-6)))

    def _go_on(self, timeline: Timeline, now_s: float) -> None:
        """Play on from where we rest."""
        assert self.rest_tick is not None
        tick, self.rest_tick = self.rest_tick, None
        timeline.shift(now_s + self._lead_s(timeline.bpm) - timeline.due_s(tick))
        self._agenda.begin(tick, timeline.ppq)
        for placed in self._roll.recent:
            if placed.end_ticks > tick:
                self._agenda.add_bar(placed.start_ticks, placed.bar)
        if self._supply.has_ended:
            self._agenda.add_stop(self._roll.end_ticks)

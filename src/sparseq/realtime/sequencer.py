"""Plays bars on time: each event goes to the port a little ahead, with the moment when it is due."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sparseq.errors import InputError, PortError
from sparseq.realtime.agenda import Agenda, Entry
from sparseq.realtime.bar import Bar
from sparseq.realtime.clock import Clock
from sparseq.realtime.lateness import Lateness, LatenessMeter
from sparseq.realtime.lookahead import BarSource, DirectSource, ThreadSource, Word
from sparseq.realtime.outputs import OutputPort
from sparseq.realtime.tape import Tape
from sparseq.realtime.timeline import Timeline

_NAP_S = 0.025  # every real sleep: short, so that stop() is heard at once; not shorter, so that the sender can sleep too
_STALL_S = 0.5  # a player that was away for longer (a closed lid, Ctrl-Z) goes on where it was instead of catching up
_RECENT_BARS = 16  # far more than are between taken and played


class Position(NamedTuple):
    """Where the performance is: 0-based index of the bar, tick in it, the bar, and whether it is a repeat."""

    bar_index: int
    tick: int
    bar: Bar
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What a performance came to.

    Attributes
    ----------
    bars : int
        Bars begun, repeats included.
    events : int
        Messages sent, clock included, releases not.
    repeats : int
        Bars played again because the next one was not made in time.
    stalls : int
        How often the player was away so long that everything moved.
    lateness : Lateness
        How late messages left the port; where the port cannot tell, how late they were handed over.
    """

    bars: int
    events: int
    repeats: int
    stalls: int
    lateness: Lateness


class _Placed(NamedTuple):
    start_ticks: int
    bar_index: int
    bar: Bar
    is_repeat: bool


class Sequencer:
    """One performance: takes bars, hands their events to a port, and leaves silence behind whatever ends it.

    With a clock that is not real everything runs in the calling thread, at full speed, and is exact.

    Parameters
    ----------
    port : OutputPort
        Where events go; the caller opens and closes it.
    clock : Clock
        The time that due times are in.
    ahead_s : float, > 0
        How long before it is due an event is handed over.
    lookahead_bars : int, >= 1
        So many bars are made ahead, in a thread of their own, while a bar is played.
    clock_out : bool
        Whether to send MIDI clock, 24 pulses a quarter note, with song position, start and stop.
    tape : Tape, optional
        Keeps what was played.
    on_bar : callable, optional
        Called with (index, bar, is_repeat) when a bar is about to be played; it must return at once.
    """

    def __init__(
        self,
        port: OutputPort,
        clock: Clock,
        *,
        ahead_s: float = 0.1,
        lookahead_bars: int = 1,
        clock_out: bool = False,
        tape: Tape | None = None,
        on_bar: Callable[[int, Bar, bool], None] | None = None,
    ) -> None:
        if not ahead_s > 0 or lookahead_bars < 1:
            raise InputError(f"events and bars must be made ahead, got {ahead_s} s and {lookahead_bars} bars")
        self._port = port
        self._clock = clock
        self._ahead_s = ahead_s
        self._lookahead_bars = lookahead_bars
        self._tape = tape
        self._on_bar = on_bar
        self._timeline: Timeline | None = None
        self._agenda = Agenda(clock_out)
        self._handed: deque[Entry] = deque()  # given to the port, not due yet
        self._coming: deque[_Placed] = deque()  # bars taken, not begun yet
        self._recent: tuple[_Placed, ...] = ()  # the last bars taken; replaced as a whole, for other threads read it
        self._fresh: Bar | None = None  # the last bar that was made, which is what repeats
        self._end_ticks = 0  # of all bars taken so far
        self._taken = self._bars = self._events = self._repeats = self._stalls = 0
        self._meter = LatenessMeter()
        self._has_ended = False  # no more bars will come
        self._failure: Exception | None = None  # why they ended, if not by themselves
        self._is_stopped = False

    def play(self, bars: Iterable[Bar]) -> Report:
        """Play until the bars end or `stop` is called.

        Parameters
        ----------
        bars : iterable of Bar
            With a real clock it is iterated in another thread. If it raises, the bars before that are played first.

        Raises
        ------
        InputError
            If bars differ in ticks per quarter note.
        PortError
            If the port is lost.
        Exception
            Whatever ``bars`` raised. In every case all that sounds is released before.
        """
        pulled = iter(bars)
        if self._clock.is_real:
            return self.play_from(ThreadSource(pulled, self._lookahead_bars).start())
        return self.play_from(DirectSource(pulled))

    def play_from(self, source: BarSource) -> Report:
        """Play until the source ends or `stop` is called; see `play`."""
        try:
            timeline = self._start(source)
            while timeline is not None and not (self._is_stopped or self._is_over(timeline)):
                self._step(timeline, source)
        finally:
            self._silence()
            source.close()
        if self._failure is not None:
            raise self._failure
        return self.report()

    def stop(self) -> None:
        """Let `play` end at once; may be called from a signal handler, another thread or before `play`."""
        self._is_stopped = True

    def position(self) -> Position | None:
        """Return where the performance is now, or None before its first tick; any thread may ask."""
        timeline, recent = self._timeline, self._recent
        if timeline is None:
            return None
        tick = timeline.tick_at(self._clock.now_s())
        for start_ticks, index, bar, is_repeat in reversed(recent):
            if start_ticks <= tick:
                return Position(index, min(tick - start_ticks, bar.length_ticks - 1), bar, is_repeat)
        return None

    def report(self) -> Report:
        """Return what the performance came to so far."""
        sent = None
        with contextlib.suppress(PortError):  # a lost port cannot tell; what was handed over is still known
            sent = self._port.lateness()
        return Report(self._bars, self._events, self._repeats, self._stalls, sent or self._meter.summary())

    def _start(self, source: BarSource) -> Timeline | None:
        """Wait for the first bar and set the moment of its first tick."""
        while not self._is_stopped:
            taken = source.take()
            if isinstance(taken, Bar):
                pulse_s = 60.0 / taken.bpm / 24  # room for what announces the start
                timeline = Timeline(self._clock.now_s() + self._ahead_s + pulse_s, taken.ppq, taken.bpm)
                self._agenda.add_start(taken.ppq)
                self._place(timeline, taken, is_repeat=False)
                self._timeline = timeline
                return timeline
            if taken is not Word.NOT_YET:
                self._end(taken)
                return None
            self._clock.sleep_until(self._clock.now_s() + _NAP_S)
        return None

    def _step(self, timeline: Timeline, source: BarSource) -> None:
        """Do what is to be done now, then sleep until there is more."""
        now_s = self._clock.now_s()
        self._settle(timeline, now_s)
        self._forgive_stall(timeline, now_s)
        while not self._has_ended and now_s >= self._decision_s(timeline):
            self._decide(timeline, source)
        if not self._is_stopped:  # by the generator or by who hears of the bar
            self._hand_over(timeline, now_s)
            self._sleep(timeline, now_s)

    def _decision_s(self, timeline: Timeline) -> float:
        """Return when the next bar must be known: a little before the first moment that it may have an event at."""
        assert self._fresh is not None
        return timeline.due_s(self._end_ticks - self._fresh.early_ticks) - self._ahead_s

    def _decide(self, timeline: Timeline, source: BarSource) -> None:
        """Take the next bar; if it is not there, the last good one comes again."""
        taken = source.take()
        if isinstance(taken, Bar) and taken.ppq != timeline.ppq:
            taken = InputError(f"all bars must have {timeline.ppq} ticks a quarter as the first has, got {taken.ppq}")
        if isinstance(taken, Bar):
            self._place(timeline, taken, is_repeat=False)
        elif taken is Word.NOT_YET and self._fresh is not None:
            self._repeats += 1
            self._place(timeline, self._fresh, is_repeat=True)
        else:
            self._end(taken)

    def _place(self, timeline: Timeline, bar: Bar, is_repeat: bool) -> None:
        """Let a bar follow those taken so far."""
        placed = _Placed(self._end_ticks, self._taken, bar, is_repeat)
        timeline.set_tempo(placed.start_ticks, bar.bpm)
        self._agenda.add_bar(placed.start_ticks, bar)
        self._coming.append(placed)
        self._recent = (*self._recent[-_RECENT_BARS:], placed)
        self._fresh = bar
        self._end_ticks += bar.length_ticks
        self._taken += 1
        if self._on_bar is not None:
            self._on_bar(placed.bar_index, bar, is_repeat)

    def _end(self, taken: Word | Exception) -> None:
        """Take no more bars."""
        self._has_ended = True
        self._failure = taken if isinstance(taken, Exception) else None
        if self._taken:
            self._agenda.add_stop(self._end_ticks)

    def _hand_over(self, timeline: Timeline, now_s: float) -> None:
        """Give the port what is due soon."""
        while (tick := self._agenda.next_tick) is not None and now_s >= timeline.due_s(tick) - self._ahead_s:
            entry, due_s = self._agenda.pop(), timeline.due_s(tick)
            self._port.send(entry.data, due_s)
            self._handed.append(entry)
            self._meter.add(now_s - due_s)

    def _settle(self, timeline: Timeline, now_s: float) -> None:
        """Count, and keep on the tape, what was due by now."""
        while self._coming and timeline.due_s(self._coming[0].start_ticks) <= now_s:
            placed = self._coming.popleft()
            self._bars += 1
            if self._tape is not None:
                self._tape.begin_bar(placed.start_ticks, placed.bar, placed.is_repeat)
        while self._handed and timeline.due_s(self._handed[0].tick) <= now_s:
            entry = self._handed.popleft()
            self._events += 1
            if self._tape is not None:
                self._tape.write(entry.tick, entry.data)

    def _forgive_stall(self, timeline: Timeline, now_s: float) -> None:
        """Go on where we were if we were away for long, rather than send everything that was missed at once."""
        ticks = [] if self._has_ended else [self._end_ticks]
        if (tick := self._agenda.next_tick) is not None:
            ticks.append(tick)
        if ticks and (late_s := now_s - timeline.due_s(min(ticks))) > _STALL_S:
            timeline.shift(late_s + self._ahead_s)
            self._stalls += 1

    def _sleep(self, timeline: Timeline, now_s: float) -> None:
        """Sleep a little in real time; else until a bar must be known, an event must be handed over, or the end."""
        if self._clock.is_real:
            self._clock.sleep_until(now_s + _NAP_S)
            return
        wakes_s = [] if self._has_ended else [self._decision_s(timeline)]
        if (tick := self._agenda.next_tick) is not None:
            wakes_s.append(timeline.due_s(tick) - self._ahead_s)
        self._clock.sleep_until(min(wakes_s, default=timeline.due_s(self._last_ticks())))

    def _last_ticks(self) -> int:
        """Return where the bars taken so far end, or the last event handed over if it lies after that."""
        return max(self._end_ticks, self._handed[-1].tick if self._handed else 0)

    def _is_over(self, timeline: Timeline) -> bool:
        is_idle = self._has_ended and self._agenda.next_tick is None and not self._handed
        return is_idle and self._clock.now_s() >= timeline.due_s(self._end_ticks)

    def _silence(self) -> None:
        """Drop what is not due, end what sounds, end the tape."""
        timeline, now_s = self._timeline, self._clock.now_s()
        with contextlib.suppress(PortError):  # a lost port keeps nothing sounding, and what lost it is being raised
            self._port.flush()
            self._port.release()
        if timeline is not None:
            is_over = self._is_over(timeline)
            self._settle(timeline, now_s)
            if self._tape is not None:
                self._tape.finish(self._end_ticks if is_over else max(0, timeline.tick_at(now_s)))

"""Plays bars on time: each event goes to the port a little ahead, with the moment when it is due."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import replace

from sparseq.errors import InputError, PortError
from sparseq.realtime.agenda import Agenda
from sparseq.realtime.bar import Bar
from sparseq.realtime.clock import Clock
from sparseq.realtime.controls import Controls
from sparseq.realtime.lateness import LatenessMeter
from sparseq.realtime.lookahead import BarSource, DirectSource, ThreadSource
from sparseq.realtime.outputs import OutputPort
from sparseq.realtime.place import Place
from sparseq.realtime.reports import Position, Report
from sparseq.realtime.roll import OnBar, Roll
from sparseq.realtime.supply import Supply
from sparseq.realtime.tape import Tape
from sparseq.realtime.timeline import Timeline
from sparseq.realtime.transport import Transport

__all__ = ["Position", "Report", "Sequencer"]

_NAP_S = 0.025  # every real sleep: short, so that stop() is heard; not shorter, so that the sender is left in peace
_STALL_S = 0.5  # a player that was away for longer (a closed lid) goes on where it was instead of catching up
_AHEAD_OF_MASTER_S = 0.05  # a master may change the tempo: what is handed over stays where it is
_ALL_SOUND_OFF, _ALL_NOTES_OFF = 120, 123


class Sequencer:
    """Plays bars to a port, with repeats when they come late and silence when they end.

    Parameters
    ----------
    port : OutputPort
        Where events go; the caller opens and closes it.
    clock : Clock
        The time it goes by.
    ahead_s : float, > 0
        Events are handed to the port so long before they are due; behind a master at most 0.05.
    lookahead_bars : int, >= 1
        So many bars are made before the one that is about to be played (real clocks only).
    n_bars : int, optional
        Play so many at most, not counting repeats: bars that are wished for again may come without end.
    clock_out : bool
        Send MIDI clock, start and stop too.
    tape : Tape, optional
        Keeps what was played.
    on_bar : callable, optional
        Called with (index, bar, is_repeat) when a bar is about to be played; it must return at once.
    on_begin : callable, optional
        Called with (index, bar, is_repeat) when a bar has begun; it must return at once.
    master : Transport, optional
        Who is followed: tempo, start, stop and place in the song are then the master's. A bar that was played keeps its
        place in the song: it comes again when the master goes back to it.
    controls : Controls, optional
        What a musician may ask for while it plays.
    dress : callable, optional
        Called with each bar when it is decided on; what it returns is played instead. It must return at once.
    """

    def __init__(
        self,
        port: OutputPort,
        clock: Clock,
        *,
        ahead_s: float = 0.1,
        lookahead_bars: int = 1,
        n_bars: int | None = None,
        clock_out: bool = False,
        tape: Tape | None = None,
        on_bar: OnBar | None = None,
        on_begin: OnBar | None = None,
        master: Transport | None = None,
        controls: Controls | None = None,
        dress: Callable[[Bar], Bar] | None = None,
    ) -> None:
        if not ahead_s > 0 or lookahead_bars < 1:
            raise InputError(f"events and bars must be made ahead, got {ahead_s} s and {lookahead_bars} bars")
        self._port = port
        self._clock = clock
        self._ahead_s = ahead_s if master is None else min(ahead_s, _AHEAD_OF_MASTER_S)
        self._lookahead_bars = lookahead_bars
        self._on_bar = on_bar
        self._master = master
        self._controls = controls
        self._supply = Supply(n_bars, controls, has_song=master is not None)
        self._dress = dress
        self._timeline: Timeline | None = None
        self._agenda = Agenda(clock_out)
        self._roll = Roll(tape, on_begin)
        self._place = Place(port, self._roll, self._agenda, self._supply, master, self._ahead_s)
        self._stalls = 0
        self._meter = LatenessMeter()
        self._is_stopped = self._is_panicking = False

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
        if self._controls is not None:
            self._controls.attach(self)
        self._supply.open(source)
        try:
            timeline = self._start()
            while timeline is not None and not (self._is_stopped or self._is_over(timeline)):
                self._step(timeline)
        finally:
            self._silence()
            source.close()
        if self._supply.failure is not None:
            raise self._supply.failure
        return self.report()

    def stop(self) -> None:
        """Let `play` end at once; may be called from a signal handler, another thread or before `play`."""
        self._is_stopped = True

    def pause(self, on_silent: Callable[[], None] | None = None) -> None:
        """Fall silent within some hundredths of a second, and wait; any thread or signal handler may ask.

        Parameters
        ----------
        on_silent : callable, optional
            Called in the thread of the sequencer once nothing sounds.
        """
        self._place.on_silent = on_silent
        self._place.is_paused = True

    def resume(self) -> None:
        """Go on with the next sixteenth after the place of the pause, or where the master is by now."""
        self._place.is_paused = False

    def panic(self) -> None:
        """End everything that sounds on all channels, known to us or not, and play on; any thread may ask."""
        self._is_panicking = True

    @property
    def is_paused(self) -> bool:
        """Whether a pause was asked for."""
        return self._place.is_paused

    def position(self) -> Position | None:
        """Return where the performance is now, or None before its first tick; any thread may ask."""
        tick = self.tick_at(self._clock.now_s())
        return None if tick is None else self._roll.position(tick)

    def tick_at(self, time_s: float) -> int | None:
        """Return which tick of the song was or will be at a time, or None before the start; any thread may ask."""
        return self._place.tick_at(self._timeline, time_s)

    def position_at(self, time_s: float) -> Position | None:
        """Return what was or will be played at a time, or None if that is unknown; any thread may ask."""
        tick = self.tick_at(time_s)
        return None if tick is None else self._roll.position(tick)

    def report(self) -> Report:
        """Return what the performance came to so far."""
        sent = None
        with contextlib.suppress(PortError):  # a lost port cannot tell; what was handed over is still known
            sent = self._port.lateness()
        lateness = sent or self._meter.summary()
        return Report(self._roll.bars, self._roll.events, self._supply.repeats, self._stalls, lateness)

    def _start(self) -> Timeline | None:
        """Wait for the first bar and set the moment of its first tick, which may be for the master to say."""
        while not (self._is_stopped or self._supply.has_ended):
            if self._supply.has_begun():
                self._timeline = self._place.begin(self._clock.now_s())
                return self._timeline
            if not self._supply.has_ended:
                self._clock.sleep_until(self._clock.now_s() + _NAP_S)
        return None

    def _step(self, timeline: Timeline) -> None:
        """Do what is to be done now, then sleep until there is more."""
        now_s = self._clock.now_s()
        if self._is_panicking:
            self._silence_all(now_s)
        self._place.move(timeline, now_s)
        if self._place.rest_tick is not None:
            self._wait(now_s + _NAP_S)
            return
        self._roll.settle(timeline, now_s)
        self._forgive_stall(timeline, now_s)
        self._supply.prepare()
        while not self._supply.has_ended and now_s >= self._decision_s(timeline):
            self._decide(timeline)
        if not self._is_stopped:  # by the generator or by who hears of the bar
            self._hand_over(timeline, now_s)
            self._wait(now_s + _NAP_S if self._clock.is_real else self._wake_s(timeline))

    def _decision_s(self, timeline: Timeline) -> float:
        """Return when the next bar must be known: a little before the first moment that it may have an event at."""
        return timeline.due_s(self._roll.end_ticks - self._supply.latest(self._roll).early_ticks) - self._ahead_s

    def _decide(self, timeline: Timeline) -> None:
        """Place the next bar, or the end."""
        taken = self._supply.take(self._roll, timeline.ppq)
        if taken is not None:
            self._lay(timeline, *taken)
        elif self._roll.taken:
            self._agenda.add_stop(self._roll.end_ticks)

    def _lay(self, timeline: Timeline, bar: Bar, is_repeat: bool) -> None:
        """Let a bar follow those taken so far."""
        if self._dress is not None and not is_repeat:
            bar = self._dress(bar)
        if self._master is None:
            timeline.set_tempo(self._roll.end_ticks, bar.bpm)
        else:
            bar = replace(bar, bpm=round(timeline.bpm, 2))
        placed = self._roll.place(bar, is_repeat)
        self._agenda.add_bar(placed.start_ticks, bar)
        if self._on_bar is not None:
            self._on_bar(placed.bar_index, bar, is_repeat)

    def _hand_over(self, timeline: Timeline, now_s: float) -> None:
        """Give the port what is due soon."""
        while (tick := self._agenda.next_tick) is not None and now_s >= timeline.due_s(tick) - self._ahead_s:
            entry, due_s = self._agenda.pop(), timeline.due_s(tick)
            self._port.send(entry.data, due_s)
            self._roll.hand(entry)
            self._meter.add(now_s - due_s)

    def _forgive_stall(self, timeline: Timeline, now_s: float) -> None:
        """Go on where we were if we were away for long, rather than send everything that was missed at once."""
        ticks = [self._roll.end_ticks] if self._roll.recent and not self._supply.has_ended else []
        if (tick := self._agenda.next_tick) is not None:
            ticks.append(tick)
        if not ticks or (late_s := now_s - timeline.due_s(min(ticks))) <= _STALL_S:
            return
        self._stalls += 1
        if self._master is None:
            timeline.shift(late_s + self._ahead_s)
        else:  # the song went on without us
            self._place.rest(timeline, now_s)
            self._place.go_to(timeline, timeline.tick_at(now_s + self._ahead_s))

    def _wait(self, until_s: float) -> None:
        if self._master is None:
            self._clock.sleep_until(until_s)
        else:
            self._master.wait(self._clock, until_s)

    def _wake_s(self, timeline: Timeline) -> float:
        """Return when a bar must be known, an event must be handed over, or all is over."""
        wakes_s = [] if self._supply.has_ended else [self._decision_s(timeline)]
        if (tick := self._agenda.next_tick) is not None:
            wakes_s.append(timeline.due_s(tick) - self._ahead_s)
        return min(wakes_s, default=timeline.due_s(self._roll.last_ticks))

    def _is_over(self, timeline: Timeline) -> bool:
        is_idle = self._supply.has_ended and self._agenda.next_tick is None and self._roll.is_settled
        return is_idle and self._place.rest_tick is None and self._clock.now_s() >= timeline.due_s(self._roll.end_ticks)

    def _silence_all(self, now_s: float) -> None:
        """End what sounds, and what other players may have left sounding too."""
        self._is_panicking = False
        self._port.release()
        for channel in range(16):
            for number in (_ALL_SOUND_OFF, _ALL_NOTES_OFF):
                self._port.send(bytes([0xB0 | channel, number, 0]), now_s)

    def _silence(self) -> None:
        """Drop what is not due, end what sounds, end the tape."""
        timeline, now_s = self._timeline, self._clock.now_s()
        with contextlib.suppress(PortError):  # a lost port keeps nothing sounding, and what lost it is being raised
            self._port.flush()
            self._port.release()
        if timeline is not None:
            is_over = self._is_over(timeline)
            self._roll.settle(timeline, now_s)
            tick = timeline.tick_at(now_s) if self._place.rest_tick is None else self._place.rest_tick
            self._roll.finish(self._roll.end_ticks if is_over else max(0, tick))

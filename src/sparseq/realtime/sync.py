"""Follows MIDI clock: tempo, start, stop, continue and song position of another machine."""

from __future__ import annotations

import threading

from sparseq.realtime.clock import Clock
from sparseq.realtime.pulses import PULSES_PER_QUARTER, PulseTracker
from sparseq.realtime.transport import Reading, SyncState

_POSITION, _CLOCK, _START, _CONTINUE, _STOP = 0xF2, 0xF8, 0xFA, 0xFB, 0xFC
_PULSES_PER_SIXTEENTH = PULSES_PER_QUARTER // 4
_LOST_PULSES = 12  # half a beat without a pulse is not jitter any more


class ClockFollower:
    """Listens to a MIDI clock; a `Transport` for the sequencer.

    Feed it from one thread, for example as the callback of `open_input`; any thread may read it.

    Parameters
    ----------
    offset_ms : float
        Everything is due so much later than the clock says; negative for earlier, which makes up for a slow synth.
    bpm : float
        What to assume until two pulses have come.
    """

    def __init__(self, offset_ms: float = 0.0, bpm: float = 120.0) -> None:
        self.offset_ms = offset_ms
        self._tracker = PulseTracker(bpm)
        self._pulse = -1  # the pulse of the song that came last
        self._next: int | None = None  # where the next pulse is, if it is not the one after that
        self._origin = 0  # where it was started or moved to last
        self._cue = 0  # where a continue goes on
        self._is_running = self._was_told = False  # whether anybody has said yet where the song is, or that it stands
        self._epoch = 0
        self._heard_s: float | None = None
        self._reading = self._look()
        self._news = threading.Event()

    def feed(self, time_s: float, data: bytes) -> None:
        """Take one MIDI message that arrived at ``time_s``; what is no clock and no transport changes nothing."""
        status = data[0] if data else 0
        if status == _CLOCK:
            self._pulse_came(time_s)
        elif status == _START:
            self._be_next(0)
        elif status == _CONTINUE and not self._is_running:
            self._be_next(self._cue)
        elif status == _POSITION and len(data) == 3:
            self._go_to((data[1] | data[2] << 7) * _PULSES_PER_SIXTEENTH)
        elif status == _STOP:
            self._stop()

    def reading(self, now_s: float) -> Reading:
        """Return where the song is."""
        reading, heard_s = self._reading, self._heard_s
        if heard_s is None or now_s - heard_s <= _LOST_PULSES * 60 / reading.bpm / PULSES_PER_QUARTER:
            return reading
        state = SyncState.LOST if reading.is_running else SyncState.WAITING
        return reading._replace(state=state)

    def wait(self, clock: Clock, until_s: float) -> None:
        """Return at ``until_s``, or as soon as the song was started, stopped or moved."""
        if not clock.is_real:
            clock.sleep_until(until_s)
        elif self._news.wait(max(0.0, until_s - clock.now_s())):
            self._news.clear()

    def _pulse_came(self, time_s: float) -> None:
        self._heard_s = time_s
        wanted, self._next = self._next, None
        if wanted is None:
            moved = self._tracker.feed(time_s)
            self._pulse += moved if self._is_running else 0
        elif self._is_running and wanted == self._pulse + 1:  # told where we are anyway
            self._pulse += self._tracker.feed(time_s)
        else:
            self._tracker.begin(time_s)
            self._pulse = self._origin = wanted
            self._is_running = True
            self._epoch += 1
        self._reading = self._look()
        if wanted is not None:
            self._news.set()

    def _go_to(self, pulse: int) -> None:
        """Be at ``pulse`` with the next clock; while stopped, with the first after a continue."""
        self._cue, self._was_told = pulse, True
        if self._is_running or self._next is not None:
            self._be_next(pulse)
        self._reading = self._look()

    def _be_next(self, pulse: int) -> None:
        """Be at ``pulse`` with the next clock, and tell at once, for what was to come until then need not sound."""
        self._next, self._was_told = pulse, True
        self._reading = self._look()
        self._news.set()

    def _stop(self) -> None:
        if self._is_running:
            self._cue = self._pulse + 1
        self._is_running, self._next, self._was_told = False, None, True
        self._reading = self._look()
        self._news.set()

    def _look(self) -> Reading:
        return Reading(
            self._state(),
            self._epoch,
            self._pulse / PULSES_PER_QUARTER,
            self._tracker.at_s + self.offset_ms / 1e3,
            self._tracker.bpm,
            self._origin / PULSES_PER_QUARTER,
        )

    def _state(self) -> SyncState:
        if not self._is_running:
            state = SyncState.STOPPED if self._was_told else SyncState.UNSTARTED
            return state if self._heard_s is not None else SyncState.WAITING
        is_moving = self._next is not None and self._next != self._pulse + 1
        return SyncState.MOVING if is_moving else SyncState.RUNNING

"""Follows Ableton Link: the tempo, the phase and the start and stop that everybody in the network shares."""

from __future__ import annotations

import time
from types import ModuleType
from typing import Any

from sparseq.errors import PortError
from sparseq.realtime.clock import Clock
from sparseq.realtime.transport import Reading, SyncState

_QUANTUM = 4.0  # beats that share a phase: a bar of 4/4
_JUMP_QUARTERS = 0.1  # what tempo changes and clock drift never reach between two readings
_NAP_S = 0.01


class LinkFollower:
    """A member of a Link session; a `Transport` for the sequencer. Make one with `open`.

    Parameters
    ----------
    session : link.Link
        The session, enabled.
    offset_ms : float
        So much later than the session says everything is due; negative for earlier.
    follows_start : bool
        Wait for a start that somebody shares, and stop with it. Else play at once, from the next bar of the session.
    quantum : float
        Quarter notes in a bar of the session.
    """

    def __init__(
        self, session: Any, offset_ms: float = 0.0, *, follows_start: bool = True, quantum: float = _QUANTUM
    ) -> None:
        self._session = session
        self._offset_s = offset_ms / 1e3
        self._follows_start = follows_start
        self._quantum = quantum
        self._epoch = 0
        self._last: Reading | None = None
        self._song_start: float | None = None  # the beat of the session where our song begins

    @classmethod
    def open(cls, bpm: float, offset_ms: float = 0.0, *, follows_start: bool = True) -> LinkFollower:
        """Join the session of this network, or found one at ``bpm``.

        Raises
        ------
        PortError
            If LinkPython-extern is not installed.
        """
        session = _load_link().Link(bpm)
        session.startStopSyncEnabled = True
        session.enabled = True
        return cls(session, offset_ms, follows_start=follows_start)

    @property
    def peers(self) -> int:
        """How many others there are."""
        return int(self._session.numPeers())

    def set_tempo(self, bpm: float) -> None:
        """Change the tempo for everybody."""
        state = self._session.captureSessionState()
        state.setTempo(bpm, self._session.clock().micros())
        self._session.commitSessionState(state)

    def set_playing(self, is_playing: bool) -> None:
        """Start or stop everybody who shares that; a start begins a bar."""
        state, now_us = self._session.captureSessionState(), self._session.clock().micros()
        if is_playing:
            state.setIsPlayingAndRequestBeatAtTime(True, now_us, 0.0, self._quantum)
        else:
            state.setIsPlaying(False, now_us)
        self._session.commitSessionState(state)

    def reading(self, now_s: float) -> Reading:
        """Return where the session is."""
        state = self._session.captureSessionState()
        link_us, at_s = self._session.clock().micros(), time.perf_counter()
        beat, bpm = state.beatAtTime(link_us, self._quantum), state.tempo()
        is_running = bool(state.isPlaying()) or not self._follows_start
        if not is_running:
            self._song_start = None
        elif self._song_start is None:
            self._song_start = self._bar_line(state, beat, link_us)
        quarters = beat - self._song_start if self._song_start is not None else 0.0  # less than 0 before it begins
        sync = SyncState.RUNNING if is_running else SyncState.STOPPED
        reading = Reading(sync, self._epoch, quarters, at_s + self._offset_s, bpm)
        self._last = self._renew(reading)
        return self._last

    def wait(self, clock: Clock, until_s: float) -> None:
        """Return at ``until_s``, or after a moment: a session cannot be waited for."""
        clock.sleep_until(min(until_s, clock.now_s() + _NAP_S))

    def _bar_line(self, state: Any, beat: float, link_us: int) -> float:
        """Return the beat where the song begins: where the start was, or the next bar line if it was long ago."""
        if self._follows_start:
            started = state.beatAtTime(state.timeForIsPlaying(), self._quantum)
            begun = round(started / self._quantum) * self._quantum
            return float(begun)
        return float(-(-beat // self._quantum) * self._quantum)

    def _renew(self, reading: Reading) -> Reading:
        """Give the reading another epoch if the song was started, or has moved against the last reading."""
        last = self._last
        if not reading.is_running:
            return reading
        if last is not None and last.is_running:
            expected = last.quarters + (reading.at_s - last.at_s) * reading.bpm / 60
            if abs(reading.quarters - expected) < _JUMP_QUARTERS:
                return reading._replace(origin_quarters=last.origin_quarters)
        self._epoch += 1
        return reading._replace(epoch=self._epoch, origin_quarters=max(0.0, reading.quarters))


def _load_link() -> ModuleType:
    try:
        import link  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError as error:
        raise PortError(
            "Ableton Link needs LinkPython-extern, which is not installed: pip install 'sparseq[link]', "
            "or follow a MIDI clock"
        ) from error
    module: ModuleType = link
    return module

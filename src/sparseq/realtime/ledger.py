"""The ledger of what sounds: fed with the bytes that were sent, it knows what it takes to be silent again."""

from __future__ import annotations

from collections import Counter

_NOTE_OFF, _NOTE_ON, _CONTROL = 0x80, 0x90, 0xB0
_SUSTAIN, _ALL_SOUND_OFF, _ALL_NOTES_OFF = 64, 120, 123
_RELEASE_VELOCITY = 64  # what the MIDI specification has where none was measured
_START, _CONTINUE, _STOP = 0xFA, 0xFB, 0xFC


class NoteLedger:
    """Which notes, pedals and transports a stream of MIDI messages has left on."""

    def __init__(self) -> None:
        self._sounding: Counter[tuple[int, int]] = Counter()
        self._sustained: set[int] = set()
        self._channels: set[int] = set()
        self._is_running = False

    @property
    def sounding(self) -> dict[tuple[int, int], int]:
        """How often each (channel 0-15, pitch) was struck and not let go, in order of channel and pitch."""
        return dict(sorted(self._sounding.items()))

    def feed(self, data: bytes) -> None:
        """Take note of one complete message that was sent.

        Parameters
        ----------
        data : bytes
            One MIDI message with its status byte; anything that is not a note, a pedal or a transport changes nothing.
        """
        if not data:
            return
        kind, channel = data[0] & 0xF0, data[0] & 0x0F
        if kind == 0xF0:
            self._feed_transport(data[0])
        elif len(data) == 3:
            self._channels.add(channel)
            if kind == _NOTE_ON and data[2]:
                self._sounding[channel, data[1]] += 1
            elif kind in (_NOTE_ON, _NOTE_OFF):
                self._let_go((channel, data[1]))
            elif kind == _CONTROL:
                self._feed_control(channel, data[1], data[2])

    def release_messages(self) -> tuple[bytes, ...]:
        """Return the messages that end everything, in the order to send them, and forget it all.

        Returns
        -------
        tuple of bytes
            Stop if a transport runs; a note-off for each note-on still open; pedals up where they are down; then all
            notes off on each channel used. Empty when nothing was fed since the last call.
        """
        messages = [bytes([_STOP])] if self._is_running else []
        for (channel, pitch), depth in self.sounding.items():
            messages += [bytes([_NOTE_OFF | channel, pitch, _RELEASE_VELOCITY])] * depth
        messages += [bytes([_CONTROL | channel, _SUSTAIN, 0]) for channel in sorted(self._sustained)]
        messages += [bytes([_CONTROL | channel, _ALL_NOTES_OFF, 0]) for channel in sorted(self._channels)]
        self._forget()
        return tuple(messages)

    def _forget(self) -> None:
        self._sounding.clear()
        self._sustained.clear()
        self._channels.clear()
        self._is_running = False

    def _let_go(self, key: tuple[int, int]) -> None:
        self._sounding[key] -= 1
        if self._sounding[key] <= 0:
            del self._sounding[key]

    def _feed_control(self, channel: int, number: int, value: int) -> None:
        if number in (_ALL_SOUND_OFF, _ALL_NOTES_OFF):
            for key in [key for key in self._sounding if key[0] == channel]:
                del self._sounding[key]
        elif number == _SUSTAIN:
            (self._sustained.add if value else self._sustained.discard)(channel)

    def _feed_transport(self, status: int) -> None:
        if status in (_START, _CONTINUE):
            self._is_running = True
        elif status == _STOP:
            self._is_running = False

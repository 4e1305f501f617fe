"""Which pitches the parts of a stream may play: scale, range, number of voices, and the chords that a person gave."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparseq.errors import InputError
from sparseq.jobs.stream.contexts import VoiceLane
from sparseq.jobs.stream.harmony import Moment
from sparseq.jobs.stream.settings import StreamSettings
from sparseq.music.keys import range_mask, scale_mask
from sparseq.music.parts import LEAD


class Compass(NamedTuple):
    """What pitches a part plays in the loops, told in the frame that chords are told in.

    Attributes
    ----------
    lowest, highest : int
        They may lie outside 0-127.
    classes : frozenset of int
        Its pitch classes above the tonic, 0 to 11.
    """

    lowest: int
    highest: int
    classes: frozenset[int]


class PitchRules:
    """Pitches that may be played, for each voice and chord.

    Parameters
    ----------
    settings : StreamSettings
        Key, ranges and voices; and whether chords were given: then basses and chords play nothing that clashes.
    shift : int
        Semitones from the frame that chords are told in to where the stream sounds.
    parts : collection of str
        Parts that play at all; the others rest.
    compass : mapping of str to Compass
        Where no range is asked for, nothing strays from it by octaves. Where no key is asked for, nothing but notes of
        a given chord leaves its pitch classes: what two loops play on unlike chords may not be a chord of theirs.

    Raises
    ------
    InputError
        If a range leaves no note of the scale.
    """

    def __init__(
        self, settings: StreamSettings, shift: int, parts: Collection[str], compass: Mapping[str, Compass]
    ) -> None:
        self.shift = shift
        self._parts = parts
        self._is_in_key = settings.key is not None
        self._scale = np.ones(128, np.bool_) if settings.key is None else scale_mask(settings.key)
        self._ranges = {name: range_mask(*limits) for name, limits in settings.ranges.items()}
        self._compass = compass
        self._max_voices = settings.max_voices
        self._has_chords = settings.chords is not None
        for name, allowed in self._ranges.items():
            if not (allowed & self._scale).any():
                lowest, highest = settings.ranges[name]
                what = f"of {name}" if name else "that was given"
                raise InputError(f"no note of {settings.key} lies in the range {lowest}-{highest} {what}; widen it")

    def pitches_of(self, voice: VoiceLane, moment: Moment) -> NDArray[np.bool_]:
        """Return which pitches a voice may play on a chord: bool ndarray of shape (128,); none where it rests."""
        if voice.part not in self._parts or (self._max_voices is not None and voice.voice >= self._max_voices):
            return np.zeros(128, np.bool_)
        allowed = self._scale.copy()
        asked = [self._ranges[name] for name in ("", voice.kind, voice.part) if name in self._ranges]
        for mask in asked or [self._usual(voice.part)]:
            allowed &= mask
        return allowed & self._in_harmony(voice, moment)[(np.arange(128) - self.shift) % 12]

    def _in_harmony(self, voice: VoiceLane, moment: Moment) -> NDArray[np.bool_]:
        """Return which pitch classes above the tonic a voice may play on a chord: bool ndarray of shape (12,)."""
        classes = range(12)
        allowed = np.ones(12, np.bool_)
        if self._has_chords and voice.kind != LEAD:
            allowed &= np.array([not moment.clashes(pitch_class) for pitch_class in classes])
        if voice.part in self._compass and not self._is_in_key:
            usual = self._compass[voice.part].classes | (moment.classes if self._has_chords else frozenset())
            allowed &= np.isin(classes, sorted(usual))
        return allowed

    def _usual(self, part: str) -> NDArray[np.bool_]:
        """Return the pitches that a part plays in the loops, and those between."""
        if part not in self._compass:
            return np.ones(128, np.bool_)
        lowest, highest, _ = self._compass[part]
        pitches = np.arange(128)
        found: NDArray[np.bool_] = (pitches >= lowest + self.shift) & (pitches <= highest + self.shift)
        return found

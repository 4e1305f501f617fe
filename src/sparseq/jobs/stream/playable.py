"""What the voices may play on each chord, and by which octave a voicing comes to where its part plays."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from sparseq.jobs.stream.contexts import VoiceLane
from sparseq.jobs.stream.harmony import Moment
from sparseq.jobs.stream.over import Over
from sparseq.jobs.stream.voice_examples import root_up
from sparseq.music.pitched import FIRST_ONSET, HOLD, token_mask, token_pitch

_OCTAVES = (0, -12, 12)


class Playable:
    """What may be drawn, told once for each voice and chord.

    Parameters
    ----------
    voices : sequence of VoiceLane
        The voices.
    over : Over
        Its rules: pitches, movable zero, and whether voicings move by octaves.
    """

    def __init__(self, voices: Sequence[VoiceLane], over: Over) -> None:
        self._voices = voices
        self._pitches_of, self._shift, self._by_octaves = over.pitches_of, over.shift, over.by_octaves
        self._pitches: dict[tuple[int, Moment], NDArray[np.bool_]] = {}
        self._tokens: dict[tuple[int, Moment], NDArray[np.uint8]] = {}

    def is_for(self, over: Over) -> bool:
        """Tell whether a bar has the rules that this was made with."""
        return (self._pitches_of, self._shift, self._by_octaves) == (over.pitches_of, over.shift, over.by_octaves)

    def tokens(self, lane: int, moment: Moment) -> NDArray[np.uint8]:
        """Return what may be drawn: rests, and onsets of pitches that may be played; holds are given, not drawn."""
        found = self._tokens.get((lane, moment))
        if found is None:
            voice = self._voices[lane]
            pitches = self._pitches[lane, moment] = self._pitches_of(voice, moment)
            if self._by_octaves:
                pitches = np.any([_moved(pitches, octave) for octave in _OCTAVES], axis=0)
            found = token_mask(pitches, self._shift + root_up(voice, moment)).astype(np.uint8)
            found[HOLD] = 0
            self._tokens[lane, moment] = found
        return found

    def octaves(self, tokens_l: NDArray[np.uint16], moment: Moment, given: Collection[int]) -> list[int]:
        """Return by how many semitones the onsets of each voice move: those of one part together, if they can."""
        out = [0] * len(self._voices)
        if not self._by_octaves:
            return out
        for part in dict.fromkeys(voice.part for voice in self._voices):
            fits = {
                lane: self._fitting_octaves(lane, int(tokens_l[lane]), moment)
                for lane, voice in enumerate(self._voices)
                if voice.part == part and lane not in given and tokens_l[lane] >= FIRST_ONSET
            }
            together = [octave for octave in _OCTAVES if all(octave in found for found in fits.values())]
            for lane, found in fits.items():
                out[lane] = together[0] if together else found[0]
        return out

    def _fitting_octaves(self, lane: int, token: int, moment: Moment) -> list[int]:
        """Return the octaves, nearest first, that bring an onset to a pitch that its voice may play."""
        allowed = self._pitches[lane, moment]
        pitch = token_pitch(token, self._shift + root_up(self._voices[lane], moment))
        return [octave for octave in _OCTAVES if 0 <= pitch + octave < len(allowed) and allowed[pitch + octave]]


def _moved(pitches: NDArray[np.bool_], octave: int) -> NDArray[np.bool_]:
    """Return the pitches that come to these by an octave."""
    out = np.zeros_like(pitches)
    first, last = max(-octave, 0), len(pitches) - max(octave, 0)
    out[first:last] = pitches[first + octave : last + octave]
    return out

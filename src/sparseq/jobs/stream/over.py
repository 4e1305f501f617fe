"""What a bar of the voices is written over."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparseq.engine.sampling import SamplingConfig
from sparseq.jobs.stream.contexts import VoiceLane
from sparseq.jobs.stream.harmony import Moment

PitchesOf = Callable[[VoiceLane, Moment], NDArray[np.bool_]]
"""Which pitches a voice may play on a chord: bool ndarray of shape (128,)."""


class Over(NamedTuple):
    """What a bar of the voices is written over, and how.

    Attributes
    ----------
    drums_td : uint16 ndarray of shape (T, D)
        The bar of the drums.
    chord_at : callable
        Returns the chord of a step counted from the start of the stream.
    phrase, style : int
        The bar in the phrase, the style.
    shift : int
        The movable zero of the tokens.
    pitches_of : callable
        Which pitches a voice may play.
    sampling : SamplingConfig
        How tokens are drawn.
    by_octaves : bool
        Whether what would lie where a voice may not play moves there by an octave: the chords are not those of the
        loops, and on another root a voicing may lie too high or too low.
    """

    drums_td: NDArray[np.uint16]
    chord_at: Callable[[int], Moment]
    phrase: int
    style: int
    shift: int
    pitches_of: PitchesOf
    sampling: SamplingConfig
    by_octaves: bool = False

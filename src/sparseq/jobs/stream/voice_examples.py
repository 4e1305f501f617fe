"""Examples as the voices of pitched parts learn them: told from the roots of chords, so that they follow any chord."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparseq.jobs.stream.contexts import VoiceLane
from sparseq.jobs.stream.harmony import Moment
from sparseq.kernel.checks import MASK
from sparseq.music.grid import Hit
from sparseq.music.parts import BASS, LEAD
from sparseq.music.pitched import HOLD, REST, moved_tokens


class VoiceExample(NamedTuple):
    """One example as the voices learn it.

    Attributes
    ----------
    tokens_tv : uint16 ndarray of shape (T, V)
        Tokens told from the tonic; `MASK` in the lanes of parts that it does not have.
    hits : mapping of (int, int) to tuple of Hit
        Its notes by step and voice lane.
    drums_td : uint16 ndarray of shape (T, D)
        Its drums; `MASK` where it has none.
    moments : sequence of Moment
        Its chord at each step.
    facts : uint16 ndarray of shape (T, 3)
        Step in the bar, bar in the phrase, style.
    is_loop : bool
        Whether it goes round.
    """

    tokens_tv: NDArray[np.uint16]
    hits: Mapping[tuple[int, int], tuple[Hit, ...]]
    drums_td: NDArray[np.uint16]
    moments: Sequence[Moment]
    facts: NDArray[np.uint16]
    is_loop: bool


def example_cells(voices: Sequence[VoiceLane], example: VoiceExample) -> NDArray[np.uint16]:
    """Return an example's cells: voices told from roots where they are, drums, and the lanes of `GIVEN`."""
    columns = []
    for lane, voice in enumerate(voices):
        up_t = -np.array([root_up(voice, moment) for moment in example.moments])
        tokens = example.tokens_tv[:, lane]
        columns.append(np.where(tokens == MASK, MASK, moved_tokens(np.where(tokens == MASK, REST, tokens), up_t)))
    chords = np.array([moment.token for moment in example.moments])
    return np.column_stack([*columns, example.drums_td, chords, example.facts]).astype(np.uint16)


def root_up(voice: VoiceLane, moment: Moment) -> int:
    """Return how far above the tonic a voice's onsets are told from."""
    if voice.kind == LEAD:
        return 0
    return moment.bass_up if voice.kind == BASS else moment.root_up


def held_steps(tokens_t: NDArray[np.uint16], step: int) -> int:
    """Return how many holds follow an onset."""
    behind = np.flatnonzero(tokens_t[step + 1 :] != HOLD)
    return int(behind[0]) if len(behind) else len(tokens_t) - step - 1

"""What generated notes may be: scale, range and number of voices, as masks over the tokens of each lane."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from sparseq.errors import InputError
from sparseq.music.keys import Key, range_mask, scale_mask
from sparseq.music.layout import DRUM, VOICE, Lane
from sparseq.music.pitched import HOLD, REST, token_mask

_ALL_VOICES = 128
_EVERYWHERE: Mapping[str, tuple[int, int]] = MappingProxyType({})
_ANY_NUMBER: Mapping[str, int] = MappingProxyType({})


def allowed_tokens(
    lanes: Sequence[Lane],
    shift: int,
    *,
    scale: Key | None = None,
    ranges: Mapping[str, tuple[int, int]] = _EVERYWHERE,
    polyphony: Mapping[str, int] = _ANY_NUMBER,
    muted: Collection[str] = (),
) -> NDArray[np.uint8]:
    """Return which tokens each lane may take.

    Parameters
    ----------
    lanes : sequence of Lane
        The lanes of a `PartGrid`.
    shift : int
        Its shift.
    scale : Key, optional
        Pitches outside of this scale are not allowed.
    ranges : mapping of str to (int, int)
        Lowest and highest pitch by part.
    polyphony : mapping of str to int
        Voices that a part may sound at once, at least 1; the lower voices rest.
    muted : collection of str
        Parts that rest altogether.

    Returns
    -------
    uint8 ndarray of shape (L, A)
        1 where lane l may take token a; A is the largest number of tokens of all lanes. A hold is always allowed to a
        voice that may sound, though it is right only where something sounds: see `holding`.

    Raises
    ------
    InputError
        If a range is empty, leaves no note of the scale, or a number of voices is below 1.
    """
    out = np.zeros((len(lanes), max(lane.n_tokens for lane in lanes)), np.uint8)
    voice_of: dict[str, int] = {}
    for index, lane in enumerate(lanes):
        out[index, : lane.n_tokens] = 1
        voice = voice_of[lane.part] = voice_of.get(lane.part, -1) + 1
        if (lane.kind in (DRUM, VOICE) and lane.part in muted) or (
            lane.kind == VOICE and voice >= _most(lane.part, polyphony)
        ):
            out[index, REST + 1 :] = 0
        elif lane.kind == VOICE:
            out[index, : lane.n_tokens] = token_mask(_pitches(lane.part, scale, ranges), shift)
    return out


def holding(allowed_a: NDArray[np.uint8], last_token: int) -> NDArray[np.uint8]:
    """Return which tokens a voice may take after another: nothing is held after a rest.

    Parameters
    ----------
    allowed_a : uint8 ndarray of shape (A,)
        A row of `allowed_tokens`.
    last_token : int
        The voice's token one step before; `REST` at the start.

    Returns
    -------
    uint8 ndarray of shape (A,)
        A copy where `HOLD` must go.
    """
    if last_token != REST:
        return allowed_a
    out = allowed_a.copy()
    out[HOLD] = 0
    return out


def _most(part: str, polyphony: Mapping[str, int]) -> int:
    most = polyphony.get(part, _ALL_VOICES)
    if most < 1:
        raise InputError(f"{part}: at least 1 voice at once was wanted, but {most} was given; mute the part instead")
    return most


def _pitches(part: str, scale: Key | None, ranges: Mapping[str, tuple[int, int]]) -> NDArray[np.bool_]:
    allowed = np.ones(128, np.bool_) if scale is None else scale_mask(scale)
    if part in ranges:
        lowest, highest = ranges[part]
        allowed &= range_mask(lowest, highest)
        if not allowed.any():
            raise InputError(f"{part}: no note of {scale} lies in the range {lowest}-{highest}; widen it")
    return allowed

"""A pitched part as a grid of steps and voices: rest, hold or onset, the pitch told from the tonic.

Tokens: `REST` and `HOLD`, then one for each pitch above a movable zero, the **shift**: pitch - shift is what counts.
The shift of a key is where its tonic lies nearest to a C (`tonic_shift`), or, towards another key, where the way there
is nearest (`shift_towards`), so that music of all keys meets on the same tokens without leaping by octaves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sparseq.errors import InputError
from sparseq.music.decode import place_hits
from sparseq.music.encode import hits_of, steps_of
from sparseq.music.grid import GridBar, Hit
from sparseq.music.keys import Key, transposition
from sparseq.music.score import Note
from sparseq.music.units import PPQ
from sparseq.music.voices import MAX_VOICES, allocate_voices, stops_of

REST, HOLD = 0, 1
FIRST_ONSET = 2
MOST_SHIFT = 17
"""A shift is from -17 to 17: half an octave each to the tonic, from key to key, and from tonic to a chord's root."""

N_PITCH_TOKENS = FIRST_ONSET + 128 + 2 * MOST_SHIFT
"""Tokens of a voice: rest, hold, and every pitch with every shift."""


@dataclass(frozen=True, eq=False)
class VoiceGrid:
    """A pitched part.

    Attributes
    ----------
    tokens_tv : uint8 ndarray of shape (T, V)
        `REST`, `HOLD` or an onset's `pitch_token`, by step and voice; voice 0 is the highest.
    hits : mapping of (int, int) to tuple of Hit
        The notes that begin in each cell (step, voice), in order of time; the first is the one that the token tells.
    steps_per_beat : int
        Steps per quarter note.
    bars : tuple of GridBar
        They cover all T steps.
    shift : int
        The movable zero, -17 to 17.
    """

    tokens_tv: NDArray[np.uint8]
    hits: Mapping[tuple[int, int], tuple[Hit, ...]]
    steps_per_beat: int
    bars: tuple[GridBar, ...]
    shift: int = 0


def tonic_shift(tonic: int) -> int:
    """Return the shift of a tonic, -6 to 5: 0 for C, 5 for F, -6 for F sharp."""
    return (tonic + 6) % 12 - 6


def shift_towards(source: Key, target: Key) -> int:
    """Return the shift with which music in one key reads as if it were moved the nearest way into another."""
    return tonic_shift(target.tonic) - transposition(source, target)


def pitch_token(pitch: int, shift: int = 0) -> int:
    """Return the token of an onset.

    Raises
    ------
    InputError
        If pitch or shift are out of range.
    """
    if not (0 <= pitch < 128 and -MOST_SHIFT <= shift <= MOST_SHIFT):
        raise InputError(
            f"a pitch from 0 to 127 and a shift of up to {MOST_SHIFT} were wanted, but {pitch}, {shift} were given"
        )
    return FIRST_ONSET + MOST_SHIFT + pitch - shift


def token_pitch(token: int, shift: int = 0) -> int:
    """Return the pitch of an onset's token; may lie outside 0 to 127 where the token comes from another shift.

    Raises
    ------
    InputError
        If the token is no onset.
    """
    if not FIRST_ONSET <= token < N_PITCH_TOKENS:
        raise InputError(f"the token of an onset, 2 to {N_PITCH_TOKENS - 1}, was wanted, but {token} was given")
    return token - FIRST_ONSET - MOST_SHIFT + shift


def moved_tokens(tokens_t: NDArray[np.integer], up_t: NDArray[np.integer]) -> NDArray[np.uint16]:
    """Return voice tokens with each onset told from another zero; rests and holds stay.

    Parameters
    ----------
    tokens_t : integer ndarray of shape (T,)
        Tokens of one voice.
    up_t : integer ndarray of shape (T,)
        Semitones that each onset moves up, such as minus the distance of a chord's root from the tonic.

    Returns
    -------
    uint16 ndarray of shape (T,)
        What would leave the tokens of an onset stays in them by octaves.
    """
    moved = tokens_t.astype(np.int64) + up_t
    moved = np.where(moved < FIRST_ONSET, FIRST_ONSET + (moved - FIRST_ONSET) % 12, moved)
    last = N_PITCH_TOKENS - 12
    moved = np.where(moved >= N_PITCH_TOKENS, last + (moved - last) % 12, moved)
    return np.where(tokens_t >= FIRST_ONSET, moved, tokens_t).astype(np.uint16)


def token_mask(allowed: NDArray[np.bool_], shift: int = 0) -> NDArray[np.bool_]:
    """Return which tokens a voice may take: rest, hold, and the onsets of allowed pitches.

    Parameters
    ----------
    allowed : bool ndarray of shape (128,)
        As `keys.scale_mask` and `keys.range_mask` return it, or both together with ``&``.
    shift : int
        The grid's shift.

    Returns
    -------
    bool ndarray of shape (`N_PITCH_TOKENS`,)
        Pitches that are none, and so can be no onset, are never allowed.
    """
    out = np.zeros(N_PITCH_TOKENS, np.bool_)
    out[[REST, HOLD]] = True
    first = pitch_token(0, shift)
    out[first : first + 128] = allowed
    return out


def pitch_distances() -> NDArray[np.float64]:
    """Return how unlike two voice tokens are: float64 ndarray of shape (`N_PITCH_TOKENS`, `N_PITCH_TOKENS`), 0 to 1.

    The same pitch class in another octave is nearest, then fifths and fourths, thirds and sixths, then what clashes. A
    hold is nearer to an onset than a rest is: something sounds.
    """
    by_class = np.array([0.3, 1.0, 0.85, 0.7, 0.7, 0.55, 0.9, 0.55, 0.7, 0.7, 0.85, 1.0])
    relative = np.arange(N_PITCH_TOKENS - FIRST_ONSET)
    unlike = np.ones((N_PITCH_TOKENS, N_PITCH_TOKENS))
    unlike[FIRST_ONSET:, FIRST_ONSET:] = by_class[(relative[:, None] - relative) % 12]
    unlike[HOLD, FIRST_ONSET:] = unlike[FIRST_ONSET:, HOLD] = 0.9
    np.fill_diagonal(unlike, 0.0)
    return unlike


def encode_voices(
    notes: Sequence[Note],
    ppq: int,
    bars: tuple[GridBar, ...],
    steps_per_beat: int = 4,
    *,
    shift: int = 0,
    max_voices: int = MAX_VOICES,
) -> VoiceGrid:
    """Put the notes of one pitched part on a grid.

    Every note is kept: where voices run out, notes share the last one's cells.

    Parameters
    ----------
    notes : sequence of Note
        In order of onset.
    ppq : int
        Their resolution.
    bars : tuple of GridBar
        Bars that reach behind the last onset; see `counting.counted_bars`.
    steps_per_beat : int
        Steps per quarter note.
    shift : int
        The movable zero of the tokens.
    max_voices : int
        Voices at most, at least 1; the grid has as many as are used, at least 1.

    Returns
    -------
    VoiceGrid
        The part.
    """
    starts = steps_of(notes, ppq, steps_per_beat)
    stops = stops_of(notes, starts, ppq, steps_per_beat)
    voices = allocate_voices(notes, starts, stops, max_voices)
    n_steps = bars[-1].stop_step
    tokens = np.zeros((n_steps, int(voices.max(initial=0)) + 1), np.uint8)
    cells: dict[tuple[int, int], tuple[Hit, ...]] = {}
    for start, stop, voice in zip(starts.tolist(), stops.tolist(), voices.tolist(), strict=True):
        tokens[start + 1 : stop, voice] = HOLD
    hits = hits_of(notes, starts, ppq, steps_per_beat)
    for hit, start, voice in zip(hits, starts.tolist(), voices.tolist(), strict=True):
        if (start, voice) not in cells:
            tokens[start, voice] = pitch_token(hit.pitch, shift)
        cells[start, voice] = (*cells.get((start, voice), ()), hit)
    return VoiceGrid(tokens, cells, steps_per_beat, bars, shift)


def voice_notes(grid: VoiceGrid, ppq: int = PPQ, *, channel: int = 0, track: int = 0) -> tuple[Note, ...]:
    """Turn a part back into notes.

    Parameters
    ----------
    grid : VoiceGrid
        The part.
    ppq, channel, track : int
        As for `decode.place_hits`.

    Returns
    -------
    tuple of Note
        Ordered by onset.
    """
    return place_hits(grid.hits, grid.steps_per_beat, ppq, channel=channel, track=track)


def holds_of(hit: Hit, steps_per_beat: int) -> int:
    """Return how many `HOLD` tokens follow the onset of a hit."""
    end = (2 * steps_per_beat * (hit.offset_ticks + hit.duration_ticks) + PPQ) // (2 * PPQ)
    return max(end - 1, 0)


def reshaped(source: Sequence[Hit], pitch: int, holds: int, steps_per_beat: int) -> tuple[Hit, ...]:
    """Return the hits of an example's cell as they sound on another pitch and for another number of steps.

    Velocity and timing stay; so does how long before its step's end the last one is let go.

    Parameters
    ----------
    source : sequence of Hit
        What the example's cell holds, at least one hit.
    pitch : int
        What the first of them becomes, 0 to 127; the others move along, those that would leave 0 to 127 by octaves.
    holds : int
        `HOLD` tokens that follow the onset.
    steps_per_beat : int
        Steps per quarter note.

    Returns
    -------
    tuple of Hit
        As many as in `source`.
    """
    up = pitch - source[0].pitch
    longest = max(range(len(source)), key=lambda index: source[index].offset_ticks + source[index].duration_ticks)
    out = []
    for index, hit in enumerate(source):
        length = hit.duration_ticks
        if index == longest:
            own = holds_of(hit, steps_per_beat)
            length += (holds - own) * PPQ // steps_per_beat
            least = _least_length(hit.offset_ticks, holds, steps_per_beat)
            length = max(length, least)
        out.append(hit._replace(pitch=_inside(hit.pitch + up), duration_ticks=length))
    return tuple(out)


def _least_length(offset_ticks: int, holds: int, steps_per_beat: int) -> int:
    """Return the shortest duration that is followed by so many holds."""
    if not holds:
        return 1
    edge = -(-(2 * holds + 1) * PPQ // (2 * steps_per_beat))  # where rounding turns up to holds + 1
    return max(edge - offset_ticks, 1)


def _inside(pitch: int) -> int:
    if pitch < 0:
        return pitch % 12
    return pitch if pitch < 128 else 116 + (pitch - 116) % 12


def illegal_successions(tokens_tv: NDArray[np.integer]) -> int:
    """Return how many `HOLD` tokens hold nothing: they follow a rest, or stand at the very start."""
    before = np.vstack([np.full((1, tokens_tv.shape[1]), REST), tokens_tv[:-1]])
    return int(((tokens_tv == HOLD) & (before == REST)).sum())

"""Harmony of a hole: which pitches its scale and its chords allow, and the piece itself on other degrees."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from sparseq.jobs.pitched.cells import HARMONY, N_GIVEN, Cells
from sparseq.jobs.pitched.hole import PitchedHole
from sparseq.kernel.checks import MASK
from sparseq.music.chords import QUALITIES, Chord, token_chord
from sparseq.music.keys import Key, scale_mask
from sparseq.music.layout import CHORD, VOICE
from sparseq.music.parts import LEAD
from sparseq.music.pitched import FIRST_ONSET, N_PITCH_TOKENS, moved_tokens, token_mask

Allowed = npt.NDArray[np.uint8]

OCTAVE = 12
TO_ROOTS = 3
"""Chords that a person gives may lead so many semitones further down and up than the part goes."""


def legal_pitches(hole: PitchedHole, scale: Key | None, loops: Sequence[Cells]) -> Allowed | None:
    """Return which pitches may be struck in each cell of `cells.voice_cells`; None where all may.

    Pitches stay in the scale, and in the range of their voice, where loops of others or chords might lead out of it.
    Chords that a person gives bind bass and chords to their notes; a lead may take those of the scale between.

    Parameters
    ----------
    hole : PitchedHole
        The hole.
    scale : Key or None
        None for no scale.
    loops : sequence of uint16 ndarray of shape (T_e, V)
        Tokens of the loops that are learnt from.

    Returns
    -------
    uint8 ndarray of shape (T, L, `N_PITCH_TOKENS`) or None
        0 forbids.
    """
    if not hole.chords_given and (scale is None or not loops):
        return None
    grid = hole.grid
    voices = grid.indices(kind=VOICE)
    out = np.ones((grid.n_steps, 3 * len(voices) + N_GIVEN, N_PITCH_TOKENS), np.uint8)
    chords_t = grid.tokens_tl[:, grid.indices(kind=CHORD)[0]]
    ranges = [_range(hole, voice, loops) for voice in range(len(voices))]
    steps = np.flatnonzero(hole.onset_tl.any(1))
    for chord in np.unique(chords_t[steps]).tolist():
        here = steps[chords_t[steps] == chord]
        given = token_chord(chord, grid.shift % 12) if hole.chords_given else None
        for voice, lane in enumerate(voices):
            kind = grid.sounds[grid.lanes[lane].part].kind
            out[here, len(voices) + voice] = token_mask(_pitches(given, kind, scale), grid.shift) & ranges[voice]
    return out


def _range(hole: PitchedHole, voice: int, loops: Sequence[Cells]) -> npt.NDArray[np.bool_]:
    """Return the tokens of a voice in the range, an octave at least, that the piece plays, or else the loops do."""
    lane = hole.grid.indices(kind=VOICE)[voice]
    own = hole.grid.tokens_tl[:, lane][~hole.mask_tl[:, lane]]
    played = own[own >= FIRST_ONSET]
    if not len(played):
        played = np.concatenate([loop[:, voice] for loop in loops] or [own])
        played = played[played >= FIRST_ONSET]
    tokens = np.arange(N_PITCH_TOKENS)
    if not len(played):
        return tokens >= 0
    spare = max(OCTAVE - 1 - int(np.ptp(played)), 2 * TO_ROOTS if hole.chords_given else 0)
    low, high = int(played.min()) - spare // 2, int(played.max()) + (spare + 1) // 2
    return (tokens < FIRST_ONSET) | ((tokens >= low) & (tokens <= high))


def _pitches(chord: Chord | None, kind: str, scale: Key | None) -> npt.NDArray[np.bool_]:
    """Return the pitches that a part may strike over a chord: bool ndarray of shape (128,)."""
    in_scale = np.ones(128, np.bool_) if scale is None else scale_mask(scale)
    if chord is None:
        return in_scale
    in_chord = np.isin(np.arange(128) % 12, sorted(chord.classes))
    return in_scale | in_chord if kind == LEAD else in_chord


def moved_cells(cells_tl: Cells, n_voices: int) -> Iterator[Cells]:
    """Yield the cells of `cells.voice_cells` on the eleven other degrees: five semitones down to six up."""
    notes = slice(n_voices, 3 * n_voices)
    harmony = 3 * n_voices + HARMONY
    for up in range(-5, 7):
        if up:
            out = cells_tl.copy()
            out[:, notes] = _moved(cells_tl[:, notes], up)
            out[:, harmony] = _moved_chords(cells_tl[:, harmony], up)
            yield out


def _moved(tokens_tv: Cells, up: int) -> Cells:
    known = np.where(tokens_tv == MASK, 0, tokens_tv)
    return np.where(tokens_tv == MASK, MASK, moved_tokens(known, np.full(known.shape, up))).astype(np.uint16)


def _moved_chords(tokens_t: Cells, up: int) -> Cells:
    root, quality = np.divmod(tokens_t.astype(np.int64) - 1, len(QUALITIES))
    moved = 1 + (root + up) % 12 * len(QUALITIES) + quality
    return np.where((tokens_t == MASK) | (tokens_t == 0), tokens_t, moved).astype(np.uint16)

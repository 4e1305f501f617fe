"""The key in which a take and loops meet: its scale holds what the take plays, and its chords are those of the loops.

A vamp of Em and A has the notes of D major. Loops in E minor that go from Em7 to A9 are of use to it where both are
read from E, in E dorian; read from D, none of their chords would be any of its own.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sparseq.jobs.examples import Example
from sparseq.jobs.stream.material import FRAME
from sparseq.jobs.stream.wanted import has_pitched
from sparseq.music.chords import Progression, chord_distances, chord_token
from sparseq.music.keys import Key, transposition
from sparseq.music.piece import Piece

HELD = 0.9
"""A scale that holds so many of the take's notes will do: a passing note or two do not make another."""
_SCALES = ("major", "minor", "dorian", "mixolydian", "phrygian", "lydian")  # of equals the first


def common_key(take: Piece, chords: Progression, loops: Sequence[Example]) -> Key:
    """Find the key to bring loops to.

    Parameters
    ----------
    take : Piece
        With pitched notes.
    chords : Progression
        Its chords.
    loops : sequence of Example
        The loops.

    Returns
    -------
    Key
        Chromatic where no scale holds the take.
    """
    theirs = _tokens_of(loops)
    own_c = np.bincount([note.pitch % 12 for note in take.pitched_notes], minlength=12)
    keys = (Key(tonic, scale) for scale in _SCALES for tonic in range(12))
    holding = [key for key in keys if _held(own_c, key) >= HELD]
    candidates = holding or [Key(tonic, "chromatic") for tonic in range(12)]
    unlike = chord_distances()

    def strangeness(key: Key) -> float:
        zero = -transposition(key, FRAME) % 12
        own = [chord_token(chord, zero) for bar in chords.bars for chord in bar if chord is not None]
        return float(unlike[np.ix_(own, theirs)].min(1).mean()) if own and theirs else 0.0

    return min(candidates, key=lambda key: (round(strangeness(key), 9), -round(_held(own_c, key), 9)))


def _held(own_c: NDArray[np.int64], key: Key) -> float:
    """Return the share of a take's notes, counted by pitch class, that a scale holds."""
    return float(own_c[sorted(key.classes)].sum()) / max(int(own_c.sum()), 1)


def _tokens_of(loops: Sequence[Example]) -> list[int]:
    """Return the chords of loops as they are told in `FRAME`."""
    found: set[int] = set()
    for example in loops:
        if not has_pitched(example):
            continue
        piece = example.piece()
        zero = -transposition(piece.key or FRAME, FRAME) % 12
        found |= {chord_token(chord, zero) for chord in piece.chords_t(example.chords) if chord is not None}
    return sorted(found)

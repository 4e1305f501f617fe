"""What drums hear of pitched parts that are there already: when a bass strikes, and when any other part does."""

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from sparseq.jobs.stream.contexts import KICK, SNARE
from sparseq.kernel.checks import MASK
from sparseq.music.encode import steps_of
from sparseq.music.parts import BASS, DRUMS
from sparseq.music.piece import Piece

N_BESIDE = 2
"""Two lanes: the bass, all others."""
_WEIGHTS = MappingProxyType({KICK: (1.2, 0.3), SNARE: (0.4, 0.3)})
_OTHERS = (0.1, 0.16)
"""Half of this is too little to find the drums that go with a bass; twice as much finds no more, see ACCOMPANY.md."""


def beside_weights(lane: str) -> tuple[float, float]:
    """Return how much a drum minds a bass that strikes now, and another part."""
    return _WEIGHTS.get(lane, _OTHERS)


def strikes(piece: Piece | None, n_steps: int) -> NDArray[np.uint16]:
    """Return when the pitched parts of a piece strike.

    Parameters
    ----------
    piece : Piece or None
        The piece; None for drums alone.
    n_steps : int
        So many steps are told; the piece rests behind its end.

    Returns
    -------
    uint16 ndarray of shape (T, `N_BESIDE`)
        1 where the bass strikes, where any other part does; `MASK` where the piece has no such part.
    """
    out = np.full((n_steps, N_BESIDE), MASK, np.uint16)
    if piece is None:
        return out
    pitched = [part for part in piece.parts if part.kind != DRUMS]
    out[:, [int(part.kind != BASS) for part in pitched]] = 0
    for part in pitched:
        steps = steps_of(part.notes, piece.score.ppq, piece.steps_per_beat)
        out[steps[steps < n_steps], int(part.kind != BASS)] = 1
    return out

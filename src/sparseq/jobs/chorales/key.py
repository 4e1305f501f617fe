"""Key signatures: by how many semitones a chorale is moved so that all have the same one."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Pitches = npt.NDArray[np.int64]

_MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
_IN_SCALE, _OUT_OF_SCALE = 0.97 / 7, 0.03 / 5
ROUNDS = 5
"""Profile and keys are fitted to each other so often; they no longer change after three."""
TRUST = 0.35
"""Of each note's evidence: notes that follow each other are not independent witnesses."""


class Keys:
    """What a library says of keys.

    Parameters
    ----------
    pieces : sequence of int64 ndarray of shape (T, V)
        MIDI pitches, -1 for a rest.

    Attributes
    ----------
    tonics : int64 ndarray of shape (P,)
        Of each piece, 0 to 11: the tonic of the major key with its signature.
    """

    def __init__(self, pieces: Sequence[Pitches]) -> None:
        histograms = np.array([_histogram(piece) for piece in pieces])
        self._log_profile = np.full(12, np.log(_OUT_OF_SCALE))
        self._log_profile[list(_MAJOR_SCALE)] = np.log(_IN_SCALE)
        for _ in range(ROUNDS):
            self._turned = self._all_turned()
            self.tonics = self._evidence(histograms).argmax(1)
            turned = [np.roll(h / max(h.sum(), 1.0), -k) for h, k in zip(histograms, self.tonics, strict=True)]
            self._log_profile = np.log(np.mean(turned, axis=0) + 1e-4)
        usual = np.bincount(self.tonics, minlength=12) + 1.0
        self._log_usual = np.log(usual / usual.sum())
        self._turned = self._all_turned()

    def tonic(self, known: Pitches) -> int:
        """Return the likeliest tonic of what is known of a piece; the most usual where nothing is."""
        evidence = self._evidence(_histogram(known)[None])[0]
        return int((TRUST * evidence + self._log_usual).argmax())

    def _all_turned(self) -> Floats:
        return np.stack([np.roll(self._log_profile, k) for k in range(12)])

    def _evidence(self, histograms: Floats) -> Floats:
        return np.asarray(histograms @ self._turned.T)


def shift_of(tonic: int) -> int:
    """Return the semitones to take off each pitch: at most six up or down."""
    return tonic if tonic <= 6 else tonic - 12


def _histogram(pitches: Pitches) -> Floats:
    sounding = pitches[pitches >= 0]
    return np.bincount(sounding % 12, minlength=12).astype(np.float64)

"""The library end to end: every voice as one line of codes, read at any distance from any step without copying it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sparseq.jobs.chorales.key import Keys, Pitches, shift_of

Codes = npt.NDArray[np.uint8]

BEAT = 4
"""Sixteenths of a beat. Cells are compared with those at the same sixteenth only: a fourth of the work, no worse."""
REACH = 128
"""Steps of edge on both sides of every piece: nothing further away is looked at."""
REST, EDGE, N_CODES = 127, 254, 128
CENTRE = 64
"""Code of a pitch equal to the one that others are measured from."""


class Timeline:
    """All pieces, moved into one key.

    Parameters
    ----------
    pieces : sequence of int64 ndarray of shape (T, V)
        MIDI pitches, -1 for a rest.
    keys : Keys
        Their keys.

    Attributes
    ----------
    n_voices : int
        V.
    """

    def __init__(self, pieces: Sequence[Pitches], keys: Keys) -> None:
        self.n_voices = pieces[0].shape[1]
        blocks, owners, steps = [], [], []
        for number, (piece, tonic) in enumerate(zip(pieces, keys.tonics.tolist(), strict=True)):
            length = REACH + len(piece) + -len(piece) % BEAT
            block = np.full((length, self.n_voices), EDGE, np.uint8)
            block[REACH : REACH + len(piece)] = np.where(piece < 0, REST, piece - shift_of(tonic))
            blocks.append(block)
            owners.append(np.where(block[:, 0] == EDGE, -1, number))
            steps.append((np.arange(length) - REACH) % (4 * BEAT))
        end = np.full((REACH, self.n_voices), EDGE, np.uint8)
        line = np.concatenate([*blocks, end])
        # One plane for each sixteenth of the beat, so that what a row sees lies in a row.
        self._planes = [[np.ascontiguousarray(line[r::BEAT, v]) for r in range(BEAT)] for v in range(self.n_voices)]
        owner = np.concatenate([*owners, np.full(REACH, -1)])
        sixteenth = np.concatenate([*steps, np.zeros(REACH, np.int64)]).astype(np.uint8)
        self._rows = [np.flatnonzero(owner[r::BEAT] >= 0) for r in range(BEAT)]
        self._owners = [owner[r::BEAT][self._rows[r]] for r in range(BEAT)]
        self._sixteenths = [np.ascontiguousarray(sixteenth[r::BEAT]) for r in range(BEAT)]

    def rows(self, sixteenth: int, but: int = -1) -> npt.NDArray[np.int64]:
        """Return the rows of one sixteenth of the beat, without those of piece `but`."""
        kept: npt.NDArray[np.int64] = self._rows[sixteenth][self._owners[sixteenth] != but]
        return kept

    def codes(self, rows: npt.NDArray[np.int64], sixteenth: int, voice: int, dt: int) -> Codes:
        """Return the code of a voice `dt` steps from each row, uint8 of shape (N,)."""
        beats, there = divmod(sixteenth + dt, BEAT)
        found: Codes = self._planes[voice][there][rows + beats]
        return found

    def sixteenths(self, rows: npt.NDArray[np.int64], sixteenth: int) -> Codes:
        """Return the step in a bar of four beats of each row, counted from its piece's start, uint8 of shape (N,)."""
        found: Codes = self._sixteenths[sixteenth][rows]
        return found


def relative(codes: Codes, from_codes: Codes) -> Codes:
    """Return pitches as intervals from other ones, `CENTRE` being none; rests and edges stay what they are.

    Parameters
    ----------
    codes, from_codes : uint8 ndarray of shape (N,)
        Pitches, less than 64 semitones apart; the second neither rests nor edges.
    """
    # Less than 64 apart either way, so that bytes wrap into place.
    moved: Codes = codes - from_codes + np.uint8(CENTRE)
    return np.where(codes < REST, np.minimum(moved, REST - 1), codes).astype(np.uint8)

"""Simple rules for chorales: each says how probable every pitch is in one cell of a half-known piece."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sparseq.engine.markov import Hashes, VariableOrder, hash_columns
from sparseq.jobs.chorales.experts import N_OUTCOMES, N_PITCHES
from sparseq.jobs.chorales.key import Floats, Keys, Pitches, shift_of
from sparseq.jobs.chorales.looks import Cell, bucket_of, cells_in_order, random_orders

ADDED = 0.05
"""Added to every count."""
LEAP = 12
"""Larger intervals are taken for an octave."""
USUAL_SHARE = 0.02
"""Share of the usual pitches in what the counts say: larger intervals and rests are in these alone."""


class Uniform:
    """Every pitch that the library sings at all, and the rest."""

    def __init__(self, pieces: Sequence[Pitches]) -> None:
        sung = np.unique(np.concatenate([piece.reshape(-1) for piece in pieces]))
        self._p = np.full(N_OUTCOMES, 1e-9)
        self._p[np.where(sung < 0, N_PITCHES, sung)] = 1.0
        self._p /= self._p.sum()

    def probabilities(self, cell: Cell) -> Floats:
        """Return the same for every cell, float64 of shape (N_OUTCOMES,)."""
        return self._p


class Usual:
    """What a voice usually sings, moved into the key of what is known."""

    def __init__(self, pieces: Sequence[Pitches]) -> None:
        self._keys = Keys(pieces)
        self._tally = np.full((pieces[0].shape[1], N_OUTCOMES), ADDED)
        for piece, tonic in zip(pieces, self._keys.tonics.tolist(), strict=True):
            for voice, line in enumerate(piece.T):
                moved = np.where(line < 0, N_PITCHES, np.clip(line - shift_of(tonic), 0, N_PITCHES - 1))
                self._tally[voice] += np.bincount(moved, minlength=N_OUTCOMES)

    def probabilities(self, cell: Cell) -> Floats:
        """Return the usual pitches of the voice, float64 of shape (N_OUTCOMES,)."""
        tally = self._tally[cell.voice]
        moved = np.append(np.roll(tally[:-1], shift_of(self._keys.tonic(cell.known()))), tally[-1])
        return np.asarray(moved / moved.sum())


class Markov:
    """The interval from the nearest known note of the same voice, by contexts of rising length.

    Parameters
    ----------
    pieces : sequence of int64 ndarray of shape (T, V)
        To count over, in random order once.
    lengths : int
        1 for how far away that note is alone (order 1); up to 4 for what is on the other side, the voices now and the
        step in the bar as well (variable order).
    rng : Generator
        Of the orders.
    """

    def __init__(self, pieces: Sequence[Pitches], lengths: int, rng: np.random.Generator) -> None:
        self._usual, self._lengths = Usual(pieces), lengths
        contexts, symbols = [], []
        for piece in pieces:
            order, voices = random_orders(piece.shape, rng)
            for cell in (cell for cells in cells_in_order(piece, 0, order, voices) for cell in cells):
                from_pitch = _nearest_pitch(cell)
                if from_pitch is not None and piece[cell.step, cell.voice] >= 0:
                    contexts.append(self._facts(cell, from_pitch))
                    symbols.append(_interval(int(piece[cell.step, cell.voice]) - from_pitch))
        self._model = VariableOrder(_hashed(np.array(contexts).T), symbols, 2 * LEAP + 1)

    def probabilities(self, cell: Cell) -> Floats:
        """Return the counted intervals, and a little of the usual pitches, float64 of shape (N_OUTCOMES,)."""
        usual = self._usual.probabilities(cell)
        from_pitch = _nearest_pitch(cell)
        if from_pitch is None:
            return usual
        found = self._model.probabilities(_hashed(np.array([self._facts(cell, from_pitch)]).T))[0]
        out = np.zeros(N_OUTCOMES)
        pitches = from_pitch + np.arange(-LEAP, LEAP + 1)
        inside = (pitches >= 0) & (pitches < N_PITCHES)
        out[pitches[inside]] = found[inside]
        return np.asarray((1.0 - USUAL_SHARE) * out / out.sum() + USUAL_SHARE * usual)

    def _facts(self, cell: Cell, from_pitch: int) -> tuple[int, ...]:
        """Return what a cell is known by, a group of numbers a length, the shortest first."""
        nearest = cell.nearest()
        assert nearest is not None, "asked of cells with a nearest note only"
        dt = nearest - cell.step
        across = list(cell.after if dt < 0 else cell.before)[:1]
        far = [_interval(int(cell.piece[frame, cell.voice]) - from_pitch) for frame in across] or [-1]
        away = [bucket_of(frame - cell.step) for frame in across] or [-1]
        now = [
            int(cell.piece[cell.step, voice]) - from_pitch if voice in cell.now else -99
            for voice in range(cell.piece.shape[1])
        ]
        facts = (cell.voice, int(dt < 0), bucket_of(dt), far[0], away[0], cell.sixteenth, *now)
        return facts[: _ENDS[self._lengths - 1]]


_ENDS = (3, 5, 6, 10)


def _hashed(facts_kn: npt.NDArray[np.integer]) -> Hashes:
    """Return a number for the first few facts, for the first few more, and so on: uint64 of shape (D, N)."""
    ends = [end for end in _ENDS if end <= len(facts_kn)]
    return np.array([hash_columns(facts_kn[:end] + 200) for end in ends])


def _nearest_pitch(cell: Cell) -> int | None:
    nearest = cell.nearest()
    if nearest is None or cell.piece[nearest, cell.voice] < 0:
        return None
    return int(cell.piece[nearest, cell.voice])


def _interval(semitones: int) -> int:
    return min(max(semitones, -LEAP), LEAP) + LEAP

"""Drum pieces as one block of bars each, which is how simple rules see them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A drum part whose bars are all of one length.

    Attributes
    ----------
    name : str
        Where it is from.
    style : str
        "" where not known.
    bits_bsl : uint8 ndarray of shape (B, S, L)
        1 for an onset, by bar, step in the bar and lane.
    """

    name: str
    style: str
    bits_bsl: Bits

    @property
    def tokens_tl(self) -> Bits:
        """Its steps in a row: uint8 ndarray of shape (B S, L)."""
        return self.bits_bsl.reshape(-1, self.bits_bsl.shape[2])

    def bars(self, first: int, stop: int) -> "Piece":
        """Return some bars of it as a piece."""
        return Piece(self.name, self.style, self.bits_bsl[first:stop])


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """Pieces to learn from, counted alike.

    Attributes
    ----------
    pieces : tuple of Piece
        At least one; all with the same steps in a bar and lanes.
    lanes : tuple of str
        Their lanes.
    steps_per_beat : int
        Steps in a quarter note.
    meter : tuple of int
        Numerator and denominator.
    """

    pieces: tuple[Piece, ...]
    lanes: tuple[str, ...]
    steps_per_beat: int
    meter: tuple[int, int]

    @property
    def bar_steps(self) -> int:
        """Steps in a bar."""
        return int(self.pieces[0].bits_bsl.shape[1])

    def all_bars(self) -> Bits:
        """Return every bar of every piece, uint8 of shape (B, S, L)."""
        return np.concatenate([piece.bits_bsl for piece in self.pieces])


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """A piece with the one bar that is taken out of it in a fill.

    Attributes
    ----------
    piece : Piece
        As it was played.
    gap : int
        Index of the bar to fill.
    order_c : int64 ndarray of shape (S L,)
        The cells of the bar, as flat indices into it, in the random order in which they are asked for.
    """

    piece: Piece
    gap: int
    order_c: Ints

    @property
    def truth_sl(self) -> Bits:
        """The bar as it was played."""
        return np.asarray(self.piece.bits_bsl[self.gap])


def excerpt_of(piece: Piece, gap: int, rng: np.random.Generator) -> Excerpt:
    """Return a piece with a hole and a random order of its cells."""
    return Excerpt(piece, gap, rng.permutation(piece.bits_bsl[gap].size))


def log_of_truth(p: Floats, bits: npt.NDArray[np.integer]) -> Floats:
    """Return the natural logarithm of the probability of what was played, p being that of an onset."""
    return np.log(np.where(bits > 0, p, 1.0 - p))

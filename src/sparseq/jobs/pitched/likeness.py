"""How alike two bars are, by what is known of them and of the bars around them: so a hole finds its like in the piece.

A song repeats itself, but not always the bar before: a form of four bars repeats after four. Bars are told apart by the
onsets that they share with another, voice by voice and step by step (Jaccard's measure), in the bar itself, as far as
it is known, and in the bars beside it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sparseq.jobs.pitched.cells import STRANGE_BAR
from sparseq.jobs.pitched.hole import PitchedHole
from sparseq.music.grid import GridBar
from sparseq.music.layout import DRUM, VOICE
from sparseq.music.pitched import HOLD

Floats = npt.NDArray[np.float64]

BESIDE = ((0, 4.0), (-1, 1.5), (1, 1.5), (-2, 0.8), (2, 0.8), (-3, 0.4), (3, 0.4), (-4, 0.4), (4, 0.4))
"""Bars that are compared, seen from the hole, and what they count."""
FORMS = ((2, 0.3), (4, 0.6), (8, 0.3))
"""Forms: bars whose distance is no multiple of so many bars are less alike, by so much."""
EDGE_COUNTS = 0.25
"""A neighbour that only one of two bars has, at the ends of a piece, is half alike and counts so much."""
STRANGE_UNLIKE = 0.6
"""How unlike a bar of the hole is to bars of examples, and to those of the piece that are too far away."""
SAME_BAR_UNLIKE = 0.5
"""How unlike a bar is to itself, where a part of it is known."""
FAR = 0.15
"""What half the piece's length of distance counts."""


class Blocks(NamedTuple):
    """The onsets of all bars, as blocks of one size.

    Attributes
    ----------
    tokens_bsl : uint16 ndarray of shape (B, S, L)
        Tokens of onsets, 0 elsewhere and behind the end of a shorter bar.
    known_bsl : bool ndarray of shape (B, S, L)
        Which cells count.
    """

    tokens_bsl: npt.NDArray[np.uint16]
    known_bsl: npt.NDArray[np.bool_]


def blocks_of(onsets_tl: npt.NDArray[np.uint16], known_tl: npt.NDArray[np.bool_], bars: Sequence[GridBar]) -> Blocks:
    """Cut a grid of onsets into bars."""
    longest = max(bar.length_steps for bar in bars)
    shape = len(bars), longest, onsets_tl.shape[1]
    tokens, known = np.zeros(shape, np.uint16), np.zeros(shape, np.bool_)
    for index, bar in enumerate(bars):
        steps = slice(bar.start_step, bar.stop_step)
        tokens[index, : bar.length_steps] = onsets_tl[steps]
        known[index, : bar.length_steps] = known_tl[steps]
    return Blocks(tokens, known)


def unlike_bars(blocks: Blocks, asked: int, learnt_k: npt.NDArray[np.int64]) -> Floats:
    """Return how unlike a bar is to others: float64 ndarray of shape (K,), 0 to 1.

    Parameters
    ----------
    blocks : Blocks
        All bars of the piece.
    asked : int
        Index of the bar.
    learnt_k : int64 ndarray of shape (K,)
        Indices of the others.
    """
    total, weights = np.zeros(len(learnt_k)), np.zeros(len(learnt_k))
    for beside, weight in BESIDE:
        unlike, counts = _unlike_onsets(blocks, asked + beside, learnt_k + beside)
        total += weight * unlike * counts
        weights += weight * counts
    apart = np.abs(learnt_k - asked)
    for form, weight in FORMS:
        total += weight * (apart % form != 0)
        weights += weight
    total += FAR * np.minimum(2 * apart / len(blocks.tokens_bsl), 1.0)
    weights += FAR
    out: Floats = total / weights
    return out


def _unlike_onsets(blocks: Blocks, asked: int, learnt_k: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return the share of onsets that only one of two bars has, and how far that counts: where nothing is known, 0."""
    n_bars = len(blocks.tokens_bsl)
    inside_k = (learnt_k >= 0) & (learnt_k < n_bars)
    if not 0 <= asked < n_bars:
        return np.where(inside_k, 0.5, 0.0), np.full(len(learnt_k), EDGE_COUNTS)
    theirs = np.where(inside_k, learnt_k, 0)
    known = blocks.known_bsl[asked] & blocks.known_bsl[theirs]
    mine = np.where(known, blocks.tokens_bsl[asked], 0)
    others = np.where(known, blocks.tokens_bsl[theirs], 0)
    shared = ((mine == others) & (mine > 0)).sum((1, 2))
    either = (mine > 0).sum((1, 2)) + (others > 0).sum((1, 2)) - shared
    share_known = known.mean((1, 2)) / max(float(blocks.known_bsl[asked].mean()), 1e-9)
    counts = np.where(inside_k, np.minimum(share_known, 1.0), EDGE_COUNTS)
    unlike = np.where(either > 0, 1.0 - shared / np.maximum(either, 1), 0.0)
    return np.where(inside_k, unlike, 0.5), counts * min(4 * float(blocks.known_bsl[asked].mean()), 1.0)


def unlike_table(hole: PitchedHole, codes: npt.NDArray[np.int64]) -> Floats:
    """Return how unlike each bar of the hole is to all bars, by their codes."""
    grid = hole.grid
    lanes = grid.indices(kind=VOICE) + grid.indices(kind=DRUM)
    is_voice = np.array([grid.lanes[lane].kind == VOICE for lane in lanes])
    tokens = grid.tokens_tl[:, lanes]
    blocks = blocks_of(np.where(is_voice & (tokens == HOLD), 0, tokens), ~hole.unknown_tl[:, lanes], grid.bars)
    table = np.full((STRANGE_BAR + 1, STRANGE_BAR + 1), STRANGE_UNLIKE)
    own = np.flatnonzero(codes != STRANGE_BAR)
    for bar in hole.bars:
        table[codes[bar - 1], codes[own]] = unlike_bars(blocks, bar - 1, own)
    np.fill_diagonal(table, SAME_BAR_UNLIKE)
    return table

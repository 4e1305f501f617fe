"""Where a cell of a half-known chorale looks: the nearest known frames, where they change, and the voices now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sparseq.jobs.chorales.key import Pitches
from sparseq.jobs.chorales.timeline import REACH

BUCKET_STEPS = (1, 2, 4, 8, 16)
"""A frame is so far away at most to be in each bucket of distance; the last bucket has no end."""
N_BUCKETS = len(BUCKET_STEPS) + 1
OTHERS = 3
OWN_KINDS = ("own_first", "own_second", "own_third", "own_change")
OTHER_KINDS = ("other_first", "bass_first", "other_change")


class Place(NamedTuple):
    """One slot of every memory: what is read there, on which side, how far away, and of which other voice."""

    kind: str
    side: int = 0
    bucket: int = 0
    rank: int = 0


def all_places() -> tuple[Place, ...]:
    """Return every slot that a cell may have, in the order in which memories number them."""
    ends = [(side, bucket) for side in range(2) for bucket in range(N_BUCKETS)]
    own = [Place(kind, side, bucket) for kind in OWN_KINDS for side, bucket in ends]
    others = [
        Place(kind, side, bucket, rank) for kind in OTHER_KINDS for side, bucket in ends for rank in range(OTHERS)
    ]
    return (*own, *others, *(Place("now", rank=rank) for rank in range(OTHERS)), Place("degree"), Place("sixteenth"))


def bucket_of(dt: int) -> int:
    """Return the bucket of a distance in steps."""
    return int(np.searchsorted(BUCKET_STEPS, abs(dt)))


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """A note asked for.

    Attributes
    ----------
    piece : int64 ndarray of shape (T, V)
        The truth; only what is known is read.
    step, voice : int
        Which note.
    sixteenth : int
        Its step in a bar of four beats, counted from the piece's start.
    before, after : sequence of int
        Known frames, nearest first.
    now : tuple of int
        Voices known at the same step.
    """

    piece: Pitches
    step: int
    voice: int
    sixteenth: int
    before: Sequence[int]
    after: Sequence[int]
    now: tuple[int, ...]

    def known(self) -> Pitches:
        """Return all pitches that are known, in any order."""
        frames = [*self.before, *self.after]
        return np.concatenate([self.piece[frames].reshape(-1), self.piece[self.step, list(self.now)]])

    def nearest(self) -> int | None:
        """Return the nearest known frame."""
        ends = [side[0] for side in (self.before, self.after) if len(side) and abs(side[0] - self.step) < REACH]
        return min(ends, key=lambda frame: abs(frame - self.step), default=None)


class Look(NamedTuple):
    """One place read: which voice, how many steps from the cell."""

    place: Place
    voice: int
    dt: int


def looks(cell: Cell) -> Iterator[Look]:
    """Yield what a cell reads, each note once."""
    seen = set()
    for look in (*_own(cell), *_others(cell), *_now(cell)):
        if (look.voice, look.dt) not in seen:
            seen.add((look.voice, look.dt))
            yield look


def _sides(cell: Cell) -> Iterator[tuple[int, Sequence[int]]]:
    for side, frames in enumerate((cell.before, cell.after)):
        near = [frame for frame in frames if abs(frame - cell.step) < REACH]
        if near:
            yield side, near


def _own(cell: Cell) -> Iterator[Look]:
    for nth, kind in enumerate(OWN_KINDS[:3]):
        for side, frames in _sides(cell):
            if len(frames) > nth:
                yield _look(kind, side, cell, cell.voice, frames[nth])
    for side, frames in _sides(cell):
        line = cell.piece[frames, cell.voice]
        changed = np.flatnonzero(line != line[0])
        if len(changed):
            yield _look("own_change", side, cell, cell.voice, frames[changed[0]])


def _others(cell: Cell) -> Iterator[Look]:
    bass = cell.piece.shape[1] - 1
    others = _other_voices(cell)
    for side, frames in _sides(cell):
        for rank, voice in enumerate(others):
            yield _look("bass_first" if voice == bass else "other_first", side, cell, voice, frames[0], rank)
    for side, frames in _sides(cell):
        changed = np.flatnonzero((cell.piece[frames] != cell.piece[frames[0]]).any(1))
        for rank, voice in enumerate(others if len(changed) else ()):
            yield _look("other_change", side, cell, voice, frames[changed[0]], rank)


def _now(cell: Cell) -> Iterator[Look]:
    for rank, voice in enumerate(_other_voices(cell)):
        if voice in cell.now:
            yield Look(Place("now", rank=rank), voice, 0)


def _other_voices(cell: Cell) -> list[int]:
    return [voice for voice in range(cell.piece.shape[1]) if voice != cell.voice]


def _look(kind: str, side: int, cell: Cell, voice: int, frame: int, rank: int = 0) -> Look:
    dt = int(frame) - cell.step
    return Look(Place(kind, side, bucket_of(dt), rank), voice, dt)


def cells_in_order(
    piece: Pitches, start: int, order_t: npt.NDArray[np.integer], voices_tv: npt.NDArray[np.integer]
) -> Iterator[list[Cell]]:
    """Yield the notes of a crop frame by frame in random order, each with what is known by then.

    Parameters
    ----------
    piece : int64 ndarray of shape (T, V)
        The crop.
    start : int
        Its first step in the whole piece.
    order_t : int ndarray of shape (T,)
        The frames, in the order in which they are asked for.
    voices_tv : int ndarray of shape (T, V)
        The order of the voices within each frame.
    """
    known = np.zeros(len(piece), np.bool_)
    for step in order_t.tolist():
        before = np.flatnonzero(known[:step])[::-1].tolist()
        after = (step + 1 + np.flatnonzero(known[step + 1 :])).tolist()
        voices = voices_tv[step].tolist()
        yield [
            Cell(piece, step, voice, (start + step) % 16, before, after, tuple(sorted(voices[:place])))
            for place, voice in enumerate(voices)
        ]
        known[step] = True


def random_orders(
    shape: tuple[int, ...], rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return a random order of the frames, and one of the voices in each: shapes (T,) and (T, V)."""
    n_steps, n_voices = shape
    return rng.permutation(n_steps), rng.permuted(np.tile(np.arange(n_voices), (n_steps, 1)), axis=1)

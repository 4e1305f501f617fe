"""How long what is written has been the same as in a loop."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

COPIED_BARS = 2
"""So many bars on end are never the same as in a loop."""
_GAP, _UNKNOWN = -1, -2  # between two loops; a column that no loop has


def joined(loops: Sequence[NDArray[np.int64]], goes_round: Sequence[bool]) -> NDArray[np.int64]:
    """Return the columns of all loops, a number for each, in one row that no run goes on through from loop to loop.

    Parameters
    ----------
    loops : sequence of int64 ndarray of shape (T,)
        A number, 0 or more, for each step; the same for the same column.
    goes_round : sequence of bool
        Whether each one's end leads back to its start; it is there as often as a run may take, then.
    """
    rows = [np.tile(loop, 1 + COPIED_BARS * round_it) for loop, round_it in zip(loops, goes_round, strict=True)]
    return np.concatenate([part for row in rows for part in (row, np.full(1, _GAP, np.int64))])


def end_of_copy(loops: NDArray[np.int64], past: NDArray[np.int64], bar: NDArray[np.int64], most_steps: int) -> int:
    """Return how many steps of a bar it takes until a loop has been played for `most_steps`; 0 where none has.

    Parameters
    ----------
    loops : int64 ndarray of shape (N,)
        As `joined` returns them.
    past, bar : int64 ndarray of shape (P,) and (T,)
        The columns before the bar, and those of the bar.
    most_steps : int
        Length of a run that is too long.
    """
    past = past[-most_steps:]
    lengths = np.zeros(len(loops) + 1, np.int64)
    for number, column in enumerate(np.concatenate([past, bar])):
        lengths[1:] = np.where(loops == column, lengths[:-1] + 1, 0)
        if number >= len(past) and int(lengths.max()) >= most_steps:
            return number - len(past) + 1
    return 0


class CopyWatch:
    """Watches one part.

    Parameters
    ----------
    loops : sequence of uint16 ndarray of shape (T, V)
        The part's tokens in every loop that has it.
    goes_round : sequence of bool
        Whether each one's end leads back to its start.
    most_steps : int
        Length of a run that is too long.
    """

    def __init__(self, loops: Sequence[NDArray[np.uint16]], goes_round: Sequence[bool], most_steps: int) -> None:
        self.most_steps = most_steps
        self._codes = {column: code for code, column in enumerate(sorted({c for loop in loops for c in _bytes(loop)}))}
        self._loops = joined([self._coded(loop) for loop in loops], goes_round)

    def end_of_copy(self, past_tv: NDArray[np.uint16], bar_tv: NDArray[np.uint16]) -> int:
        """Return how many steps of a bar it takes until a loop was played for too long; 0 where none was."""
        return end_of_copy(self._loops, self._coded(past_tv[-self.most_steps :]), self._coded(bar_tv), self.most_steps)

    def _coded(self, tokens_tv: NDArray[np.uint16]) -> NDArray[np.int64]:
        return np.array([self._codes.get(column, _UNKNOWN) for column in _bytes(tokens_tv)], np.int64)


def _bytes(tokens_tv: NDArray[np.uint16]) -> list[bytes]:
    return [column.tobytes() for column in np.ascontiguousarray(tokens_tv, np.uint16)]

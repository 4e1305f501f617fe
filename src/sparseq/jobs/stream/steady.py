"""What keeps a stream of drums from wandering: no bar fuller or emptier than the loops, none played off, no standstill.

Both are kept as masks: the least certain cells of a bar that would break a rule are forbidden what they hold, and drawn
again. A bar that breaks none stays as it was drawn.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sparseq.jobs.phrases import PHRASE_BARS
from sparseq.jobs.stream.copying import COPIED_BARS, end_of_copy, joined

REPEATED_BARS = 4
"""So many bars on end are never what the stream itself played up to `PHRASE_BARS` bars before."""
LOW, HIGH = 5, 95
"""Percentiles of onsets a bar that a stream stays between: of its style's loops, and of all."""


class Steadiness:
    """The loops' side of it.

    Parameters
    ----------
    loops : sequence of uint8 ndarray of shape (T, L)
        The drums of every loop.
    goes_round : sequence of bool
        Whether each one's end leads back to its start.
    styles : sequence of int
        The style of each.
    bar_steps : int
        Length of a bar.
    """

    def __init__(
        self, loops: Sequence[NDArray[np.uint8]], goes_round: Sequence[bool], styles: Sequence[int], bar_steps: int
    ) -> None:
        self._bar_steps = bar_steps
        self._most_copied_steps = COPIED_BARS * bar_steps
        self._loops = joined([_columns(loop) for loop in loops], goes_round)
        self._ranges = {style: self._range_of([loops[k] for k in _where(styles, style)]) for style in set(styles)}
        self._ranges_default = self._range_of(loops)
        self._ranges = {style: _common(kept, self._ranges_default) for style, kept in self._ranges.items()}

    @property
    def past_steps(self) -> int:
        """How many steps before a bar `broken` looks at."""
        return (REPEATED_BARS + PHRASE_BARS) * self._bar_steps

    def broken(
        self,
        past_tl: NDArray[np.integer],
        bar_tl: NDArray[np.integer],
        logp_tl: NDArray[np.float64],
        free_l: NDArray[np.bool_],
        style: int,
    ) -> NDArray[np.bool_]:
        """Return the cells of a bar that must not hold what they hold, bool of shape (T, L); most often none.

        Parameters
        ----------
        past_tl : integer ndarray of shape (P, L)
            The steps before the bar, `past_steps` at most are looked at.
        bar_tl : integer ndarray of shape (T, L)
            The bar as it was drawn, 1 for an onset.
        logp_tl : float64 ndarray of shape (T, L)
            Log-probability of what was drawn.
        free_l : bool ndarray of shape (L,)
            Lanes that may change.
        style : int
            Whose density to keep to.
        """
        low, high = self._ranges.get(style, self._ranges_default)
        bar = bar_tl.astype(np.int64)
        free = np.broadcast_to(free_l, bar.shape).copy()
        self._keep_density(bar, logp_tl, free, low, high)
        self._keep_from_copying(past_tl, bar, logp_tl, free, (low, high))
        return np.asarray(bar != bar_tl)

    def _keep_density(
        self, bar: NDArray[np.int64], logp_tl: NDArray[np.float64], free: NDArray[np.bool_], low: int, high: int
    ) -> None:
        """Change as many cells as it takes, those that were least sure."""
        count = int(bar.sum())
        token, n_changes = (0, low - count) if count < low else (1, count - high)
        for _ in range(max(n_changes, 0)):
            if not _change(bar, logp_tl, free, free & (bar == token)):
                return

    def _keep_from_copying(
        self,
        past_tl: NDArray[np.integer],
        bar: NDArray[np.int64],
        logp_tl: NDArray[np.float64],
        free: NDArray[np.bool_],
        density: tuple[int, int],
    ) -> None:
        """Change a cell of every run that is too long, if any may be changed."""
        past = _columns(past_tl[-self.past_steps :])
        while stop := self._end_of_copy(past, _columns(bar)) or self._end_of_repeat(past, _columns(bar)):
            inside = free & (np.arange(len(bar)) < stop)[:, None]
            count = int(bar.sum())
            kind = inside & ((bar == 0) & (count < density[1]) | (bar == 1) & (count > density[0]))
            if not _change(bar, logp_tl, free, kind if kind.any() else inside):
                return
            self._keep_density(bar, logp_tl, free, *density)

    def _end_of_copy(self, past: NDArray[np.int64], bar: NDArray[np.int64]) -> int:
        return end_of_copy(self._loops, past, bar, self._most_copied_steps)

    def _end_of_repeat(self, past: NDArray[np.int64], bar: NDArray[np.int64]) -> int:
        """Return the length of the bar where the stream only repeats itself; 0 where it does not."""
        all_steps, n_steps = np.concatenate([past, bar]), REPEATED_BARS * self._bar_steps
        for away in range(self._bar_steps, min(PHRASE_BARS * self._bar_steps, len(all_steps) - n_steps) + 1, len(bar)):
            last = len(all_steps) - away
            if np.array_equal(all_steps[-n_steps:], all_steps[last - n_steps : last]):
                return len(bar)
        return 0

    def _range_of(self, loops: Sequence[NDArray[np.uint8]]) -> tuple[int, int]:
        """Return the least and most onsets of a bar: whole numbers between the percentiles, or else those around."""
        counts = np.concatenate([_bar_counts(loop, self._bar_steps) for loop in loops])
        low, high = _percentile(counts, LOW), _percentile(counts, HIGH)
        if math.ceil(low) <= math.floor(high):
            return math.ceil(low), math.floor(high)
        return math.floor(low), math.ceil(high)


def _common(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """Return what two ranges have in common, or the first where that is nothing."""
    low, high = max(one[0], other[0]), min(one[1], other[1])
    return (low, high) if low <= high else one


def _change(
    bar: NDArray[np.int64], logp_tl: NDArray[np.float64], free: NDArray[np.bool_], among: NDArray[np.bool_]
) -> bool:
    """Change the least certain cell of some; False where there is none. It is not free any more."""
    if not among.any():
        return False
    cell = np.unravel_index(np.where(among, logp_tl, np.inf).argmin(), bar.shape)
    bar[cell] = 1 - bar[cell]
    free[cell] = False
    return True


def _percentile(counts: NDArray[np.int64], percent: float) -> float:
    """Return what `numpy.percentile` does, to the last bit, without the modules that it imports when first called."""
    ordered, place = np.sort(counts).tolist(), (len(counts) - 1) * (percent / 100)
    below, part = ordered[int(place)], place % 1
    step = ordered[min(int(place) + 1, len(ordered) - 1)] - below
    return float(below + step * part if part < 0.5 else below + step - step * (1 - part))


def _bar_counts(loop: NDArray[np.uint8], bar_steps: int) -> NDArray[np.int64]:
    """Return the onsets of each whole bar, or of what there is of one."""
    onsets = loop.sum(1, dtype=np.int64)
    whole = max(len(onsets) // bar_steps, 1) * bar_steps
    return np.add.reduceat(onsets[:whole], np.arange(0, min(whole, len(onsets)), bar_steps))


def _columns(tokens_tl: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return a number for each step, the same for the same onsets."""
    return np.asarray((tokens_tl == 1).astype(np.int64) @ (1 << np.arange(tokens_tl.shape[1], dtype=np.int64)))


def _where(styles: Sequence[int], style: int) -> list[int]:
    return [index for index, other in enumerate(styles) if other == style]

"""Where a bar stands in its phrase: fills come at the end of every fourth or eighth bar, and loops go round."""

import numpy as np
import numpy.typing as npt

PHRASE_BARS = 8
"""Bars of the longest phrase that is told apart; longer music counts on from the first again."""
_LENGTHS = (8, 4, 2, 1)
"""Loops of so many bars have codes of their own: the second bar of four is also the sixth of eight."""
_FIRST = dict(zip(_LENGTHS, (0, 8, 12, 14), strict=True))
ODD_LENGTH = 15
N_PHRASE_CODES = 16
_SAME_OF_FOUR, _SAME_OF_TWO, _NOT_KNOWN = 0.25, 0.6, 0.5
"""How unlike two bars are that agree in the place in four bars, or in two; and one of a loop of three, say, and any."""


def phrase_codes(n_bars: int) -> npt.NDArray[np.int64]:
    """Return a code for each bar of a piece, int64 of shape (n_bars,), below `N_PHRASE_CODES`."""
    bars = np.arange(n_bars)
    if n_bars > PHRASE_BARS:
        return bars % PHRASE_BARS
    return np.full(n_bars, ODD_LENGTH) if n_bars not in _FIRST else _FIRST[n_bars] + bars


def phrase_distances() -> npt.NDArray[np.float64]:
    """Return how unlike two codes are, as a share: float64 ndarray of shape (N_PHRASE_CODES, N_PHRASE_CODES)."""
    places = [(length, bar) for length in _LENGTHS for bar in range(length)]
    out = np.full((N_PHRASE_CODES, N_PHRASE_CODES), _NOT_KNOWN)
    out[:-1, :-1] = [[_unlike(*one, *other) for other in places] for one in places]
    out[-1, -1] = 0.0
    return out


def _unlike(n_one: int, one: int, n_other: int, other: int) -> float:
    common = min(n_one, n_other)
    if one % common == other % common:
        return 0.0
    if common > 4 and one % 4 == other % 4:
        return _SAME_OF_FOUR
    return _SAME_OF_TWO if common > 2 and one % 2 == other % 2 else 1.0

"""Which bar has which place in the song: who goes back hears the same again."""

from __future__ import annotations

from collections.abc import Callable

from sparseq.realtime.bar import Bar
from sparseq.realtime.lookahead import Word

_KEPT_BARS = 1024  # as far as a MIDI song position can reach in 4/4


class Songbook:
    """Bars by their number in the song; a place that has none yet gets the next one that is made."""

    def __init__(self) -> None:
        self._bars: dict[int, Bar] = {}
        self._number = 0

    def open_at(self, number: int) -> None:
        """Let the next bar be the one with this number, 0 for the first of the song."""
        self._number = number

    def turn(self) -> None:
        """Let the next bar be the one after."""
        self._number += 1

    def take(self, make: Callable[[], Bar | Word | Exception], *, is_anew: bool = False) -> Bar | Word | Exception:
        """Return the bar of this place; ``make`` is asked where there is none, or if it shall be another."""
        known = None if is_anew else self._bars.get(self._number)
        taken = known or make()
        if isinstance(taken, Bar):
            self._bars[self._number] = taken
            if len(self._bars) > _KEPT_BARS:
                del self._bars[next(iter(self._bars))]
        return taken

"""Where the next bar comes from: the source, as the controls want it, from its place in the song if there is one."""

from __future__ import annotations

from sparseq.errors import InputError
from sparseq.realtime.bar import Bar
from sparseq.realtime.controls import Controls
from sparseq.realtime.lookahead import BarSource, Word
from sparseq.realtime.roll import Roll
from sparseq.realtime.songbook import Songbook


class Supply:
    """Bars as they are to be played.

    Parameters
    ----------
    n_bars : int or None
        So many at most, not counting repeats.
    controls : Controls or None
        What a musician asks for.
    has_song : bool
        Whether a bar that was played keeps its place in a song.

    Attributes
    ----------
    first : Bar or None
        The first bar, as long as it waits to be taken.
    repeats : int
        Bars that came again because the next was not there.
    has_ended : bool
        Whether no more bars will come.
    failure : Exception or None
        Why they ended, if not by themselves.
    """

    def __init__(self, n_bars: int | None, controls: Controls | None, *, has_song: bool) -> None:
        self._n_bars, self._controls = n_bars, controls
        self._songbook = Songbook() if has_song else None
        self._source: BarSource | None = None
        self.first: Bar | None = None
        self.repeats = 0
        self.has_ended = False
        self.failure: Exception | None = None

    def open(self, source: BarSource) -> None:
        """Take bars from a source from now on."""
        self._source = source

    def has_begun(self) -> bool:
        """Tell whether the first bar is there; where none will come, this has ended."""
        assert self._source is not None, "a source is open"
        taken = self._source.take()
        if isinstance(taken, Bar):
            self.first = taken
        elif taken is not Word.NOT_YET:
            self._end(taken)
        return self.first is not None

    def latest(self, roll: Roll) -> Bar:
        """Return the bar that was placed last, or before any was the first."""
        latest = roll.latest or self.first
        assert latest is not None, "the first bar is there"
        return latest

    def prepare(self) -> None:
        """Put the next bar aside if another is wanted, so that there is time to make it; to be called often."""
        if self._controls is not None:
            self._controls.prepare(self._make)

    def go_to(self, number: int) -> None:
        """Go on with another bar of the song, 0 for its first."""
        assert self._songbook is not None, "there is a song"
        self._songbook.open_at(number)

    def take(self, roll: Roll, ppq: int) -> tuple[Bar, bool] | None:
        """Return the next bar, and whether it is a repeat: if the next is not there, the last good one comes again.

        Parameters
        ----------
        roll : Roll
            What was taken before.
        ppq : int
            Ticks per quarter note that it must have.

        Returns
        -------
        (Bar, bool) or None
            None where bars have ended.
        """
        is_enough = self._n_bars is not None and roll.taken - self.repeats >= self._n_bars
        taken = Word.END if is_enough else self._chosen()
        if isinstance(taken, Bar) and taken.ppq != ppq:
            taken = InputError(f"all bars must have {ppq} ticks a quarter as the first has, got {taken.ppq}")
        if isinstance(taken, Bar):
            return taken, False
        if taken is Word.NOT_YET and roll.latest is not None:
            self.repeats += 1
            return roll.latest, True
        self._end(taken)
        return None

    def _chosen(self) -> Bar | Word | Exception:
        """Return the next bar as the controls want it."""
        taken = self._make(False) if self._controls is None else self._controls.take(self._make)
        if self._songbook is not None:
            self._songbook.turn()
        return taken

    def _make(self, is_anew: bool) -> Bar | Word | Exception:
        """Return the bar for the next place, or another one for it."""
        if self._songbook is None:
            return self._pull()
        return self._songbook.take(self._pull, is_anew=is_anew)

    def _pull(self) -> Bar | Word | Exception:
        assert self._source is not None, "a source is open"
        first, self.first = self.first, None
        return first or self._source.take()

    def _end(self, taken: Word | Exception) -> None:
        self.has_ended = True
        self.failure = taken if isinstance(taken, Exception) else None

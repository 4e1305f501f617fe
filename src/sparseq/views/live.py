"""The bar that is sounding, drawn while it sounds: in place on a terminal, one block a bar elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from sparseq.views.textgrid import render_grid

if TYPE_CHECKING:
    from sparseq.music.grid import DrumGrid

HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
CLEAR_LINE_END, CLEAR_BELOW = "\x1b[K", "\x1b[J"


class _Waiting(NamedTuple):
    """Bars that begin to sound at `start_step`, counted from the start of play."""

    start_step: int
    grid: DrumGrid


class LiveGrid:
    """Show bars as they sound.

    `add` bars as they are made, ahead of time; call `refresh` often (20 to 30 times a second); `close` at the end, or
    use it as a context manager. It neither sleeps nor starts threads. Bars are numbered from 1 as they come, and a lane
    is shown from the first bar on in which it sounds: most of a large kit rests most of the time.

    Parameters
    ----------
    write : callable
        Takes text and writes it at once, as it is.
    position_steps : callable
        Returns the step that is sounding, counted from 0 at the start of play; None or negative before it.
    in_place : bool
        Redraw one block, with a playhead; else write each bar once, without control codes, when it begins to sound.
    colour, unicode, width
        As for `sparseq.views.textgrid.render_grid`.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        position_steps: Callable[[], int | None],
        *,
        in_place: bool,
        colour: bool = False,
        unicode: bool = True,
        width: int = 80,
    ) -> None:
        self._write = write
        self._position_steps = position_steps
        self._in_place = in_place
        self._colour = colour
        self._unicode = unicode
        self._width = width
        self._waiting: deque[_Waiting] = deque()
        self._next_start_step = 0
        self._n_bars = 0
        self._heard: set[str] = set()
        self._drawn = ""
        self._drawn_lines = 0

    def add(self, grid: DrumGrid) -> None:
        """Append a bar (or some) that will sound right after those added before."""
        bars = tuple(bar._replace(number=self._n_bars + index) for index, bar in enumerate(grid.bars, start=1))
        self._waiting.append(_Waiting(self._next_start_step, replace(grid, bars=bars)))
        self._next_start_step += len(grid.tokens_tl)
        self._n_bars += len(bars)

    def refresh(self) -> None:
        """Draw what sounds now, if that differs from what is drawn."""
        step = self._position_steps()
        if step is None or step < 0:
            return
        if self._in_place:
            self._forget_before(step)
            if self._waiting and self._waiting[0].start_step <= step:
                self._redraw(step)
        else:
            self._write_begun(step)

    def _forget_before(self, step: int) -> None:
        """Drop bars that have sounded; the last one stays while no other has begun."""
        while len(self._waiting) > 1 and self._waiting[1].start_step <= step:
            self._waiting.popleft()

    def _redraw(self, step: int) -> None:
        """Draw the bar of this step over the one before, in one write, so that nothing flickers."""
        start_step, grid = self._waiting[0]
        text = self._render(grid, step - start_step)
        if text == self._drawn:
            return
        up = f"\x1b[{self._drawn_lines}A\r" if self._drawn_lines else HIDE_CURSOR
        lines = [line + CLEAR_LINE_END for line in text.split("\n")]
        self._write(up + "\n".join(lines) + "\n" + CLEAR_BELOW)
        self._drawn, self._drawn_lines = text, len(lines)

    def _write_begun(self, step: int) -> None:
        """Write the bars that have begun to sound, each once; also those that went by since the last call."""
        while self._waiting and self._waiting[0].start_step <= step:
            self._write(self._render(self._waiting.popleft().grid, None) + "\n\n")

    def _render(self, grid: DrumGrid, playhead_step: int | None) -> str:
        self._heard.update(lane for lane, row_t in zip(grid.lanes, grid.tokens_tl.T, strict=True) if row_t.any())
        return render_grid(
            grid,
            lanes=self._heard,
            playhead_step=playhead_step,
            colour=self._colour,
            unicode=self._unicode,
            width=self._width,
        )

    def close(self) -> None:
        """Give the cursor back, below the last drawing, which stays."""
        if self._drawn_lines:
            self._write(SHOW_CURSOR)
            self._drawn, self._drawn_lines = "", 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

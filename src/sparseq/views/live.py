"""What sounds, drawn while it sounds: in place on a terminal; a block or a line for each bar elsewhere."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sparseq.views.roll import LABEL_WIDTH, render_roll
from sparseq.views.table import text_width
from sparseq.views.textgrid import render_grid

if TYPE_CHECKING:
    from sparseq.music.partgrid import PartGrid

HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
CLEAR_LINE_END, CLEAR_BELOW = "\x1b[K", "\x1b[J"
_HEAD_LINES = 2  # numbers of bars and of beats
_SILENT = re.compile(r"\x1b\[[0-9;]*m|[·.| ]")  # what a row without a note consists of


class LiveBar(Protocol):
    """A bar that sounds."""

    @property
    def number(self) -> int:
        """Counted from 1."""

    @property
    def grid(self) -> PartGrid:
        """What it holds."""

    @property
    def step(self) -> int | None:
        """The step that sounds; None where that is not known."""


class Look(NamedTuple):
    """How to draw: colour codes, signs beyond ASCII, columns and rows available."""

    colour: bool = False
    unicode: bool = True
    width: int = 80
    height: int = 24


class LiveView(Protocol):
    """What every view can do; none of them sleeps or starts threads."""

    def add(self, bar: LiveBar) -> None:
        """Take a bar that has begun; any thread may tell."""

    def refresh(self) -> None:
        """Draw what is new; to be called 20 to 30 times a second."""

    def say(self, line: str) -> None:
        """Show a line that stays; any thread may tell."""

    def close(self) -> None:
        """Leave the terminal as it was, with the last drawing on it."""


class Block:
    """One block that is drawn over and over, with a playhead, and lines about the state below it.

    Parameters
    ----------
    write : callable
        Takes text and writes it at once, as it is.
    now : callable
        Returns the bar and the step that sound, None before anything does.
    below : callable
        Returns the lines to stand below.
    look : Look
        How to draw.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        now: Callable[[], LiveBar | None],
        below: Callable[[], Sequence[str]],
        look: Look,
    ) -> None:
        self._write, self._now, self._below, self._look = write, now, below, look
        self._heard: set[str] = set()
        self._said: deque[str] = deque()
        self._drawn: list[str] = []
        self._is_begun = False

    def add(self, bar: LiveBar) -> None:
        """Show the lanes of this bar from now on, also when they rest: most of a large kit rests most of the time."""
        self._heard |= heard_lanes(bar.grid)

    def say(self, line: str) -> None:
        """Show a line above the block."""
        self._said.append(line)

    def refresh(self) -> None:
        """Draw the block over the one before, in one write, so that nothing flickers."""
        lines = self._lines()
        if lines == self._drawn and not self._said:
            return
        up = f"\x1b[{len(self._drawn)}A" if self._drawn else ""
        said = [self._said.popleft() for _ in range(len(self._said))]
        text = "".join(line + CLEAR_LINE_END + "\n" for line in said + lines)
        self._write(("" if self._is_begun else HIDE_CURSOR) + up + "\r" + text + CLEAR_BELOW)
        self._drawn, self._is_begun = lines, True

    def close(self) -> None:
        """Give the cursor back, below the last drawing, which stays."""
        self.refresh()
        if self._is_begun:
            self._write(SHOW_CURSOR)
        self._drawn, self._is_begun = [], False

    def _lines(self) -> list[str]:
        """Return the block; where the terminal is too low for it, what stands on top is left out."""
        now, below = self._now(), list(self._below())
        drawn = [] if now is None else draw(now.grid, now.number, now.step, self._heard, self._look).split("\n")
        room = max(1, self._look.height - 1 - len(below))
        return [*drawn[-room:], *below]


class Printer:
    """Each bar once, as text without control codes, when it has begun.

    Parameters
    ----------
    write : callable
        Takes text and writes it at once.
    say : callable
        Takes a line for a person.
    look : Look
        How to draw.
    in_words : bool
        One line a bar, in words, instead of its grid.
    """

    def __init__(
        self, write: Callable[[str], None], say: Callable[[str], None], look: Look, *, in_words: bool = False
    ) -> None:
        self._write, self.say, self._look, self._in_words = write, say, look, in_words
        self._heard: set[str] = set()
        self._waiting: deque[LiveBar] = deque()
        self._lock = threading.Lock()

    def add(self, bar: LiveBar) -> None:
        """Let a bar be written at the next refresh."""
        self._waiting.append(bar)

    def refresh(self) -> None:
        """Write the bars that have begun since."""
        with self._lock:
            while self._waiting:
                bar = self._waiting.popleft()
                self._heard |= heard_lanes(bar.grid)
                drawn = in_words if self._in_words else self._drawn
                self._write(drawn(bar.grid, bar.number) + "\n")

    def close(self) -> None:
        """Write what is left."""
        self.refresh()

    def _drawn(self, grid: PartGrid, number: int) -> str:
        return draw(grid, number, None, self._heard, self._look) + "\n"


class Silence:
    """Shows nothing."""

    def add(self, bar: LiveBar) -> None:
        """Show nothing."""

    def refresh(self) -> None:
        """Show nothing."""

    def say(self, line: str) -> None:
        """Say nothing."""

    def close(self) -> None:
        """Do nothing."""


def heard_lanes(grid: PartGrid) -> set[str]:
    """Return the names of the lanes that have a note in a grid."""
    return {grid.lanes[lane].name for _, lane in grid.hits}


def draw(grid: PartGrid, number: int, step: int | None, lanes: Collection[str], look: Look) -> str:
    """Return a bar with its number: pitched parts as piano rolls on top, drums at the bottom, a playhead in all.

    Parameters
    ----------
    grid : PartGrid
        One bar.
    number : int
        What to call it.
    step : int, optional
        The step that sounds.
    lanes : collection of str
        Drum lanes to show; a part whose lanes are not among them is left out.
    look : Look
        How to draw.
    """
    numbered = replace(grid, bars=tuple(bar._replace(number=number + index) for index, bar in enumerate(grid.bars)))
    parts = [name for name in reversed(list(grid.sounds)) if _lanes_of(grid, name) & set(lanes)]
    kit = [lane.split("/")[-1] for name in parts for lane in _lanes_of(grid, name) if grid.sounds[name].kind == "drums"]
    titles = [text_width(name) + 1 for name in parts if grid.sounds[name].kind != "drums"]
    label_width = max([LABEL_WIDTH + max(titles, default=0), *(text_width(lane) + 1 for lane in kit if lane in lanes)])
    blocks = [_block(numbered, name, step, lanes, look._replace(width=look.width - LABEL_WIDTH)) for name in parts]
    blocks = [block._replace(pad=label_width - block.pad) for block in blocks]
    return "\n".join(line for index, block in enumerate(blocks) for line in block.lines(index > 0, step is not None))


def _block(grid: PartGrid, name: str, step: int | None, lanes: Collection[str], look: Look) -> _Block:
    """Return one part, its own labels' width as the padding."""
    colour, unicode, width = look.colour, look.unicode, look.width
    if grid.sounds[name].kind != "drums":
        voices = grid.voice_grid(name)
        flat = grid.key is not None and grid.key.has_flats
        roll = render_roll(voices, playhead_step=step, flat=flat, colour=colour, unicode=unicode, width=width)
        return _Block(roll.split("\n"), LABEL_WIDTH, name)
    shown = {lane.split("/")[-1] for lane in _lanes_of(grid, name) & set(lanes)}
    drums = grid.drum_grid(name)
    text = render_grid(drums, lanes=shown, playhead_step=step, colour=colour, unicode=unicode, width=width)
    return _Block(text.split("\n"), max(text_width(lane) + 1 for lane in shown), "")


class _Block(NamedTuple):
    """A part as it is drawn, how far it is to be moved to the right, and what to call it."""

    drawn: list[str]
    pad: int
    title: str

    def lines(self, is_below: bool, has_playhead: bool) -> list[str]:
        """Return its lines without empty rows; below another its head is left out, unless it is in several systems."""
        n_head = _HEAD_LINES + has_playhead
        head, rows = (self.drawn[:n_head], self.drawn[n_head:]) if "" not in self.drawn else (self.drawn, [])
        rows = [row for row in rows if not self.title or _SILENT.sub("", row.partition("|")[2])]
        titles = [self.title[: self.pad - 1].ljust(self.pad), *[" " * self.pad] * len(rows)]
        drawn = [] if is_below and rows else [" " * self.pad + line for line in head]
        return drawn + [title + row for title, row in zip(titles, rows, strict=False)]


def _lanes_of(grid: PartGrid, part: str) -> set[str]:
    return {grid.lanes[lane].name for lane in grid.indices(part=part)}


def in_words(grid: PartGrid, number: int) -> str:
    """Return a bar in a line of words: "bar 3: kick 4, snare 2, bass 7 notes"."""
    counts: dict[str, int] = {}
    for (_, lane), hits in sorted(grid.hits.items(), key=lambda item: item[0][1]):
        place = grid.lanes[lane]
        name = place.name if grid.sounds[place.part].kind == "drums" else place.part
        counts[name] = counts.get(name, 0) + len(hits)
    return f"bar {number}: " + (", ".join(f"{name} {count}" for name, count in counts.items()) or "rest")


def fitted(words: Sequence[str], width: int) -> list[str]:
    """Return words two blanks apart, in as many lines as they need."""
    lines: list[str] = []
    for word in words:
        if lines and text_width(lines[-1]) + 2 + text_width(word) <= width:
            lines[-1] += "  " + word
        else:
            lines.append(word)
    return lines

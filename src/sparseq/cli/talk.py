"""How a command speaks: data to stdout, talk to stderr, colour and motion only where someone looks."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from rich.progress import Progress

Advance = Callable[[int], None]

PROGRESS_AFTER_S = 0.5  # a shorter wait needs no bar, and need not pay for importing one


def emit(text: str) -> None:
    """Print data to stdout; what its encoding cannot say becomes a question mark, never an error."""
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(text.encode(encoding, "replace").decode(encoding), color=wants_colour(sys.stdout))


def emit_json(value: object) -> None:
    """Print data for machines to stdout: one JSON document, sorted and indented so that it also diffs well."""
    import json

    click.echo(json.dumps(value, indent=2, sort_keys=True, allow_nan=False))


def say(message: str, *, quiet: bool = False) -> None:
    """Tell the person something, on stderr.

    Parameters
    ----------
    message : str
        One line, or a few.
    quiet : bool
        Say nothing: pass the command's --quiet.
    """
    if not quiet:
        click.echo(message, err=True)


def wants_colour(stream: TextIO) -> bool:
    """Say whether colour codes may be written: a terminal, not a dumb one, and no NO_COLOR in the environment."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def wants_motion(stream: TextIO) -> bool:
    """Say whether lines may be redrawn in place: a terminal that moves its cursor."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def speaks_unicode(stream: TextIO) -> bool:
    """Say whether the symbols of the text grid can be written in the stream's encoding."""
    from sparseq.views.symbols import UNICODE

    try:
        "".join(UNICODE).encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def columns() -> int:
    """Return the width to print for: the terminal's, or COLUMNS, or 80 in a pipe."""
    return shutil.get_terminal_size((80, 24)).columns


def rows() -> int:
    """Return the height to draw in: the terminal's, or LINES, or 24 in a pipe."""
    return shutil.get_terminal_size((80, 24)).lines


@contextmanager
def progress(what: str, total: int, *, quiet: bool = False) -> Iterator[Advance]:
    """Show how far a longer piece of work is, on a terminal only.

    Parameters
    ----------
    what : str
        What is being done, in a few words.
    total : int
        Number of units of work, >= 0.
    quiet : bool
        Show nothing: pass the command's --quiet.

    Yields
    ------
    callable
        Call it with the number of units done since the last call.
    """
    if quiet or not wants_motion(sys.stderr):
        yield _stand_still
        return
    meter = _Meter(what, total)
    try:
        yield meter.advance
    finally:
        meter.close()


def _stand_still(units: int) -> None:
    """Take no notice."""


class _Meter:
    """A progress bar that appears only once the work has lasted `PROGRESS_AFTER_S`, and leaves no trace."""

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = total
        self._done = 0
        self._shown_from_s = time.monotonic() + PROGRESS_AFTER_S
        self._bar: Progress | None = None

    def advance(self, units: int) -> None:
        """Count units of work, and show the bar when it is time."""
        self._done += units
        if self._bar is None and time.monotonic() >= self._shown_from_s:
            self._bar = self._open()
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self._done)

    def _open(self) -> Progress:
        from rich.console import Console
        from rich.progress import Progress

        bar = Progress(console=Console(stderr=True), transient=True)
        bar.add_task(self._what, total=self._total)
        bar.start()
        return bar

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

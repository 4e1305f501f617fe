"""A plain table: aligned columns, two spaces apart, for terminals and pipes alike."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Sequence

from sparseq.views.symbols import paint

GAP = "  "


def render_table(
    headers: Sequence[str], rows: Sequence[Sequence[object]], *, right: Collection[str] = (), colour: bool = False
) -> str:
    """Return a table as text.

    Parameters
    ----------
    headers : sequence of str
        One word over each column.
    rows : sequence of sequences
        As many cells a row as there are headers; `str` is taken of each, control characters out.
    right : collection of str
        The headers whose columns are aligned to the right: numbers.
    colour : bool
        Whether the headers are set apart by colour codes.

    Returns
    -------
    str
        Lines without trailing blanks or a last newline.

    Raises
    ------
    ValueError
        If a row has another number of cells.
    """
    cells = [tuple(headers), *(tuple(plain_text(str(cell)) for cell in row) for row in rows)]
    widths = [max(map(text_width, column)) for column in zip(*cells, strict=True)]
    to_right = [header in right for header in headers]
    lines = [_line(row, widths, to_right) for row in cells]
    return "\n".join([paint(lines[0], "beat", colour), *lines[1:]])


def _line(row: Sequence[str], widths: Sequence[int], to_right: Sequence[bool]) -> str:
    """Return one row, padded to the widths."""
    return GAP.join(_padded(row, widths, to_right)).rstrip()


def _padded(row: Sequence[str], widths: Sequence[int], to_right: Sequence[bool]) -> Iterator[str]:
    for cell, width, right in zip(row, widths, to_right, strict=True):
        blanks = " " * (width - text_width(cell))
        yield blanks + cell if right else cell + blanks


def text_width(text: str) -> int:
    """Return how many terminal columns a text takes: wide East Asian characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def plain_text(text: str) -> str:
    """Return a text from a file with everything that could command a terminal replaced by a question mark."""
    return "".join(char if char.isprintable() else "?" for char in text)

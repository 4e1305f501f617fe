"""Parts of a grid as people name them: numbers from 1, ranges inclusive, as in 3-5,9."""

import re

import numpy as np

from sparseq.domains.protocol import Mask
from sparseq.errors import InputError


def parse_numbers(text: str | None, count: int, what: str) -> list[int]:
    """Return the chosen indices, from 0, rising.

    Parameters
    ----------
    text : str or None
        As in ``3-5,9``, counted from 1; None chooses all.
    count : int
        How many there are.
    what : str
        What errors call one of them: "column".

    Raises
    ------
    InputError
        For anything else, or numbers that are not there.
    """
    if text is None:
        return list(range(count))
    chosen: set[int] = set()
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", part)
        if found is None:
            raise InputError(f"{what}s: wanted numbers as in 3-5,9, got {text!r}")
        first, last = int(found[1]), int(found[2] or found[1])
        if not 1 <= first <= last <= count:
            raise InputError(f"{what}s: wanted 1 to {count}, got {part.strip()}")
        chosen.update(range(first - 1, last))
    return sorted(chosen)


def region(columns: str | None, rows: str | None, n_columns: int, n_rows: int) -> Mask:
    """Return the cells in these columns and these rows: bool of shape (n_columns, n_rows)."""
    mask = np.zeros((n_columns, n_rows), bool)
    mask[np.ix_(parse_numbers(columns, n_columns, "column"), parse_numbers(rows, n_rows, "row"))] = True
    return mask

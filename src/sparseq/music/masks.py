"""What to rewrite, said by people: bars like "5-6,9" and lanes like "kick,hats", turned into a mask over a grid."""

import difflib
import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from sparseq.errors import InputError
from sparseq.music.encode import steps_of
from sparseq.music.grid import DrumGrid
from sparseq.music.lanes import ALIASES, LANES, lane_of
from sparseq.music.score import Note

_RANGE = re.compile(r"([0-9]{1,9})?\s*(-)?\s*([0-9]{1,9})?")
_DASHES = str.maketrans("\u2010\u2011\u2012\u2013\u2014\u2212", "------")  # what word processors make of a hyphen


def parse_bars(text: str, n_bars: int) -> tuple[int, ...]:
    """Read bar numbers and ranges.

    Parameters
    ----------
    text : str
        Numbers and ranges with commas between them: "5-6,9", "5-" to the end, "-3" from the start. Bars are counted
        from 1 and ranges include both ends.
    n_bars : int
        How many bars there are, at least 1.

    Returns
    -------
    tuple of int
        The bars, 1-based, each once, in order.

    Raises
    ------
    InputError
        If the text says nothing, cannot be read, runs backwards or asks for a bar that does not exist.
    """
    bars: set[int] = set()
    for part in text.translate(_DASHES).split(","):
        first, last = _parse_range(part.strip(), text, n_bars)
        if first < 1 or max(first, last) > n_bars:
            asked = f"bar {first} was" if first == last else f"bars {first}-{last} were"
            has = "1 bar (1)" if n_bars == 1 else f"{n_bars} bars (1-{n_bars})"
            raise InputError(f"{asked} asked for, but the file has {has}")
        if last < first:
            raise InputError(f"bars {first}-{last} were asked for, but that runs backwards; write {last}-{first}")
        bars.update(range(first, last + 1))
    return tuple(sorted(bars))


def parse_lanes(text: str, lanes: Sequence[str] = LANES) -> tuple[str, ...]:
    """Read lane names.

    Parameters
    ----------
    text : str
        Names or aliases with commas between them: "kick,hats". Case does not matter; "open hat" is "open_hat".
    lanes : sequence of str
        The lanes to choose from.

    Returns
    -------
    tuple of str
        The lanes chosen, each once, in the order of `lanes`.

    Raises
    ------
    InputError
        If the text names no lane, or one that is not there.
    """
    chosen: set[str] = set()
    for part in text.split(","):
        name = re.sub(r"[\s-]+", "_", part.strip().lower())
        meant = {name, *ALIASES.get(name, ())}.intersection(lanes)
        if not meant:
            raise InputError(_no_lane(name, lanes))
        chosen |= meant
    return tuple(lane for lane in lanes if lane in chosen)


def cell_mask(
    grid: DrumGrid, bars: Iterable[int] | None = None, lanes: Iterable[str] | None = None
) -> NDArray[np.bool_]:
    """Mark the cells that lie in some bars and in some lanes.

    Parameters
    ----------
    grid : DrumGrid
        The grid.
    bars : iterable of int, optional
        1-based bar numbers; all if not given.
    lanes : iterable of str, optional
        Lane names; all if not given.

    Returns
    -------
    bool ndarray of shape (T, L)
        True in the cells that were asked for.

    Raises
    ------
    InputError
        If the grid has no such bar or lane.
    """
    wanted_bars = set(range(1, len(grid.bars) + 1) if bars is None else bars)
    wanted_lanes = set(grid.lanes if lanes is None else lanes)
    for number in wanted_bars.difference(range(1, len(grid.bars) + 1)):
        raise InputError(f"bar {number} was asked for, but the grid has bars 1-{len(grid.bars)}")
    for lane in sorted(wanted_lanes.difference(grid.lanes)):
        raise InputError(_no_lane(lane, grid.lanes))
    in_bars_t = np.isin(grid.bars_t + 1, list(wanted_bars))
    in_lanes_l = np.array([lane in wanted_lanes for lane in grid.lanes], np.bool_)
    return np.logical_and.outer(in_bars_t, in_lanes_l)


def notes_in_mask(notes: Sequence[Note], ppq: int, grid: DrumGrid, mask_tl: NDArray[np.bool_]) -> tuple[Note, ...]:
    """Pick the notes whose cell is marked.

    Parameters
    ----------
    notes : sequence of Note
        The drum notes that `grid` was made from.
    ppq : int
        Their resolution.
    grid : DrumGrid
        The grid.
    mask_tl : bool ndarray of shape (T, L)
        Marked cells.

    Returns
    -------
    tuple of Note
        Those in marked cells, in the order of `notes`.
    """
    column = {lane: index for index, lane in enumerate(grid.lanes)}
    columns = [column.get(lane_of(pitch), -1) for pitch in range(128)]
    steps = steps_of(notes, ppq, grid.steps_per_beat).tolist()
    return tuple(
        note
        for note, step in zip(notes, steps, strict=True)
        if columns[note.pitch] >= 0 and mask_tl[step, columns[note.pitch]]
    )


def _parse_range(part: str, text: str, n_bars: int) -> tuple[int, int]:
    """Return the first and the last bar of one part between commas."""
    if not text.strip():
        raise InputError("bars were wanted, but none were given; write numbers or ranges like 5-6,9")
    match = _RANGE.fullmatch(part)
    if not match or not (match[1] or match[3]) or (match[1] and match[3] and not match[2]):
        raise InputError(f"bars like 5-6,9 were wanted, but {part!r} in {text!r} is neither a number nor a range")
    first = int(match[1] or 1)
    if not match[2]:
        return first, first
    return first, int(match[3]) if match[3] else max(n_bars, first)


def _no_lane(name: str, lanes: Sequence[str]) -> str:
    if not name:
        return f"a lane name was wanted, but none was given; lanes are {', '.join(lanes)}"
    if name in LANES or name in ALIASES:
        return f"lane {name!r} was asked for, but the lanes here are {', '.join(lanes)}"
    close = difflib.get_close_matches(name, [*lanes, *ALIASES], n=1)
    hint = f"did you mean {close[0]}?" if close else f"lanes are {', '.join(lanes)}"
    return f"lane {name!r} was asked for, but there is none; {hint}"

"""What to rewrite, said by people: bars like "5-6,9" and lanes like "kick,hats", turned into a mask over a grid."""

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sparseq.errors import InputError
from sparseq.music.encode import steps_of
from sparseq.music.grid import DrumGrid, GridBar
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
    return parse_places(text, n_bars, "bar", "the file")


def parse_places(text: str, n_places: int, what: str, where: str) -> tuple[int, ...]:
    """Read numbers and ranges of anything that is counted from 1.

    Parameters
    ----------
    text : str
        As for `parse_bars`.
    n_places : int
        How many there are, at least 1.
    what, where : str
        What is counted, in the singular, and what has them: for messages.

    Returns
    -------
    tuple of int
        The places, 1-based, each once, in order.

    Raises
    ------
    InputError
        If the text says nothing, cannot be read, runs backwards or asks for one that does not exist.
    """
    places: set[int] = set()
    for part in text.translate(_DASHES).split(","):
        first, last = _parse_range(part.strip(), text, n_places, what)
        if first < 1 or max(first, last) > n_places:
            asked = f"{what} {first} was" if first == last else f"{what}s {first}-{last} were"
            has = f"1 {what} (1)" if n_places == 1 else f"{n_places} {what}s (1-{n_places})"
            raise InputError(f"{asked} asked for, but {where} has {has}")
        if last < first:
            raise InputError(f"{what}s {first}-{last} were asked for, but that runs backwards; write {last}-{first}")
        places.update(range(first, last + 1))
    return tuple(sorted(places))


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


class Counted(Protocol):
    """What has steps that lie in bars: a `DrumGrid`, a `PartGrid`."""

    @property
    def n_steps(self) -> int: ...  # noqa: D102
    @property
    def steps_per_beat(self) -> int: ...  # noqa: D102
    @property
    def bars(self) -> tuple[GridBar, ...]: ...  # noqa: D102
    @property
    def phases_t(self) -> NDArray[np.int64]: ...  # noqa: D102
    @property
    def bars_t(self) -> NDArray[np.int64]: ...  # noqa: D102


def step_mask(grid: Counted, steps: str | None = None, beats: str | None = None) -> NDArray[np.bool_]:
    """Mark the steps that lie at some places of their bars.

    Parameters
    ----------
    grid : DrumGrid or PartGrid
        The grid.
    steps, beats : str, optional
        Steps and beats of the bar, counted from 1, as `parse_bars` reads them; all if not given. A beat is the note
        that the meter's lower number names. Both together mark what lies in both.

    Returns
    -------
    bool ndarray of shape (T,)
        True where asked for.

    Raises
    ------
    InputError
        If no bar is so long.
    """
    mask = np.ones(grid.n_steps, np.bool_)
    if steps is not None:
        longest = max(bar.length_steps for bar in grid.bars)
        mask &= np.isin(grid.phases_t + 1, parse_places(steps, longest, "step", "a bar"))
    if beats is not None:
        most = max(bar.numerator for bar in grid.bars)
        units_t = np.array([bar.denominator for bar in grid.bars])[grid.bars_t]
        beats_t = grid.phases_t * units_t // (4 * grid.steps_per_beat)
        mask &= np.isin(beats_t + 1, parse_places(beats, most, "beat", "a bar"))
    return mask


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


def _parse_range(part: str, text: str, n_places: int, what: str) -> tuple[int, int]:
    """Return the first and the last place of one part between commas."""
    if not text.strip():
        raise InputError(f"{what}s were wanted, but none were given; write numbers or ranges like 5-6,9")
    match = _RANGE.fullmatch(part)
    if not match or not (match[1] or match[3]) or (match[1] and match[3] and not match[2]):
        raise InputError(f"{what}s like 5-6,9 were wanted, but {part!r} in {text!r} is neither a number nor a range")
    first = int(match[1] or 1)
    if not match[2]:
        return first, first
    return first, int(match[3]) if match[3] else max(n_places, first)


def _no_lane(name: str, lanes: Sequence[str]) -> str:
    if not name:
        return f"a lane name was wanted, but none was given; lanes are {', '.join(lanes)}"
    if name in LANES or name in ALIASES:
        return f"lane {name!r} was asked for, but the lanes here are {', '.join(lanes)}"
    import difflib  # for the one line of an error

    close = difflib.get_close_matches(name, [*lanes, *ALIASES], n=1)
    hint = f"did you mean {close[0]}?" if close else f"lanes are {', '.join(lanes)}"
    return f"lane {name!r} was asked for, but there is none; {hint}"

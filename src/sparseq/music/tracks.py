"""Which tracks and channels a person means: numbers and names, channels as people count them."""

import re
from collections.abc import Sequence

from sparseq.errors import InputError
from sparseq.music.masks import parse_places

N_CHANNELS = 16


def parse_tracks(text: str, names: Sequence[str]) -> tuple[int, ...]:
    """Read tracks by number or name.

    Parameters
    ----------
    text : str
        Numbers, ranges and names with commas between them: "2,Drums". Numbers count from 1 as tracks lie in the file.
        A name may be a part of the track's, in any case; a track that is called just so wins.
    names : sequence of str
        Names of the file's tracks.

    Returns
    -------
    tuple of int
        Track indices from 0, each once, in order.

    Raises
    ------
    InputError
        If nothing is called so, or the file has no such number.
    """
    chosen: set[int] = set()
    for part in text.split(","):
        chosen |= _tracks_called(part.strip(), names)
    return tuple(sorted(chosen))


def parse_channels(text: str) -> tuple[int, ...]:
    """Read channels 1 to 16, as numbers and ranges, and return them counted from 0; InputError for others."""
    return tuple(channel - 1 for channel in parse_places(text, N_CHANNELS, "channel", "MIDI"))


def _tracks_called(part: str, names: Sequence[str]) -> set[int]:
    if re.fullmatch(r"[0-9][0-9 -]*", part):
        return {number - 1 for number in parse_places(part, max(len(names), 1), "track", "the file")}
    wanted = part.casefold()
    exact = {index for index, name in enumerate(names) if wanted and name.casefold() == wanted}
    within = {index for index, name in enumerate(names) if wanted and wanted in name.casefold()}
    if not exact | within:
        there = ", ".join(f"{index + 1} {name!r}" for index, name in enumerate(names))
        raise InputError(f"track {part!r} was asked for, but the file has {there or 'no tracks'}")
    return exact or within

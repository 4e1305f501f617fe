"""The catalogue of the shipped loops: what each is, said by its author; no .mid file is opened for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

CATALOGUE = "loops.toml"


@dataclass(frozen=True, slots=True)
class LoopInfo:
    """What the catalogue says of a shipped loop.

    Attributes
    ----------
    name : str
        The file's name without its ending, such as "funk-sidewalk"; unique.
    title : str
        What its author calls it.
    style : str
        Lower case, words joined by hyphens.
    bpm : float
        Quarter notes per minute, in every meter.
    meter : str
        Such as "4/4".
    key : str
        Empty for drums alone.
    bars : int
        At least 1.
    steps_per_beat : int
        Steps a quarter note of the grid that it was written on: 4 for sixteenths, 3 for triplets.
    parts : tuple of str
        What plays, such as ("drums",).
    author, licence : str
        Who wrote it and what others may do with it.
    file : str
        The file beside the catalogue.
    chords : str
        Its chords, as `chords.parse_chords` reads them; empty where none are stated.
    """

    name: str
    title: str
    style: str
    bpm: float
    meter: str
    key: str
    bars: int
    steps_per_beat: int
    parts: tuple[str, ...]
    author: str
    licence: str
    file: str
    chords: str = ""


def catalogue() -> tuple[LoopInfo, ...]:
    """Return the facts of every shipped loop, ordered by name; no .mid file is opened."""
    import tomllib

    entries = tomllib.loads((shipped_folder() / CATALOGUE).read_text("utf-8"))["loop"]
    return tuple(sorted((_info(entry) for entry in entries), key=lambda info: info.name))


def shipped_folder() -> Traversable:
    """Return where the shipped loops are."""
    from importlib.resources import files

    return files("sparseq.loops")


def slug(text: str) -> str:
    """Return a name as the catalogue writes it: "Bossa Nova" is "bossa-nova"."""
    return "-".join(text.casefold().replace("_", " ").replace("-", " ").split())


def _info(entry: dict[str, Any]) -> LoopInfo:
    """Turn one entry of the catalogue into what it stands for; a missing or unknown fact is an error at once."""
    facts = entry | {"bpm": float(entry["bpm"]), "parts": tuple(entry["parts"])}
    return LoopInfo(name=Path(entry["file"]).stem, **facts)

"""A picture before it is a file: boxes and words at places, in the order in which they are painted."""

from dataclasses import dataclass
from typing import NamedTuple

from sparseq.errors import InputError

MOST_PIXELS = 100_000_000
"""A picture of more is a mistake: it would take hundreds of megabytes to draw."""


class Colour(NamedTuple):
    """Red, green and blue, 0 to 255 each."""

    red: int
    green: int
    blue: int

    def mixed(self, other: "Colour", share: float) -> "Colour":
        """Return this colour with a share (0 to 1) of another."""
        return Colour(*(round(mine + (its - mine) * share) for mine, its in zip(self, other, strict=True)))


class Box(NamedTuple):
    """A filled rectangle, in whole pixels from the upper left corner."""

    x: int
    y: int
    width: int
    height: int
    fill: Colour


class Words(NamedTuple):
    """One line of text whose letters are 7 pixels high; `x`, `y` is its upper left corner."""

    x: int
    y: int
    text: str
    fill: Colour


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture.

    Attributes
    ----------
    width, height : int
        Size in pixels.
    items : tuple of Box or Words
        Painted one over the other.
    title : str
        What it shows, for those who cannot see it.
    """

    width: int
    height: int
    items: tuple[Box | Words, ...]
    title: str = ""

    def __post_init__(self) -> None:
        if self.width * self.height > MOST_PIXELS:
            raise InputError(
                f"a picture of up to {MOST_PIXELS:,} pixels was wanted, but {self.width} x {self.height} would be"
                " needed; show fewer bars"
            )

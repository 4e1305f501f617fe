"""Pitched examples: loops brought to the song's key and count, their parts beside the song's own by kind."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from sparseq.music.keys import Key
from sparseq.music.layout import Layout
from sparseq.music.partgrid import PartGrid, encode_piece
from sparseq.music.parts import DRUMS, Part
from sparseq.music.piece import Piece


class PitchedExample(NamedTuple):
    """A loop's name, and its parts on the lanes of a song."""

    name: str
    grid: PartGrid


def example_grid(piece: Piece, layout: Layout, target: Key | None) -> PartGrid | None:
    """Return an example on the lanes of a song, in its key; None where no pitched part of it is of a kind with one.

    The second bass of a song learns from the second bass of an example, or from its last where there are fewer.
    """
    parts = [part for name, _ in layout.voices for part in _counterpart(piece, name, layout.sounds[name].kind)]
    if not parts:
        return None
    drums = [part for part in piece.parts if part.kind == DRUMS]
    return encode_piece(replace(piece, parts=(*drums[:1], *parts)), layout, target=target)


def examples_of(pieces: Sequence[tuple[str, Piece]], layout: Layout, target: Key | None) -> list[PitchedExample]:
    """Return what can be learnt from some pieces, by name, in their order."""
    found = [(name, example_grid(piece, layout, target)) for name, piece in pieces]
    return [PitchedExample(name, grid) for name, grid in found if grid is not None]


def _counterpart(piece: Piece, name: str, kind: str) -> list[Part]:
    """Return the example's part for one of the song's, under the song's name for it; none where it has no such kind."""
    alike = [part for part in piece.parts if part.kind == kind]
    number = int([*name.split(" "), "1"][1])
    return [alike[min(number, len(alike)) - 1]._replace(name=name)] if alike else []

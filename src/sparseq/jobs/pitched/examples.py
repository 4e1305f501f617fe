"""Pitched examples: loops brought to the song's key and count, their parts beside the song's own by kind."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from sparseq.errors import InputError
from sparseq.jobs.examples import Example
from sparseq.jobs.loading import load_examples
from sparseq.jobs.pitched.context import usual_bar
from sparseq.jobs.pitched.hole import PitchedHole
from sparseq.music.chords import Progression
from sparseq.music.keys import Key
from sparseq.music.layout import VOICE, Layout, layout_of
from sparseq.music.partgrid import PartGrid, encode_piece
from sparseq.music.parts import DRUMS, Part
from sparseq.music.piece import Piece

MOST_LOOPS = 64
"""Of a large library so many loops are learnt from: the others would add time and next to nothing."""
MOSTLY = 0.98
"""A file of which so many notes are in its key's scale keeps to it."""


class PitchedExample(NamedTuple):
    """A loop's name, and its parts on the lanes of a song."""

    name: str
    grid: PartGrid

    @property
    def parts(self) -> set[str]:
        """Names of the song's pitched parts that it says anything of."""
        lanes = self.grid.indices(kind=VOICE)
        return {self.grid.lanes[lane].part for lane in lanes if self.grid.known_l[lane]}


def example_grid(
    piece: Piece, layout: Layout, target: Key | None, chords: Progression | None = None
) -> PartGrid | None:
    """Return an example on the lanes of a song, in its key; None where no pitched part of it is of a kind with one.

    The second bass of a song learns from the second bass of an example, or from its last where there are fewer.
    """
    parts = [part for name, _ in layout.voices for part in _counterpart(piece, name, layout.sounds[name].kind)]
    if not parts:
        return None
    drums = [part for part in piece.parts if part.kind == DRUMS]
    return encode_piece(replace(piece, parts=(*drums[:1], *parts)), layout, target=target, chords=chords)


def pitched_examples(hole: PitchedHole, loops: Sequence[Example] | None) -> tuple[PitchedExample, ...]:
    """Return the loops that a hole is filled from beside the piece itself, on its lanes and in its key.

    Parameters
    ----------
    hole : PitchedHole
        What to fill.
    loops : sequence of Example or None
        What a person asked for; None for the shipped ones, where a part is not heard outside the hole.

    Raises
    ------
    InputError
        If there is nothing to learn a part from.
    """
    unheard = [name for name in hole.parts if not hole.hears(name)]
    if loops is None:
        loops = load_examples((), hole.grid.steps_per_beat, pitched=True, band=True).used if unheard else ()
    if not loops:
        return ()
    layout = layout_of([hole.piece])
    pieces = [loop._replace(steps_per_beat=hole.grid.steps_per_beat).piece() for loop in loops]
    found = []
    for number in fitting(hole.piece, hole.parts, pieces):
        grid = example_grid(pieces[number], layout, hole.piece.key, loops[number].chords)
        found += [PitchedExample(loops[number].name, grid)] if grid is not None else []
    learnt = {part for example in found for part in example.parts}
    for name in unheard:
        if name not in learnt:
            kind = layout.sounds[name].kind
            raise InputError(
                f"{hole.midi.name}: wanted {kind} to go by, got none outside the hole; give --loops with {kind}, "
                "choose other --tracks, or leave bars to learn from"
            )
    return tuple(found)


def fitting(song: Piece, names: Sequence[str], loops: Sequence[Piece], most: int = MOST_LOOPS) -> list[int]:
    """Return which loops to learn from: indices in order, of all of them where there are no more than `most`.

    Those in the song's meter come before others, then those with more of the kinds of parts that are asked for, then
    those that are in minor as it is, or in major.

    Parameters
    ----------
    song : Piece
        The song.
    names : sequence of str
        Names of the parts to fill.
    loops : sequence of Piece
        The loops.
    most : int
        So many at most.
    """
    if len(loops) <= most:
        return list(range(len(loops)))
    kinds = {part.kind for part in song.parts if part.name in names}

    def strangeness(number: int) -> tuple[bool, int, bool]:
        loop = loops[number]
        other_mode = (loop.key is not None and loop.key.is_minor) != (song.key is not None and song.key.is_minor)
        missing = len(kinds - {part.kind for part in loop.parts})
        return usual_bar(loop.bars) != usual_bar(song.bars), missing, other_mode

    return sorted(sorted(range(len(loops)), key=strangeness)[:most])


def kept_scale(hole: PitchedHole, key: Key | None) -> Key | None:
    """Return the scale that new pitches are kept in: the one asked for, or that of the file where it keeps to it."""
    if key is not None or hole.piece.key is None:
        return key
    gone = set(hole.notes)
    kept = [note for note in hole.piece.pitched_notes if note not in gone]
    inside = sum(note.pitch % 12 in hole.piece.key.classes for note in kept)
    return hole.piece.key if kept and inside >= MOSTLY * len(kept) else None


def _counterpart(piece: Piece, name: str, kind: str) -> list[Part]:
    """Return the example's part for one of the song's, under the song's name for it; none where it has no such kind."""
    alike = [part for part in piece.parts if part.kind == kind]
    number = int([*name.split(" "), "1"][1])
    return [alike[min(number, len(alike)) - 1]._replace(name=name)] if alike else []

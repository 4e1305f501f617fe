"""Which parts loops have, and which loops and parts of them are wanted."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from sparseq.errors import InputError
from sparseq.jobs.examples import Example, Examples, keep
from sparseq.music.encode import drum_notes
from sparseq.music.parts import DRUMS
from sparseq.music.piece import Piece


def has_pitched(example: Example) -> bool:
    """Tell whether an example has anything but drums."""
    return len(drum_notes(example.score)) < len(example.score.notes)


def is_wanted(name: str, kind: str, wanted: Collection[str]) -> bool:
    """Tell whether a part is wanted by its name or kind; all are where nothing is said."""
    return not wanted or name in wanted or kind in wanted


def only(piece: Piece, wanted: Collection[str]) -> Piece:
    """Return a piece with the pitched parts that are wanted."""
    parts = tuple(part for part in piece.parts if part.kind != DRUMS and is_wanted(part.name, part.kind, wanted))
    return replace(piece, parts=parts)


def having(examples: Examples, wanted: Collection[str]) -> Examples:
    """Keep the loops that have any of the parts wanted; InputError for a part that no loop has."""
    if not wanted:
        return examples
    by_example = [example.part_names for example in examples.used]
    there = [name for names in by_example for name in names]
    for name in sorted(wanted):
        check_there(name, there)
    has_any = [bool(set(names) & set(wanted)) for names in by_example]
    return keep(examples, has_any, f"has no {' or '.join(sorted(wanted))}")


def check_there(name: str, there: Sequence[str]) -> None:
    """Raise InputError for a part that is not among those of the loops."""
    if name not in there:
        raise InputError(f"wanted the part {name!r}, but the loops have {', '.join(dict.fromkeys(there))}")

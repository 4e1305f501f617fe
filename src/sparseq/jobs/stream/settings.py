"""What a person may ask of a stream, at its start and while it goes on."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from sparseq.errors import InputError
from sparseq.music.chords import Progression
from sparseq.music.groove import MOST_FEEL, GrooveTemplate
from sparseq.music.keys import Key
from sparseq.music.swing import check_swing

_NOTHING: frozenset[str] = frozenset()
_EVERYWHERE: Mapping[str, tuple[int, int]] = MappingProxyType({})
MOST_DENSITY = 1.0


class StreamSettings(NamedTuple):
    """What a person may ask of a stream.

    Parts are called by name or kind: "drums", "bass", "chords", "lead", "chords 2"; lanes by name: "kick", "chords/1".
    All but `seed`, `bpm` and `parts` may change between bars.

    Attributes
    ----------
    seed : int
        0 to 2**64 - 1.
    temperature : float
        Above 0: of sampling; below 1 closer to the examples, above 1 further.
    bpm : float or None
        Quarter notes per minute; None for what the loops have.
    parts : frozenset of str
        Only these parts; all that the loops have where it is empty.
    key : Key or None
        Pitched notes keep to this scale, and the loops are brought to its tonic; None for the key of the loops.
    chords : Progression or None
        The chords, from the first bar on and going round; None for such as the loops have.
    ranges : mapping of str to (int, int)
        Lowest and highest pitch by part; "" for every pitched part.
    max_voices : int or None
        Notes that one part may sound at once, at least 1.
    density : float
        -1 (as few strokes as can be) to 1 (as many); 0 as the examples have them.
    swing : float or None
        Where the second note of a pair stands in it, 50 to 75 percent; None as played.
    feel : float
        Micro-timing and accents of the examples: 0 on the grid, 1 as played, up to 2 overdone.
    humanize : float
        0 to 1: how far each note strays by chance.
    groove : GrooveTemplate or None
        Timing and accents of a loop, in place of those that the examples have.
    muted, soloed : frozenset of str
        Parts or lanes that are not heard; if any are soloed, those alone are. All are written all the same, so that
        the others still hear them.
    locked : frozenset of str
        Parts or lanes that play their last bar again and again.
    """

    seed: int = 0
    temperature: float = 1.0
    bpm: float | None = None
    parts: frozenset[str] = _NOTHING
    key: Key | None = None
    chords: Progression | None = None
    ranges: Mapping[str, tuple[int, int]] = _EVERYWHERE
    max_voices: int | None = None
    density: float = 0.0
    swing: float | None = None
    feel: float = 1.0
    humanize: float = 0.0
    groove: GrooveTemplate | None = None
    muted: frozenset[str] = _NOTHING
    soloed: frozenset[str] = _NOTHING
    locked: frozenset[str] = _NOTHING


FIXED = ("seed", "bpm", "parts")
"""What cannot change while a stream goes on; its tempo is that of whoever plays it."""


def check_settings(settings: StreamSettings, steps_per_beat: int) -> None:
    """Raise InputError for numbers out of range; names are checked by the stream, which knows them."""
    _check("density", settings.density, -MOST_DENSITY, MOST_DENSITY)
    _check("feel", settings.feel, 0, MOST_FEEL)
    _check("humanize", settings.humanize, 0, 1)
    if settings.swing is not None:
        check_swing(settings.swing, steps_per_beat)
    if settings.max_voices is not None and settings.max_voices < 1:
        raise InputError(f"max_voices: wanted at least 1, got {settings.max_voices}; mute the part instead")


def _check(name: str, number: float, least: float, most: float) -> None:
    if not least <= number <= most:
        raise InputError(f"{name}: wanted a number from {least:g} to {most:g}, got {number:g}")

"""Keys and scales: found in notes, read from a person's words, and the way from one to another.

Keys are found by the probe-tone profiles of Krumhansl and Kessler (Psychological Review 89, 1982, pp. 334-368; the
numbers as in Krumhansl, *Cognitive Foundations of Musical Pitch*, 1990, p. 30): how well each of the twelve pitch
classes fits a key, as listeners rated it. The key whose profile correlates best with how long each class sounds wins.
"""

import re
from collections.abc import Iterable
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparseq.errors import InputError
from sparseq.music.score import Note

KRUMHANSL_KESSLER = MappingProxyType(
    {
        "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    }
)
"""Rating of each pitch class, from the tonic up, by mode."""

SCALES = MappingProxyType(
    {
        "major": (0, 2, 4, 5, 7, 9, 11),
        "minor": (0, 2, 3, 5, 7, 8, 10),
        "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
        "melodic minor": (0, 2, 3, 5, 7, 9, 11),
        "dorian": (0, 2, 3, 5, 7, 9, 10),
        "phrygian": (0, 1, 3, 5, 7, 8, 10),
        "lydian": (0, 2, 4, 6, 7, 9, 11),
        "mixolydian": (0, 2, 4, 5, 7, 9, 10),
        "locrian": (0, 1, 3, 5, 6, 8, 10),
        "major pentatonic": (0, 2, 4, 7, 9),
        "minor pentatonic": (0, 3, 5, 7, 10),
        "blues": (0, 3, 5, 6, 7, 10),
        "phrygian dominant": (0, 1, 4, 5, 7, 8, 10),
        "whole tone": (0, 2, 4, 6, 8, 10),
        "diminished": (0, 2, 3, 5, 6, 8, 9, 11),
        "chromatic": tuple(range(12)),
    }
)
"""Semitones above the tonic, by name."""

_SHORT_SCALES = MappingProxyType(
    {
        "": "major",
        "maj": "major",
        "ionian": "major",
        "m": "minor",
        "min": "minor",
        "natural minor": "minor",
        "aeolian": "minor",
        "pentatonic": "major pentatonic",
    }
)
LETTERS = MappingProxyType({"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11})
SHARPS = MappingProxyType({"": 0, "#": 1, "b": -1, "##": 2, "bb": -2, "♯": 1, "♭": -1})
_NAMES_SHARP = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_NAMES_FLAT = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_FLAT_PARENTS = frozenset({1, 3, 5, 8, 10})  # F, Bb, Eb, Ab, Db major are written with flats
_KEY = re.compile(r"([A-Ga-g])(##|bb|[#b♯♭]|)\s*(.*)")
_SHORTEST_TICKS = 1


class Key(NamedTuple):
    """A tonic (pitch class 0 to 11, C is 0) and the name of a scale of `SCALES`."""

    tonic: int
    scale: str

    def __str__(self) -> str:
        return f"{class_name(self.tonic, flat=self.has_flats)} {self.scale}"

    @property
    def is_minor(self) -> bool:
        """Whether the scale has a minor third and no major one."""
        return 3 in SCALES[self.scale] and 4 not in SCALES[self.scale]

    @property
    def classes(self) -> frozenset[int]:
        """The pitch classes of the scale."""
        return frozenset((self.tonic + step) % 12 for step in SCALES[self.scale])

    @property
    def has_flats(self) -> bool:
        """Whether it is written with flats rather than sharps."""
        return (self.tonic + 3 * self.is_minor) % 12 in _FLAT_PARENTS


class KeyEstimate(NamedTuple):
    """What key notes seem to be in.

    Attributes
    ----------
    key : Key
        Major or minor.
    correlation : float
        -1 to 1, how well the key's profile fits.
    lead : float
        0 to 2, how much worse the next best key fits: near 0 it is a guess between two.
    """

    key: Key
    correlation: float
    lead: float


def class_name(pitch_class: int, *, flat: bool = False) -> str:
    """Return the name of a pitch class, such as "C#" or, with `flat`, "Db"."""
    return (_NAMES_FLAT if flat else _NAMES_SHARP)[pitch_class % 12]


def pitch_name(pitch: int, *, flat: bool = False) -> str:
    """Return the name of a pitch with its octave; 60, the middle C, is "C4"."""
    return f"{class_name(pitch, flat=flat)}{pitch // 12 - 1}"


def parse_pitch(text: str) -> int:
    """Read a pitch such as "C4" (60), "F#2" or "Bb-1".

    Raises
    ------
    InputError
        If it is none, or not in 0 to 127.
    """
    found = re.fullmatch(r"([A-Ga-g])(##|bb|[#b♯♭]|)(-?\d)", text.strip())
    pitch = 12 * (int(found[3]) + 1) + LETTERS[found[1].upper()] + SHARPS[found[2]] if found else -1
    if not 0 <= pitch < 128:
        raise InputError(f"a pitch from C-1 to G9 was wanted, like C4 or F#2, but {text!r} was given")
    return pitch


def parse_range(text: str) -> tuple[int, int]:
    """Read a range of pitches such as "E1-G3" or "28-55", both ends in it.

    Raises
    ------
    InputError
        If it is none, is empty, or leaves 0 to 127.
    """
    end = r"[A-Ga-g][#b♯♭]{0,2}-?\d|\d{1,3}"
    found = re.fullmatch(rf"\s*({end})\s*-\s*({end})\s*", text)
    if not found:
        raise InputError(f"a range of pitches like E1-G3 or 28-55 was wanted, but {text!r} was given")
    lowest, highest = (int(word) if word.isdigit() else parse_pitch(word) for word in found.groups())
    range_mask(lowest, highest)
    return lowest, highest


def parse_key(text: str) -> Key:
    """Read a key as people write it.

    Parameters
    ----------
    text : str
        A tonic, and a scale of `SCALES` or a usual short form of one: "E minor", "Em", "F#", "Bb mixolydian",
        "C minor pentatonic".

    Returns
    -------
    Key
        The key.

    Raises
    ------
    InputError
        If the text is no key.
    """
    found = _KEY.fullmatch(text.strip())
    if found:
        word = found[3].strip()
        name = re.sub(r"[\s_-]+", " ", word if word in ("m", "M") else word.lower()).strip()
        name = "major" if name == "M" else _SHORT_SCALES.get(name, name)
        if name in SCALES:
            return Key((LETTERS[found[1].upper()] + SHARPS[found[2]]) % 12, name)
    raise InputError(f"a key like 'E minor' or 'Bb' was wanted, but {text!r} was given; scales are {', '.join(SCALES)}")


def class_weights(notes: Iterable[Note]) -> NDArray[np.float64]:
    """Return how long each pitch class sounds, in ticks: float64 ndarray of shape (12,)."""
    weights = np.zeros(12)
    for note in notes:
        weights[note.pitch % 12] += max(note.duration_ticks, _SHORTEST_TICKS)
    return weights


def estimate_key(notes: Iterable[Note]) -> KeyEstimate | None:
    """Find the key that pitched notes are in.

    Parameters
    ----------
    notes : iterable of Note
        Pitched notes, no drums.

    Returns
    -------
    KeyEstimate or None
        The best of the 24 major and minor keys; None where there are no notes, or all classes sound alike.
    """
    weights = class_weights(notes)
    if np.ptp(weights) == 0:
        return None
    fits = sorted(
        (
            (_correlation(np.roll(profile, tonic), weights), Key(tonic, mode))
            for mode, profile in KRUMHANSL_KESSLER.items()
            for tonic in range(12)
        ),
        key=lambda fit: (-fit[0], fit[1]),
    )
    return KeyEstimate(fits[0][1], fits[0][0], fits[0][0] - fits[1][0])


def _correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return Pearson's correlation of two lines of numbers, neither all alike."""
    a, b = first - first.mean(), second - second.mean()
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def transposition(source: Key, target: Key) -> int:
    """Return the semitones that bring music in one key into another.

    The tonics meet where both keys are minor or both are major; otherwise the relative keys do, since they share their
    notes: E minor goes to G major without any shift.

    Parameters
    ----------
    source, target : Key
        Where from and where to.

    Returns
    -------
    int
        The nearest way, -6 to 5.
    """
    up = target.tonic - source.tonic
    if source.is_minor != target.is_minor:
        up += -3 if source.is_minor else 3
    return (up + 6) % 12 - 6


def moved(pitch: int, semitones: int) -> int:
    """Return a pitch so many semitones higher, by octaves back into 0 to 127 where it would leave them."""
    up = pitch + semitones
    if up < 0:
        return up % 12
    return up if up < 128 else 116 + (up - 116) % 12


def scale_mask(key: Key) -> NDArray[np.bool_]:
    """Return which pitches a scale lock allows: bool ndarray of shape (128,)."""
    return np.isin(np.arange(128) % 12, sorted(key.classes))


def range_mask(lowest: int, highest: int) -> NDArray[np.bool_]:
    """Return which pitches lie in a range, both ends allowed: bool ndarray of shape (128,).

    Raises
    ------
    InputError
        If the range is empty or leaves 0 to 127.
    """
    if not 0 <= lowest <= highest < 128:
        raise InputError(f"a range of pitches within 0-127 was wanted, but {lowest}-{highest} was given")
    pitches = np.arange(128)
    return (pitches >= lowest) & (pitches <= highest)


def nearest_allowed(pitch: int, allowed: NDArray[np.bool_]) -> int:
    """Return the allowed pitch nearest to a pitch, the lower of two; for material that is locked after the fact.

    Raises
    ------
    InputError
        If nothing is allowed.
    """
    choices = np.flatnonzero(allowed)
    if not len(choices):
        raise InputError("at least one allowed pitch was wanted, but scale and range leave none")
    return int(choices[np.argmin(np.abs(choices - pitch))])

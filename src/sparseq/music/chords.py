"""Chord symbols: read from a person's words, told as tokens beside the notes, laid out over bars."""

import re
from collections.abc import Mapping, Sequence
from itertools import product
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparseq.errors import InputError
from sparseq.music.grid import GridBar
from sparseq.music.keys import LETTERS, SHARPS, class_name

QUALITIES = MappingProxyType(
    {
        "": (0, 4, 7),
        "m": (0, 3, 7),
        "dim": (0, 3, 6),
        "aug": (0, 4, 8),
        "sus2": (0, 2, 7),
        "sus4": (0, 5, 7),
        "5": (0, 7),
        "6": (0, 4, 7, 9),
        "m6": (0, 3, 7, 9),
        "7": (0, 4, 7, 10),
        "maj7": (0, 4, 7, 11),
        "m7": (0, 3, 7, 10),
        "m7b5": (0, 3, 6, 10),
        "dim7": (0, 3, 6, 9),
        "mMaj7": (0, 3, 7, 11),
        "7sus4": (0, 5, 7, 10),
        "9": (0, 2, 4, 7, 10),
        "maj9": (0, 2, 4, 7, 11),
        "m9": (0, 2, 3, 7, 10),
        "add9": (0, 2, 4, 7),
        "7b9": (0, 1, 4, 7, 10),
    }
)
"""The qualities that tokens tell apart, as semitones above the root; what is richer counts as its nearest."""

N_CHORD_TOKENS = 1 + 12 * len(QUALITIES)
"""Tokens of a chord lane: 0 is no chord, then a root above the tonic and a quality."""

NO_CHORD = "N.C."
MOST_CHORDS = 10_000

_SYMBOL = re.compile(r"([A-G])(##|bb|[#b♯♭]|)(.*?)(?:/([A-G])(##|bb|[#b♯♭]|))?")
# What stands behind the root, longest words first: (word, degrees that it sets; None takes a degree out).
_SEVENTH: Mapping[int, int] = MappingProxyType({7: 10})
_WORDS: tuple[tuple[str, Mapping[int, int | None] | Mapping[int, int]], ...] = (
    ("maj13", {7: 11, 9: 14, 13: 21}),
    ("maj9", {7: 11, 9: 14}),
    ("maj7", {7: 11}),
    ("Maj7", {7: 11}),
    ("M9", {7: 11, 9: 14}),
    ("M7", {7: 11}),
    ("Δ7", {7: 11}),
    ("Δ", {7: 11}),
    ("maj", {}),
    ("min", {3: 3}),
    ("m", {3: 3}),
    ("-", {3: 3}),
    ("M", {}),
    ("dim7", {3: 3, 5: 6, 7: 9}),
    ("dim", {3: 3, 5: 6}),
    ("°7", {3: 3, 5: 6, 7: 9}),
    ("o7", {3: 3, 5: 6, 7: 9}),
    ("°", {3: 3, 5: 6}),
    ("o", {3: 3, 5: 6}),
    ("ø7", {3: 3, 5: 6, 7: 10}),
    ("ø", {3: 3, 5: 6, 7: 10}),
    ("aug", {5: 8}),
    ("+", {5: 8}),
    ("sus2", {3: 2}),
    ("sus4", {3: 5}),
    ("sus", {3: 5}),
    ("add9", {9: 14}),
    ("add2", {9: 14}),
    ("add11", {11: 17}),
    ("6/9", {6: 9, 9: 14}),
    ("69", {6: 9, 9: 14}),
    ("b5", {5: 6}),
    ("#5", {5: 8}),
    ("b9", {7: 10, 9: 13}),
    ("#9", {7: 10, 10: 15}),
    ("#11", {11: 18}),
    ("b13", {13: 20}),
    ("13", {**_SEVENTH, 9: 14, 13: 21}),
    ("11", {**_SEVENTH, 9: 14, 11: 17}),
    ("9", {**_SEVENTH, 9: 14}),
    ("7", _SEVENTH),
    ("6", {6: 9}),
    ("5", {3: None}),
    ("no3", {3: None}),
    ("alt", {7: 10, 9: 13, 10: 15, 5: 8}),
)


class Chord(NamedTuple):
    """A chord.

    Attributes
    ----------
    root, bass : int
        Pitch classes 0 to 11; equal unless a slash says otherwise.
    classes : frozenset of int
        All its pitch classes, the bass among them.
    quality : str
        The nearest of `QUALITIES`.
    symbol : str
        As written.
    """

    root: int
    bass: int
    classes: frozenset[int]
    quality: str
    symbol: str

    def __str__(self) -> str:
        return self.symbol


class Progression(NamedTuple):
    """Chords bar by bar; those of one bar share it evenly. None is no chord."""

    bars: tuple[tuple[Chord | None, ...], ...]

    def __str__(self) -> str:
        return " | ".join(" ".join(NO_CHORD if chord is None else chord.symbol for chord in bar) for bar in self.bars)


def parse_chord(text: str) -> Chord:
    """Read a chord symbol.

    Parameters
    ----------
    text : str
        Such as "Am", "Dm7b5", "F/A", "Bbmaj9", "G7sus4".

    Returns
    -------
    Chord
        The chord.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    found = _SYMBOL.fullmatch(text.strip())
    steps = _intervals(found[3].replace("(", "").replace(")", "").replace(",", "")) if found else None
    if not found or steps is None:
        raise InputError(f"a chord like Am, F#m7b5 or F/A was wanted, but {text!r} was given")
    root = (LETTERS[found[1]] + SHARPS[found[2]]) % 12
    bass = (LETTERS[found[4]] + SHARPS[found[5]]) % 12 if found[4] else root
    classes = frozenset((root + step) % 12 for step in steps) | {bass}
    return Chord(root, bass, classes, _nearest_quality(steps), text.strip())


def _intervals(suffix: str) -> frozenset[int] | None:
    """Return the semitones above the root that a suffix stands for; None where it cannot be read."""
    degrees: dict[int, int | None] = {1: 0, 3: 4, 5: 7}
    while suffix:
        word, effect = next(((word, effect) for word, effect in _WORDS if suffix.startswith(word)), ("", {}))
        if not word:
            return None
        if word in ("7", "9", "11", "13") and degrees.get(7) is not None:
            effect = {degree: step for degree, step in effect.items() if degree != 7}  # "mMaj7" then "9"
        degrees.update(effect)
        suffix = suffix[len(word) :]
    return frozenset(step % 12 for step in degrees.values() if step is not None)


def _nearest_quality(steps: frozenset[int]) -> str:
    def unlike(quality: str) -> tuple[int, int]:
        wanted = set(QUALITIES[quality])
        triad = sum(step in wanted ^ steps for step in (3, 4, 6, 7, 8))
        return 2 * triad + len(wanted ^ steps), len(wanted)

    return min(QUALITIES, key=unlike)


def make_chord(root: int, quality: str, *, flat: bool = False) -> Chord:
    """Return the chord of a pitch class and a quality of `QUALITIES`."""
    root %= 12
    classes = frozenset((root + step) % 12 for step in QUALITIES[quality])
    return Chord(root, root, classes, quality, class_name(root, flat=flat) + quality)


def parse_chords(text: str) -> Progression:
    """Read a chord progression.

    Parameters
    ----------
    text : str
        Chords with blanks between them, a bar each: "Am F C G". With bar lines those of one bar share it evenly:
        "Am | F C | G". "%" is the chord before, "N.C." or "-" none.

    Returns
    -------
    Progression
        At least one bar.

    Raises
    ------
    InputError
        If there is no chord, or one cannot be read.
    """
    words = [part.split() for part in text.split("|")] if "|" in text else [[word] for word in text.split()]
    words = [bar for bar in words if bar]
    if not words or sum(map(len, words)) > MOST_CHORDS:
        raise InputError(f"chords like 'Am F C G' were wanted, 1 to {MOST_CHORDS} of them, but {text[:40]!r} was given")
    bars: list[tuple[Chord | None, ...]] = []
    last: Chord | None = None
    for bar in words:
        chords: list[Chord | None] = []
        for word in bar:
            if word != "%":
                last = None if word.upper() in (NO_CHORD, "NC", "-") else parse_chord(word)
            chords.append(last)
        bars.append(tuple(chords))
    return Progression(tuple(bars))


def chord_token(chord: Chord | None, tonic: int = 0) -> int:
    """Return a chord's token, 0 to `N_CHORD_TOKENS` - 1: root above the tonic, and quality; 0 for no chord."""
    if chord is None:
        return 0
    return 1 + (chord.root - tonic) % 12 * len(QUALITIES) + list(QUALITIES).index(chord.quality)


def token_chord(token: int, tonic: int = 0, *, flat: bool = False) -> Chord | None:
    """Return the chord of a token.

    Raises
    ------
    InputError
        If there is no such token.
    """
    if not 0 <= token < N_CHORD_TOKENS:
        raise InputError(f"a chord token from 0 to {N_CHORD_TOKENS - 1} was wanted, but {token} was given")
    if not token:
        return None
    above, quality = divmod(token - 1, len(QUALITIES))
    return make_chord(tonic + above, list(QUALITIES)[quality], flat=flat)


def chord_distances() -> NDArray[np.float64]:
    """Return how unlike two chord tokens are: float64 ndarray of shape (`N_CHORD_TOKENS`, `N_CHORD_TOKENS`), 0 to 1.

    The share of the pitch classes of both that only one of them has; halfway to 1 where only the roots differ.
    """
    rows = np.zeros((N_CHORD_TOKENS, 12))
    roots = np.full(N_CHORD_TOKENS, -1)
    for token, (root, steps) in enumerate(product(range(12), QUALITIES.values()), start=1):
        rows[token, [(root + step) % 12 for step in steps]] = 1
        roots[token] = root
    both = rows @ rows.T
    either = rows.sum(1)[:, None] + rows.sum(1) - both
    unlike: NDArray[np.float64] = 1 - both / np.maximum(either, 1)
    unlike += (1 - unlike) * 0.5 * (roots[:, None] != roots)
    np.fill_diagonal(unlike, 0)
    return unlike


def lay_out(progression: Progression, bars: Sequence[GridBar]) -> tuple[Chord | None, ...]:
    """Return the chord of each step: the progression goes round until the bars end."""
    out: list[Chord | None] = []
    for index, bar in enumerate(bars):
        chords = progression.bars[index % len(progression.bars)]
        out += [chords[step * len(chords) // bar.length_steps] for step in range(bar.length_steps)]
    return tuple(out)

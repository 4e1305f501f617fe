"""Chords heard in notes: the best path of chords over beats, by how long their notes sound in each."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sparseq.music.chords import QUALITIES, Chord, Progression, make_chord
from sparseq.music.keys import SCALES, Key
from sparseq.music.score import Note

_NAMES = tuple(QUALITIES)
_ROOT_IN_BASS = 0.2  # what a span gains whose lowest note is the root: most of the time it is
_MISSING = 0.1  # what is lost for each note of the chord that does not sound
_RICHER = 0.06  # what each note more or less than three costs: sevenths must be heard, not guessed
_HEARD = 0.08  # the share of a span that makes a note fully heard
_CHANGE = 0.8  # what a change of chord costs within a bar, and
_CHANGE_AT_BAR = 0.1  # where a bar begins
_HOME, _CLOSE = 0.6, 0.3  # notes that a chord of the tonic counts for where a progression begins, and where it ends
_FIRST_IS_ROOT, _KNOWN = 0.6, 0.5  # shares of a bar that these count for, where a line is harmonised
_SILENT_CHORD = 1e-9  # of two paths over silence, none is nearer than a chord


def estimate_chords(
    notes: Sequence[Note], lines: Sequence[int], *, bar_starts: frozenset[int] = frozenset(), flat: bool = False
) -> tuple[Chord | None, ...]:
    """Find the chord that each span of time sounds like.

    Parameters
    ----------
    notes : sequence of Note
        Pitched notes; leave out what plays against the harmony, such as a lead.
    lines : sequence of int
        Ticks that the spans lie between, rising: beats or bars.
    bar_starts : frozenset of int
        Those of the lines where a bar begins: chords change more readily there.
    flat : bool
        Name black keys as flats.

    Returns
    -------
    tuple of Chord or None
        One for each span; None where nothing sounds, or before anything has.
    """
    if len(lines) < 2:
        return ()
    weights, basses = _span_weights(notes, lines)
    scores = _scores(weights, basses)
    changes = np.array([_CHANGE_AT_BAR if line in bar_starts else _CHANGE for line in lines[:-1]])
    path = _best_path(scores, changes)
    silent = weights.sum(1) == 0
    chords: list[Chord | None] = []
    for span, state in enumerate(path):
        root, quality = divmod(state, len(_NAMES))
        held = bool(silent[span] and (not chords or chords[-1] is None))
        chords.append(None if held else make_chord(root, _NAMES[quality], flat=flat))
    return tuple(chords)


def harmonised(notes: Sequence[Note], lines: Sequence[int], *, flat: bool = False) -> tuple[Chord | None, ...]:
    """Find a triad for each span of lines that play no chords: a bass, a melody.

    Of major and minor triads the one whose notes the span plays, whose root it begins with, and whose notes the whole
    piece knows: a line that has an E and never a G sharp, but a G, is taken for E minor.

    Parameters
    ----------
    notes : sequence of Note
        Pitched notes.
    lines : sequence of int
        Ticks that the spans lie between, rising: bars.
    flat : bool
        Name black keys as flats.

    Returns
    -------
    tuple of Chord or None
        One for each span; None where nothing sounds.
    """
    weights, _ = _span_weights(notes, lines)
    whole = weights.sum(0)
    known = np.sqrt(whole / max(float(whole.max()), 1e-9))  # what is heard now and then is heard all the same
    firsts = _first_classes(notes, lines)
    triads = [(root, quality) for root in range(12) for quality in ("", "m")]
    members = [[(root + step) % 12 for step in QUALITIES[quality]] for root, quality in triads]
    out: list[Chord | None] = []
    for weights_c, first in zip(weights, firsts, strict=True):
        fits = [
            float(weights_c[notes_of].sum()) + _FIRST_IS_ROOT * (root == first) + _KNOWN * float(known[notes_of].mean())
            for (root, _), notes_of in zip(triads, members, strict=True)
        ]
        # Of equals the one nearest above the first note, so that a line has the same chords in every key.
        root, quality = max(
            zip(fits, triads, strict=True),
            key=lambda each: (round(each[0], 9), -((each[1][0] - first) % 12), each[1][1]),
        )[1]
        out.append(make_chord(root, quality, flat=flat) if weights_c.any() else None)
    return tuple(out)


def _first_classes(notes: Sequence[Note], lines: Sequence[int]) -> list[int]:
    """Return the pitch class of the first and lowest note that begins in each span, -1 where none does."""
    found = [(lines[-1], 0, -1)] * (len(lines) - 1)
    for note in notes:
        span = min(max(int(np.searchsorted(lines, note.onset_ticks, "right")) - 1, 0), len(found) - 1)
        found[span] = min(found[span], (note.onset_ticks, note.pitch, note.pitch % 12))
    return [pitch_class for _, _, pitch_class in found]


def key_of_chords(progression: Progression) -> Key | None:
    """Find the major or minor key of a progression: the one that most of its notes are in, and that it begins with.

    Parameters
    ----------
    progression : Progression
        The chords.

    Returns
    -------
    Key or None
        None where there is no chord at all.
    """
    chords = [chord for bar in progression.bars for chord in bar if chord is not None]
    if not chords:
        return None

    def fit(key: Key) -> float:
        inside = sum(len(chord.classes & key.classes) / len(chord.classes) for chord in chords)
        third = (key.tonic + SCALES[key.scale][2]) % 12
        at_home = [chord.root == key.tonic and (third in chord.classes) for chord in (chords[0], chords[-1])]
        return inside + _HOME * at_home[0] + _CLOSE * at_home[1]

    return max((Key(tonic, mode) for mode in ("major", "minor") for tonic in range(12)), key=fit)


def _span_weights(notes: Sequence[Note], lines: Sequence[int]) -> tuple[NDArray[np.float64], list[int]]:
    """Return the share of each pitch class in what sounds in each span, and the class of its lowest note or -1."""
    edges = np.asarray(lines, np.int64)
    weights = np.zeros((len(edges) - 1, 12))
    lowest = np.full(len(edges) - 1, 128)
    for note in notes:
        end = max(note.end_ticks, note.onset_ticks + 1)
        first = max(int(np.searchsorted(edges, note.onset_ticks, "right")) - 1, 0)
        last = min(int(np.searchsorted(edges, end, "left")), len(edges) - 1)
        for span in range(first, last):
            shared = min(end, edges[span + 1]) - max(note.onset_ticks, edges[span])
            weights[span, note.pitch % 12] += max(shared, 0)
            if shared * 4 >= edges[span + 1] - edges[span]:
                lowest[span] = min(lowest[span], note.pitch)
    total = weights.sum(1, keepdims=True)
    return weights / np.maximum(total, 1), [pitch % 12 if pitch < 128 else -1 for pitch in lowest.tolist()]


def _scores(weights: NDArray[np.float64], basses: Sequence[int]) -> NDArray[np.float64]:
    """Return how well each span fits each chord: ndarray of shape (spans, 12 * qualities)."""
    holds_rc = _notes_of_chords()
    telling = np.clip(((weights > 0).sum(1) - 1) / 2, 0, 1)  # one note alone is a bass note of any chord that holds it
    roots_r = np.repeat(np.arange(12), len(_NAMES))
    out = -1.0 - _RICHER * np.abs(holds_rc.sum(1) - 3) + np.zeros((len(weights), 1))
    gains = 2 * weights - _MISSING * np.maximum(1 - weights / _HEARD, 0)
    for pitch_class in range(12):  # one by one, so that every machine rounds alike
        out += gains[:, pitch_class, None] * holds_rc[:, pitch_class]
    out += _ROOT_IN_BASS * telling[:, None] * (np.asarray(basses)[:, None] == roots_r)
    return np.where(weights.sum(1, keepdims=True) > 0, out, _SILENT_CHORD)


def _notes_of_chords() -> NDArray[np.float64]:
    """Return which pitch classes each chord holds: float64 ndarray of shape (12 * qualities, 12), 0 or 1."""
    on_c = np.array([np.isin(np.arange(12), steps) for steps in QUALITIES.values()], np.float64)
    return np.concatenate([np.roll(on_c, root, axis=1) for root in range(12)])


def _best_path(scores: NDArray[np.float64], changes: NDArray[np.float64]) -> list[int]:
    """Return the states of the path with the highest sum of scores less the costs of its changes (Viterbi)."""
    value = scores[0]
    came_from = np.zeros(scores.shape, np.int64)
    stay = np.arange(scores.shape[1])
    for span in range(1, len(scores)):
        best = int(value.argmax())
        move = value[best] - changes[span] > value
        came_from[span] = np.where(move, best, stay)
        value = np.where(move, value[best] - changes[span], value) + scores[span]
    path = [int(value.argmax())]
    for span in range(len(scores) - 1, 0, -1):
        path.append(int(came_from[span, path[-1]]))
    return path[::-1]

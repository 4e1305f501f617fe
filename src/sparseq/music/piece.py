"""A file as music: its score, its parts, its key, how it is counted, its chords."""

from collections.abc import Sequence
from dataclasses import dataclass

from sparseq.music.chords import Chord, Progression, lay_out
from sparseq.music.counting import counted_bars
from sparseq.music.encode import steps_of
from sparseq.music.grid import GridBar
from sparseq.music.harmony import estimate_chords
from sparseq.music.keys import Key, estimate_key
from sparseq.music.parts import CHORDS, DRUMS, LEAD, Part, programs_of, split_parts
from sparseq.music.resolution import suitable_steps
from sparseq.music.score import Note, Score, read_score
from sparseq.music.smf import MidiFile


@dataclass(frozen=True)
class Piece:
    """A file as music.

    Attributes
    ----------
    score : Score
        What it sounds like.
    parts : tuple of Part
        What plays.
    steps_per_beat : int
        Steps per quarter note that it is counted in.
    bars : tuple of GridBar
        Its bars in steps; the last onset lies in them.
    key : Key or None
        Given or estimated; None where none is given and drums are alone.
    key_is_estimated : bool
        Whether nobody said so.
    """

    score: Score
    parts: tuple[Part, ...]
    steps_per_beat: int
    bars: tuple[GridBar, ...]
    key: Key | None
    key_is_estimated: bool = False

    @property
    def pitched_notes(self) -> tuple[Note, ...]:
        """The notes of all parts but drums."""
        return tuple(note for part in self.parts if part.kind != DRUMS for note in part.notes)

    @property
    def n_steps(self) -> int:
        """How many steps its bars have."""
        return self.bars[-1].stop_step

    def chords_t(self, given: Progression | None = None) -> tuple[Chord | None, ...]:
        """Return the chord of each step.

        Parameters
        ----------
        given : Progression, optional
            What a person says the chords are; it goes round. Otherwise they are estimated, a beat at a time.

        Returns
        -------
        tuple of Chord or None
            One for each step.
        """
        if given is not None:
            return lay_out(given, self.bars)
        return _heard_chords(self)


def read_piece(midi: MidiFile, *, steps_per_beat: int | None = None, key: Key | None = None) -> Piece:
    """Read a file as music.

    Parameters
    ----------
    midi : MidiFile
        The file.
    steps_per_beat : int, optional
        Steps per quarter note, 1 to 96; what suits its notes otherwise.
    key : Key, optional
        Its key; estimated otherwise.

    Returns
    -------
    Piece
        It may have no notes at all.

    Raises
    ------
    InputError
        If the file counts in SMPTE frames, or there are more bars than music has.
    """
    score = read_score(midi)
    return make_piece(score, split_parts(score, programs_of(midi)), steps_per_beat=steps_per_beat, key=key)


def make_piece(
    score: Score, parts: Sequence[Part], *, steps_per_beat: int | None = None, key: Key | None = None
) -> Piece:
    """Put a piece together from a score and its parts.

    Parameters
    ----------
    score : Score
        The score.
    parts : sequence of Part
        Its parts.
    steps_per_beat, key
        As for `read_piece`.

    Returns
    -------
    Piece
        The piece.

    Raises
    ------
    InputError
        As `read_piece`.
    """
    steps = suitable_steps(score, score.notes) if steps_per_beat is None else steps_per_beat
    last = int(steps_of(score.notes, score.ppq, steps).max(initial=-1))
    bars = counted_bars(score, steps, last)
    if key is not None:
        return Piece(score, tuple(parts), steps, bars, key)
    estimate = estimate_key([note for part in parts if part.kind != DRUMS for note in part.notes])
    return Piece(score, tuple(parts), steps, bars, estimate.key if estimate else None, key_is_estimated=True)


def _heard_chords(piece: Piece) -> tuple[Chord | None, ...]:
    """Return the chords that the parts play, a lead only where nothing else does."""
    telling = [part for part in piece.parts if part.kind not in (DRUMS, LEAD)]
    if not any(part.kind == CHORDS for part in telling):
        telling = [part for part in piece.parts if part.kind != DRUMS]
    notes = sorted(note for part in telling for note in part.notes)
    ppq, steps_per_beat = piece.score.ppq, piece.steps_per_beat
    lines = [
        step for bar in piece.bars for step in range(bar.start_step, bar.stop_step, _beat_steps(bar, steps_per_beat))
    ]
    ticks = [step * ppq // steps_per_beat for step in [*lines, piece.n_steps]]
    bar_ticks = frozenset(bar.start_step * ppq // steps_per_beat for bar in piece.bars)
    flat = piece.key is not None and piece.key.has_flats
    found = estimate_chords(notes, ticks, bar_starts=bar_ticks, flat=flat)
    ends = [*lines[1:], piece.n_steps]
    return tuple(chord for chord, start, end in zip(found, lines, ends, strict=True) for _ in range(end - start))


def _beat_steps(bar: GridBar, steps_per_beat: int) -> int:
    """Return the steps of a beat in which chords may change: of a dotted quarter note in 6/8, a quarter note else."""
    if bar.denominator == 8 and bar.numerator % 3 == 0 and bar.numerator > 3:
        return max(3 * steps_per_beat // 2, 1)
    return steps_per_beat

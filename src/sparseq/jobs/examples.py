"""The examples of one job: loops as they are counted and put on a grid, with what could not be used and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from sparseq.music.encode import drum_notes, encode_drums
from sparseq.music.grid import DrumGrid
from sparseq.music.lanes import LANES, lane_of
from sparseq.music.loops import Skipped
from sparseq.music.score import Score
from sparseq.music.units import tempo_us_to_bpm

if TYPE_CHECKING:  # drums alone need none of it
    from sparseq.engine.calibration import Calibration
    from sparseq.music.chords import Progression
    from sparseq.music.keys import Key
    from sparseq.music.piece import Piece

NO_PROGRAMS: Mapping[tuple[int, int], int] = MappingProxyType({})
LOOP_BARS = 8
"""A file of up to so many bars is taken for a loop: its end leads back to its start."""


class Example(NamedTuple):
    """A score, how it is counted, and what else is known of it.

    Attributes
    ----------
    name : str
        What to call it in messages.
    score : Score
        With notes, and with drums unless pitched parts alone were welcome.
    steps_per_beat : int
        Steps per quarter note.
    style : str
        Empty where it is not known.
    programs : mapping of (int, int) to int
        General MIDI program by track and channel; read only where pitched parts were asked for.
    key : Key or None
        Where it is stated.
    chords : Progression or None
        Where they are stated.
    """

    name: str
    score: Score
    steps_per_beat: int
    style: str = ""
    programs: Mapping[tuple[int, int], int] = NO_PROGRAMS
    key: Key | None = None
    chords: Progression | None = None

    @property
    def bpm(self) -> float:
        """Tempo at its start, quarter notes per minute."""
        return tempo_us_to_bpm(self.score.tempos[0][1])

    @property
    def meter(self) -> tuple[int, int]:
        """Meter at its start."""
        return self.score.meters[0][1], self.score.meters[0][2]

    @property
    def part_names(self) -> tuple[str, ...]:
        """Kind and name of each part."""
        from sparseq.music.parts import DRUMS, split_parts

        if len(drum_notes(self.score)) == len(self.score.notes):
            return (DRUMS,)
        return tuple(name for part in split_parts(self.score, self.programs) for name in (part.kind, part.name))

    def grid(self, lanes: Sequence[str]) -> DrumGrid:
        """Return its drums on a grid with these lanes."""
        return encode_drums(self.score, lanes, self.steps_per_beat)

    def piece(self) -> Piece:
        """Return it with its parts, its key estimated where it is not stated."""
        from sparseq.music.parts import split_parts
        from sparseq.music.piece import make_piece

        parts = split_parts(self.score, self.programs)
        return make_piece(self.score, parts, steps_per_beat=self.steps_per_beat, key=self.key)


NO_CALIBRATIONS: Mapping[str, Calibration] = MappingProxyType({})


class Examples(NamedTuple):
    """What a job learns from.

    Attributes
    ----------
    used : tuple of Example
        The loops.
    skipped : tuple of Skipped
        What is left out, and why.
    calibrations : mapping of str to Calibration
        By task numbers that suit the drums, if any are known.
    n_there : int
        How many loops the used ones were drawn from; 0 where all are used.
    draw_again : callable or None
        Returns what another seed draws; None where all are used.
    """

    used: tuple[Example, ...]
    skipped: tuple[Skipped, ...]
    calibrations: Mapping[str, Calibration] = NO_CALIBRATIONS
    n_there: int = 0
    draw_again: Callable[[int], Examples] | None = None


def largest_group(examples: Examples, key: Callable[[Example], object], what: str) -> Examples:
    """Keep the examples that share the most common `key` (of equals the first); the others are skipped for `what`."""
    tally = Counter(key(example) for example in examples.used)
    best = max(tally, key=lambda value: tally[value])
    return keep(examples, [key(example) == best for example in examples.used], what)


def keep(examples: Examples, wanted: Sequence[bool], reason: str) -> Examples:
    """Keep the examples that are wanted, one answer for each; the others are skipped for a reason."""
    answers = list(zip(examples.used, wanted, strict=True))
    kept = tuple(example for example, is_wanted in answers if is_wanted)
    left = (Skipped(example.name, reason) for example, is_wanted in answers if not is_wanted)
    return examples._replace(used=kept, skipped=(*examples.skipped, *left))


def lanes_of(scores: Iterable[Score]) -> tuple[str, ...]:
    """Return the drum lanes that these scores use, in the order of `LANES`."""
    present = {lane_of(note.pitch) for score in scores for note in drum_notes(score)}
    return tuple(lane for lane in LANES if lane in present)


def is_loop(grid: DrumGrid) -> bool:
    """Whether a grid is short enough to go round."""
    return len(grid.bars) <= LOOP_BARS

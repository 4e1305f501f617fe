"""The examples of one job: loops found, read and put on a grid, with what could not be used and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from sparseq.errors import InputError
from sparseq.music.bars import score_bars
from sparseq.music.batch import read_scores
from sparseq.music.encode import drum_notes, encode_drums, grid_bars, steps_of
from sparseq.music.grid import DrumGrid
from sparseq.music.lanes import LANES, lane_of
from sparseq.music.loops import LoopSource, Skipped, default_band, find_all, load
from sparseq.music.resolution import suitable_steps
from sparseq.music.score import Score
from sparseq.music.smf import MidiFile, parse
from sparseq.music.units import tempo_us_to_bpm

if TYPE_CHECKING:  # drums alone need none of it
    from sparseq.engine.calibrate import Calibration
    from sparseq.music.chords import Progression
    from sparseq.music.keys import Key
    from sparseq.music.library import Entry
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

    def grid(self, lanes: Sequence[str]) -> DrumGrid:
        """Return its drums on a grid with these lanes."""
        return encode_drums(self.score, lanes, self.steps_per_beat)

    def piece(self) -> Piece:
        """Return it with its parts, its key estimated where it is not stated."""
        from sparseq.music.parts import split_parts
        from sparseq.music.piece import make_piece

        parts = split_parts(self.score, self.programs)
        return make_piece(self.score, parts, steps_per_beat=self.steps_per_beat, key=self.key)


TASKS = ("stream", "fill")
_NO_CALIBRATIONS: Mapping[str, Calibration] = MappingProxyType({})


class Examples(NamedTuple):
    """What a job learns from, what it leaves out and why, and by task numbers that suit the drums, if any are known."""

    used: tuple[Example, ...]
    skipped: tuple[Skipped, ...]
    calibrations: Mapping[str, Calibration] = _NO_CALIBRATIONS


def load_examples(
    specs: Sequence[str], steps_per_beat: int | None = None, *, pitched: bool = False, band: bool = False
) -> Examples:
    """Read the loops that a person asked for.

    Parameters
    ----------
    specs : sequence of str
        Folders, files, libraries, names or styles of shipped loops; none stands for the shipped loops.
    steps_per_beat : int, optional
        Count all of them so; otherwise each as suits it.
    pitched : bool
        Whether pitched parts are wanted too; otherwise loops without drums are left out.
    band : bool
        Whether the shipped loops that stand in where nothing is named are such as have pitched parts.

    Raises
    ------
    InputError, FileError
        If something named is not there, or not one loop is left.
    """
    sources = find_all(specs) if specs or not band else default_band()
    loaded = load([source for source in sources if source.entry is None], _counted)
    skipped = [Skipped(name, reason.removeprefix(f"{name}: ")) for name, reason in loaded.skipped]
    scores = read_scores([midi for _, midi in loaded.loops])
    read = {
        source: partial(_example, source, midi, score, steps_per_beat, pitched)
        for (source, midi), score in zip(loaded.loops, scores, strict=True)
    }
    used = []
    for source in sources:
        try:
            if source.entry is not None:
                used.append(learnt_example(source.entry, steps_per_beat, pitched))
            elif source in read:
                used.append(read[source]())
        except InputError as error:
            skipped.append(Skipped(source.name, str(error)))
    if not used:
        raise _nothing_left(skipped, "anything" if pitched else "drums")
    return Examples(tuple(used), tuple(skipped), _calibrations(specs))


def _calibrations(specs: Sequence[str]) -> Mapping[str, Calibration]:
    """Return the numbers that `learn` found for a library, where that is all that was asked for."""
    from sparseq.music.library import library_names, library_path, open_library

    if len(specs) != 1 or specs[0] not in library_names():
        return _NO_CALIBRATIONS
    from sparseq.engine.calibrate import Calibration

    with open_library(library_path(specs[0])) as library:
        found = {task: library.numbers(task) for task in TASKS}
    return {task: Calibration.from_json(numbers) for task, numbers in found.items() if numbers is not None}


def learnt_example(entry: Entry, steps_per_beat: int | None, pitched: bool) -> Example:
    """Return a piece of a library; InputError for one that has no drums, where they are wanted, or no steps."""
    if not pitched and "drums" not in entry.kinds:
        raise InputError(f"wanted drums, got {' and '.join(entry.kinds)}")
    example = Example(
        entry.path, entry.score(), steps_per_beat or entry.steps_per_beat, programs=entry.programs, key=entry.key
    )
    grid_bars(score_bars(example.score), example.score.ppq, example.steps_per_beat)
    return example


def _nothing_left(skipped: Sequence[Skipped], what: str) -> InputError:
    name, reason = skipped[0]
    if len(skipped) == 1:
        return InputError(f"{name} is no loop to learn {what} from: {reason}")
    return InputError(
        f"wanted a loop to learn {what} from, got none in {len(skipped)} files; the first, {name}: {reason}"
    )


def _counted(data: bytes, name: str) -> MidiFile:
    """Return a file that counts in quarter notes; InputError for others."""
    midi = parse(data, name)
    _ = midi.ppq  # raises for others
    return midi


def _example(source: LoopSource, midi: MidiFile, score: Score, steps_per_beat: int | None, pitched: bool) -> Example:
    """Return an example that can be put on a grid; InputError for one that has no notes to learn or no steps."""
    notes = drum_notes(score) or (score.notes if pitched else ())
    if not notes:
        count = len(score.notes)
        raise InputError(
            "wanted notes, got none"
            if pitched
            else f"wanted drums (channel 10, or a track named like drums), got {count} other note{'s' * (count != 1)}"
        )
    info = source.info
    steps = steps_per_beat or (info.steps_per_beat if info else suitable_steps(score, notes))
    example = Example(source.name, score, steps, info.style if info else "")
    bars = grid_bars(score_bars(score), score.ppq, steps)
    if int(steps_of(notes[-1:], score.ppq, steps)[0]) >= bars[-1].stop_step:
        example.grid(())  # a stroke just before the end needs one more bar, which may be no whole steps either
    return _with_facts(example, source, midi) if pitched else example


def _with_facts(example: Example, source: LoopSource, midi: MidiFile) -> Example:
    """Add what pitched parts are read with; chords are stated for shipped loops only."""
    from sparseq.music.chords import parse_chords
    from sparseq.music.keys import parse_key
    from sparseq.music.parts import programs_of
    from sparseq.music.signature import likely_signature

    key, chords = (source.info.key, source.info.chords) if source.info else ("", "")
    return example._replace(
        programs=programs_of(midi),
        key=parse_key(key) if key else likely_signature(midi),
        chords=parse_chords(chords) if chords else None,
    )


def largest_group(examples: Examples, key: Callable[[Example], object], what: str) -> Examples:
    """Keep the examples that share the most common `key` (of equals the first); the others are skipped for `what`."""
    tally = Counter(key(example) for example in examples.used)
    best = max(tally, key=lambda value: tally[value])
    kept = tuple(example for example in examples.used if key(example) == best)
    left = tuple(Skipped(example.name, what) for example in examples.used if key(example) != best)
    return examples._replace(used=kept, skipped=(*examples.skipped, *left))


def lanes_of(scores: Iterable[Score]) -> tuple[str, ...]:
    """Return the drum lanes that these scores use, in the order of `LANES`."""
    present = {lane_of(note.pitch) for score in scores for note in drum_notes(score)}
    return tuple(lane for lane in LANES if lane in present)


def is_loop(grid: DrumGrid) -> bool:
    """Whether a grid is short enough to go round."""
    return len(grid.bars) <= LOOP_BARS

"""The examples of one job: loops found, read and put on a grid, with what could not be used and why."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from sparseq.errors import InputError
from sparseq.music.bars import score_bars
from sparseq.music.batch import read_scores
from sparseq.music.encode import drum_notes, encode_drums, grid_bars, steps_of
from sparseq.music.grid import DrumGrid
from sparseq.music.lanes import LANES, lane_of
from sparseq.music.loops import LoopSource, Skipped, find_all, load
from sparseq.music.resolution import suitable_steps
from sparseq.music.score import Score
from sparseq.music.smf import MidiFile, parse
from sparseq.music.units import tempo_us_to_bpm

LOOP_BARS = 8
"""A file of up to so many bars is taken for a loop: its end leads back to its start."""


class Example(NamedTuple):
    """A score with drums, how it is counted, and its style where that is known."""

    name: str
    score: Score
    steps_per_beat: int
    style: str = ""

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


class Examples(NamedTuple):
    """What a job learns from, and what it leaves out and why."""

    used: tuple[Example, ...]
    skipped: tuple[Skipped, ...]


def load_examples(specs: Sequence[str], steps_per_beat: int | None = None) -> Examples:
    """Read the drum loops that a person asked for.

    Parameters
    ----------
    specs : sequence of str
        Folders, files, names or styles of shipped loops; none stands for the shipped loops.
    steps_per_beat : int, optional
        Count all of them so; otherwise each as suits it.

    Raises
    ------
    InputError, FileError
        If something named is not there, or not one loop with drums is left.
    """
    sources = find_all(specs)
    loaded = load(sources, _counted)
    used, skipped = [], [Skipped(name, reason.removeprefix(f"{name}: ")) for name, reason in loaded.skipped]
    scores = read_scores([midi for _, midi in loaded.loops])
    for (source, _), score in zip(loaded.loops, scores, strict=True):
        try:
            used.append(_example(source, score, steps_per_beat))
        except InputError as error:
            skipped.append(Skipped(source.name, str(error)))
    if not used:
        raise _nothing_left(skipped)
    return Examples(tuple(used), tuple(skipped))


def _nothing_left(skipped: Sequence[Skipped]) -> InputError:
    name, reason = skipped[0]
    if len(skipped) == 1:
        return InputError(f"{name} is no loop to learn drums from: {reason}")
    return InputError(
        f"wanted a loop to learn drums from, got none in {len(skipped)} files; the first, {name}: {reason}"
    )


def _counted(data: bytes, name: str) -> MidiFile:
    """Return a file that counts in quarter notes; InputError for others."""
    midi = parse(data, name)
    _ = midi.ppq  # raises for others
    return midi


def _example(source: LoopSource, score: Score, steps_per_beat: int | None) -> Example:
    """Return an example that can be put on a grid; InputError for one that has no drums or no steps."""
    notes = drum_notes(score)
    if not notes:
        count = len(score.notes)
        raise InputError(
            f"wanted drums (channel 10, or a track named like drums), got {count} other note{'s' * (count != 1)}"
        )
    info = source.info
    steps = steps_per_beat or (info.steps_per_beat if info else suitable_steps(score))
    example = Example(source.name, score, steps, info.style if info else "")
    bars = grid_bars(score_bars(score), score.ppq, steps)
    if int(steps_of(notes[-1:], score.ppq, steps)[0]) >= bars[-1].stop_step:
        example.grid(())  # a stroke just before the end needs one more bar, which may be no whole steps either
    return example


def largest_group(examples: Examples, key: Callable[[Example], object], what: str) -> Examples:
    """Keep the examples that share the most common `key` (of equals the first); the others are skipped for `what`."""
    tally = Counter(key(example) for example in examples.used)
    best = max(tally, key=lambda value: tally[value])
    kept = tuple(example for example in examples.used if key(example) == best)
    left = tuple(Skipped(example.name, what) for example in examples.used if key(example) != best)
    return Examples(kept, (*examples.skipped, *left))


def lanes_of(scores: Iterable[Score]) -> tuple[str, ...]:
    """Return the drum lanes that these scores use, in the order of `LANES`."""
    present = {lane_of(note.pitch) for score in scores for note in drum_notes(score)}
    return tuple(lane for lane in LANES if lane in present)


def is_loop(grid: DrumGrid) -> bool:
    """Whether a grid is short enough to go round."""
    return len(grid.bars) <= LOOP_BARS

"""Loops that a person asked for, found and read; of too many, those that a seed draws."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from sparseq.errors import InputError
from sparseq.jobs.draw import Candidate, Draw
from sparseq.jobs.examples import NO_CALIBRATIONS, Example, Examples
from sparseq.music.bars import score_bars
from sparseq.music.batch import read_scores
from sparseq.music.encode import drum_notes, grid_bars, steps_of
from sparseq.music.loops import LoopSource, Skipped, default_band, find_all, load
from sparseq.music.resolution import suitable_steps
from sparseq.music.score import Score
from sparseq.music.smf import MidiFile, parse

if TYPE_CHECKING:  # drums alone need none of it
    from sparseq.engine.calibration import Calibration
    from sparseq.music.entry import Entry

TASKS = ("stream", "fill")


def load_examples(
    specs: Sequence[str],
    steps_per_beat: int | None = None,
    *,
    pitched: bool = False,
    band: bool = False,
    draw: Draw | None = None,
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
    draw : Draw, optional
        Which loops to learn from where there are too many; otherwise all.

    Raises
    ------
    InputError, FileError
        If something named is not there, or not one loop is left.
    """
    sources = find_all(specs) if specs or not band else default_band()
    loaded = load([source for source in sources if source.entry is None], _counted)
    found: list[Skipped | _Found] = [Skipped(name, reason.removeprefix(f"{name}: ")) for name, reason in loaded.skipped]
    scores = read_scores([midi for _, midi in loaded.loops])
    files = {source: (midi, score) for (source, midi), score in zip(loaded.loops, scores, strict=True)}
    for source in sources:
        if source.entry is not None:
            found.append(_Learnt(source.entry, steps_per_beat, pitched))
        elif source in files:
            found.append(_tried(source.name, partial(_example, source, *files[source], steps_per_beat, pitched)))
    examples = _chosen(found, draw, _calibrations(specs))
    if not examples.used:
        raise _nothing_left(examples.skipped, "anything" if pitched else "drums")
    return examples


class _Learnt(NamedTuple):
    """A piece of a library, its notes not looked at yet."""

    entry: Entry
    steps_per_beat: int | None
    pitched: bool

    def read(self) -> Example | Skipped:
        return _tried(self.entry.path, partial(learnt_example, *self))


_Found = Example | _Learnt


def _tried(name: str, read: Callable[[], Example]) -> Example | Skipped:
    try:
        return read()
    except InputError as error:
        return Skipped(name, str(error))


def _chosen(found: Sequence[Skipped | _Found], draw: Draw | None, calibrations: Mapping[str, Calibration]) -> Examples:
    """Return what was found as examples: all, or what is drawn where it is too much."""
    loops = [each for each in found if not isinstance(each, Skipped)]
    candidates = [_candidate(loop, draw.parts) for loop in loops] if draw is not None else []
    if draw is None or not draw.is_needed(candidates):
        return _read(found, loops, calibrations)
    drawn = [loops[index] for index in draw.drawn(candidates)]
    again = partial(_drawn_again, found, draw, calibrations)
    return _read(found, drawn, calibrations)._replace(n_there=len(loops), draw_again=again)


def _drawn_again(
    found: Sequence[Skipped | _Found], draw: Draw, calibrations: Mapping[str, Calibration], seed: int
) -> Examples:
    return _chosen(found, draw._replace(seed=seed), calibrations)


def _read(
    found: Sequence[Skipped | _Found], loops: Sequence[_Found], calibrations: Mapping[str, Calibration]
) -> Examples:
    """Return these loops of those that were found as examples, the notes of library pieces read."""
    read = [each.read() if isinstance(each, _Learnt) else each for each in loops]
    used = tuple(each for each in read if isinstance(each, Example))
    return Examples(used, tuple(each for each in (*found, *read) if isinstance(each, Skipped)), calibrations)


def _candidate(loop: _Found, wanted: Collection[str]) -> Candidate:
    """Return what a draw must know of a loop; the parts of a file only if some are wanted, for that takes time."""
    if isinstance(loop, Example):
        score, steps = loop.score, loop.steps_per_beat
        meter, names = f"{loop.meter[0]}/{loop.meter[1]}", loop.part_names if wanted else ()
        return Candidate((meter, steps), score.end_ticks * steps // score.ppq, names)
    facts, steps = loop.entry.facts, loop.steps_per_beat or loop.entry.steps_per_beat
    names = tuple(part[fact] for part in facts["parts"] for fact in ("kind", "name"))
    return Candidate((facts["meter"], steps), facts["end_ticks"] * steps // facts["ppq"], names)


def _calibrations(specs: Sequence[str]) -> Mapping[str, Calibration]:
    """Return the numbers that `learn` found for a library, where that is all that was asked for."""
    from sparseq.music.library import library_names, library_path, open_library

    if len(specs) != 1 or specs[0] not in library_names():
        return NO_CALIBRATIONS
    from sparseq.engine.calibration import Calibration

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

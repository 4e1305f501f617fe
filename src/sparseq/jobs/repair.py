"""Repair as a whole: a file, what to fill and from what, and where the results go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sparseq.errors import FileError, InputError
from sparseq.jobs.choice import NOTHING_CHOSEN, Choice, NothingToFill
from sparseq.jobs.examples import Example, Examples, load_examples
from sparseq.jobs.files import check_writable, read_bytes, write_atomically
from sparseq.jobs.fill import Filler, FillSettings
from sparseq.jobs.hole import Hole, dig_hole
from sparseq.jobs.song import SongFiller, SongFilling
from sparseq.jobs.variations import variations
from sparseq.music.encode import drum_notes
from sparseq.music.loops import Skipped
from sparseq.music.score import Score, read_score
from sparseq.music.smf import MidiFile, parse
from sparseq.music.tracks import parse_channels, parse_tracks

if TYPE_CHECKING:
    from sparseq.jobs.explain import BarReport
    from sparseq.jobs.pitched.examples import PitchedExample
    from sparseq.jobs.pitched.hole import PitchedHole
    from sparseq.music.chords import Progression
    from sparseq.music.keys import Key

NO_EXAMPLES = Examples((), ())


class Harmony(NamedTuple):
    """What a person says of the harmony: the key of the file, the chords of the bars to fill."""

    key: Key | None = None
    chords: Progression | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Repair:
    """A hole, and what it is filled from.

    Attributes
    ----------
    midi : MidiFile
        The file.
    drums : Hole or None
        What to fill of the drums.
    pitched : PitchedHole or None
        What to fill of the other parts.
    examples : tuple of Example
        Loops with drums beside the file itself; none where the file alone is enough.
    pitched_examples : tuple of PitchedExample
        Loops with pitched parts, on the lanes of the song.
    skipped : sequence of Skipped
        Loops that were left out, and why.
    scale : Key or None
        The scale that new pitches are kept in.
    """

    midi: MidiFile
    drums: Hole | None
    pitched: PitchedHole | None
    examples: tuple[Example, ...] = ()
    pitched_examples: tuple[PitchedExample, ...] = ()
    skipped: Sequence[Skipped] = ()
    scale: Key | None = None

    @property
    def bars(self) -> list[int]:
        """Numbers of the bars with cells to fill."""
        return sorted({bar for hole in (self.drums, self.pitched) if hole for bar in hole.bars})

    @property
    def n_cells(self) -> int:
        """How many cells are to be filled."""
        return sum(int(hole.mask_tl.sum()) for hole in (self.drums, self.pitched) if hole)

    @property
    def n_notes(self) -> int:
        """How many notes are in the way."""
        return sum(len(hole.notes) for hole in (self.drums, self.pitched) if hole)


def open_music(file: str) -> MidiFile:
    """Read a .mid file with notes.

    Raises
    ------
    FileError, InputError
        If it cannot be read, is no MIDI file or has no notes.
    """
    midi = parse(read_bytes(file), file)
    if not read_score(midi).notes:
        raise InputError(_no_notes(midi, file))
    return midi


def _no_notes(midi: MidiFile, file: str) -> str:
    n, broken = len(midi.tracks), midi.broken_tracks()
    found = f"{file}: wanted notes to go by, got none at all in {n} track{'s' * (n != 1)}"
    if broken:
        return f"{found}; track {broken[0][0]} breaks off at byte {broken[0][1]}"
    return f"{found}; `sparseq export` writes music without a file to go by"


def plan_repair(
    midi: MidiFile, choice: Choice, loops: tuple[str, ...], seed: int, harmony: Harmony | None = None
) -> Repair:
    """Find out what to fill and what from.

    The file's own bars come first. Loops are read where they are asked for, or where the file has nothing outside the
    hole; then the shipped ones serve.
    """
    score = read_score(midi)
    if not score.notes:
        raise InputError(_no_notes(midi, midi.name))
    drums_wanted, pitched_wanted = _wanted(score, choice, midi.name)
    drums, nothing = _dig_drums(midi, choice, seed, drums_wanted)
    pitched = _dig_pitched(midi, choice, seed, harmony or Harmony(), drums is not None) if pitched_wanted else None
    if drums is None and pitched is None:
        raise nothing or NothingToFill(f"{midi.name}: {NOTHING_CHOSEN}")
    repair = Repair(midi, drums, pitched)
    return _with_examples(repair, choice, loops, seed, harmony or Harmony())


def _wanted(score: Score, choice: Choice, name: str) -> tuple[bool, bool]:
    """Return whether drums and whether pitched parts are meant; InputError where there is neither."""
    if (choice.lanes or choice.keep_lanes) and not drum_notes(score):
        count = len(score.notes)
        raise InputError(
            f"{name}: wanted drums to repair (channel 10, or a track named like drums), got {count} other "
            f"note{'s' * (count != 1)}; leave --lanes out to fill all parts"
        )
    if choice.lanes or choice.keep_lanes:
        return True, False
    tracks = set(parse_tracks(choice.tracks, score.track_names)) if choice.tracks else None
    channels = set(parse_channels(choice.channels)) if choice.channels else None
    drums = set(drum_notes(score))
    found = {
        note in drums
        for note in score.notes
        if (tracks is None or note.track in tracks) and (channels is None or note.channel in channels)
    }
    if not found:
        raise InputError(_no_notes_there(score, choice))
    return True in found, False in found


def _no_notes_there(score: Score, choice: Choice) -> str:
    where = " on ".join(
        f"{what} {asked}" for what, asked in (("track", choice.tracks), ("channel", choice.channels)) if asked
    )
    places = sorted({(note.track + 1, note.channel + 1) for note in score.notes})
    there = ", ".join(f"track {track} channel {channel}" for track, channel in places)
    return f"notes of {where} were asked for, but those of the file are on {there}"


def _dig_drums(
    midi: MidiFile, choice: Choice, seed: int, wanted: bool, library: Sequence[Score] = ()
) -> tuple[Hole | None, NothingToFill | None]:
    """Return the hole in the drums, or why there is none though drums were meant."""
    if not wanted:
        return None, None
    try:
        return dig_hole(midi, choice, library, seed), None
    except NothingToFill as error:
        return None, error


def _dig_pitched(midi: MidiFile, choice: Choice, seed: int, harmony: Harmony, drums_too: bool) -> PitchedHole | None:
    from sparseq.jobs.pitched.hole import dig_pitched_hole  # drums alone need none of it
    from sparseq.music.piece import read_piece

    piece = read_piece(midi, key=harmony.key)
    return dig_pitched_hole(midi, piece, choice, seed, chords=harmony.chords, drums_too=drums_too)


def _with_examples(repair: Repair, choice: Choice, loops: tuple[str, ...], seed: int, harmony: Harmony) -> Repair:
    """Return the repair with loops to learn from, where they are asked for or needed."""
    drums, pitched = repair.drums, repair.pitched
    loaded = _asked_for(loops, drums, pitched) if loops else NO_EXAMPLES
    repair = replace(repair, skipped=loaded.skipped)
    if drums is not None and (loops or not drums.heard_bars_b.any()):
        found = loaded.used if loops else load_examples((), drums.grid.steps_per_beat).used
        steps = drums.grid.steps_per_beat
        used = found
        if pitched is not None:
            used = tuple(loop._replace(steps_per_beat=steps) for loop in found if drum_notes(loop.score))
        if not drums.heard_bars_b.any():
            drums = dig_hole(repair.midi, choice, [loop.score for loop in used], seed)
        repair = replace(repair, drums=drums, examples=used)
    if pitched is None:
        return repair
    from sparseq.jobs.pitched.examples import kept_scale, pitched_examples

    learnt = pitched_examples(pitched, loaded.used if loops else None)
    return replace(repair, pitched_examples=learnt, scale=kept_scale(pitched, harmony.key))


def _asked_for(loops: tuple[str, ...], drums: Hole | None, pitched: PitchedHole | None) -> Examples:
    """Return the loops that a person asked for, read once for all parts."""
    if pitched is None:
        assert drums is not None  # one of them is to be filled
        return load_examples(loops, drums.grid.steps_per_beat)
    return load_examples(loops, pitched.grid.steps_per_beat, pitched=True)


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """One way to fill the hole.

    Attributes
    ----------
    midi : MidiFile
        The repaired file.
    filling : SongFilling
        What was decided, and how likely it is.
    bars : tuple of BarReport
        Where each filled bar comes from, drums first; empty where nobody asked.
    """

    midi: MidiFile
    filling: SongFilling
    bars: tuple[BarReport, ...] = ()


def repaired(repair: Repair, settings: FillSettings, n_variations: int = 1, *, explained: bool = False) -> list[Result]:
    """Return up to `n_variations` results, the likeliest first, with a report for each bar if wanted."""
    filler = song_filler(repair, settings)
    found = variations(filler, n_variations)
    return [
        Result(filler.written(filling), filling, _reports(filler, filling) if explained else ()) for filling in found
    ]


def song_filler(repair: Repair, settings: FillSettings) -> SongFiller:
    """Return what fills a hole."""
    drums = Filler(repair.drums, repair.examples, settings) if repair.drums is not None else None
    pitched = None
    if repair.pitched is not None:
        from sparseq.jobs.pitched.fill import PitchedFiller

        pitched = PitchedFiller(repair.pitched, repair.pitched_examples, settings, repair.scale)
    return SongFiller(repair.midi, drums, pitched, settings)


def _reports(filler: SongFiller, filling: SongFilling) -> tuple[BarReport, ...]:
    from sparseq.jobs.explain import explain_song  # most repairs need none

    return tuple(explain_song(filler, filling))


def output_paths(output: str, n: int) -> list[Path]:
    """Return where `n` results go: `output` itself for one, else beside it with a number, or into a folder.

    "fixed.mid" with three results means "fixed-1.mid" up to "fixed-3.mid", the likeliest first.
    """
    path = Path(output)
    if path.is_dir():
        path = path / "fill.mid"
    if n == 1:
        return [path]
    return [path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(1, n + 1)]


def check_outputs(file: str, paths: list[Path], force: bool) -> None:
    """Raise FileError for an output that cannot be written, or that is the input itself."""
    for path in paths:
        if path.exists() and Path(file).exists() and path.samefile(file):
            raise FileError(f"{path} is the file to repair; use --in-place, which keeps a copy of it")
        check_writable(path, force)


def replace_in_place(file: str, data: bytes) -> Path:
    """Write a file over, in one move, and return where a copy of the old one was kept."""
    backup = _backup_path(Path(file))
    write_atomically(backup, read_bytes(file))
    write_atomically(file, data, force=True)
    return backup


def _backup_path(path: Path) -> Path:
    """Return the first free name of "take.mid.bak", "take.mid.bak2", ..."""
    number = 1
    while (backup := path.with_name(f"{path.name}.bak{number if number > 1 else ''}")).exists():
        number += 1
    return backup

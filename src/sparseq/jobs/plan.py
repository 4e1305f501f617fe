"""The plan of a repair: what of a file is to be filled, and what it is learnt from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, cast

from sparseq.errors import InputError
from sparseq.jobs.choice import NOTHING_CHOSEN, Choice, NothingToFill
from sparseq.jobs.draw import Draw
from sparseq.jobs.examples import Example, Examples
from sparseq.jobs.files import read_bytes
from sparseq.jobs.hole import Hole, dig_hole
from sparseq.jobs.loading import load_examples
from sparseq.music.encode import drum_notes
from sparseq.music.loops import Skipped
from sparseq.music.score import Score, read_score
from sparseq.music.smf import MidiFile, parse
from sparseq.music.tracks import parse_channels, parse_tracks

if TYPE_CHECKING:
    from sparseq.engine.calibration import Calibration
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
    calibration : Calibration or None
        Numbers that suit the loops' drums; None for the defaults.
    """

    midi: MidiFile
    drums: Hole | None
    pitched: PitchedHole | None
    examples: tuple[Example, ...] = ()
    pitched_examples: tuple[PitchedExample, ...] = ()
    skipped: Sequence[Skipped] = ()
    scale: Key | None = None
    calibration: Calibration | None = None

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
    _ = midi.ppq  # raises where it counts in something else
    if not any(data[0] & 0xF0 == 0x90 and data[2] for track in midi.tracks for _, data in track.events):
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
    harmony = harmony or Harmony()
    drums_wanted, pitched_wanted = _wanted(score, choice, midi.name)
    drums, nothing = _dig_drums(midi, score, choice, seed, drums_wanted)
    pitched = _dig_pitched(midi, score, choice, seed, harmony, drums) if pitched_wanted else None
    if pitched is None and harmony.chords is not None:
        raise InputError("chords are for bass, chords and leads to play over, but drums alone are to be filled")
    if drums is None and pitched is None:
        raise nothing or NothingToFill(f"{midi.name}: {NOTHING_CHOSEN}")
    repair = Repair(midi, drums, pitched)
    return _with_examples(repair, choice, loops, seed, harmony)


def _wanted(score: Score, choice: Choice, name: str) -> tuple[bool, bool]:
    """Return whether drums and whether pitched parts are meant; InputError where there is neither."""
    if (choice.lanes or choice.keep_lanes) and not drum_notes(score):
        count = len(score.notes)
        raise InputError(
            f"{name}: wanted drums to repair (channel 10, or a track named like drums), got {count} other "
            f"note{'s' * (count != 1)}; leave --lanes out to fill all parts, or add drums with `sparseq accompany`"
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
    midi: MidiFile, score: Score, choice: Choice, seed: int, wanted: bool
) -> tuple[Hole | None, NothingToFill | None]:
    """Return the hole in the drums, or why there is none though drums were meant."""
    if not wanted:
        return None, None
    try:
        return dig_hole(midi, choice, seed=seed, score=score), None
    except NothingToFill as error:
        return None, error


def _dig_pitched(
    midi: MidiFile, score: Score, choice: Choice, seed: int, harmony: Harmony, drums: Hole | None
) -> PitchedHole | None:
    """Return the hole in the pitched parts; steps that a person names are counted there as they are in the drums."""
    from sparseq.jobs.pitched.hole import dig_pitched_hole  # drums alone need none of it
    from sparseq.music.parts import programs_of, split_parts
    from sparseq.music.piece import make_piece
    from sparseq.music.signature import likely_signature

    steps = drums.grid.steps_per_beat if drums is not None and choice.steps else None
    key = harmony.key or likely_signature(midi)
    piece = make_piece(score, split_parts(score, programs_of(midi)), steps_per_beat=steps, key=key)
    return dig_pitched_hole(midi, piece, choice, seed, chords=harmony.chords, drums_too=drums is not None)


def _with_examples(repair: Repair, choice: Choice, loops: tuple[str, ...], seed: int, harmony: Harmony) -> Repair:
    """Return the repair with loops to learn from, where they are asked for or needed."""
    drums, pitched = repair.drums, repair.pitched
    loaded = _asked_for(loops, drums, pitched, seed) if loops else NO_EXAMPLES
    repair = replace(repair, skipped=loaded.skipped, calibration=loaded.calibrations.get("fill"))
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


def _asked_for(loops: tuple[str, ...], drums: Hole | None, pitched: PitchedHole | None, seed: int) -> Examples:
    """Return the loops that a person asked for, read once for all parts; of too many those that the seed draws."""
    kinds = {"drums"} if drums is not None else set()
    if pitched is not None:
        kinds |= {part.kind for part in pitched.piece.parts if part.name in pitched.parts}
    grid = pitched.grid if pitched is not None else cast("Hole", drums).grid  # one of them is to be filled
    meter = Counter(f"{bar.numerator}/{bar.denominator}" for bar in grid.bars).most_common(1)[0][0]
    draw = Draw(seed, frozenset(kinds), meter=meter)
    return load_examples(loops, grid.steps_per_beat, pitched=pitched is not None, draw=draw)

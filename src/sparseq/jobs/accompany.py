"""New parts to a take: what loops have and it does not, written bar by bar to what it plays."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sparseq.errors import InputError
from sparseq.jobs.common_key import common_key
from sparseq.jobs.examples import Examples, keep, largest_group
from sparseq.jobs.likeness import of_fitting_style
from sparseq.jobs.stream import Stream, StreamSettings
from sparseq.jobs.stream.backing import Backing
from sparseq.jobs.stream.wanted import check_there
from sparseq.music.bars import score_bars
from sparseq.music.catalogue import catalogue
from sparseq.music.decode import place_hits
from sparseq.music.edit import replace_notes
from sparseq.music.grid import GridBar, Hit
from sparseq.music.layout import DRUM_CHANNEL, Sound
from sparseq.music.loops import Skipped
from sparseq.music.masks import parse_bars
from sparseq.music.newtracks import NewTrack, used_channels, with_new_tracks
from sparseq.music.partgrid import PartGrid
from sparseq.music.parts import DRUMS, KINDS, Part, programs_of, split_parts
from sparseq.music.piece import Piece, make_piece
from sparseq.music.resolution import suitable_steps
from sparseq.music.score import Note, Score, read_score
from sparseq.music.smf import MidiFile


@dataclass(frozen=True, slots=True, eq=False)
class Accompanied:
    """A take with new parts.

    Attributes
    ----------
    midi : MidiFile
        The take's file with a track for each of them behind its own.
    parts : tuple of str
        What was added.
    first : PartGrid
        The first bar that was written to, of the new parts alone.
    bars : tuple of int
        Numbers of the bars that were written to, from 1.
    other_bars : tuple of int
        Those that were asked for, too, but are in another meter than most.
    skipped : tuple of Skipped
        Loops that were left out, and why.
    """

    midi: MidiFile
    parts: tuple[str, ...]
    first: PartGrid
    bars: tuple[int, ...]
    other_bars: tuple[int, ...]
    skipped: tuple[Skipped, ...]


def usual_loops(midi: MidiFile) -> tuple[str, ...]:
    """Return the names of the shipped loops that stand in where none are asked for.

    They are in the meter of the take, of all styles that have a loop with all parts in it.
    """
    meter = "{}/{}".format(*usual_meter(read_score(midi)))
    infos = [info for info in catalogue() if info.meter == meter]
    styles = {info.style for info in infos if set(info.parts) >= set(KINDS)}
    if not styles:
        raise InputError(f"{midi.name} is in {meter}, as no shipped loop with all parts is; give --loops in {meter}")
    return tuple(info.name for info in infos if info.style in styles)


def usual_meter(score: Score) -> tuple[int, int]:
    """Return the meter, numerator and denominator, that most bars of a score have; of equals the first."""
    return Counter((bar.numerator, bar.denominator) for bar in score_bars(score)).most_common(1)[0][0]


def _stand_still(n_bars: int) -> None:
    """Take no notice."""


def accompanied(
    midi: MidiFile,
    examples: Examples,
    settings: StreamSettings,
    bars: str | None = None,
    advance: Callable[[int], None] = _stand_still,
) -> Accompanied:
    """Write new parts to a take.

    They keep to its meter, to its chords where none are asked for, and to its scale where it keeps to one. Every event
    of it stays.

    Parameters
    ----------
    midi : MidiFile
        The take.
    examples : Examples
        Loops that have the parts.
    settings : StreamSettings
        How; `parts` says which parts, otherwise all that the loops have and the take has not.
    bars : str, optional
        Bars to write to, as `masks.parse_bars` reads them; all otherwise. What the others play is heard, too.
    advance : callable, optional
        Told 1 after each bar.

    Raises
    ------
    InputError
        If the take has no notes or all these parts already, or no loop is in its meter; for parts that no loop has.
    """
    score = read_score(midi)
    parts = split_parts(score, programs_of(midi))
    if not parts:
        raise InputError(f"{midi.name}: wanted a take with notes to play to, got none")
    meter = usual_meter(score)
    examples = _counted_alike(_in_meter(examples, meter, midi.name), suitable_steps(score, score.notes))
    wanted = _wanted(examples, settings.parts, parts, midi.name)
    piece = make_piece(score, parts, steps_per_beat=examples.used[0].steps_per_beat, key=settings.key)
    examples = of_fitting_style(examples, wanted, piece)
    to = _bars_of(piece, meter)
    if not to:
        raise InputError(f"{midi.name}: wanted bars that are whole steps, got none")
    asked = parse_bars(bars, len(piece.bars)) if bars else [bar.number for bar in piece.bars]
    backing = Backing(piece, to)
    beside = {part.name for part in parts} & {name for example in examples.used for name in example.part_names}
    stream = Stream(examples, fitted(settings, piece, backing, examples, wanted | beside), backing)
    written = {}
    for bar in to:
        written[bar] = stream.next_bar()
        advance(1)
    chosen = {bar: grid for bar, grid in written.items() if bar.number in asked}
    numbers = tuple(bar.number for bar in chosen)
    if not chosen:
        raise InputError(f"{midi.name}: wanted bars in {meter[0]}/{meter[1]} as most of it is, got none of bars {bars}")
    done, names = _with_parts(midi, chosen, stream.sounds, piece)
    others = tuple(number for number in asked if number not in numbers)
    return Accompanied(done, names, next(iter(chosen.values())), numbers, others, stream.examples.skipped)


def _in_meter(examples: Examples, meter: tuple[int, int], name: str) -> Examples:
    """Keep the loops of one meter; InputError where there are none."""
    wanted = f"{meter[0]}/{meter[1]}"
    if all(example.meter != meter for example in examples.used):
        there = ", ".join(sorted({f"{example.meter[0]}/{example.meter[1]}" for example in examples.used}))
        raise InputError(f"{name} is in {wanted}, but the loops are in {there}; give --loops in {wanted}")
    return keep(examples, [example.meter == meter for example in examples.used], f"is not in {wanted}")


def _counted_alike(examples: Examples, steps_per_beat: int) -> Examples:
    """Keep the loops that are counted in one resolution: that of the take, else that of most."""
    alike = [example.steps_per_beat == steps_per_beat for example in examples.used]
    if any(alike):
        return keep(examples, alike, "is counted in other steps than the take")
    return largest_group(examples, lambda example: example.steps_per_beat, "is counted in other steps than most")


def _wanted(examples: Examples, asked: Collection[str], parts: Sequence[Part], name: str) -> frozenset[str]:
    """Return the names of the parts to write."""
    has = {word for part in parts for word in (part.name, part.kind)}
    there = [word for example in examples.used for word in example.part_names]
    for part in sorted(asked):
        if part in has:
            raise InputError(f"{name} has {part} already; `sparseq fill` writes bars of it anew")
        check_there(part, there)
    wanted = frozenset(asked) or frozenset(word for word in there if word in KINDS and word not in has)
    if not wanted:
        raise InputError(
            f"{name} has all parts that the loops have ({', '.join(dict.fromkeys(there))}); give --loops with others"
        )
    return wanted


def _bars_of(piece: Piece, meter: tuple[int, int]) -> list[GridBar]:
    """Return the whole bars of a meter: damaged or cut ones, and those of other meters, are not written to."""
    length, odd = divmod(4 * meter[0] * piece.steps_per_beat, meter[1])
    if odd:
        return []
    return [bar for bar in piece.bars if (bar.numerator, bar.denominator, bar.length_steps) == (*meter, length)]


def fitted(
    settings: StreamSettings, piece: Piece, backing: Backing, examples: Examples, parts: Collection[str]
) -> StreamSettings:
    """Return the settings with the chords and the key of the take where none are asked for."""
    settings = settings._replace(parts=frozenset(parts))
    if not any(part != DRUMS for part in parts):
        return settings
    chords = settings.chords or backing.chords()
    key = settings.key
    if key is None and chords is not None and piece.pitched_notes:
        key = common_key(piece, chords, examples.used)
    return settings._replace(chords=chords, key=key)


def _with_parts(
    midi: MidiFile, bars: dict[GridBar, PartGrid], sounds: dict[str, Sound], piece: Piece
) -> tuple[MidiFile, tuple[str, ...]]:
    """Return the file with the notes of some bars, each part on a track and a channel of its own; and their names."""
    hits: dict[str, dict[tuple[int, int], tuple[Hit, ...]]] = {}
    for bar, grid in bars.items():
        for (step, lane), cell in grid.hits.items():
            hits.setdefault(grid.lanes[lane].part, {})[bar.start_step + step, lane] = cell
    names = tuple(name for name in sounds if name in hits)
    channels = _channels(midi, [sounds[name] for name in names])
    ppq, steps = piece.score.ppq, piece.steps_per_beat
    end = max(piece.score.end_ticks, -(-piece.bars[-1].stop_step * ppq // steps))
    tracks = [
        NewTrack(name.capitalize(), channel, sounds[name].program)
        for name, channel in zip(names, channels, strict=True)
    ]
    notes: list[Note] = []
    for index, (name, channel) in enumerate(zip(names, channels, strict=True), start=len(midi.tracks)):
        placed = place_hits(hits[name], steps, ppq, channel=channel, track=index)
        notes += [note._replace(duration_ticks=max(min(note.end_ticks, end) - note.onset_ticks, 1)) for note in placed]
    return replace_notes(with_new_tracks(midi, tracks, end), (), notes), names


def _channels(midi: MidiFile, sounds: Sequence[Sound]) -> list[int]:
    """Return a channel for each part: its own where the file leaves it free, else the next free one."""
    taken = set(used_channels(midi))
    out = []
    for sound in sounds:
        if sound.kind == DRUMS:
            out.append(DRUM_CHANNEL)
            continue
        free = [channel for channel in (sound.channel, *range(16)) if channel not in taken | {DRUM_CHANNEL}]
        if not free:
            raise InputError(f"{midi.name}: a free channel was wanted for each new part, but all 16 are in use")
        taken.add(free[0])
        out.append(free[0])
    return out

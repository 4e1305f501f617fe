"""The lanes that the grids of several pieces share, so that a loop's bass stands where a song's bass stands."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sparseq.music.chords import N_CHORD_TOKENS
from sparseq.music.encode import steps_of
from sparseq.music.lanes import LANES, lane_of
from sparseq.music.parts import DRUMS, KINDS, Part
from sparseq.music.piece import Piece
from sparseq.music.pitched import N_PITCH_TOKENS
from sparseq.music.voices import MAX_VOICES, allocate_voices, stops_of

DRUM, VOICE, CHORD, STEP = LANE_KINDS = ("drum", "voice", "chord", "step")
HARMONY_LANE, STEP_LANE = "harmony", "step"
DRUM_CHANNEL = 9


class Lane(NamedTuple):
    """One lane of a `PartGrid`.

    Attributes
    ----------
    name : str
        Unique in its grid.
    kind : str
        `DRUM`, `VOICE`, `CHORD` or `STEP`.
    part : str
        Name of the part that it belongs to; empty for chords and steps.
    n_tokens : int
        Its tokens are 0 to `n_tokens` - 1.
    """

    name: str
    kind: str
    part: str
    n_tokens: int

    @property
    def given(self) -> bool:
        """Whether it only conditions the others and is never written."""
        return self.kind in (CHORD, STEP)


class Sound(NamedTuple):
    """Where a part is played: kind of part, channel 0 to 15, General MIDI program or None."""

    kind: str
    channel: int
    program: int | None


class Layout(NamedTuple):
    """The lanes that the grids of several pieces share.

    Attributes
    ----------
    drums : tuple of (str, tuple of str)
        Lanes of each drum part.
    voices : tuple of (str, int)
        Number of voices of each pitched part.
    sounds : mapping of str to Sound
        How each part is played, by name.
    """

    drums: tuple[tuple[str, tuple[str, ...]], ...]
    voices: tuple[tuple[str, int], ...]
    sounds: Mapping[str, Sound]

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts, drums first."""
        return (*(name for name, _ in self.drums), *(name for name, _ in self.voices))

    def lanes(self, longest_bar_steps: int) -> tuple[Lane, ...]:
        """Return the lanes, for bars of up to so many steps."""
        drums = [Lane(drum_lane(part, lane), DRUM, part, 2) for part, lanes in self.drums for lane in lanes]
        voices = [
            Lane(f"{part}/{voice + 1}", VOICE, part, N_PITCH_TOKENS) for part, n in self.voices for voice in range(n)
        ]
        harmony = Lane(HARMONY_LANE, CHORD, "", N_CHORD_TOKENS)
        return (*drums, *voices, harmony, Lane(STEP_LANE, STEP, "", longest_bar_steps))


def layout_of(pieces: Sequence[Piece], max_voices: int = MAX_VOICES, *, apart: bool = False) -> Layout:
    """Return the lanes that hold all parts of some pieces.

    Parts of one name share lanes. Each is played as in the first piece that has it, drums on channel 10, unless an
    earlier part has that channel: then on the next one that is free.

    Parameters
    ----------
    pieces : sequence of Piece
        The pieces.
    max_voices : int
        Voices that one part gets at most, at least 1.
    apart : bool
        Whether the parts of a single piece get channels of their own, too; otherwise they keep those they have.

    Returns
    -------
    Layout
        The lanes.
    """
    drums: dict[str, set[str]] = {}
    voices: dict[str, int] = {}
    for piece in pieces:
        for part in piece.parts:
            if part.kind == DRUMS:
                drums.setdefault(part.name, set()).update(lane_of(note.pitch) for note in part.notes)
            else:
                voices[part.name] = max(voices.get(part.name, 1), _n_voices(piece, part, max_voices))
    sounds = sounds_of(pieces, apart=apart)
    return Layout(
        tuple((name, tuple(lane for lane in LANES if lane in drums[name])) for name in sounds if name in drums),
        tuple((name, voices[name]) for name in sounds if name in voices),
        sounds,
    )


def sounds_of(pieces: Sequence[Piece], *, apart: bool = False) -> dict[str, Sound]:
    """Return how the parts of some pieces are played, drums first; parameters as of `layout_of`."""
    firsts: dict[str, Part] = {}
    for piece in pieces:
        for part in piece.parts:
            firsts.setdefault(part.name, part)
    ordered = sorted(firsts.values(), key=lambda part: (KINDS.index(part.kind), _number(part.name)))
    return _sounds(ordered, alone=len(pieces) == 1 and not apart)


def drum_lane(part: str, lane: str) -> str:
    """Return what a lane of a drum part is called: its own name in the first drum part, else with the part's."""
    return lane if part == DRUMS else f"{part}/{lane}"


def _n_voices(piece: Piece, part: Part, max_voices: int) -> int:
    ppq, steps_per_beat = piece.score.ppq, piece.steps_per_beat
    starts = steps_of(part.notes, ppq, steps_per_beat)
    voices = allocate_voices(part.notes, starts, stops_of(part.notes, starts, ppq, steps_per_beat), max_voices)
    return int(voices.max(initial=0)) + 1


def _number(name: str) -> int:
    return int([*name.split(" "), "1"][1])


def _sounds(parts: Sequence[Part], *, alone: bool) -> dict[str, Sound]:
    """Return how parts are played: as they are in one piece, on channels of their own where pieces meet."""
    out: dict[str, Sound] = {}
    for part in parts:
        channel = part.channel
        taken = {sound.channel for sound in out.values()} | ({DRUM_CHANNEL} if part.kind != DRUMS else set())
        if not alone and channel in taken:
            channel = next((free for free in range(16) if free not in taken), channel)
        out[part.name] = Sound(part.kind, channel, part.program)
    return out

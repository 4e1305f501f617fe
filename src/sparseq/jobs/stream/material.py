"""What a stream learns from: loops of one meter, brought to one tonic, in memory once for any number of streams."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from sparseq.jobs.drums import CODE_LIMIT
from sparseq.jobs.examples import LOOP_BARS, Example, Examples, lanes_of, largest_group
from sparseq.jobs.stream.beside import strikes
from sparseq.jobs.stream.contexts import VoiceLane
from sparseq.jobs.stream.drums import DrumSection
from sparseq.jobs.stream.harmony import HarmonySection, Moment, moment_of
from sparseq.jobs.stream.rules import Compass
from sparseq.jobs.stream.voice_examples import VoiceExample
from sparseq.jobs.stream.voices import VoiceSection
from sparseq.jobs.stream.wanted import has_pitched, having, is_wanted, only
from sparseq.kernel.checks import MASK
from sparseq.music.encode import DRUM_CHANNEL, drum_notes
from sparseq.music.grid import DrumGrid, GridBar
from sparseq.music.groove import lane_levels
from sparseq.music.keys import Key, transposition
from sparseq.music.layout import Sound, layout_of, sounds_of
from sparseq.music.parts import BASS, CHORDS, DRUMS, LEAD
from sparseq.music.piece import Piece
from sparseq.music.pitched import encode_voices
from sparseq.music.voices import MAX_VOICES

FRAME = Key(0, "major")
"""Every loop is told as if it were moved here the nearest way; minor ones come to A minor, which has the same notes."""

_PROGRAMS: Mapping[str, int] = MappingProxyType({BASS: 33, CHORDS: 4, LEAD: 81})
"""For parts of loops that state none: finger bass, electric piano, saw lead."""
OTHER_COUNT = "counted in another meter or resolution than most"
_MOST_SHIFT = 11
_BESIDE, _LEAST_COMPASS = 2, 13  # semitones


class Material:
    """Loops in memory.

    Parameters
    ----------
    examples : Examples
        Loops; those of the most common meter and resolution are used.
    parts : collection of str
        Names or kinds of the parts that are wanted; all where it is empty.
    backed : collection of str
        Names of the parts that are there already: voices of these are decided before all others, so that all hear them.
        Where drums are not among them, they hear the pitched parts.

    Attributes
    ----------
    examples : Examples
        What is used, and what is left out and why.
    styles : list of str
        All styles, in order.
    bar : GridBar
        A bar as the stream writes it.
    drums, voices, harmony
        The sections; None where the loops have nothing for them.
    drum_lanes : tuple of str
        Lanes of the drums.
    voice_examples : list of VoiceExample
        The pitched parts as the voices learn them, a loop each.

    Raises
    ------
    InputError
        If a part that is wanted is not there.
    """

    def __init__(self, examples: Examples, parts: Collection[str] = (), backed: Collection[str] = ()) -> None:
        self._backed = backed
        self.examples = largest_group(having(examples, parts), _count, OTHER_COUNT)
        used = self.examples.used
        self.styles = sorted({example.style for example in used})
        self.steps_per_beat = used[0].steps_per_beat
        self._wholes = {index: example.piece() for index, example in enumerate(used) if has_pitched(example)}
        self._pieces = {index: only(piece, parts) for index, piece in self._wholes.items()}
        self._pieces = {index: piece for index, piece in self._pieces.items() if piece.parts}
        self._with_drums = [
            index for index, example in enumerate(used) if drum_notes(example.score) and is_wanted(DRUMS, DRUMS, parts)
        ]
        self.drum_lanes = lanes_of(used[index].score for index in self._with_drums)
        self._drum_grids = {index: used[index].grid(self.drum_lanes) for index in self._with_drums}
        self.bar = _first_bar(list(self._drum_grids.values()), list(self._pieces.values()))
        self.drums = self._drum_section()
        self._learn_voices()

    def style_code(self, style: str) -> int:
        """Return a style as a number."""
        return min(self.styles.index(style), CODE_LIMIT - 1)

    def of_style(self, style: str) -> list[int]:
        """Return the indices of the examples in a style."""
        return [index for index, example in enumerate(self.examples.used) if example.style == style]

    def has_drums(self, style: str) -> bool:
        """Tell whether a style has drums."""
        return bool(set(self.of_style(style)) & set(self._with_drums))

    def sounds(self, style: str) -> dict[str, Sound]:
        """Return how the parts of a style are played, drums first."""
        pieces = [self._pieces[index] for index in self.of_style(style) if index in self._pieces]
        drums = {DRUMS: Sound(DRUMS, DRUM_CHANNEL, None)} if self.has_drums(style) else {}
        pitched = sounds_of(pieces, apart=True)
        return drums | {
            name: sound._replace(program=_PROGRAMS[sound.kind]) if sound.program is None else sound
            for name, sound in pitched.items()
            if sound.kind != DRUMS
        }

    def key_of(self, index: int) -> Key | None:
        """Return the key of an example, or that of the first of its style that has one."""
        style = self.of_style(self.examples.used[index].style)
        keys = [self._pieces[other].key for other in (index, *style) if other in self._pieces]
        return next((key for key in keys if key is not None), None)

    def shift_to(self, key: Key, style: str) -> int:
        """Return the semitones from `FRAME` to a key, by the octave that leaves the loops of a style where they are."""
        way = -transposition(key, FRAME)
        ins = [
            transposition(self._pieces[index].key or FRAME, FRAME)
            for index in self.of_style(style)
            if index in self._pieces
        ]
        choices = [way + octave for octave in (0, -12, 12) if abs(way + octave) <= _MOST_SHIFT]
        return min(choices, key=lambda choice: sum(abs(up + choice) for up in ins))

    def compass(self, style: str) -> dict[str, Compass]:
        """Return what pitches the parts of a style play, in `FRAME`.

        A little beside what they play is in it, and an octave at least, so that every chord has a root there.
        """
        found: dict[str, list[int]] = {}
        for index in self.of_style(style):
            piece = self._pieces.get(index)
            for part in piece.parts if piece is not None else ():
                up = transposition(piece.key or FRAME, FRAME) if piece is not None else 0
                found.setdefault(part.name, []).extend(note.pitch + up for note in part.notes)
        out = {}
        for name, pitches in found.items():
            lowest, highest = min(pitches) - _BESIDE, max(pitches) + _BESIDE
            missing = max(_LEAST_COMPASS - (highest - lowest), 0)
            classes = frozenset((pitch - FRAME.tonic) % 12 for pitch in pitches)
            out[name] = Compass(lowest - missing // 2, highest + (missing + 1) // 2, classes)
        return out

    def levels(self) -> dict[int, float]:
        """Return the average velocity of each lane, drums first, then voices."""
        found = lane_levels(self._drum_grids.values())
        velocities: dict[int, list[int]] = {}
        for example in self.voice_examples:
            for (_, lane), hits in example.hits.items():
                velocities.setdefault(len(self.drum_lanes) + lane, []).extend(hit.velocity for hit in hits)
        return found | {lane: sum(numbers) / len(numbers) for lane, numbers in velocities.items()}

    def example_of_drums(self, index: int) -> int:
        """Return which example the drums mean by a number."""
        return self._with_drums[index]

    def example_of_voices(self, index: int) -> int:
        """Return which example the voices mean by a number."""
        return list(self._pieces)[index]

    def _drum_section(self) -> DrumSection | None:
        if not self.drum_lanes:
            return None
        codes = [self.style_code(self.examples.used[index].style) for index in self._drum_grids]
        calibration = self.examples.calibrations.get("stream")
        beside = None
        if self._backed and DRUMS not in self._backed:
            beside = [strikes(self._wholes.get(index), grid.n_steps) for index, grid in self._drum_grids.items()]
        return DrumSection(list(self._drum_grids.values()), codes, self.bar.length_steps, calibration, beside)

    def _learn_voices(self) -> None:
        """Put the pitched parts in memory, and their chords."""
        self.voices: VoiceSection | None = None
        self.harmony: HarmonySection | None = None
        self.voice_lanes: tuple[VoiceLane, ...] = ()
        self.voice_examples: list[VoiceExample] = []
        self.phrase_bars = _usual_length(list(self._pieces.values()))
        if not self._pieces:
            return
        layout = layout_of(list(self._pieces.values()), MAX_VOICES)
        ordered = sorted(layout.voices, key=lambda voices: voices[0] not in self._backed)
        self.voice_lanes = tuple(
            VoiceLane(part, layout.sounds[part].kind, voice) for part, n in ordered for voice in range(n)
        )
        self.voice_examples = [self._voice_example(index, dict(layout.voices)) for index in self._pieces]
        counts = {"steps_per_beat": self.steps_per_beat, "bar_steps": self.bar.length_steps}
        self.voices = VoiceSection(
            self.voice_lanes, self.drum_lanes, self.voice_examples, **counts, backed=self._backed
        )
        self.harmony = HarmonySection(
            [example.moments for example in self.voice_examples],
            [example.facts for example in self.voice_examples],
            phrase_bars=self.phrase_bars,
            **counts,
        )

    def _voice_example(self, index: int, n_voices: Mapping[str, int]) -> VoiceExample:
        """Return one loop as voices learn it, as often as it takes to fill a phrase."""
        piece, example = self._pieces[index], self.examples.used[index]
        up = transposition(piece.key or FRAME, FRAME)
        moments = [moment_of(chord, -up % 12) for chord in self._wholes[index].chords_t(example.chords)]
        tokens = np.full((piece.n_steps, len(self.voice_lanes)), MASK, np.uint16)
        hits = {}
        for part in piece.parts:
            lanes = [lane for lane, voice in enumerate(self.voice_lanes) if voice.part == part.name]
            if part.kind == DRUMS or not lanes:
                continue
            found = encode_voices(
                part.notes, piece.score.ppq, piece.bars, piece.steps_per_beat, shift=-up, max_voices=len(lanes)
            )
            tokens[:, lanes] = 0
            tokens[:, lanes[: found.tokens_tv.shape[1]]] = found.tokens_tv
            hits.update({(step, lanes[voice]): cell for (step, voice), cell in found.hits.items()})
        drums = self._drums_beside(index, piece.n_steps)
        facts = self._facts(piece, example.style)
        times = self.phrase_bars // len(piece.bars) if self.phrase_bars % len(piece.bars) == 0 else 1
        return _repeated(
            VoiceExample(tokens, hits, drums, moments, facts, len(piece.bars) <= LOOP_BARS), times, self.phrase_bars
        )

    def _drums_beside(self, index: int, n_steps: int) -> NDArray[np.uint16]:
        """Return the drums of an example, as many steps as its other parts have; `MASK` where it has none."""
        out = np.full((n_steps, len(self.drum_lanes)), MASK, np.uint16)
        if index in self._drum_grids:
            tokens = self._drum_grids[index].tokens_tl[:n_steps]
            out[:] = 0
            out[: len(tokens)] = tokens
        return out

    def _facts(self, piece: Piece, style: str) -> NDArray[np.uint16]:
        """Return step in the bar, bar in the phrase, style: uint16 ndarray of shape (T, 3)."""
        lines = [
            (min(step, CODE_LIMIT - 1), number % self.phrase_bars, self.style_code(style))
            for number, bar in enumerate(piece.bars)
            for step in range(bar.length_steps)
        ]
        return np.array(lines, np.uint16)


def _count(example: Example) -> tuple[tuple[int, int], int]:
    return example.meter, example.steps_per_beat


def _first_bar(grids: Sequence[DrumGrid], pieces: Sequence[Piece]) -> GridBar:
    return grids[0].bars[0] if grids else pieces[0].bars[0]


def _usual_length(pieces: Sequence[Piece]) -> int:
    """Return how many bars most of the loops have, the longer of equals; 4 where there are no loops."""
    lengths = [len(piece.bars) for piece in pieces if len(piece.bars) <= LOOP_BARS]
    return max(sorted(set(lengths), reverse=True), key=lengths.count, default=4)


def _repeated(example: VoiceExample, times: int, phrase_bars: int) -> VoiceExample:
    """Return an example so many times over, its bars counted on."""
    n_steps = len(example.moments)
    facts = np.tile(example.facts, (times, 1))
    facts[:, 1] = (facts[:, 1] + np.repeat(np.arange(times), n_steps) * (phrase_bars // times)) % phrase_bars
    hits = {(step + k * n_steps, lane): cell for k in range(times) for (step, lane), cell in example.hits.items()}
    moments: list[Moment] = [*example.moments] * times
    return VoiceExample(
        np.tile(example.tokens_tv, (times, 1)),
        hits,
        np.tile(example.drums_td, (times, 1)),
        moments,
        facts,
        example.is_loop,
    )

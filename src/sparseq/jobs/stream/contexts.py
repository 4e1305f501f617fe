"""What the voices of pitched parts look at: their own past, voices decided before them, drums, chord and place."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

from sparseq.engine.context import Context, Slot, make_context
from sparseq.jobs.drums import CODE_LIMIT
from sparseq.music.chords import N_CHORD_TOKENS, chord_distances
from sparseq.music.parts import BASS, CHORDS, DRUMS, LEAD
from sparseq.music.pitched import N_PITCH_TOKENS, pitch_distances

KICK, SNARE = "kick", "snare"
GIVEN = ("harmony", "step", "phrase", "style")
"""Lanes that stand after voices and drums, and are only read."""


class VoiceLane(NamedTuple):
    """A voice: its part, the kind of that part, and which of its voices it is, from above."""

    part: str
    kind: str
    voice: int

    @property
    def name(self) -> str:
        """As a `PartGrid` calls it."""
        return f"{self.part}/{self.voice + 1}"


class _Weights(NamedTuple):
    """How much a kind of part minds what it looks at."""

    kick: float
    snare: float
    other_drums: float
    harmony: float
    phrase: float


_BY_KIND = {
    BASS: _Weights(kick=1.2, snare=0.4, other_drums=0.1, harmony=2.0, phrase=0.5),
    CHORDS: _Weights(kick=0.3, snare=0.4, other_drums=0.1, harmony=2.0, phrase=0.5),
    LEAD: _Weights(kick=0.2, snare=0.2, other_drums=0.05, harmony=1.5, phrase=1.0),
}
_OWN_PART, _BASS_NOW, _ANOTHER_NOW = 3.0, 0.8, 0.3
_STEP, _STYLE = 2.0, 2.0


def voice_context(
    voices: Sequence[VoiceLane],
    drums: Sequence[str],
    steps_per_beat: int,
    bar_steps: int,
    backed: Collection[str] = (),
) -> Context:
    """Return causal contexts for a grid of voices, then drums, then the lanes of `GIVEN`.

    Parameters
    ----------
    voices : sequence of VoiceLane
        Decided in this order within a step.
    drums : sequence of str
        Names of the drum lanes, which are known.
    steps_per_beat, bar_steps : int
        Steps in a quarter note and in a bar.
    backed : collection of str
        Names of parts that are there already: what they played in the last two beats is heard, too.
    """
    pitches, chords = pitch_distances(), chord_distances()
    first_given = len(voices) + len(drums)
    lanes: list[list[Slot]] = []
    for index, lane in enumerate(voices):
        weights = _BY_KIND[lane.kind]
        own = [(1, 1.0), (2, 0.7), (3, 0.3), (steps_per_beat, 0.6), (2 * steps_per_beat, 0.4)]
        own += [(bar_steps, 1.0), (2 * bar_steps, 0.5)]
        slots = [Slot(-dt, index, weight, pitches) for dt, weight in own]
        slots += [Slot(0, other, _now(lane, voices[other]), pitches) for other in range(index)]
        slots += [
            Slot(-1, other, 0.3, pitches) for other in range(index + 1, len(voices)) if voices[other].part == lane.part
        ]
        slots += [Slot(0, len(voices) + drum, _drum_weight(name, weights)) for drum, name in enumerate(drums)]
        slots += [
            Slot(0, first_given, weights.harmony, chords),
            Slot(-1, first_given, 0.4, chords),
            Slot(0, first_given + 1, _STEP),
            Slot(0, first_given + 2, weights.phrase),
            Slot(0, first_given + 3, _STYLE),
        ]
        if lane.part not in backed:
            heard = [
                Slot(0, other, _now(lane, there), pitches) for other, there in _tops(voices) if there.part in backed
            ]
            if DRUMS in backed:
                heard += [Slot(0, len(voices) + drum, _drum_weight(name, weights)) for drum, name in enumerate(drums)]
            back = range(1, 2 * steps_per_beat + 1)
            slots += [replace(slot, dt=-dt, weight=slot.weight / 2) for slot in heard for dt in back]
        lanes.append(slots)
    n_values = [N_PITCH_TOKENS] * len(voices) + [2] * len(drums) + [N_CHORD_TOKENS] + [CODE_LIMIT] * 3
    return make_context([*lanes, *[[]] * (len(drums) + len(GIVEN))], n_values)


def _tops(voices: Sequence[VoiceLane]) -> list[tuple[int, VoiceLane]]:
    """Return the first voice of each part, and its lane."""
    return [(index, lane) for index, lane in enumerate(voices) if lane.voice == 0]


def _now(lane: VoiceLane, other: VoiceLane) -> float:
    if lane.part == other.part:
        return _OWN_PART
    return _BASS_NOW if other.kind == BASS else _ANOTHER_NOW


def _drum_weight(name: str, weights: _Weights) -> float:
    return {KICK: weights.kick, SNARE: weights.snare}.get(name, weights.other_drums)

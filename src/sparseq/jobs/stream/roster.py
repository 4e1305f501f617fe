"""Who plays in a stream: its lanes, and what a person calls them."""

from collections.abc import Collection, Mapping, Sequence

from sparseq.errors import InputError
from sparseq.jobs.stream.contexts import VoiceLane
from sparseq.music.chords import N_CHORD_TOKENS
from sparseq.music.lanes import ALIASES
from sparseq.music.layout import CHORD, DRUM, HARMONY_LANE, STEP, STEP_LANE, VOICE, Lane
from sparseq.music.parts import DRUMS
from sparseq.music.pitched import N_PITCH_TOKENS


class Roster:
    """Lanes of the bars of a stream.

    Parameters
    ----------
    drums : sequence of str
        Lanes of drums.
    voices : sequence of VoiceLane
        Lanes of pitched parts.
    bar_steps : int
        Steps in a bar.

    Attributes
    ----------
    lanes : tuple of Lane
        Drums, voices, the chord, the step.
    """

    def __init__(self, drums: Sequence[str], voices: Sequence[VoiceLane], bar_steps: int) -> None:
        self.lanes: tuple[Lane, ...] = (
            *(Lane(name, DRUM, DRUMS, 2) for name in drums),
            *(Lane(voice.name, VOICE, voice.part, N_PITCH_TOKENS) for voice in voices),
            Lane(HARMONY_LANE, CHORD, "", N_CHORD_TOKENS),
            Lane(STEP_LANE, STEP, "", bar_steps),
        )
        self._playing = [(index, lane) for index, lane in enumerate(self.lanes) if not lane.given]
        self._kinds: Mapping[str, str] = {voice.part: voice.kind for voice in voices}

    def indices(self, names: Collection[str]) -> set[int]:
        """Return the lanes that parts, kinds of parts, lanes or groups of lanes stand for.

        Raises
        ------
        InputError
            If one stands for none.
        """
        out: set[int] = set()
        for name in names:
            wanted = {name, *ALIASES.get(name, ())}
            found = {
                index
                for index, lane in self._playing
                if wanted & {lane.name, lane.part} or self._kinds.get(lane.part) in wanted
            }
            if not found and name not in ALIASES:
                there = dict.fromkeys(word for _, lane in self._playing for word in (lane.part, lane.name))
                raise InputError(f"wanted a part or lane, got {name!r}; there are: {', '.join(there)}")
            out |= found
        return out

    def silent(self, muted: Collection[str], soloed: Collection[str], backed: Collection[str]) -> set[int]:
        """Return the lanes that are not heard: muted ones, those not in solo if any is, parts that others play."""
        silent = self.indices(muted) | {index for index, lane in self._playing if lane.part in backed}
        if soloed:
            silent |= {index for index, _ in self._playing} - self.indices(soloed)
        return silent

    def check_pitched(self, name: str) -> None:
        """Raise InputError unless this is a pitched part, a kind of such, or "" for all of them."""
        if name and name not in self._kinds and name not in self._kinds.values():
            raise InputError(f"wanted a pitched part, got {name!r}; there are: {', '.join(self._kinds) or 'none'}")

"""New music, bar by bar: the stream that `play` sends out and `export` writes down."""

from collections import Counter
from collections.abc import Iterator, Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np

from sparseq.engine.sampling import SamplingConfig
from sparseq.errors import InputError
from sparseq.jobs.examples import Examples
from sparseq.jobs.stream.backing import Backing, BackingBar
from sparseq.jobs.stream.feel import felt
from sparseq.jobs.stream.harmony import NO_CHORD, Moment
from sparseq.jobs.stream.material import Material
from sparseq.jobs.stream.over import Over
from sparseq.jobs.stream.roster import Roster
from sparseq.jobs.stream.rules import PitchRules
from sparseq.jobs.stream.settings import FIXED, StreamSettings, check_settings
from sparseq.jobs.stream.written import REWIND_STEPS, Written
from sparseq.kernel.checks import MASK
from sparseq.kernel.philox import philox4x32
from sparseq.music.harmony import key_of_chords
from sparseq.music.keys import Key
from sparseq.music.layout import Lane
from sparseq.music.partgrid import PartGrid
from sparseq.music.parts import DRUMS

STYLE_DRAW = 2
"""The last word of the counter that the style is drawn with; the kernel's draws have 0 and 1 there."""
_FULL_ODDS = 50.0  # what density 1 makes of the odds of a note against a rest
_SECTION_SEED = 0xD1B54A32D192ED03
"""Distance between the seeds of the sections: an odd constant, so that their draws have nothing in common."""


class _Bar(NamedTuple):
    """A bar as it was written, whoever hears it."""

    drums: Written
    voices: Written


class Stream:
    """An endless piece of music: drums and pitched parts, as the loops have them.

    Parameters
    ----------
    examples : Examples
        Loops; those of the most common meter and resolution are used, `examples` tells which.
    settings : StreamSettings
        What is asked for; `change` asks for something else from the next bar on.
    backing : Backing, optional
        What is played already: the stream hears it, and writes the other parts. Where it ends it begins again.

    Attributes
    ----------
    examples : Examples
        What is used, and what is left out and why.
    style : str
        The style that the stream keeps to, drawn by the seed where the loops have several; "" where none is known.
    sounds : dict of str to Sound
        The parts, drums first: kind, channel and General MIDI program of each.
    n_bars : int
        Bars written so far.

    Raises
    ------
    InputError
        For settings out of range, or names of parts and lanes that are not there.
    """

    def __init__(self, examples: Examples, settings: StreamSettings, backing: Backing | None = None) -> None:
        self._backing = backing
        self._backed = backing.parts if backing is not None else frozenset()
        self._material = Material(examples, settings.parts, self._backed)
        self.examples = self._material.examples
        self.steps_per_beat = self._material.steps_per_beat
        self._roster = Roster(self._material.drum_lanes, self._material.voice_lanes, self._material.bar.length_steps)
        self._begin(settings)

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """Lanes of the bars: drums, voices, the chord, the step."""
        return self._roster.lanes

    def with_settings(self, settings: StreamSettings) -> "Stream":
        """Return another stream from the same loops, at its start.

        The examples are not read into memory again, unless there are so many that another seed draws others.
        """
        if self.examples.draw_again is not None and settings.seed != self.settings.seed:
            return Stream(self.examples.draw_again(settings.seed), settings, self._backing)
        if settings.parts != self.settings.parts:
            return Stream(self.examples, settings, self._backing)
        other = copy(self)
        other._begin(settings)
        return other

    def _begin(self, settings: StreamSettings) -> None:
        """Stand at the start of a stream with these settings."""
        material, seed = self._material, settings.seed
        drawn = self._drawn(seed)
        self.style = self.examples.used[drawn].style
        self._own_key = material.key_of(drawn)
        self._compass = material.compass(self.style)
        self.sounds = {name: sound for name, sound in material.sounds(self.style).items() if name not in self._backed}
        self._drums = material.drums.begun(seed) if material.drums is not None and DRUMS in self.sounds else None
        self._voices = material.voices.begun(_section_seed(seed, 1)) if material.voices is not None else None
        style = material.style_code(self.style)
        self._harmony = material.harmony.begun(_section_seed(seed, 2), style) if material.harmony is not None else None
        self._bars: list[_Bar] = []
        self._laid: tuple[int, Sequence[BackingBar]] | None = None
        self.n_bars = self._draws = 0
        self._leaned_on: Counter[int] = Counter()
        self._ask(settings)

    def style_of(self, seed: int) -> str:
        """Return the style that a stream of these loops with another seed keeps to."""
        return self.examples.used[self._drawn(seed)].style

    def _drawn(self, seed: int) -> int:
        """Return one of the examples, each being as likely as the other."""
        return philox4x32(seed, 0, 0, 0, STYLE_DRAW)[0] * len(self.examples.used) >> 32

    @property
    def settings(self) -> StreamSettings:
        """What is asked of the next bar."""
        return self._asked[0]

    def change(self, **changes: Any) -> None:
        """Ask for something else from the next bar on; see `StreamSettings`.

        Any thread may call it while another takes bars. Bars that are taken already stay: `rewind` first to have them
        anew.

        Raises
        ------
        InputError
            For a setting that is not there or cannot change, a number out of range, or a name that is not there; then
            nothing changes.
        """
        for name in changes:
            if name in FIXED or name not in StreamSettings._fields:
                can = ", ".join(field for field in StreamSettings._fields if field not in FIXED)
                raise InputError(f"wanted a setting that can change between bars, got {name!r}; there are: {can}")
        self._ask(self.settings._replace(**changes))

    def _ask(self, settings: StreamSettings) -> None:
        check_settings(settings, self.steps_per_beat)
        for names in (settings.muted, settings.soloed, settings.locked):
            self._roster.indices(names)
        for name in settings.ranges:
            self._roster.check_pitched(name)
        if self._voices is None and (settings.key or settings.chords or settings.max_voices or settings.ranges):
            raise InputError("key, chords, ranges and voices are for pitched parts, but these loops have drums only")
        rules = PitchRules(settings, self._shift(settings), frozenset(self.sounds), self._compass)
        self._asked = settings, rules  # at once: another thread may be taking a bar

    @property
    def bpm(self) -> float:
        """Tempo: the one asked for, else that of the loop that the bars so far leaned on most."""
        if self.settings.bpm is not None:
            return self.settings.bpm
        best = max(self._leaned_on, key=lambda example: self._leaned_on[example], default=0)
        return self.examples.used[best].bpm

    @property
    def meter(self) -> tuple[int, int]:
        """Numerator and denominator."""
        return self._material.bar.numerator, self._material.bar.denominator

    @property
    def bar_steps(self) -> int:
        """Steps in each bar."""
        return self._material.bar.length_steps

    @property
    def key(self) -> Key | None:
        """The key: the one asked for, that of the chords asked for, or that of the loops; None for drums alone."""
        return self._key(self.settings)

    def _key(self, settings: StreamSettings) -> Key | None:
        if settings.key is not None or self._voices is None:
            return settings.key
        if settings.chords is not None:
            return key_of_chords(settings.chords) or self._own_key
        return self._own_key

    def _shift(self, settings: StreamSettings) -> int:
        key = self._key(settings)
        return 0 if key is None else self._material.shift_to(key, self.style)

    def bars(self) -> Iterator[PartGrid]:
        """Yield one bar after the other, each a grid of one bar; never ends."""
        while True:
            yield self.next_bar()

    def next_bar(self) -> PartGrid:
        """Return the next bar, as it is heard: without what is muted, in the groove that is asked for."""
        settings, rules = self._asked
        locked = self._roster.indices(settings.locked) if self._bars else set()
        sampling = SamplingConfig(temperature=settings.temperature, rest_odds=_FULL_ODDS**-settings.density)
        beside = self._backing_bar(rules.shift)
        drums = self._write_drums(sampling, locked, beside)
        voices = self._write_voices(drums, (settings, rules), sampling, locked, beside)
        for found, example_of in (
            (drums, self._material.example_of_drums),
            (voices, self._material.example_of_voices),
        ):
            self._leaned_on.update(example_of(index) for index in found.leaned_on)
        self._bars = [*self._bars[-(REWIND_STEPS // self.bar_steps) - 1 :], _Bar(drums, voices)]
        self.n_bars += 1
        return self._heard(self._bars[-1], settings, rules)

    def rewind(self, n_bars: int = 1) -> None:
        """Forget the last bars: the next ones are written in their place, the same again if nothing else is asked for.

        Raises
        ------
        InputError
            If that goes back further than the stream remembers: about 16 bars.
        """
        most = min(len(self._bars), REWIND_STEPS // self.bar_steps)
        if not 0 <= n_bars <= most:
            raise InputError(f"wanted to go back up to {most} bars, got {n_bars}")
        self.n_bars -= n_bars
        self._bars = self._bars[: len(self._bars) - n_bars]
        step = self.n_bars * self.bar_steps
        for section in (self._drums, self._voices, self._harmony):
            if section is not None:
                section.rewind(step)
        if not self.n_bars:
            self._leaned_on.clear()

    def redraw(self) -> None:
        """Draw anew from here on: after a `rewind` other bars come than those that were."""
        self._draws += 1
        for section in (self._drums, self._voices, self._harmony):
            if section is not None:
                section.redraw(self._draws)

    def _backing_bar(self, shift: int) -> BackingBar | None:
        """Return the bar of the backing to play to, its voices told from a movable zero."""
        if self._backing is None:
            return None
        if self._laid is None or self._laid[0] != shift:
            material = self._material
            self._laid = shift, self._backing.laid_on(material.drum_lanes, material.voice_lanes, shift)
        return self._laid[1][self.n_bars % len(self._laid[1])]

    def _write_drums(self, sampling: SamplingConfig, locked: set[int], beside: BackingBar | None) -> Written:
        if beside is not None and beside.drums is not None:
            return beside.drums
        if self._drums is None:
            return Written(np.full((self.bar_steps, len(self._material.drum_lanes)), MASK, np.uint16), {}, [])
        given = {lane: self._bars[-1].drums for lane in locked if lane < len(self._drums.lanes)}
        strikes_t2 = None if beside is None else beside.strikes_t2
        return self._drums.write(self._material.style_code(self.style), sampling, given, strikes_t2)

    def _write_voices(
        self,
        drums: Written,
        asked: tuple[StreamSettings, PitchRules],
        sampling: SamplingConfig,
        locked: set[int],
        beside: BackingBar | None,
    ) -> Written:
        settings, rules = asked
        if self._voices is None or self._harmony is None:
            return Written(np.zeros((self.bar_steps, 0), np.uint16), {}, [])
        n_drums = len(self._material.drum_lanes)
        self._harmony.rewind(self.n_bars * self.bar_steps)
        self._harmony.follow(settings.chords, rules.shift % 12, sampling.temperature)
        over = Over(
            drums.tokens_tl,
            self._harmony.at,
            self.n_bars % self._material.phrase_bars,
            self._material.style_code(self.style),
            rules.shift,
            rules.pitches_of,
            sampling,
            settings.chords is not None,
        )
        given = {lane - n_drums: self._bars[-1].voices for lane in locked if lane >= n_drums}
        if beside is not None:
            given |= dict.fromkeys(beside.lanes, beside.voices)
        return self._voices.write(over, given)

    def _heard(self, bar: _Bar, settings: StreamSettings, rules: PitchRules) -> PartGrid:
        """Return a bar as it is heard."""
        n_drums, start = len(self._material.drum_lanes), (self.n_bars - 1) * self.bar_steps
        drums = np.where(bar.drums.tokens_tl == MASK, 0, bar.drums.tokens_tl)
        chords = [self._moment(start + step).token for step in range(self.bar_steps)]
        tokens = np.column_stack([drums, bar.voices.tokens_tl, chords, np.arange(self.bar_steps)]).astype(np.uint16)
        hits = dict(bar.drums.hits)
        hits.update({(step, n_drums + lane): found for (step, lane), found in bar.voices.hits.items()})
        silent = self._roster.silent(settings.muted, settings.soloed, self._backed)
        tokens[:, sorted(silent)] = 0
        hits = {cell: found for cell, found in hits.items() if cell[1] not in silent}
        known = np.array([lane.part in self.sounds or (lane.given and self._voices is not None) for lane in self.lanes])
        known[-1] = True
        grid = PartGrid(
            tokens,
            self.lanes,
            known,
            hits,
            self.sounds,
            self.steps_per_beat,
            (self._material.bar,),
            self._key(settings),
            rules.shift,
        )
        return felt(grid, settings, self._material.levels, self.n_bars)

    def _moment(self, step: int) -> Moment:
        return NO_CHORD if self._harmony is None else self._harmony.at(step)


def _section_seed(seed: int, section: int) -> int:
    return (seed + section * _SECTION_SEED) % 2**64

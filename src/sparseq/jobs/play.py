"""Play: new music into a MIDI port, in time, until it ends or is stopped, while somebody turns its knobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from sparseq.errors import InputError
from sparseq.jobs.perform import Performer
from sparseq.jobs.stream import Stream, StreamSettings
from sparseq.kernel.api import SEED_LIMIT
from sparseq.music.lanes import lane_of
from sparseq.music.layout import DRUM
from sparseq.music.partgrid import PartGrid
from sparseq.music.parts import DRUMS
from sparseq.music.units import PPQ
from sparseq.realtime.bar import Bar
from sparseq.realtime.clock import Clock
from sparseq.realtime.controls import Controls, ControlState, Part
from sparseq.realtime.outputs import OutputPort
from sparseq.realtime.sequencer import Report, Sequencer
from sparseq.realtime.tape import Tape
from sparseq.realtime.transport import Transport

SETTINGS = ("temperature", "density", "swing", "feel")
"""Settings of a stream that `Action.SET` reaches."""
NEXT_SET = "set"
"""What `Action.SET` calls the number of the loop set."""
_SEEDS_TRIED = 1000  # to find every style of the loops
_DRAWS = 16  # loop sets of a library that is drawn from


@dataclass(frozen=True, slots=True)
class PlaySettings:
    """How a stream is played: bars (None: without end) and whether MIDI clock goes out with it."""

    n_bars: int | None = None
    clock_out: bool = False


class Shown(NamedTuple):
    """A bar that sounds or has begun to: its number from 1, its grid, and the step that sounds, None before it does."""

    number: int
    grid: PartGrid
    step: int | None = None


class Performance:
    """A stream on its way to a port.

    Parameters
    ----------
    stream : Stream
        What is played, until another loop set is asked for.
    port : OutputPort
        Where to; the caller opens and closes it.
    clock : Clock
        The time it goes by.
    settings : PlaySettings
        Length and MIDI clock.
    tape : Tape, optional
        Keeps what is played; without one, hours take no more room than a minute.
    master : Transport, optional
        Who is followed.
    on_save : callable, optional
        Called with a number of bars when the last ones are to be saved, in the thread that asks.
    dress : callable, optional
        Called with each bar that is about to be played; what it returns is played instead.
    on_word : callable, optional
        Called with one line for a person when something that was asked for happens, or cannot.

    Attributes
    ----------
    controls : Controls
        What may be asked for while it plays.
    """

    def __init__(
        self,
        stream: Stream,
        port: OutputPort,
        clock: Clock,
        settings: PlaySettings,
        tape: Tape | None = None,
        *,
        master: Transport | None = None,
        on_save: Callable[[float], None] | None = None,
        on_word: Callable[[str], None] | None = None,
        dress: Callable[[Bar], Bar] | None = None,
    ) -> None:
        self._stream, self._settings = stream, settings
        self._clock, self._master, self._on_word = clock, master, on_word
        self._on_bar: Callable[[Shown], None] | None = None
        self.controls = Controls(parts_of(self._stream), on_save)
        self._sequencer = Sequencer(
            port,
            clock,
            n_bars=settings.n_bars,
            clock_out=settings.clock_out,
            tape=tape,
            on_begin=self._begun,
            master=master,
            controls=self.controls,
            dress=dress,
        )

    @property
    def stream(self) -> Stream:
        """The stream that is made now."""
        return self._stream

    @property
    def sequencer(self) -> Sequencer:
        """Who plays it."""
        return self._sequencer

    @property
    def bpm(self) -> float:
        """Quarter notes per minute: the master's, or of the bar that sounds."""
        if self._master is not None:
            return self._master.reading(self._clock.now_s()).bpm
        position = self._sequencer.position()
        return position.bar.bpm if position is not None else self._stream.bpm

    def watch(self, on_bar: Callable[[Shown], None]) -> None:
        """Call `on_bar` with each bar that has begun, repeats too; to be asked before `play`."""
        self._on_bar = on_bar

    def play(self) -> Report:
        """Play to the end; see `Sequencer.play` for what may be raised."""
        return self._sequencer.play(self._bars())

    def stop(self) -> None:
        """End at once; any thread or signal handler may ask."""
        self._sequencer.stop()

    def now(self) -> Shown | None:
        """Return the bar and the step that sound now; None before the first, and while a master stands still."""
        position = self._sequencer.position()
        if position is None or not isinstance(position.bar.tag, PartGrid):
            return None
        grid = position.bar.tag
        return Shown(position.bar_index + 1, grid, position.tick * grid.steps_per_beat // PPQ)

    def _begun(self, index: int, bar: Bar, is_repeat: bool) -> None:
        if self._on_bar is not None and isinstance(bar.tag, PartGrid):
            self._on_bar(Shown(index + 1, bar.tag))

    def _bars(self) -> Iterator[Bar]:
        """Yield bars as they are asked for; one that was put aside is written anew, in its place."""
        sets = LoopSets(self._stream)
        performer, done, discards, number = Performer(self._stream), ControlState(), 0, 0
        while True:
            if discards != self.controls.discards:
                discards = self.controls.discards
                if number:
                    performer.rewind()
                    self._stream.redraw()
                    number -= 1
            if number == self._settings.n_bars:
                return
            state = self.controls.state
            if state.values.get(NEXT_SET, 0) != done.values.get(NEXT_SET, 0):
                performer = self._turn_to(sets, round(state.values.get(NEXT_SET, 0)), performer)
            self._heed(sets.settings, state, done)
            done, number = state, number + 1
            grid, bar = performer.next_bar(is_last=number == self._settings.n_bars)
            yield replace(bar, tag=grid)

    def _turn_to(self, sets: LoopSets, number: int, before: Performer) -> Performer:
        """Let another loop set go on, at the tempo of the one before."""
        if sets.count == 1:
            self._say("these loops are all of one style: there is no other set to go to")
            return before
        try:
            stream = sets.stream(number)
        except InputError as error:
            self._say(str(error))
            return before
        after = Performer(stream)
        after.bpm = before.bpm
        self._stream = stream
        self.controls.name_parts(parts_of(stream))
        others = "these loops" if stream.examples.draw_again is None else "other loops"
        self._say(f"from now on: {stream.style or others}")
        return after

    def _heed(self, first: StreamSettings, state: ControlState, done: ControlState) -> None:
        """Tell the stream what is asked for; what it cannot do is said, and the rest is done."""
        wanted: dict[str, object] = {
            name: state.values.get(name, getattr(first, name))
            for name in SETTINGS
            if name in state.values or name in done.values
        }
        if state.locked or done.locked:
            wanted["locked"] = first.locked | state.locked
        for name, value in wanted.items():
            try:
                self._stream.change(**{name: value})
            except InputError as error:
                self._say(str(error))

    def _say(self, line: str) -> None:
        if self._on_word is not None:
            self._on_word(line)


class LoopSets:
    """The styles of the loops, each a stream of its own: the first one plays at first, the others are begun when asked.

    Of loops that are drawn from too many each set is another draw.

    Parameters
    ----------
    stream : Stream
        The first.

    Attributes
    ----------
    settings : StreamSettings
        What was asked of the first, and so of all.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream, self.settings = stream, stream.settings
        self._first_style = stream.style

    @cached_property
    def _seeds(self) -> list[int]:
        """A seed of each set, the first stream's first; looked for when asked for, not before the first note."""
        first = self.settings.seed
        if self._stream.examples.draw_again is not None:
            return [(first + number) % SEED_LIMIT for number in range(_DRAWS)]
        seeds = {self._first_style: first}
        for seed in range(first + 1, first + 1 + _SEEDS_TRIED):
            seeds.setdefault(self._stream.style_of(seed % SEED_LIMIT), seed % SEED_LIMIT)
        return list(seeds.values())

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._seeds)

    def stream(self, number: int) -> Stream:
        """Return the stream of a set, counted round from 0, at its start."""
        return self._stream.with_settings(self.settings._replace(seed=self._seeds[number % len(self._seeds)]))


def parts_of(stream: Stream) -> dict[str, Part]:
    """Return what can be muted, soloed and locked: drum lanes, and parts as a whole."""
    drums = stream.sounds.get(DRUMS)
    lanes = [lane.name for lane in stream.lanes if lane.kind == DRUM] if drums is not None else []
    parts = {name: Part(sound.channel) for name, sound in stream.sounds.items()}
    for lane in lanes:
        assert drums is not None
        parts[lane] = Part(drums.channel, frozenset(pitch for pitch in range(128) if lane_of(pitch) == lane))
    return parts

"""Play: new drums into a MIDI port, in time, until they end or are stopped."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sparseq.jobs.perform import perform
from sparseq.jobs.stream import Stream
from sparseq.music.grid import DrumGrid
from sparseq.music.units import PPQ
from sparseq.realtime.bar import Bar
from sparseq.realtime.clock import Clock
from sparseq.realtime.outputs import OutputPort
from sparseq.realtime.sequencer import Report, Sequencer
from sparseq.realtime.tape import Tape


@dataclass(frozen=True, slots=True)
class PlaySettings:
    """How a stream is played: bars (None: without end) and whether MIDI clock goes out with it."""

    n_bars: int | None = None
    clock_out: bool = False


class Performance:
    """One stream on its way to a port.

    Parameters
    ----------
    stream : Stream
        What is played.
    port : OutputPort
        Where to; the caller opens and closes it.
    clock : Clock
        The time it goes by.
    settings : PlaySettings
        Length and MIDI clock.
    tape : Tape, optional
        Keeps what is played; without one, hours take no more room than a minute.
    """

    def __init__(
        self,
        stream: Stream,
        port: OutputPort,
        clock: Clock,
        settings: PlaySettings,
        tape: Tape | None = None,
    ) -> None:
        self._stream, self._settings = stream, settings
        self._on_bar: Callable[[DrumGrid], None] | None = None
        self._coming: deque[DrumGrid] = deque()  # made, not announced yet
        self._last: DrumGrid | None = None
        self._sequencer = Sequencer(port, clock, clock_out=settings.clock_out, tape=tape, on_bar=self._announce)

    def watch(self, on_bar: Callable[[DrumGrid], None]) -> None:
        """Call `on_bar` with the grid of each bar about to be played, repeats too; to be asked before `play`."""
        self._on_bar = on_bar

    def play(self) -> Report:
        """Play to the end; see `Sequencer.play` for what may be raised."""
        return self._sequencer.play(self._bars())

    def stop(self) -> None:
        """End at once; any thread or signal handler may ask."""
        self._sequencer.stop()

    def position_steps(self) -> int | None:
        """Return the step that sounds now, from the start; None before it."""
        position = self._sequencer.position()
        if position is None:
            return None
        bar_steps = position.bar.length_ticks * self._stream.steps_per_beat // PPQ
        return position.bar_index * bar_steps + position.tick * self._stream.steps_per_beat // PPQ

    def _bars(self) -> Iterator[Bar]:
        for grid, bar in perform(self._stream, self._settings.n_bars):
            self._coming.append(grid.drum_grid())
            yield bar

    def _announce(self, index: int, bar: Bar, is_repeat: bool) -> None:
        if not is_repeat:
            self._last = self._coming.popleft()
        if self._last is not None and self._on_bar is not None:
            self._on_bar(self._last)

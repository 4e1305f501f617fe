"""A bar on the grid as the sequencer plays it: MIDI messages at ticks."""

import itertools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sparseq.jobs.stream import Stream
from sparseq.music.decode import place_hits
from sparseq.music.layout import Sound
from sparseq.music.partgrid import PartGrid
from sparseq.music.parts import DRUMS
from sparseq.music.score import Note, without_overlaps
from sparseq.music.units import PPQ, RELEASE_VELOCITY
from sparseq.realtime.bar import Bar

_KEPT_BARS = 256  # far more than a stream can be rewound
_PROGRAM, _OFF, _ON = range(3)  # the order within a tick
Voice = tuple[int, int]
"""Channel and pitch."""
Ends = Mapping[Voice, int]
"""When what still sounds ends, in ticks from the start of a bar."""


class PerformedBar(NamedTuple):
    """One bar of a stream, to be looked at and to be played."""

    grid: PartGrid
    bar: Bar


class Performer:
    """Turns the bars of a stream into messages; whatever begins in a bar ends by a message of the same bar.

    So a bar can be left out, repeated or be the last one, and nothing hangs.

    Parameters
    ----------
    stream : Stream
        What is played.

    Attributes
    ----------
    bpm : float or None
        Tempo of the bars: that of the stream after its first bar, even where later bars lean on loops of another; may
        be set anew between bars.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.bpm: float | None = None
        self._n_bars = 0
        self._sounding: list[Ends] = [{}]  # at the start of the next bar, and of those before it

    def next_bar(self, *, is_last: bool = False) -> PerformedBar:
        """Return the next bar; in the last one everything ends with it."""
        grid = self._stream.next_bar()
        self.bpm = self._stream.bpm if self.bpm is None else self.bpm
        bar, ends = performed(grid, self.bpm, self._sounding[-1], is_first=not self._n_bars, is_last=is_last)
        self._sounding = [*self._sounding[-_KEPT_BARS:], ends]
        self._n_bars += 1
        return PerformedBar(grid, bar)

    def rewind(self, n_bars: int = 1) -> None:
        """Let the next bars be played in place of the last ones; see `Stream.rewind`."""
        self._stream.rewind(n_bars)
        self._n_bars -= n_bars
        self._sounding = self._sounding[: len(self._sounding) - n_bars] or [{}]


def perform(stream: Stream, n_bars: int | None = None) -> Iterator[PerformedBar]:
    """Yield the bars of a stream, so many or without end: `play` sends them out and `export` writes them down."""
    performer = Performer(stream)
    for number in itertools.count(1) if n_bars is None else range(1, n_bars + 1):
        yield performer.next_bar(is_last=number == n_bars)


def performed(
    grid: PartGrid, bpm: float, sounding: Ends | None = None, *, is_first: bool = False, is_last: bool = False
) -> tuple[Bar, dict[Voice, int]]:
    """Return one bar as messages, and when what goes on beyond it ends.

    Drums end by half a step before the next bar, where its earliest hit may lie. A note that begins a moment before the
    end of the one before it, on its channel and pitch, waits for that end; while one sounds, no other begins.

    Parameters
    ----------
    grid : PartGrid
        One bar.
    bpm : float
        Its tempo.
    sounding : mapping of (int, int) to int, optional
        By channel and pitch when notes of earlier bars end, in ticks from the start of this one.
    is_first : bool
        Whether nothing can come before the start: then programs are sent there, too.
    is_last : bool
        Whether everything ends with the bar.

    Returns
    -------
    Bar
        The messages.
    dict of (int, int) to int
        As `sounding`, for the next bar.
    """
    step_ticks = PPQ // grid.steps_per_beat
    length = grid.bars[0].length_steps * PPQ // grid.steps_per_beat
    earlier, ends = dict(sounding or {}), dict(sounding or {})
    events: list[tuple[int, int, bytes]] = _programs(grid.sounds) if is_first else []
    for note in without_overlaps(_shifted(grid)):
        voice = note.channel, note.pitch
        onset = max(note.onset_ticks - PPQ, 0) if is_first else note.onset_ticks - PPQ
        busy_until = earlier.get(voice, onset)
        if busy_until - onset > step_ticks // 2:
            continue
        onset = max(onset, busy_until)
        latest = _latest_end(note, grid.sounds, length, step_ticks, is_last)
        end = max(min(note.end_ticks - PPQ, latest), onset + 1)
        ends[voice] = max(end, ends.get(voice, end))
        events.append((onset, _ON, bytes((0x90 | note.channel, note.pitch, note.velocity))))
        events.append((end, _OFF, bytes((0x80 | note.channel, note.pitch, RELEASE_VELOCITY))))
    bar = Bar(length, bpm, PPQ, tuple((tick, data) for tick, _, data in sorted(events)))
    return bar, {voice: end - length for voice, end in ends.items() if end > length - PPQ}


def _latest_end(note: Note, sounds: Mapping[str, Sound], length: int, step_ticks: int, is_last: bool) -> int:
    """Return the last tick at which a note may end."""
    if any(sound.kind == DRUMS and sound.channel == note.channel for sound in sounds.values()):
        return length - (step_ticks + 1) // 2
    return length if is_last else note.end_ticks


def _programs(sounds: Mapping[str, Sound]) -> list[tuple[int, int, bytes]]:
    return [
        (0, _PROGRAM, bytes((0xC0 | sound.channel, sound.program)))
        for sound in sounds.values()
        if sound.program is not None
    ]


def _shifted(grid: PartGrid) -> list[Note]:
    """Return notes one quarter later, so that a hit before the bar line has a tick that is not negative."""
    notes: list[Note] = []
    for part, sound in grid.sounds.items():
        lanes = set(grid.indices(part=part))
        moved = {(step + grid.steps_per_beat, lane): cell for (step, lane), cell in grid.hits.items() if lane in lanes}
        notes += place_hits(moved, grid.steps_per_beat, PPQ, channel=sound.channel)
    return notes

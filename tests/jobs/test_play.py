import tracemalloc
from itertools import islice

import numpy as np
import pytest

from sparseq.errors import PortError
from sparseq.jobs.export import rendered
from sparseq.jobs.perform import performed
from sparseq.jobs.play import Performance, PlaySettings
from sparseq.jobs.stream import Stream, StreamSettings
from sparseq.jobs.takes import tape_bytes
from sparseq.music.units import PPQ
from sparseq.realtime import sequencer
from sparseq.realtime.clock import ManualClock
from sparseq.realtime.lookahead import DirectSource, Word
from sparseq.realtime.outputs import NullPort, RecordingPort
from sparseq.realtime.tape import Tape

SETTINGS = StreamSettings(seed=1, bpm=240.0)
BAR = 4 * PPQ


@pytest.fixture
def stage(few):
    """Return a function that sets up a performance on a clock that stands still: it, its port, its tape."""

    def set_up(n_bars=None, **settings):
        clock, tape = ManualClock(), Tape()
        port = RecordingPort(clock)
        return Performance(Stream(few, SETTINGS), port, clock, PlaySettings(n_bars, **settings), tape), port, tape

    return set_up


def sounding(events):
    """Return the pitches that a list of messages leaves on."""
    on = []
    for data in events:
        if data[0] == 0x99 and data[2]:
            on.append(data[1])
        elif data[0] in (0x89, 0x99):
            on.remove(data[1])
    return on


def test_what_is_played_is_what_is_exported(stage, few):
    performance, _, tape = stage(4)
    assert performance.play().bars == 4
    _, data = rendered(Stream(few, SETTINGS), 4, "title")
    assert tape_bytes(tape, (4, 4), "title", Stream(few, SETTINGS).sounds) == data


def test_each_message_leaves_when_it_is_due(stage, few):
    performance, port, _ = stage(2)
    performance.play()
    grids = list(islice(Stream(few, SETTINGS).bars(), 2))
    wanted = sorted(
        (number * BAR + tick, data)
        for number, grid in enumerate(grids)
        for tick, data in performed(grid, 240.0, is_first=not number)[0].events
    )
    start_s = port.events[0][0] - wanted[0][0] / PPQ * 0.25
    sent = [event for event in port.events if event[1][0] in (0x99, 0x89)]
    assert [(round((due_s - start_s) / 0.25 * PPQ), data) for due_s, data in sent] == wanted


def test_midi_clock_goes_out_only_when_asked_for(stage):
    for clock_out in (False, True):
        performance, port, _ = stage(2, clock_out=clock_out)
        performance.play()
        pulses = sum(data == b"\xf8" for _, data in port.events)
        assert pulses == (2 * 4 * 24 if clock_out else 0)


def test_a_stop_ends_at_once_and_leaves_nothing_sounding(stage, few):
    performance, port, tape = stage(clock_out=True)
    heard = []

    def stop_at_the_third(grid):
        heard.append(grid)
        if len(heard) == 3:
            performance.stop()

    performance.watch(stop_at_the_third)
    report = performance.play()
    assert report.bars == 2
    assert sounding(data for _, data in port.events) == []
    assert tape.end_ticks < 2 * BAR
    assert tape_bytes(tape, (4, 4), "", Stream(few, SETTINGS).sounds)


def test_a_lost_port_is_told_and_what_was_played_is_on_the_tape(few):
    class Lost(NullPort):
        sent = 0

        def send(self, data, due_s):
            self.sent += 1
            if self.sent > 40:
                raise PortError("gone")

    tape = Tape()
    performance = Performance(Stream(few, SETTINGS), Lost(), ManualClock(), PlaySettings(), tape)
    with pytest.raises(PortError, match="gone"):
        performance.play()
    assert tape.events
    assert tape_bytes(tape, (4, 4), "", Stream(few, SETTINGS).sounds)


class Hesitant(DirectSource):
    """Has the next bar only every third time it is asked."""

    asked = 0

    def take(self):
        self.asked += 1
        return super().take() if self.asked % 3 == 1 else Word.NOT_YET


def test_a_bar_that_comes_again_is_shown_again_and_none_is_skipped(stage, few, monkeypatch):
    monkeypatch.setattr(sequencer, "DirectSource", Hesitant)
    performance, _, tape = stage(3)
    shown = []
    performance.watch(shown.append)
    report = performance.play()
    wanted = [grid.drum_grid() for grid in islice(Stream(few, SETTINGS).bars(), 3) for _ in range(3)]
    assert (report.bars, report.repeats) == (9, 6)
    assert [bar.is_repeat for bar in tape.bars] == [False, True, True] * 3
    pairs = list(zip(shown, wanted, strict=True))
    assert all(np.array_equal(got.tokens_tl, grid.tokens_tl) and got.hits == grid.hits for got, grid in pairs)


def test_the_position_counts_steps_from_the_start(few):
    clock = ManualClock()
    performance = Performance(Stream(few, SETTINGS), NullPort(), clock, PlaySettings(3))
    assert performance.position_steps() is None
    seen = []

    class Looking(NullPort):
        def send(self, data, due_s):
            seen.append(performance.position_steps())

    performance = Performance(Stream(few, SETTINGS), Looking(), clock, PlaySettings(3))
    performance.play()
    known = [step for step in seen if step is not None]
    assert known == sorted(known)
    assert known[0] < 4
    assert known[-1] // 16 == 2


class Endless:
    """Stands in for a stream: the same bar again and again, made once."""

    steps_per_beat, meter, bpm = 4, (4, 4), 120.0

    def __init__(self, grid):
        self._grid = grid

    def next_bar(self):
        return self._grid


def test_without_a_tape_hours_take_no_more_room_than_minutes(few):
    stream = Endless(Stream(few, SETTINGS).next_bar())
    held = []
    performance = Performance(stream, NullPort(), ManualClock(), PlaySettings(120))

    def note(_grid):
        if (seen := len(held)) in (40, 119):
            held.append(tracemalloc.get_traced_memory()[0])
        else:
            held.append(seen)

    performance.watch(note)
    tracemalloc.start()
    try:
        performance.play()
    finally:
        tracemalloc.stop()
    assert len(held) == 120
    assert held[119] - held[40] < 12_000  # bytes; the list of this test has its share

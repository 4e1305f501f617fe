import gc
import tracemalloc
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from sparseq.errors import PortError
from sparseq.jobs.draw import Draw
from sparseq.jobs.export import rendered
from sparseq.jobs.loading import load_examples
from sparseq.jobs.perform import performed
from sparseq.jobs.play import Performance, PlaySettings
from sparseq.jobs.stream import Stream, StreamSettings
from sparseq.jobs.takes import tape_bytes
from sparseq.music.units import PPQ
from sparseq.realtime import sequencer
from sparseq.realtime.clock import ManualClock
from sparseq.realtime.controls import Action
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
    assert report.bars == 3
    assert sounding(data for _, data in port.events) == []
    assert 2 * BAR <= tape.end_ticks < 2 * BAR + BAR // 8
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
    wanted = [grid for grid in islice(Stream(few, SETTINGS).bars(), 3) for _ in range(3)][:7]
    assert (report.bars, report.repeats) == (7, 4)
    assert [bar.is_repeat for bar in tape.bars] == [False, True, True, False, True, True, False]
    assert [bar.number for bar in shown] == list(range(1, 8))
    assert all(same(bar.grid, grid) for bar, grid in zip(shown, wanted, strict=True))


def same(one, other):
    return np.array_equal(one.tokens_tl, other.tokens_tl) and one.hits == other.hits


def test_the_bar_and_the_step_that_sound_are_told(few):
    clock, seen = ManualClock(), []

    class Looking(NullPort):
        def send(self, data, due_s):
            seen.append(performance.now())

    performance = Performance(Stream(few, SETTINGS), Looking(), clock, PlaySettings(3))
    assert performance.now() is None
    performance.play()
    known = [(bar.number, bar.step) for bar in seen if bar is not None]
    assert known == sorted(known)
    assert (known[0][0], known[-1][0]) == (1, 3)
    assert {step for _, step in known} <= set(range(16))


class Director:
    """Plays bars, and asks for things when a bar of a certain number begins."""

    def __init__(self, stream, n_bars=6, **asked):
        self.asked = {int(name[1:]): what for name, what in asked.items()}
        self.shown, self.said, self.saved = [], [], []
        self.port, self.tape = RecordingPort(), Tape()
        options = {"on_save": self.saved.append, "on_word": self.said.append}
        self.performance = Performance(stream, self.port, ManualClock(), PlaySettings(n_bars), self.tape, **options)
        self.performance.watch(self.begin)

    def begin(self, bar):
        self.shown.append(bar)
        for what in self.asked.get(bar.number, ()):
            self.performance.controls.ask(*what)

    def play(self):
        self.performance.play()
        return self


def grids(stream, count):
    return list(islice(stream.bars(), count))


def test_another_next_bar_is_drawn_in_the_place_of_the_one_that_was_to_come(few):
    heard = Director(Stream(few, SETTINGS), b2=[(Action.REGENERATE,)]).play().shown
    plain = grids(Stream(few, SETTINGS), 6)
    assert len(heard) == 6
    changed = [not same(bar.grid, grid) for bar, grid in zip(heard, plain, strict=True)]
    assert changed[:2] == [False, False]
    assert any(changed[2:])


def test_a_setting_holds_from_a_coming_bar_on_until_it_is_undone(few):
    asked = {"b2": [(Action.SET, "feel", 0.0)], "b5": [(Action.UNDO,)]}
    heard = Director(Stream(few, SETTINGS), 10, **asked).play().shown
    on_grid = [all(hit.offset_ticks == 0 for hits in bar.grid.hits.values() for hit in hits) for bar in heard]
    assert len(heard) == 10
    first, last = on_grid.index(True), 9 - on_grid[::-1].index(True)
    assert 2 <= first <= 4
    assert 4 <= last <= 8
    assert all(on_grid[first : last + 1])


def test_a_locked_lane_keeps_its_bar(few):
    heard = Director(Stream(few, SETTINGS), 12, b2=[(Action.LOCK, "snare")]).play().shown
    lane = [lane.name for lane in heard[0].grid.lanes].index("snare")
    assert len({bar.grid.tokens_tl[:, lane].tobytes() for bar in heard[4:]}) == 1


def test_a_muted_lane_is_silent_but_goes_on_in_the_grid(few):
    director = Director(Stream(few, SETTINGS), 6, b1=[(Action.MUTE, "kick")]).play()
    kicks = [tick // BAR for tick, data in director.tape.events if data[0] == 0x99 and data[1] in (35, 36)]
    assert set(kicks) <= {0, 1}
    lane = [lane.name for lane in director.shown[0].grid.lanes].index("kick")
    assert director.shown[-1].grid.tokens_tl[:, lane].any()


def test_the_next_loop_set_is_another_style_at_the_same_tempo():
    loops = load_examples(["funk-sidewalk", "rock-boulevard"])
    director = Director(Stream(loops, SETTINGS), 8, b2=[(Action.SET, "set", 1.0)]).play()
    assert director.performance.stream.style != Stream(loops, SETTINGS).style
    assert director.said == [f"from now on: {director.performance.stream.style}"]
    assert {bar.bar.bpm for bar in director.tape.bars} == {240.0}


def test_of_too_many_loops_the_next_set_is_another_draw():
    loops = load_examples(["funk"], draw=Draw(SETTINGS.seed, most_steps=64))
    director = Director(Stream(loops, SETTINGS), 8, b2=[(Action.SET, "set", 1.0)]).play()
    assert director.performance.stream.examples.used == loops.draw_again(SETTINGS.seed + 1).used != loops.used
    assert director.said == ["from now on: funk"]


def test_loops_of_one_style_have_no_other_set(few):
    assert "no other set" in Director(Stream(few, SETTINGS), 6, b2=[(Action.SET, "set", 1.0)]).play().said[0]


def test_a_setting_out_of_range_is_said_and_the_music_goes_on(few):
    director = Director(Stream(few, SETTINGS), 6, b2=[(Action.SET, "density", 9.0)]).play()
    assert len(director.shown) == 6
    assert "density" in director.said[0]


def test_a_frozen_bar_does_not_make_the_performance_longer(few):
    assert len(Director(Stream(few, SETTINGS), 6, b3=[(Action.FREEZE,)]).play().shown) == 6


def test_saving_is_passed_on(few):
    assert Director(Stream(few, SETTINGS), 2, b1=[(Action.SAVE, "", 8)]).play().saved == [8]


class Endless:
    """Stands in for a stream: the same bar again and again, made once."""

    meter, bpm, n_bars, settings, style = (4, 4), 120.0, 0, SETTINGS, ""

    def __init__(self, grid):
        self._grid, self.sounds, self.lanes = grid, grid.sounds, grid.lanes

    def style_of(self, seed):
        return self.style

    def next_bar(self):
        return self._grid


def test_without_a_tape_hours_take_no_more_room_than_minutes(few):
    grid = Stream(few, SETTINGS).next_bar()
    stream = Endless(replace(grid, hits=dict(islice(grid.hits.items(), 4))))
    performance = Performance(stream, NullPort(), ManualClock(), PlaySettings(600))
    rooms, cycles = [], []

    def note(shown):
        if shown.number in (300, 590):
            cycles.append(gc.collect())  # it empties the lists of free objects, too, that the interpreter keeps
            rooms.append(tracemalloc.get_traced_memory()[0])

    performance.watch(note)
    gc.disable()
    tracemalloc.start()
    try:
        performance.play()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert rooms[1] - rooms[0] < 3_000, "bytes in 290 bars"
    assert cycles[1] == 0, "what nobody holds any more goes at once"

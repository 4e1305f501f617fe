"""The sequencer behind a master: each step where the master has it, once, whatever the master does."""

import random
from itertools import accumulate

import pytest

from sparseq.realtime.bar import Bar
from sparseq.realtime.clock import ManualClock
from sparseq.realtime.controls import Action, Controls
from sparseq.realtime.outputs import RecordingPort
from sparseq.realtime.sequencer import Sequencer
from sparseq.realtime.sync import ClockFollower
from sparseq.realtime.tape import Tape

PPQ, STEPS = 96, 16
CLOCK, START, CONTINUE, STOP = b"\xf8", b"\xfa", b"\xfb", b"\xfc"


def song_position(sixteenth):
    return bytes([0xF2, sixteenth & 0x7F, sixteenth >> 7])


def song():
    """Yield bars whose every step says where it is: the bar in the pitch, the step in the velocity."""
    for number in range(100):
        events = []
        for step in range(STEPS):
            events += [(step * 24, bytes([0x90, number, step + 1])), (step * 24 + 12, bytes([0x80, number, 0]))]
        yield Bar(4 * PPQ, 120.0, PPQ, tuple(events))


class Stage(ClockFollower):
    """A master that follows a script of (time, message), and everything behind it."""

    def __init__(self, script, **options):
        super().__init__()
        self.script = sorted(script, key=lambda item: item[0])
        self.clock = ManualClock()
        self.port = RecordingPort(self.clock)
        self.tape = Tape()
        self.sequencer = Sequencer(self.port, self.clock, tape=self.tape, master=self, **options)

    def wait(self, clock, until_s):
        if not self.script:
            self.sequencer.stop()
        elif self.script[0][0] <= until_s:
            at_s, data = self.script.pop(0)
            clock.sleep_until(at_s)
            self.feed(at_s, data)
        else:
            clock.sleep_until(until_s)

    def play(self, bars=None):
        self.report = self.sequencer.play(song() if bars is None else bars)
        return self

    def steps(self):
        """Return (time due, step of the song) of each note-on."""
        return [(due_s, data[1] * STEPS + data[2] - 1) for due_s, data in self.port.events if data[0] == 0x90]


def pulses(count, bpm=120.0, start_s=0.0, jitter=None):
    return [(start_s + index * 60 / bpm / 24 + (jitter() if jitter else 0), CLOCK) for index in range(count)]


STEP_S = 60 / 120 / 4


def test_the_song_begins_with_the_first_clock_after_start():
    stage = Stage([*pulses(48), (0.999, START), *pulses(24 * 8 + 1, start_s=1.0), (5.001, STOP)]).play()
    times_s, steps = zip(*stage.steps(), strict=True)
    assert steps == tuple(range(33))
    assert times_s == pytest.approx([1.0 + step * STEP_S for step in range(33)], abs=1e-4)
    assert stage.tape.bars[0].bar.bpm == 120.0


def test_nothing_sounds_after_stop_and_continue_goes_on():
    script = [(0.0, START), *pulses(30), (0.62, STOP), *pulses(30, start_s=2.0), (1.99, CONTINUE), (2.61, STOP)]
    stage = Stage(script).play()
    assert [step for _, step in stage.steps()] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    sounding = set()
    for due_s, data in sorted(stage.port.events, key=lambda event: event[0]):
        (sounding.add if data[0] == 0x90 else sounding.discard)(data[1])
        assert not (0.7 < due_s < 1.9)
    assert sounding == set()


@pytest.mark.parametrize("sixteenth", [0, 1, 2, 3, 5, 7, 8, 11, 13, 15, 16, 17, 22, 31, 32, 40, 47, 63, 64, 79])
def test_a_seek_lands_on_the_right_sixteenth(sixteenth):
    """Twenty places; the bars up to there have been played once, so that each has its place."""
    start_s = 24 * 20 * 60 / 120 / 24 + 1
    script = [(0.0, START), *pulses(24 * 20), (start_s - 0.5, STOP)]
    script += [(start_s - 0.3, song_position(sixteenth)), (start_s - 0.2, CONTINUE), *pulses(49, start_s=start_s)]
    found = [
        (due_s, step) for due_s, step in Stage([*script, (start_s + 1.01, STOP)]).play().steps() if due_s >= start_s
    ]
    assert [step for _, step in found] == list(range(sixteenth, sixteenth + 9))
    assert [due_s for due_s, _ in found] == pytest.approx([start_s + n * STEP_S for n in range(9)], abs=1e-3)


def test_a_seek_while_running_releases_what_sounds_and_plays_on_there():
    script = [(0.0, START), *pulses(24 * 4), (1.99, song_position(4)), *pulses(24 * 2 + 1, start_s=2.0)]
    stage = Stage([*script, (3.01, STOP)]).play()
    assert [step for _, step in stage.steps()] == [*range(16), *range(4, 13)]
    assert stage.tape.end_ticks > stage.tape.bars[1].start_ticks == 4 * PPQ


def test_a_place_where_no_bar_was_yet_gets_the_next_that_is_made():
    script = [(0.0, song_position(160)), (0.1, CONTINUE), *pulses(97, start_s=0.2), (2.21, STOP)]
    assert [step for _, step in Stage(script).play().steps()] == list(range(17))


def ramp(first_bpm, last_bpm, seconds):
    """Return pulse times of a tempo that rises evenly in time, and the time of each quarter."""
    times_s, now_s = [], 0.0
    while now_s < seconds:
        times_s.append(now_s)
        now_s += 60 / (first_bpm + (last_bpm - first_bpm) * now_s / seconds) / 24
    return times_s


@pytest.mark.parametrize(("first_bpm", "last_bpm"), [(90, 140), (140, 90)])
def test_a_ramp_is_followed_without_a_lost_or_doubled_step(first_bpm, last_bpm):
    times_s = ramp(first_bpm, last_bpm, 20.0)
    noise = random.Random(1)
    script = [(at_s + noise.uniform(0, 0.0013), CLOCK) for at_s in times_s]
    stage = Stage([(0.0, START), *script, (times_s[-1] + 0.01, STOP)]).play()
    steps = stage.steps()
    assert [step for _, step in steps] == list(range(len(steps)))
    assert len(steps) == (len(times_s) + 5) // 6
    errors_ms = sorted(abs(due_s - times_s[step * 6]) * 1e3 for due_s, step in steps[8:])
    assert errors_ms[int(0.95 * len(errors_ms))] < 2


def test_the_phase_is_right_within_two_bars_under_jitter():
    noise = random.Random(2)
    script = pulses(24 * 32, jitter=lambda: noise.uniform(0, 0.002))
    steps = Stage([(0.0, START), *script, (16.1, STOP)]).play().steps()
    errors_ms = sorted(abs(due_s - 0.001 - step * STEP_S) * 1e3 for due_s, step in steps[32:])
    assert errors_ms[int(0.95 * len(errors_ms))] < 1


def test_lost_pulses_lose_no_step():
    noise = random.Random(3)
    script = [item for item in pulses(24 * 32) if item[0] == 0 or noise.random() > 0.03]
    steps = Stage([(0.0, START), *script, (15.99, STOP)]).play().steps()
    assert [step for _, step in steps] == list(range(128))
    assert [due_s for due_s, _ in steps] == pytest.approx([step * STEP_S for step in range(128)], abs=0.002)


def test_a_clock_that_stays_away_leaves_the_tempo_as_it_is():
    script = [(0.0, START), *pulses(24 * 4), (6.0, b"\xfe")]
    steps = Stage(script).play().steps()
    assert [step for _, step in steps] == list(range(len(steps)))
    assert len(steps) >= 48
    assert steps[47][0] == pytest.approx(47 * STEP_S, abs=0.001)


def test_the_offset_moves_all_but_what_is_past():
    stage = Stage([(0.0, START), *pulses(49), (1.01, STOP)])
    stage.offset_ms = -20.0
    times_s = [due_s for due_s, _ in stage.play().steps()]
    assert times_s == pytest.approx([step * STEP_S - 0.02 for step in range(len(times_s))], abs=1e-3)
    assert len(times_s) >= 8


def test_the_clock_goes_on_to_those_behind_us():
    script = [(0.0, song_position(2)), (0.1, CONTINUE), *pulses(25, start_s=0.2), (0.71, STOP)]
    stage = Stage(script, clock_out=True).play()
    system = [data for _, data in stage.port.events if data[0] >= 0xF0]
    assert system == [song_position(2), CONTINUE, *[CLOCK] * 25, STOP]


def test_a_player_that_was_away_is_where_the_master_is():
    class Lid(Stage):
        def wait(self, clock, until_s):
            super().wait(clock, until_s)
            if 3.0 < clock.now_s() < 3.1:
                clock.sleep_until(5.0)

    script = [(0.0, START), *pulses(24 * 16), (8.01, STOP)]
    stage = Lid(script)
    steps = stage.play().steps()
    after = [(due_s, step) for due_s, step in steps if due_s > 5.2]
    assert [due_s for due_s, _ in after] == pytest.approx([step * STEP_S for _, step in after], abs=0.01)
    assert stage.report.stalls >= 1


def test_a_pause_under_a_master_comes_back_where_the_master_is():
    controls = Controls({})
    script = [(0.0, START), *pulses(24 * 8), (4.01, STOP)]
    stage = Stage(script, controls=controls)
    feed = stage.feed

    def act(at_s, data):
        feed(at_s, data)
        if data == CLOCK and at_s in (pulses(24 * 8)[48][0], pulses(24 * 8)[96][0]):
            controls.ask(Action.PAUSE)

    stage.feed = act
    steps = stage.play().steps()
    assert {step for _, step in steps} == {*range(9), *range(17, 33)} - {8} | {
        step for _, step in steps if step in (8, 16)
    }
    assert [due_s for due_s, _ in steps] == pytest.approx([step * STEP_S for _, step in steps], abs=0.03)


def test_accumulated_bars_of_a_master_have_the_tempo_of_the_master():
    times_s = list(accumulate([60 / 100 / 24] * 24 * 8, initial=0.0))
    stage = Stage([(0.0, START), *[(at_s, CLOCK) for at_s in times_s], (times_s[-1] + 0.01, STOP)]).play()
    assert [bpm for _, bpm in stage.tape.tempos][-1] == pytest.approx(100, abs=0.1)

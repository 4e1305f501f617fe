"""The sequencer in time that the test owns: whole event lists, every way to stop, and never a gap."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparseq.errors import InputError, PortError
from sparseq.realtime.bar import Bar
from sparseq.realtime.clock import ManualClock, MonotonicClock
from sparseq.realtime.lookahead import Word
from sparseq.realtime.outputs import NullPort, RecordingPort
from sparseq.realtime.sequencer import Sequencer
from sparseq.realtime.tape import Tape

PPQ = 24
KICK_ON, KICK_OFF = b"\x99\x24\x64", b"\x89\x24\x40"
SNARE_ON, SNARE_OFF = b"\x99\x26\x50", b"\x89\x26\x40"
QUIET = b"\xb9\x7b\x00"
CLOCK, START, STOP, POSITION_0 = b"\xf8", b"\xfa", b"\xfc", b"\xf2\x00\x00"

# One quarter long, a beat a second: a tick is 1/24 s. The first tick is due one pulse and 0.1 s after the start.
KICK = Bar(PPQ, 60.0, PPQ, ((0, KICK_ON), (6, KICK_OFF)))
SNARE = Bar(PPQ, 60.0, PPQ, ((12, SNARE_ON), (18, SNARE_OFF)))
FIRST_S = 100.0 + 0.1 + 1 / 24


class Stage:
    """A clock, a port, a tape and a sequencer that belong together."""

    def __init__(self, port=None, **options):
        self.clock = ManualClock(100.0)
        self.port = port or RecordingPort(self.clock)
        self.tape = Tape()
        self.sequencer = Sequencer(self.port, self.clock, tape=self.tape, **options)

    def ticks(self):
        """Return what was sent as (ticks since the first tick at 60 bpm, message)."""
        return [(pytest.approx((due_s - FIRST_S) * 24, abs=1e-6), data) for due_s, data in self.port.events]

    def assert_silent(self):
        depth = Counter()
        for _, data in self.port.events:
            if data[0] & 0xE0 == 0x80:
                depth[data[0] & 15, data[1]] += 1 if data[0] & 0x10 and data[2] else -1
        assert set(depth.values()) <= {0}
        assert any(data[:2] == b"\xb9\x7b" for _, data in self.port.events)


class Script:
    """A source that answers what the test wrote down."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.is_closed = False

    def take(self):
        return self.answers.pop(0)

    def close(self):
        self.is_closed = True


def test_bars_follow_each_other_on_exact_ticks():
    stage = Stage()
    report = stage.sequencer.play([KICK, SNARE, KICK])
    assert stage.ticks() == [
        (0, KICK_ON),
        (6, KICK_OFF),
        (36, SNARE_ON),
        (42, SNARE_OFF),
        (48, KICK_ON),
        (54, KICK_OFF),
        (72, QUIET),
    ]
    assert (report.bars, report.events, report.repeats, report.stalls) == (3, 6, 0, 0)
    assert report.lateness.max_ms == 0.0
    assert stage.clock.now_s() == pytest.approx(FIRST_S + 3)


def test_no_bars_are_no_performance():
    stage = Stage(clock_out=True)
    report = stage.sequencer.play([])
    assert (report.bars, report.events) == (0, 0)
    assert stage.port.events == []
    assert stage.tape.events == []


def test_silent_bars_last_as_long_as_others():
    stage = Stage()
    assert stage.sequencer.play([Bar(PPQ, 60.0, PPQ)] * 5).bars == 5
    assert stage.clock.now_s() == pytest.approx(FIRST_S + 5)


def test_events_are_handed_over_ahead_of_time_and_bars_made_before():
    clock, handed, made = ManualClock(100.0), [], []

    class Port(NullPort):
        def send(self, data, due_s):
            handed.append(due_s - clock.now_s())

    def bars():
        for index in range(4):
            made.append(clock.now_s() - FIRST_S)
            yield KICK if index % 2 else SNARE

    Sequencer(Port(), clock).play(bars())
    assert handed == pytest.approx([0.1] * 8, abs=1e-9)
    assert [max(0.0, at_s) for at_s in made] == pytest.approx([0.0, 0.0, 0.4, 1.4], abs=1e-9)


def test_anticipations_and_long_notes_cross_the_bar_line():
    early = Bar(PPQ, 60.0, PPQ, ((-3, SNARE_ON), (0, KICK_ON), (6, SNARE_OFF), (30, KICK_OFF)))
    stage = Stage()
    stage.sequencer.play([early, early])
    assert stage.ticks() == [
        (0, SNARE_ON),
        (0, KICK_ON),
        (6, SNARE_OFF),
        (21, SNARE_ON),
        (24, KICK_ON),
        (30, KICK_OFF),
        (30, SNARE_OFF),
        (54, KICK_OFF),
        (54, QUIET),
    ]


def test_events_of_one_tick_keep_their_order():
    bar = Bar(PPQ, 60.0, PPQ, ((0, KICK_ON), (0, KICK_OFF), (0, KICK_ON), (24, KICK_OFF)))
    stage = Stage()
    stage.sequencer.play([bar, bar])
    assert [data for _, data in stage.port.events[:8]] == [
        KICK_ON,
        KICK_OFF,
        KICK_ON,
        KICK_OFF,
        KICK_ON,
        KICK_OFF,
        KICK_ON,
        KICK_OFF,
    ]


def test_a_tempo_change_re_anchors_at_its_bar():
    fast = Bar(PPQ, 120.0, PPQ, KICK.events)
    stage = Stage()
    stage.sequencer.play([KICK, fast, fast, KICK])
    starts_s = [due_s - FIRST_S for due_s, data in stage.port.events if data == KICK_ON]
    assert starts_s == pytest.approx([0.0, 1.0, 1.5, 2.0], abs=1e-9)
    assert stage.tape.tempos == ((0, 60.0), (24, 120.0), (72, 60.0))


def test_clock_pulses_are_interleaved_with_the_notes():
    stage = Stage(clock_out=True)
    stage.sequencer.play([Bar(12, 60.0, PPQ, ((0, KICK_ON), (6, KICK_OFF)))])
    assert stage.ticks() == [
        (-1, POSITION_0),
        (-1, START),
        (0, CLOCK),
        (0, KICK_ON),
        (1, CLOCK),
        (2, CLOCK),
        (3, CLOCK),
        (4, CLOCK),
        (5, CLOCK),
        (6, CLOCK),
        (6, KICK_OFF),
        (7, CLOCK),
        (8, CLOCK),
        (9, CLOCK),
        (10, CLOCK),
        (11, CLOCK),
        (12, STOP),
        (12, QUIET),
    ]


@settings(deadline=None)  # at one tick a quarter there are thousands of pulses
@given(st.integers(1, 200), st.lists(st.integers(1, 40), min_size=1, max_size=10))
def test_there_are_24_pulses_a_quarter_whatever_the_resolution(ppq, lengths):
    port = RecordingPort()
    Sequencer(port, ManualClock(), clock_out=True).play([Bar(length, 120.0, ppq) for length in lengths])
    pulses = [due_s for due_s, data in port.events if data == CLOCK]
    assert len(pulses) == -(-sum(lengths) * 24 // ppq)
    step_s, tick_s = 60 / 120 / 24, 60 / 120 / ppq
    assert all(-tick_s - 1e-9 < due_s - pulses[0] - index * step_s < 1e-9 for index, due_s in enumerate(pulses))


def test_a_late_generator_repeats_the_last_good_bar():
    stage = Stage()
    source = Script(KICK, SNARE, Word.NOT_YET, Word.NOT_YET, KICK, Word.END)
    report = stage.sequencer.play_from(source)
    assert [data for _, data in stage.port.events] == [
        KICK_ON,
        KICK_OFF,
        *[SNARE_ON, SNARE_OFF] * 3,
        KICK_ON,
        KICK_OFF,
        QUIET,
    ]
    assert stage.ticks()[4:8] == [(60, SNARE_ON), (66, SNARE_OFF), (84, SNARE_ON), (90, SNARE_OFF)]
    assert (report.bars, report.repeats) == (5, 2)
    assert [bar.is_repeat for bar in stage.tape.bars] == [False, False, True, True, False]
    assert source.is_closed


def test_the_first_bar_is_waited_for():
    stage = Stage()
    report = stage.sequencer.play_from(Script(Word.NOT_YET, Word.NOT_YET, KICK, Word.END))
    assert (report.bars, report.repeats) == (1, 0)
    assert stage.port.events[0] == (pytest.approx(FIRST_S + 0.05), KICK_ON)


def long_note_then(act):
    """Return bars of one note held for ever; ``act`` runs while the third is made."""

    def bars():
        yield from [Bar(PPQ, 60.0, PPQ, ((0, KICK_ON),))] * 2
        act()
        yield from [SNARE] * 1000

    return bars()


def test_silence_after_the_end():
    stage = Stage()
    stage.sequencer.play([Bar(PPQ, 60.0, PPQ, ((0, KICK_ON), (3, KICK_ON)))])
    stage.assert_silent()
    assert stage.tape.events == [(0, KICK_ON), (3, KICK_ON), (24, KICK_OFF), (24, KICK_OFF)]


def test_silence_and_the_same_error_after_a_generator_failed():
    error = ZeroDivisionError("no more ideas")

    def fail():
        raise error

    stage = Stage()
    with pytest.raises(ZeroDivisionError) as caught:
        stage.sequencer.play(long_note_then(fail))
    assert caught.value is error
    stage.assert_silent()
    assert stage.ticks() == [(0, KICK_ON), (24, KICK_ON), (48, KICK_OFF), (48, KICK_OFF), (48, QUIET)]
    assert stage.sequencer.report().bars == 2


def test_silence_after_ctrl_c():
    def interrupt():
        raise KeyboardInterrupt

    stage = Stage(clock_out=True)
    with pytest.raises(KeyboardInterrupt):
        stage.sequencer.play(long_note_then(interrupt))
    stage.assert_silent()
    assert [data for _, data in stage.port.events].count(STOP) == 1


def test_silence_after_stop_and_nothing_from_later():
    stage = Stage()
    report = stage.sequencer.play(long_note_then(stage.sequencer.stop))
    stage.assert_silent()
    stopped_s = stage.port.events[-1][0]
    assert all(due_s <= stopped_s for due_s, _ in stage.port.events)
    assert report.bars == 1
    assert report.events == len(stage.tape.events) - 1 == 1
    # The third bar is made when the second is taken, which is half a beat and 0.1 s before that begins.
    assert stage.tape.end_ticks == 12 - 3


def test_stop_before_play_plays_nothing():
    stage = Stage()
    stage.sequencer.stop()
    assert stage.sequencer.play([KICK]).events == 0
    assert stage.port.events == []


def test_a_lost_port_is_reported_and_the_source_closed():
    class LostPort(NullPort):
        def send(self, data, due_s):
            raise PortError("unplugged")

        flush = release = lateness = lambda self: self.send(b"", 0.0)

    stage, source = Stage(LostPort()), Script(KICK, SNARE)
    with pytest.raises(PortError, match="unplugged"):
        stage.sequencer.play_from(source)
    assert source.is_closed
    assert stage.sequencer.report().events == 0


def test_bars_of_another_resolution_are_refused_after_those_before():
    stage = Stage()
    with pytest.raises(InputError, match="24 ticks a quarter as the first has, got 48"):
        stage.sequencer.play([KICK, Bar(48, 60.0, 48, KICK.events)])
    assert stage.ticks()[:2] == [(0, KICK_ON), (6, KICK_OFF)]
    stage.assert_silent()


@pytest.mark.parametrize("options", [{"ahead_s": 0.0}, {"ahead_s": float("nan")}, {"lookahead_bars": 0}])
def test_nothing_can_be_made_ahead_of_nothing(options):
    with pytest.raises(InputError, match="made ahead"):
        Sequencer(NullPort(), ManualClock(), **options)


def test_the_tape_holds_what_was_sent_at_its_tick_without_the_clock():
    stage = Stage(clock_out=True)
    stage.sequencer.play([KICK, SNARE])
    assert stage.tape.events == [(0, KICK_ON), (6, KICK_OFF), (36, SNARE_ON), (42, SNARE_OFF)]
    assert [bar.start_ticks for bar in stage.tape.bars] == [0, 24]
    assert stage.tape.end_ticks == 48


def test_the_tape_is_the_same_however_late_the_machine_is():
    class LateClock(ManualClock):
        def sleep_until(self, due_s):
            super().sleep_until(due_s + 0.0137)

    bars, tapes = [KICK, SNARE, SNARE, KICK] * 10, []
    for clock in (ManualClock(), LateClock()):
        tapes.append(Tape())
        report = Sequencer(RecordingPort(clock), clock, tape=tapes[-1]).play(bars)
        assert report.repeats == 0
    assert tapes[0].events == tapes[1].events
    assert tapes[0].end_ticks == tapes[1].end_ticks


def test_lateness_is_recorded_and_not_accumulated():
    class LateOnce(ManualClock):
        def sleep_until(self, due_s):
            is_third_beat = 2.0 < due_s - FIRST_S < 2.2
            super().sleep_until(due_s + (0.3 if is_third_beat else 0.0))

    clock = LateOnce(100.0)
    port = RecordingPort(clock)
    report = Sequencer(port, clock).play([KICK] * 5)
    starts_s = [due_s - FIRST_S for due_s, data in port.events if data == KICK_ON]
    assert starts_s == pytest.approx([0, 1, 2, 3, 4], abs=1e-9)
    assert report.lateness.max_ms == pytest.approx(200, abs=60)
    assert report.stalls == 0


def test_a_player_that_was_away_goes_on_where_it_was():
    class Lid(ManualClock):
        is_open = True

        def sleep_until(self, due_s):
            if self.is_open and due_s - FIRST_S > 2.0:
                self.is_open, due_s = False, due_s + 3600
            super().sleep_until(due_s)

    clock = Lid(100.0)
    port = RecordingPort(clock)
    report = Sequencer(port, clock).play([KICK] * 5)
    starts_s = [due_s - FIRST_S for due_s, data in port.events if data == KICK_ON]
    gaps_s = [later - earlier for earlier, later in pairwise(starts_s)]
    assert sorted(round(gap_s, 3) for gap_s in gaps_s)[:3] == [1.0, 1.0, 1.0]
    assert max(gaps_s) > 3600
    assert report.stalls == 1


def test_position_follows_the_clock_and_bars_are_announced():
    announced, seen = [], []
    clock = ManualClock(100.0)

    class Port(NullPort):
        def send(self, data, due_s):
            seen.append(sequencer.position())

    sequencer = Sequencer(Port(), clock, ahead_s=0.25, on_bar=lambda *args: announced.append(args))
    assert sequencer.position() is None
    sequencer.play_from(Script(KICK, SNARE, Word.NOT_YET, Word.END))
    # Handed over 0.25 s = 6 ticks ahead: (bar, tick) is 6 ticks before the place of the event itself.
    places = [place and (place.bar_index, place.tick) for place in seen]
    assert places == [None, (0, 0), (1, 6), (1, 12), (2, 6), (2, 12)]
    assert [(place.bar, place.is_repeat) for place in seen[-3::2]] == [(SNARE, False), (SNARE, True)]
    assert announced == [(0, KICK, False), (1, SNARE, False), (2, SNARE, True)]
    assert sequencer.position() == (2, 23, SNARE, True)


def test_a_hundred_thousand_steps_are_each_due_where_they_belong():
    step_s = 60 / 133.7 / 4
    bar = Bar(96, 133.7, PPQ, tuple((step * 6, KICK_OFF) for step in range(16)))
    port, clock = RecordingPort(), ManualClock(1000.0)
    Sequencer(port, clock).play([bar] * 6250)
    dues_s = [due_s for due_s, data in port.events if data == KICK_OFF]
    assert len(dues_s) == 100_000
    assert max(abs(due_s - dues_s[0] - step * step_s) for step, due_s in enumerate(dues_s)) < 1e-8


def test_a_real_clock_makes_bars_in_another_thread(monkeypatch):
    import threading

    monkeypatch.setattr(MonotonicClock, "sleep_until", lambda self, due_s: None)
    threads = set()

    def bars():
        threads.add(threading.current_thread().name)
        yield Bar(1, 60_000.0, 1, ((0, KICK_ON),))

    port = RecordingPort()
    report = Sequencer(port, MonotonicClock(), ahead_s=0.001).play(bars())
    assert report.bars == 1 + report.repeats  # how fast the thread was is not ours to say
    assert threads == {"bars"}
    assert [data for _, data in port.events[-2:]] == [KICK_OFF, QUIET]


class PausingClock(ManualClock):
    """Does what the test says at its time."""

    def __init__(self, start_s, *acts):
        super().__init__(start_s)
        self.acts = list(acts)

    def sleep_until(self, due_s):
        super().sleep_until(due_s)
        while self.acts and self.acts[0][0] <= self.now_s():
            self.acts.pop(0)[1]()


def paused(at_s, until_s, bars, **options):
    """Return a stage on which a pause was asked for at a time after the first tick."""
    stage = Stage(**options)
    stage.clock = PausingClock(100.0)
    stage.clock.acts = [
        (FIRST_S + at_s, lambda: stage.sequencer.pause()),
        (FIRST_S + until_s, lambda: stage.sequencer.resume()),
    ]
    stage.port = RecordingPort(stage.clock)
    stage.sequencer = Sequencer(stage.port, stage.clock, tape=stage.tape, **options)
    stage.report = stage.sequencer.play(bars)
    return stage


def test_a_pause_is_silent_and_loses_nothing_but_the_sixteenth_it_fell_into():
    held = Bar(PPQ, 60.0, PPQ, ((0, KICK_ON), (12, SNARE_ON), (20, SNARE_OFF), (23, KICK_OFF)))
    stage = paused(0.2, 5.0, [held, held])
    ons = [(due_s - FIRST_S, data) for due_s, data in stage.port.events if data[0] == 0x99]
    assert [data for _, data in ons] == [KICK_ON, SNARE_ON, KICK_ON, SNARE_ON]
    assert ons[0][0] == pytest.approx(0)
    # It rests at the next sixteenth (tick 6), and goes on a pulse and 0.1 s after it was asked to.
    gaps_s = [later[0] - earlier[0] for earlier, later in pairwise(ons)]
    assert gaps_s[1:] == pytest.approx([0.5, 0.5], abs=1e-6)
    assert 5.0 < ons[1][0] < 5.6
    stage.assert_silent()
    assert stage.tape.end_ticks == 48
    assert stage.report.stalls == 0


def test_a_pause_stops_the_clock_and_goes_on_from_its_song_position():
    stage = paused(0.2, 5.0, [KICK] * 4, clock_out=True)
    system = [data for _, data in sorted(stage.port.events, key=lambda event: event[0]) if data[0] >= 0xF0]
    transport = [data for data in system if data != CLOCK]
    assert transport == [POSITION_0, START, STOP, b"\xf2\x01\x00", b"\xfb", STOP]
    after = system[system.index(b"\xfb") :]
    assert after.count(CLOCK) == 4 * 24 - 6


def test_who_asks_for_a_pause_is_told_when_nothing_sounds():
    log = []
    stage = Stage()

    def bars():
        yield KICK
        stage.sequencer.pause(lambda: log.append(len(stage.port.events)) or stage.sequencer.resume())
        yield from [KICK] * 3

    report = stage.sequencer.play(bars())
    assert (report.bars, log) == (4, [0])


def test_position_stands_still_during_a_pause():
    seen = []
    stage = Stage()
    stage.clock = PausingClock(100.0)
    stage.sequencer = Sequencer(stage.port, stage.clock)
    stage.clock.acts = [
        (FIRST_S + 0.3, stage.sequencer.pause),
        (FIRST_S + 2.0, lambda: seen.append(stage.sequencer.position()[:2])),
        (FIRST_S + 9.0, lambda: seen.append((stage.sequencer.position()[:2], stage.sequencer.is_paused))),
        (FIRST_S + 9.0, stage.sequencer.resume),
    ]
    stage.sequencer.play([KICK] * 2)
    assert seen[1] == (seen[0], True)


def test_panic_ends_everything_on_every_channel_and_plays_on():
    stage = Stage()

    def bars():
        yield KICK
        stage.sequencer.panic()
        yield from [KICK] * 3

    stage.sequencer.play(bars())
    sent = [data for _, data in stage.port.events]
    assert [sent.count(bytes([0xB0 | channel, 120, 0])) for channel in range(16)] == [1] * 16
    assert sent.count(KICK_ON) == 4

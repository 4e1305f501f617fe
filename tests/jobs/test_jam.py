import pytest

from sparseq.jobs.answers import Way
from sparseq.jobs.jam import Jam, JamSettings, Thru
from sparseq.jobs.play import Performance, PlaySettings
from sparseq.jobs.stream import Stream, StreamSettings
from sparseq.music.units import PPQ
from sparseq.realtime.bar import Bar
from sparseq.realtime.clock import ManualClock
from sparseq.realtime.outputs import RecordingPort
from sparseq.realtime.reports import Position
from sparseq.realtime.tape import Tape

BAR, BAR_S = 4 * PPQ, 2.0  # at 120 bpm
EMPTY = Bar(BAR, 120.0, PPQ)
START_S = 0.125  # when a performance that has begun at 0 is heard first
RIFF = ((0, 60), (4, 64), (8, 67), (12, 65))


def position_at(time_s):
    """Return where a performance of empty bars is that began at 0."""
    index, rest_s = divmod(time_s, BAR_S)
    return Position(int(index), int(rest_s / BAR_S * BAR), EMPTY, False) if time_s >= 0 else None


class Session:
    """Somebody who plays to a jam, and what is said."""

    def __init__(self, few, **settings):
        self.said = []
        stream = Stream(few, StreamSettings(seed=1, bpm=120.0))
        self.jam = Jam(stream, JamSettings(**settings), 1, position_at, self.said.append)

    def play(self, bar=0, riff=RIFF, channel=0):
        for step, pitch in riff:
            at_s = (bar + step / 16) * BAR_S + 0.004
            self.jam.hear(at_s, bytes([0x90 | channel, pitch, 100]))
            self.jam.hear(at_s + 0.2, bytes([0x80 | channel, pitch, 0]))
        return self

    def poll(self, *times_s):
        for time_s in times_s:
            self.jam.poll(time_s)
        return self

    def bars(self, count):
        return [self.jam.dress(EMPTY) for _ in range(count)]


@pytest.fixture
def session(few):
    return lambda **settings: Session(few, **settings)


def ons(bar):
    return [data for _, data in bar.events if data[0] & 0xF0 == 0x90]


def test_nothing_played_nothing_answered(session):
    mine = session().poll(0.0, 5.0, 10.0)
    assert mine.bars(2) == [EMPTY, EMPTY]
    assert mine.said == []


def test_a_pause_is_answered_with_the_next_bar_in_the_notes_that_were_played(session):
    mine = session().play(0).play(1).poll(3.9)
    assert mine.said == []
    mine.poll(5.0)
    assert mine.said[0].startswith("heard 8 notes, answering with ")
    first, second, third = mine.bars(3)
    assert {data[1] for data in ons(first) + ons(second)} <= {60, 64, 67, 65}
    assert ons(first)
    assert third == EMPTY


def test_every_note_of_an_answer_ends(session):
    for bar in session().play(0).play(1).poll(5.0).bars(2):
        sounding = []
        for _, data in bar.events:
            if data[0] & 0xF0 == 0x90:
                sounding.append(data[1])
            else:
                sounding.remove(data[1])
        assert sounding == []


def test_who_plays_on_is_not_talked_over(session):
    mine = session().play(0).play(1).poll(5.0)
    mine.jam.hear(5.1, b"\x90\x3c\x64")
    assert mine.bars(2) == [EMPTY, EMPTY]


def test_by_turns_an_answer_comes_every_so_many_bars(session):
    mine = session(every_bars=2).play(0).play(1)
    mine.poll(3.0)
    assert mine.said == []
    mine.poll(4.2)
    assert len(mine.said) == 1
    mine.jam.hear(4.3, b"\x90\x3c\x64")
    assert any(ons(bar) for bar in mine.bars(2))


@pytest.mark.parametrize("way", Way)
def test_the_answer_is_on_the_channel_that_was_played(session, way):
    bars = session(way=way).play(0, channel=5).play(1, channel=5).poll(5.0).bars(2)
    assert {data[0] & 0x0F for bar in bars for _, data in bar.events} == {5}


def test_what_plays_along_stays_and_both_are_shown(session, few):
    mine = session().play(0).poll(4.0)
    grid = Stream(few, StreamSettings(seed=1)).next_bar()
    backing = Bar(BAR, 120.0, PPQ, ((0, b"\x99\x24\x64"), (60, b"\x89\x24\x00")), grid)
    dressed = mine.jam.dress(backing)
    assert set(backing.events) <= set(dressed.events)
    assert [tick for tick, _ in dressed.events] == sorted(tick for tick, _ in dressed.events)
    assert list(dressed.tag.sounds) == ["drums", "answer"]
    assert len(dressed.tag.hits) > len(grid.hits)


def test_what_is_played_is_passed_on_as_it_is_and_kept():
    port, tape = RecordingPort(), Tape()
    clock = ManualClock(0.9)
    thru = Thru(port, tape, lambda time_s: round(time_s * 2 * PPQ), clock)
    played = [(0.501, b"\x90\x3c\x41"), (0.752, b"\x80\x3c\x20"), (0.8, b"\xf8")]
    for time_s, data in played:
        thru.hear(time_s, data)
    assert port.events == [(0.9, data) for _, data in played[:2]]
    assert tape.events == [(round(time_s * 2 * PPQ), data) for time_s, data in played[:2]]


class Turns(ManualClock):
    """A clock that stands still between the moments in which a jam is played to and asked."""

    def __init__(self, played):
        super().__init__()
        self.played, self.jam = list(played), None

    def sleep_until(self, time_s):
        while self.now_s() < time_s:
            super().sleep_until(min(time_s, self.now_s() + 0.04))
            while self.played and self.played[0][0] <= self.now_s():
                self.jam.hear(*self.played.pop(0))
            self.jam.poll(self.now_s())


@pytest.mark.parametrize("every_bars", [1, 2])
def test_by_turns_the_answer_begins_on_the_bar_line_after_the_phrase(few, every_bars):
    strokes = [(bar * BAR_S + step / 16 * BAR_S, pitch) for bar in range(every_bars) for step, pitch in RIFF]
    played = [(START_S + at_s, bytes([0x90, pitch, 100])) for at_s, pitch in strokes]
    played += [(START_S + 0.1 + at_s, bytes([0x80, pitch, 0])) for at_s, pitch in strokes]
    port, clock, tape = RecordingPort(), Turns(sorted(played)), Tape()
    performance = Performance(
        Stream(few, StreamSettings(seed=1, bpm=120.0)), port, clock, PlaySettings(6), tape, dress=lambda b: jam.dress(b)
    )
    settings = JamSettings(every_bars=every_bars)
    jam = clock.jam = Jam(performance.stream, settings, 1, performance.sequencer.position_at, print)
    performance.play()
    answered = {(tick + BAR // 32) // BAR for tick, data in tape.events if data[0] == 0x90}
    assert min(answered) == every_bars
    assert answered <= set(range(every_bars, 2 * every_bars))


def test_the_same_jam_twice_is_the_same_performance(few):
    def sent():
        port, stream = RecordingPort(), Stream(few, StreamSettings(seed=1, bpm=120.0))
        performance = Performance(
            stream, port, ManualClock(), PlaySettings(6), dress=lambda bar: jam.dress(bar), on_word=print
        )
        jam = Jam(stream, JamSettings(), 1, position_at, print)
        for step, pitch in RIFF:
            jam.hear(step / 16 * BAR_S, bytes([0x90, pitch, 100]))
            jam.hear(step / 16 * BAR_S + 0.1, bytes([0x80, pitch, 0]))
        jam.poll(4.0)
        performance.play()
        return port.events

    once = sent()
    assert once == sent()
    assert any(data[0] == 0x90 for _, data in once)

"""Where a performance is in its song."""

import pytest

from sparseq.realtime.agenda import Agenda
from sparseq.realtime.bar import Bar
from sparseq.realtime.clock import ManualClock
from sparseq.realtime.lookahead import Word
from sparseq.realtime.outputs import RecordingPort
from sparseq.realtime.place import Place
from sparseq.realtime.roll import Roll
from sparseq.realtime.supply import Supply

PPQ = 24
ON, OFF = b"\x99\x24\x40", b"\x89\x24\x40"
BAR = Bar(4 * PPQ, 60.0, PPQ, tuple((step * 6, ON if step % 2 == 0 else OFF) for step in range(16)))


class Source:
    def __init__(self):
        self._bars = [BAR, BAR]

    def take(self):
        return self._bars.pop(0) if self._bars else Word.END

    def close(self):
        pass


class Rig:
    """A place without a master, one bar placed."""

    def __init__(self):
        self.clock = ManualClock()
        self.port, self.roll, self.agenda = RecordingPort(self.clock), Roll(None), Agenda(False)
        supply = Supply(None, None, has_song=False)
        supply.open(Source())
        assert supply.has_begun()
        self.place = Place(self.port, self.roll, self.agenda, supply, None, 0.1)
        self.timeline = self.place.begin(0.0)
        placed = self.roll.place(*supply.take(self.roll, PPQ))
        self.agenda.add_bar(placed.start_ticks, placed.bar)

    def at(self, tick):
        return self.timeline.due_s(tick)


@pytest.fixture
def rig():
    return Rig()


def test_a_start_leaves_room_for_a_pulse_and_for_handing_over(rig):
    assert rig.at(0) == pytest.approx(0.1 + 1 / 24)
    assert rig.place.tick_at(rig.timeline, rig.at(10)) == 10
    assert rig.place.tick_at(None, 1.0) is None


def test_a_pause_rests_at_the_next_sixteenth_with_nothing_to_be_sent_and_says_so(rig):
    silent = []
    rig.place.on_silent = lambda: silent.append(True)
    rig.place.is_paused = True
    rig.place.move(rig.timeline, rig.at(14))
    assert rig.place.rest_tick == 18
    assert rig.place.tick_at(rig.timeline, rig.at(90)) == 18
    assert rig.agenda.next_tick is None
    assert silent == [True]
    rig.place.move(rig.timeline, rig.at(20))
    assert silent == [True]


def test_what_was_not_played_of_the_bar_comes_after_the_pause(rig):
    rig.place.is_paused = True
    rig.place.move(rig.timeline, rig.at(14))
    rig.place.is_paused = False
    rig.place.move(rig.timeline, 100.0)
    assert rig.place.rest_tick is None
    assert rig.agenda.next_tick == 24
    assert rig.at(18) == pytest.approx(100.0 + 0.1 + 1 / 24)

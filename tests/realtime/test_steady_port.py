"""Ports that come back: the music goes on without them, and they are told of."""

import queue
import threading

import pytest

from sparseq.errors import PortError
from sparseq.realtime.lateness import Lateness
from sparseq.realtime.outputs import RecordingPort
from sparseq.realtime.steady_input import SteadyInput
from sparseq.realtime.steady_port import SteadyPort

ON = b"\x90\x24\x40"
WAIT_S = 30  # only ever reached by a failure


class Fragile(RecordingPort):
    """A port that can be lost."""

    name = "synth"
    is_lost = False

    def send(self, data, due_s):
        if self.is_lost:
            raise PortError("MIDI port 'synth' has gone")
        super().send(data, due_s)

    def lateness(self):
        self.send(ON, 0.0)
        return Lateness(1, 0.0, 0.0, 0.0)


class Bench:
    """Opens what is laid on it: ports, or None for a try that fails."""

    def __init__(self, *items):
        self.items, self.words, self.tried = list(items), queue.SimpleQueue(), 0

    def open(self, *_):
        self.tried += 1
        if not self.items or (item := self.items.pop(0)) is None:
            raise PortError("not there")
        return item

    def heard(self):
        return self.words.get(timeout=WAIT_S)


def test_a_port_that_is_lost_is_told_of_and_found_again():
    first, second = Fragile(), Fragile()
    bench = Bench(first, None, None, second)
    port = SteadyPort(bench.open, bench.words.put, retry_s=0.001)
    port.send(ON, 1.0)
    first.is_lost = True
    port.send(ON, 2.0)
    assert bench.heard() == "MIDI port 'synth' has gone; playing on, and looking for it"
    assert bench.heard() == "MIDI port 'synth' is back"
    port.send(ON, 3.0)
    assert (first.events[0], second.events) == ((1.0, ON), [(3.0, ON)])
    assert (port.losses, port.is_lost, first.is_closed, bench.tried) == (1, False, True, 4)


def test_nothing_fails_while_the_port_is_away():
    lost = Fragile()
    lost.is_lost = True
    bench = Bench(lost)
    port = SteadyPort(bench.open, bench.words.put, retry_s=1000)
    port.send(ON, 0.0)
    bench.heard()
    assert port.is_lost
    for act in (port.flush, port.release, lambda: port.send(ON, 0.0)):
        act()
    assert port.lateness() is None
    port.close()


def test_figures_of_a_port_that_is_just_being_lost_are_unknown():
    lost = Fragile()
    port = SteadyPort(Bench(lost).open, lambda line: None)
    assert port.lateness() == Lateness(1, 0.0, 0.0, 0.0)
    lost.is_lost = True
    assert port.lateness() is None


def test_a_port_that_is_not_there_at_first_is_not_waited_for():
    with pytest.raises(PortError, match="not there"):
        SteadyPort(Bench().open, print)


def test_closing_ends_the_search():
    lost = Fragile()
    lost.is_lost = True
    bench = Bench(lost)
    port = SteadyPort(bench.open, bench.words.put, retry_s=0.001)
    port.send(ON, 0.0)
    bench.heard()
    port.close()
    for thread in threading.enumerate():
        if thread.name == "lost port":
            thread.join(WAIT_S)
            assert not thread.is_alive()


class FakeInput:
    name = "keys"
    is_closed = False

    def close(self):
        self.is_closed = True


def test_an_input_that_is_lost_is_found_again():
    first, second, losses = FakeInput(), FakeInput(), []
    bench = Bench(first, None, second)

    def open_port(hear, on_loss):
        port = bench.open()
        losses.append(on_loss)
        return port

    port = SteadyInput(open_port, print, bench.words.put, retry_s=0.001)
    losses[0](PortError("MIDI port 'keys' has gone"))
    assert [bench.heard(), bench.heard()] == [
        "MIDI port 'keys' has gone; looking for it",
        "MIDI input 'keys' is back",
    ]
    port.close()
    assert (first.is_closed, second.is_closed, port.name) == (True, True, "keys")

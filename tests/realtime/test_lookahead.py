"""Sources: never waited for, never ahead by more than asked, and errors keep their turn."""

import threading

import pytest

from sparseq.realtime.bar import Bar
from sparseq.realtime.lookahead import DirectSource, ThreadSource, Word

BARS = [Bar(960 + index, 120.0, 960) for index in range(5)]
WAIT_S = 30  # only ever reached by a failure


def test_a_direct_source_is_one_bar_ahead():
    pulled = []

    def bars():
        for bar in BARS[:3]:
            pulled.append(bar)
            yield bar

    source = DirectSource(bars())
    assert source.take() is BARS[0]
    assert len(pulled) == 2
    assert [source.take(), source.take(), source.take(), source.take()] == [BARS[1], BARS[2], Word.END, Word.END]


def test_a_direct_source_gives_what_went_wrong_in_its_turn():
    error = ValueError("no more ideas")

    def bars():
        yield from BARS[:2]
        raise error

    source = DirectSource(bars())
    assert [source.take() for _ in range(4)] == [BARS[0], BARS[1], error, Word.END]


def test_ctrl_c_in_a_direct_source_does_not_wait_for_its_turn():
    def bars():
        yield BARS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        DirectSource(bars()).take()


class GatedBars:
    """A generator that makes its next bar when the test lets it."""

    def __init__(self, end=None):
        self.gates = [threading.Event() for _ in range(len(BARS) + 1)]
        self.asked = [threading.Event() for _ in range(len(BARS) + 1)]
        self.index = 0
        self.end = end

    def __iter__(self):
        return self

    def __next__(self):
        index, self.index = self.index, self.index + 1
        self.asked[index].set()
        assert self.gates[index].wait(WAIT_S)
        if index < len(BARS):
            return BARS[index]
        raise self.end or StopIteration


def test_a_bar_that_is_being_made_is_not_waited_for():
    gated = GatedBars()
    source = ThreadSource(gated, lookahead_bars=1).start()
    assert gated.asked[0].wait(WAIT_S)
    assert source.take() is Word.NOT_YET
    gated.gates[0].set()
    gated.gates[1].set()
    taken = [take_when_made(source), take_when_made(source)]
    assert taken == BARS[:2]
    assert gated.asked[2].wait(WAIT_S)
    assert source.take() is Word.NOT_YET
    gated.gates[2].set()
    source.close()


def test_no_more_bars_are_made_than_asked():
    gated = GatedBars()
    for gate in gated.gates:
        gate.set()
    source = ThreadSource(gated, lookahead_bars=2).start()
    assert gated.asked[1].wait(WAIT_S)
    assert not gated.asked[2].is_set()
    assert take_when_made(source) is BARS[0]
    assert gated.asked[2].wait(WAIT_S)
    source.close()


@pytest.mark.parametrize("end", [None, ValueError("no more ideas")])
def test_a_thread_source_ends_after_its_last_bar(end):
    gated = GatedBars(end)
    for gate in gated.gates:
        gate.set()
    source = ThreadSource(gated, lookahead_bars=1).start()
    assert [take_when_made(source) for _ in range(6)] == [*BARS, end or Word.END]
    source.close()
    assert source.take() is Word.END


def take_when_made(source):
    while (taken := source.take()) is Word.NOT_YET:
        pass
    return taken

"""Where the next bar comes from."""

import pytest

from sparseq.errors import InputError
from sparseq.realtime.bar import Bar
from sparseq.realtime.lookahead import Word
from sparseq.realtime.roll import Roll
from sparseq.realtime.supply import Supply

PPQ = 24


def bar(number, ppq=PPQ):
    return Bar(4 * ppq, 120.0, ppq, tag=number)


class Source:
    """Gives what it is told to, in order."""

    def __init__(self, *items):
        self._items = list(items)

    def take(self):
        return self._items.pop(0)

    def close(self):
        pass


def taken(*items, n_bars=None, has_song=False):
    """Return a supply whose first bar is there, and a function that takes and places the next."""
    supply, roll = Supply(n_bars, None, has_song=has_song), Roll(None)
    supply.open(Source(*items))
    assert supply.has_begun()

    def take():
        found = supply.take(roll, PPQ)
        if found is None:
            return None
        roll.place(*found)
        return found[0].tag, found[1]

    return supply, take


def test_bars_come_in_order_and_the_end_after_them():
    supply, take = taken(bar(1), bar(2), Word.END)
    assert [take() for _ in range(3)] == [(1, False), (2, False), None]
    assert (supply.has_ended, supply.failure, supply.repeats) == (True, None, 0)


def test_the_last_good_bar_comes_again_where_the_next_is_not_there():
    supply, take = taken(bar(1), Word.NOT_YET, Word.NOT_YET, bar(2))
    assert [take() for _ in range(4)] == [(1, False), (1, True), (1, True), (2, False)]
    assert (supply.has_ended, supply.repeats) == (False, 2)


def test_repeats_do_not_count_as_bars():
    supply, take = taken(bar(1), Word.NOT_YET, bar(2), bar(3), n_bars=2)
    assert [take() for _ in range(4)] == [(1, False), (1, True), (2, False), None]
    assert supply.has_ended


def test_what_a_generator_raises_ends_it_and_is_kept():
    error = ValueError("no more")
    supply, take = taken(bar(1), error)
    assert [take(), take()] == [(1, False), None]
    assert supply.failure is error


def test_bars_of_another_resolution_are_refused():
    supply, take = taken(bar(1), bar(2, ppq=96))
    assert [take(), take()] == [(1, False), None]
    assert isinstance(supply.failure, InputError)
    assert "24 ticks a quarter" in str(supply.failure)


def test_nothing_has_begun_before_the_first_bar_and_never_will_without_one():
    supply = Supply(None, None, has_song=False)
    supply.open(Source(Word.NOT_YET, Word.END))
    assert not supply.has_begun()
    assert not supply.has_ended
    assert not supply.has_begun()
    assert supply.has_ended


def test_who_goes_back_in_a_song_hears_the_same_again():
    supply, take = taken(bar(1), bar(2), bar(3), has_song=True)
    supply.go_to(0)
    assert [take(), take()] == [(1, False), (2, False)]
    supply.go_to(0)
    assert [take(), take(), take()] == [(1, False), (2, False), (3, False)]


@pytest.mark.parametrize("number", [1, 5])
def test_a_place_of_the_song_that_has_no_bar_yet_gets_the_next_one(number):
    supply, take = taken(bar(1), bar(2), has_song=True)
    supply.go_to(number)
    assert [take(), take()] == [(1, False), (2, False)]

"""Which bar has which place in the song."""

from sparseq.realtime.bar import Bar
from sparseq.realtime.lookahead import Word
from sparseq.realtime.songbook import Songbook

BARS = [Bar(4, 120.0, 1, ((0, bytes([0x90, number, 1])),)) for number in range(20)]


def takes(book, made, count, **options):
    taken = []
    for _ in range(count):
        taken.append(book.take(lambda: made.pop(0), **options))
        book.turn()
    return taken


def test_who_goes_back_hears_the_same_again_and_then_goes_on():
    book, made = Songbook(), list(BARS)
    assert takes(book, made, 4) == BARS[:4]
    book.open_at(2)
    assert takes(book, made, 4) == [BARS[2], BARS[3], BARS[4], BARS[5]]


def test_a_place_can_get_another_bar():
    book, made = Songbook(), list(BARS)
    takes(book, made, 2)
    book.open_at(1)
    assert takes(book, made, 1, is_anew=True) == [BARS[2]]
    book.open_at(0)
    assert takes(book, made, 3) == [BARS[0], BARS[2], BARS[3]]


def test_what_is_no_bar_is_not_kept():
    book = Songbook()
    assert takes(book, [Word.NOT_YET], 1) == [Word.NOT_YET]
    book.open_at(0)
    assert takes(book, [BARS[0]], 1) == [BARS[0]]


def test_room_is_bounded():
    book = Songbook()
    takes(book, [BARS[0]] * 3000, 3000)
    assert len(book._bars) == 1024

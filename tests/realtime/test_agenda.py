"""What is sent when play begins in the middle of things."""

from sparseq.realtime.agenda import Agenda
from sparseq.realtime.bar import Bar

ON, OFF, OTHER = b"\x90\x24\x40", b"\x80\x24\x40", b"\xb0\x07\x64"


def drained(agenda):
    entries = []
    while agenda.next_tick is not None:
        entry = agenda.pop()
        entries.append((entry.tick, entry.data))
    return entries


def test_notes_that_began_before_are_left_out_whole():
    agenda = Agenda(has_clock=False)
    agenda.begin(12, 24)
    agenda.add_bar(0, Bar(24, 60.0, 24, ((0, OTHER), (0, ON), (12, ON), (14, OFF), (16, OFF), (20, OTHER))))
    assert drained(agenda) == [(12, ON), (16, OFF), (20, OTHER)]


def test_an_early_stroke_of_a_bar_comes_with_the_beginning_if_the_bar_is_not_cut():
    agenda = Agenda(has_clock=False)
    bar = Bar(24, 60.0, 24, ((-3, ON), (4, OFF)))
    agenda.begin(24, 24)
    for start_ticks in (0, 24, 48):
        agenda.add_bar(start_ticks, bar)
    assert drained(agenda) == [(24, ON), (28, OFF), (45, ON), (52, OFF)]


def test_a_place_between_sixteenths_is_announced_without_a_song_position():
    agenda = Agenda(has_clock=True)
    agenda.begin(7, 24)
    agenda.add_bar(0, Bar(12, 60.0, 24))
    assert drained(agenda) == [(6, b"\xfb"), *[(tick, b"\xf8") for tick in range(7, 12)]]


def test_a_place_beyond_what_a_song_position_can_count_too():
    agenda = Agenda(has_clock=True)
    agenda.begin(4 * 16384, 16)
    assert drained(agenda) == [(4 * 16384 - 1, b"\xfb")]
    agenda.begin(4 * 16383, 16)
    assert drained(agenda) == [(4 * 16383 - 1, b"\xf2\x7f\x7f"), (4 * 16383 - 1, b"\xfb")]

"""The tape keeps music at its tick, and ends what sounds."""

from sparseq.realtime.bar import Bar
from sparseq.realtime.tape import Tape

ON, OFF = b"\x99\x24\x40", b"\x89\x24\x40"


def test_clock_and_transport_are_not_kept_but_sysex_is():
    tape, sysex = Tape(), b"\xf0\x7e\xf7"
    for data in (b"\xf2\x00\x00", b"\xfa", b"\xf8", sysex, ON, OFF, b"\xfc"):
        tape.write(0, data)
    tape.finish(10)
    assert tape.events == [(0, sysex), (0, ON), (0, OFF)]


def test_what_sounds_at_the_end_ends_there():
    tape = Tape()
    tape.write(0, ON)
    tape.write(5, b"\xb9\x40\x7f")
    tape.finish(480)
    assert tape.events == [(0, ON), (5, b"\xb9\x40\x7f"), (480, OFF), (480, b"\xb9\x40\x00")]
    assert tape.end_ticks == 480


def test_the_end_is_not_before_the_last_event():
    tape = Tape()
    tape.write(970, ON)
    tape.finish(960)
    assert tape.events[-1] == (970, OFF)
    assert tape.end_ticks == 970


def test_tempos_are_where_they_change():
    tape = Tape()
    for index, bpm in enumerate([120.0, 120.0, 90.0, 90.0, 120.0]):
        tape.begin_bar(index * 960, Bar(960, bpm, 960), False)
    assert tape.tempos == ((0, 120.0), (1920, 90.0), (3840, 120.0))


def taped(count, keep_bars=None):
    """Return a tape in the middle of its last bar: a note of half a bar in each, one that is held over, and a pedal."""
    tape = Tape(keep_bars)
    for index in range(count):
        tape.begin_bar(index * 96, Bar(96, 120.0 + index, 24), False)
        for tick, data in [(0, ON), (48, OFF), (90, b"\x91\x30\x50"), (97, b"\x81\x30\x40")]:
            tape.write(index * 96 + tick, data)
    return tape


def test_the_last_bars_are_those_that_are_over_and_begin_at_tick_0():
    last = taped(5).last_bars(2)
    assert [(bar.start_ticks, bar.bar.bpm) for bar in last.bars] == [(0, 122.0), (96, 123.0)]
    assert last.end_ticks == 192
    assert last.events == [
        (0, ON), (48, OFF), (90, b"\x91\x30\x50"), (97, b"\x81\x30\x40"), (96, ON), (144, OFF), (186, b"\x91\x30\x50"),
        (192, b"\x81\x30\x40"),
    ]  # fmt: skip


def test_of_a_tape_that_has_ended_the_last_bar_counts_too():
    tape = taped(3)
    tape.finish(288)
    assert [bar.bar.bpm for bar in tape.last_bars(2).bars] == [121.0, 122.0]
    assert len(tape.last_bars(99).bars) == 3
    assert tape.last_bars(0).events == []
    assert Tape().last_bars(4).bars == []


def test_a_short_memory_stays_short_and_has_the_last_bars_all_the_same():
    long, short = taped(1000), taped(1000, keep_bars=8)
    assert len(short.bars) <= 18
    assert len(short.events) <= 18 * 4
    assert short.last_bars(8).events == long.last_bars(8).events
    assert short.last_bars(8).tempos == long.last_bars(8).tempos


def test_a_rest_ends_what_sounds_and_the_tape_goes_on():
    tape = Tape()
    tape.write(0, ON)
    tape.rest(7)
    tape.write(9, ON)
    tape.finish(10)
    assert tape.events == [(0, ON), (7, OFF), (9, ON), (10, OFF)]

"""The tape keeps music at its tick, and ends what sounds."""

from sparseq.realtime.bar import Bar
from sparseq.realtime.tape import Tape

ON, OFF = b"\x99\x24\x40", b"\x89\x24\x00"


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

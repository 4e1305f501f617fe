"""The events of a track body: what is read, and that writing returns it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.music.events import END_OF_TRACK, Event, payload, read_events, write_events


def events_of(text):
    """Events of a track body in hex as (tick, hex) pairs."""
    return [(tick, data.hex(" ")) for tick, data in read_events(bytes.fromhex(text))[0]]


def test_running_status_is_written_out():
    assert events_of("00 90 3c 40  60 3c 00  00 3e 40") == [(0, "90 3c 40"), (96, "90 3c 00"), (96, "90 3e 40")]


def test_program_change_and_channel_pressure_have_one_data_byte():
    assert events_of("00 c1 05  01 06  01 d2 07") == [(0, "c1 05"), (1, "c1 06"), (2, "d2 07")]


def test_running_status_lasts_across_meta_sysex_and_system_messages():
    body = "00 90 3c 40  00 ff 01 01 41  00 3d 40  00 f0 02 7e f7  00 3e 40  00 f1 7f  00 3f 40"
    assert [data for _, data in events_of(body) if data.startswith("90")] == [
        "90 3c 40",
        "90 3d 40",
        "90 3e 40",
        "90 3f 40",
    ]


def test_meta_events_keep_a_length_of_more_bytes_than_needed():
    assert events_of("00 ff 01 80 02 41 42") == [(0, "ff 01 80 02 41 42")]
    assert payload(bytes.fromhex("ff 01 80 02 41 42")) == b"AB"
    assert payload(bytes.fromhex("f0 02 7e f7")) == b"\x7e\xf7"


@pytest.mark.parametrize(
    "message", ["f1 7f", "f2 7f 7f", "f3 7f", "f4", "f5", "f6", "f8", "f9", "fa", "fb", "fc", "fd", "fe"]
)
def test_system_messages_take_their_data_bytes_and_the_next_event_is_found(message):
    assert events_of(f"00 {message}  05 90 3c 40") == [(0, message), (5, "90 3c 40")]


def test_a_data_byte_over_127_is_kept_raw():
    assert events_of("00 90 ff 40  01 80 3c 40") == [(0, "90 ff 40"), (1, "80 3c 40")]


def test_data_bytes_before_the_first_status_are_passed_over():
    assert events_of("00 3c 40 90 3c 40") == [(0, "90 3c 40")]


def test_reading_stops_at_the_end_of_the_track():
    body = bytes.fromhex("00 90 3c 40  10 ff 2f 00  00 90 3d 40")
    events, stop = read_events(body)
    assert (events[-1], stop) == (Event(16, END_OF_TRACK), 8)


@pytest.mark.parametrize(
    "cut",
    [
        "10",  # a delta time and no event
        "10 90 3d",  # a data byte is missing
        "10 ff",
        "10 ff 2f",
        "10 ff 03 ff ff 7f 41",  # text of 2,097,151 bytes, of which one is there
        "81",  # half a delta time
        "80 80 80 80 80 00 90 3d 40",  # a delta time of more than five bytes
    ],
)
def test_a_last_event_that_is_cut_off_is_left_out(cut):
    assert events_of("00 90 3c 40 " + cut) == [(0, "90 3c 40")]


@pytest.mark.parametrize(
    ("delta", "tick"),
    [("00", 0), ("7f", 127), ("81 00", 128), ("ff ff ff 7f", 0x0FFFFFFF), ("81 80 80 80 00", 1 << 28)],
)
def test_numbers_of_variable_length_are_read_and_written(delta, tick):
    assert events_of(delta + " f8")[0][0] == tick
    assert write_events([Event(tick, b"\xf8")]).startswith(bytes.fromhex(delta))


def test_events_out_of_order_are_refused():
    with pytest.raises(InputError, match="tick 4 follows tick 5"):
        write_events([Event(5, b"\xf8"), Event(4, b"\xf8")])


def test_a_missing_end_of_track_is_written():
    assert write_events([]) == bytes.fromhex("00 ff 2f 00")
    assert write_events([Event(3, b"\xf8")]) == bytes.fromhex("03 f8 00 ff 2f 00")


data_bytes = st.integers(0, 255)
messages = st.one_of(
    st.tuples(st.integers(0x80, 0xBF), data_bytes, data_bytes).map(bytes),
    st.tuples(st.integers(0xC0, 0xDF), data_bytes).map(bytes),
    st.tuples(st.integers(0x00, 0x7F).filter(lambda kind: kind != 0x2F), st.binary(max_size=100)).map(
        lambda meta: bytes((0xFF, meta[0], len(meta[1]))) + meta[1]
    ),
    st.tuples(st.sampled_from((0xF0, 0xF7)), st.binary(max_size=100)).map(
        lambda sysex: bytes((sysex[0], len(sysex[1]))) + sysex[1]
    ),
)


@given(st.lists(st.tuples(st.integers(0, 1 << 28), messages)))
def test_what_is_written_is_read_again(timed):
    events = [Event(tick, data) for tick, data in sorted(timed, key=lambda pair: pair[0])]
    closed = [*events, Event(events[-1].tick if events else 0, END_OF_TRACK)]
    body = write_events(events)
    assert read_events(body) == (closed, len(body))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_to_a_place_inside_them(body):
    events, stop = read_events(body)
    assert 0 <= stop <= len(body)
    assert read_events(body[:stop])[0] == events
    assert [event.tick for event in events] == sorted(event.tick for event in events)

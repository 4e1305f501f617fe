"""The ledger: after its release messages nothing sounds, whatever was sent before."""

from hypothesis import given
from hypothesis import strategies as st

from sparseq.realtime.ledger import NoteLedger

sevens = st.integers(0, 127)
messages = st.tuples(st.sampled_from([0x80, 0x90, 0xB0, 0xE0]), st.integers(0, 15), sevens, sevens)


def fed(*texts):
    ledger = NoteLedger()
    for text in texts:
        ledger.feed(bytes.fromhex(text))
    return ledger


def hexes(messages):
    return [data.hex(" ") for data in messages]


def test_nothing_sent_needs_no_release():
    assert NoteLedger().release_messages() == ()
    assert fed("").release_messages() == ()


def test_a_note_on_is_released_and_its_channel_silenced():
    assert hexes(fed("99 24 64").release_messages()) == ["89 24 40", "b9 7b 00"]


def test_note_on_with_velocity_0_ends_a_note():
    assert hexes(fed("90 3c 40", "90 3c 00").release_messages()) == ["b0 7b 00"]


def test_a_note_struck_twice_needs_two_note_offs():
    ledger = fed("90 3c 40", "90 3c 41", "80 3c 40", "90 3c 42")
    assert ledger.sounding == {(0, 60): 2}
    assert hexes(ledger.release_messages()) == ["80 3c 40", "80 3c 40", "b0 7b 00"]


def test_a_note_off_too_many_changes_nothing():
    ledger = fed("80 3c 40", "90 3c 40")
    assert ledger.sounding == {(0, 60): 1}


def test_a_pedal_that_is_down_comes_up_after_the_notes():
    assert hexes(fed("b1 40 7f", "92 3c 40").release_messages()) == ["82 3c 40", "b1 40 00", "b1 7b 00", "b2 7b 00"]
    assert hexes(fed("b1 40 7f", "b1 40 00").release_messages()) == ["b1 7b 00"]


def test_all_notes_off_and_all_sound_off_end_the_notes_of_their_channel():
    for number in ("78", "7b"):
        ledger = fed("90 3c 40", "91 3c 40", f"b0 {number} 00")
        assert ledger.sounding == {(1, 60): 1}


def test_a_running_transport_is_stopped_first():
    assert hexes(fed("fa", "f8", "90 3c 40").release_messages()) == ["fc", "80 3c 40", "b0 7b 00"]
    assert hexes(fed("fb").release_messages()) == ["fc"]
    assert hexes(fed("fa", "fc").release_messages()) == []


def test_sysex_and_short_messages_sound_nothing():
    assert hexes(fed("f0 7e 7f 09 01 f7", "c3 05").release_messages()) == []


@given(st.lists(messages))
def test_release_leaves_silence_and_happens_once(sent):
    ledger, listener = NoteLedger(), NoteLedger()
    for kind, channel, first, second in sent:
        data = bytes([kind | channel, first, second])
        ledger.feed(data)
        listener.feed(data)
    for data in ledger.release_messages():
        listener.feed(data)
    assert listener.sounding == {}
    assert all(data[0] & 0xF0 == 0xB0 and data[1] == 123 for data in listener.release_messages())
    assert ledger.release_messages() == ()

import pytest

from sparseq.cli.outputs import begun_outputs, listening, master_of, open_outputs
from sparseq.errors import InputError, PortError
from sparseq.realtime import ports
from sparseq.realtime.names import NoMidiSystem
from sparseq.realtime.outputs import NullPort, RecordingPort
from sparseq.realtime.sync import ClockFollower

CHANNELS = {"drums": 9, "bass": 0}


@pytest.fixture
def machine(monkeypatch):
    """Return the ports of a machine by name; what is not among them cannot be opened."""
    there = {}

    def open_output(name):
        if name not in there:
            raise PortError(f"no MIDI port is called {name!r}")
        return there[name]

    def begin_output(name):
        return ports.Opening(lambda: open_output(name), lambda: there[name].close())

    monkeypatch.setattr(ports, "begin_output", begin_output)
    return there


def test_parts_go_to_the_ports_and_channels_that_were_named(machine):
    machine |= {"TR-8": RecordingPort(), "MS-20": RecordingPort()}
    output = open_outputs(["drums=TR-8@3", "bass=MS-20"], CHANNELS, print)
    for data in (b"\x99\x24\x64", b"\x90\x28\x64", b"\xf8"):
        output.send(data, 0.0)
    assert [data for _, data in machine["TR-8"].events] == [b"\x92\x24\x64", b"\xf8"]
    assert [data for _, data in machine["MS-20"].events] == [b"\x90\x28\x64", b"\xf8"]


def test_one_port_for_two_parts_is_opened_once(machine):
    machine["synth"] = RecordingPort()
    output = open_outputs(["drums=synth", "bass=synth@2"], CHANNELS, print)
    output.send(b"\xf8", 0.0)
    assert len(machine["synth"].events) == 1


def test_a_port_that_is_not_there_closes_those_that_are(machine):
    machine["TR-8"] = RecordingPort()
    with pytest.raises(PortError, match="MS-20"):
        open_outputs(["drums=TR-8", "bass=MS-20"], CHANNELS, print)
    assert machine["TR-8"].is_closed


def test_ports_are_begun_before_the_parts_are_known_and_then_taken(machine):
    machine |= {"TR-8": RecordingPort(), "MS-20": RecordingPort()}
    texts = ["drums=TR-8@3", "bass=MS-20"]
    with begun_outputs(texts) as begun:
        assert list(begun) == ["TR-8", "MS-20"]
        output = open_outputs(texts, CHANNELS, print, begun)
    output.send(b"\xf8", 0.0)
    assert [len(port.events) for port in machine.values()] == [1, 1]
    assert not any(port.is_closed for port in machine.values())


def test_ports_that_were_begun_are_closed_when_what_was_done_meanwhile_fails(machine):
    machine |= {"TR-8": RecordingPort(), "MS-20": RecordingPort()}
    with pytest.raises(KeyboardInterrupt), begun_outputs(["TR-8", "2=MS-20"]):
        raise KeyboardInterrupt
    assert all(port.is_closed for port in machine.values())


def test_what_is_no_route_begins_nothing(machine):
    with pytest.raises(InputError, match="a route is"), begun_outputs(["TR-8", "drums=MS-20@17"]):
        raise AssertionError("begun")


def test_a_part_that_is_not_there_is_said_before_a_port_is_opened(machine):
    with pytest.raises(InputError, match="no part 'tuba'"):
        open_outputs(["tuba=TR-8"], CHANNELS, print)


def test_a_machine_without_midi_plays_to_nobody_unless_a_port_was_named(monkeypatch):
    def refuse(name):
        raise NoMidiSystem("no MIDI system answers here")

    monkeypatch.setattr(ports, "open_output", refuse)
    told = []
    assert isinstance(open_outputs([], CHANNELS, told.append), NullPort)
    assert told == ["no MIDI system answers here"]
    with pytest.raises(NoMidiSystem):
        open_outputs(["synth"], CHANNELS, told.append)


def test_our_own_tempo_needs_no_master():
    assert master_of("internal", 0.0, 120.0) is None


def test_a_midi_clock_is_followed_with_an_offset():
    master = master_of("midi", 12.0, 90.0)
    assert isinstance(master, ClockFollower)
    assert (master.offset_ms, master.reading(0.0).bpm) == (12.0, pytest.approx(90.0))


def test_without_an_input_nothing_is_opened(monkeypatch):
    monkeypatch.setattr(ports, "open_input", None)
    with listening(None, print, print):
        pass


def test_an_input_is_heard_and_closed(monkeypatch):
    closed, heard = [], []

    class Input:
        name = "keys"

        def close(self):
            closed.append(self.name)

    def open_input(name, hear, on_loss):
        hear(1.0, b"\xf8")
        return Input()

    monkeypatch.setattr(ports, "open_input", open_input)
    with listening("keys", lambda time_s, data: heard.append((time_s, data)), print):
        assert heard == [(1.0, b"\xf8")]
    assert closed == ["keys"]

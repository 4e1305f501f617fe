"""JACK to the frame, with a stand-in for JACK-Client whose periods and clock the test owns."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from sparseq.errors import PortError
from sparseq.realtime import jack_device, jack_input, ports
from sparseq.realtime.courier import Courier
from sparseq.realtime.framing import Frame, Kind
from sparseq.realtime.jack_device import JackDevice
from sparseq.realtime.jack_input import JackInput
from sparseq.realtime.jack_port import PeriodClock
from sparseq.realtime.names import NoMidiSystem

ON, OFF, QUIET = b"\x90\x24\x40", b"\x80\x24\x40", b"\xb0\x7b\x00"
FRAME_NS = 1e9 / 48000
PERIOD_NS = 64 * FRAME_NS


class Port:
    def __init__(self, name, error):
        self.name, self.error, self.written, self.incoming = name, error, [], []

    def clear_buffer(self):
        self.written = []

    def write_midi_event(self, frame, data):
        assert not self.written or frame >= self.written[-1][0], "JACK takes events in order only"
        if not data:
            raise self.error("no data")
        self.written.append((frame, data))

    def incoming_midi_events(self):
        return self.incoming


class Client:
    samplerate, blocksize = 48000, 64

    def __init__(self, module, name):
        self.module, self.name, self.log = module, name, []
        self.midi_outports = self.midi_inports = SimpleNamespace(register=self.register)

    def register(self, name):
        self.port = Port(f"{self.name}:{name}", self.module.JackError)
        return self.port

    def get_ports(self, is_midi, is_input=False, is_output=False):
        return [SimpleNamespace(name=name) for name in self.module.others]

    def set_process_callback(self, callback):
        self.process = callback

    def set_shutdown_callback(self, callback):
        self.shut_down = callback

    def activate(self):
        self.log.append("activate")

    def deactivate(self):
        self.log.append("deactivate")

    def connect(self, source, target):
        self.log.append((getattr(source, "name", source), getattr(target, "name", target)))

    def close(self):
        self.log.append("close")


@pytest.fixture
def jack(monkeypatch):
    module = ModuleType("jack")
    module.JackError = type("JackError", (Exception,), {})
    module.others, module.clients, module.runs = ["synth:in", "drums:in"], [], True

    def client(name, no_start_server):
        if not module.runs:
            raise module.JackError("no server")
        module.clients.append(Client(module, name))
        return module.clients[-1]

    module.Client = client
    monkeypatch.setitem(sys.modules, "jack", module)
    return module


@pytest.fixture
def now(monkeypatch):
    """The time in ns, as a list of one number."""
    now = [1_000_000_000]
    for module in (jack_device, jack_input):
        monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter_ns=lambda: now[0]))
    return now


class Stage:
    """A device that is called at exact periods, with a courier behind it."""

    def __init__(self, now, wanted=""):
        self.now, self.device = now, JackDevice.open(wanted)
        self.client = self.device._client
        self.courier = Courier(self.device, self.device.window_ns, self.device.sent_ns)
        self.device.start(self.courier.send_due)
        self.start_ns = now[0]
        for period in (0, 1):  # the first call of all follows on nothing, like one after a stall
            self.call(period)

    def call(self, period, late_ns=0):
        """Let a period begin, and return what was written into it as (frame, message)."""
        self.now[0] = round(self.start_ns + period * PERIOD_NS) + late_ns
        self.client.process(64)
        return self.client.port.written

    def event(self, period, frame, data=ON):
        self.courier.accept(Frame(Kind.EVENT, round(self.start_ns + (period * 64 + frame) * FRAME_NS), data))


def test_events_are_written_into_their_period_at_their_frame(jack, now):
    stage = Stage(now)
    for period, frame in [(2, 0), (2, 63), (3, 17), (5, 31)]:
        stage.event(period, frame)
    written = [[frame for frame, _ in stage.call(period)] for period in range(2, 6)]
    assert written == [[0, 63], [17], [], [31]]
    figures = stage.courier.lateness()
    assert (figures.events, figures.max_ms < 0.02) == (4, True)


def test_late_callbacks_do_not_move_the_events(jack, now):
    stage = Stage(now)
    for period in range(2, 300):
        stage.event(period, 20)
    frames = [stage.call(period, late_ns=(period * 7919) % 300_000)[0][0] for period in range(2, 300)]
    assert max(frames[100:]) - min(frames[100:]) <= 4


def test_an_event_that_is_late_goes_out_at_once_and_is_counted_as_late(jack, now):
    stage = Stage(now)
    stage.event(-10, 0)
    assert stage.call(2) == [(0, ON)]
    assert stage.courier.lateness().max_ms == pytest.approx(12 * PERIOD_NS / 1e6, abs=0.05)


def test_a_release_comes_after_what_was_due_before(jack, now):
    stage = Stage(now)
    stage.event(2, 40)
    stage.call(1)
    stage.device._work = lambda: (stage.courier.accept(Frame(Kind.RELEASE)), stage.courier.send_due())
    assert stage.call(2) == [(40, ON), (40, OFF), (40, QUIET)]


def test_nothing_is_written_into_the_two_calls_after_a_stall(jack, now):
    """The listeners look once at the two: three events in a thousand were lost that way on a busy machine."""
    stage = Stage(now)
    stage.event(3, 0)
    assert stage.call(2) == []
    assert stage.call(7) == []
    assert stage.call(7, late_ns=100_000) == []
    assert stage.call(8) == [(0, ON)]
    assert stage.call(9) == []


def test_a_server_that_always_stalls_is_played_to_all_the_same(jack, now):
    stage = Stage(now)
    for period in range(2, 30):
        stage.event(period, 0)
    assert sum(len(stage.call(period)) for period in range(2, 90, 3)) == 28


def test_a_port_is_connected_by_a_part_of_its_name(jack, now):
    stage = Stage(now, "SYNTH")
    assert stage.device.name == "synth:in"
    assert stage.client.log == ["activate", ("sparseq:out", "synth:in")]
    assert not stage.device.is_lost()
    jack.others.remove("synth:in")
    assert stage.device.is_lost()
    stage.device.close()
    assert stage.client.log[-2:] == ["deactivate", "close"]


def test_the_end_of_the_server_is_noticed(jack, now):
    device = Stage(now).device
    assert (device.name, device.is_lost()) == ("sparseq:out", False)
    device._client.shut_down(1, "killed")
    assert device.is_lost()


def test_what_cannot_be_written_is_an_error_with_the_name_of_the_port(jack, now):
    with pytest.raises(PortError, match="'sparseq:out' did not take"):
        Stage(now).device.write(b"")


def test_without_the_package_or_a_server_it_is_said_what_to_do(jack, monkeypatch):
    jack.runs = False
    with pytest.raises(NoMidiSystem, match="no JACK server answers"):
        JackDevice.open()
    monkeypatch.setitem(sys.modules, "jack", None)
    with pytest.raises(PortError, match=r"pip install 'sparseq\[jack\]'"):
        JackDevice.open()


@pytest.mark.parametrize("kind", [JackDevice, JackInput])
def test_a_client_whose_port_is_not_found_is_closed(jack, kind):
    with pytest.raises(PortError, match=r"there are 'synth:in', 'drums:in'"):
        kind.open("piano")
    assert jack.clients[0].log == ["close"]


def test_what_arrives_has_the_time_of_its_frame(jack, now):
    device, heard = JackInput.open("synth"), []
    client = jack.clients[0]
    device.start(lambda at_ns, data: heard.append((at_ns, data)))
    client.port.incoming = [(0, ON), (48, OFF)]
    client.process(64)
    assert heard == [(now[0], ON), (pytest.approx(now[0] + 1e6, abs=2), OFF)]
    assert client.log == ["activate", ("synth:in", "sparseq-in:in")]
    assert not device.is_lost()
    client.shut_down(1, "killed")
    assert device.is_lost()
    device.close()


def test_ports_open_ahead_where_they_can(jack, now):
    for spec, name in [("virtual", "sparseq:out"), ("jack:", "sparseq:out"), ("jack:drums", "drums:in")]:
        assert ports.open_device(spec).name == name
    for spec, name in [("virtual", "sparseq-in:in"), ("jack:", "sparseq-in:in"), ("jack:drums", "drums:in")]:
        assert ports.open_input_device(spec).name == name


def test_a_period_clock_finds_its_feet_after_a_stall():
    clock = PeriodClock(1000.0)
    assert [clock.begin(at) for at in (0, 1000, 2000)] == [0, 1000, 2000]
    assert clock.begin(3200) == pytest.approx(3010)
    assert clock.begin(9000) == 9000

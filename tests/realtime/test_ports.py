"""Finding and opening ports, with a stand-in for python-rtmidi."""

import os
import subprocess
import sys
import time
from types import ModuleType

import pytest

from sparseq.errors import PortError
from sparseq.realtime import ports
from sparseq.realtime.names import NoMidiSystem
from sparseq.realtime.outputs import NullPort
from sparseq.realtime.ports import PortInfo, list_ports, open_device, open_output
from sparseq.realtime.rtmidi_ports import RtMidiDevice, RtMidiInput


class FakeRtMidi(ModuleType):
    """Systems by name, each with its output ports, or None if it does not answer."""

    API_RTMIDI_DUMMY = 0

    class RtMidiError(Exception):
        pass

    def __init__(self, systems, has_virtual=True):
        super().__init__("rtmidi")
        self.systems, self.has_virtual, self.log = systems, has_virtual, []

    def get_compiled_api(self):
        return [0, *range(1, len(self.systems) + 1)]

    def get_api_display_name(self, api):
        return list(self.systems)[api - 1]

    def MidiOut(self, api, name):
        os.write(2, b"a warning of a C library\n")
        if list(self.systems.values())[api - 1] is None:
            raise self.RtMidiError("does not answer")
        return FakeClient(self, self.get_api_display_name(api))

    MidiIn = MidiOut


class FakeClient:
    def __init__(self, module, system):
        self.module, self.system = module, system

    def get_ports(self):
        return list(self.module.systems[self.system])

    def open_port(self, index, name):
        if "busy" in self.get_ports()[index]:
            raise self.module.RtMidiError("device busy")
        self.module.log.append(("open", self.system, index))

    def open_virtual_port(self, name):
        if not self.module.has_virtual:
            raise NotImplementedError("Virtual ports are not supported")
        self.module.log.append(("virtual", self.system, name))

    def send_message(self, data):
        if not data:
            raise ValueError("empty")
        self.module.log.append(("send", self.system, data))

    def ignore_types(self, **types):
        self.module.log.append(types)

    def set_callback(self, callback):
        callback(([0xF8], 0.0), None)

    def cancel_callback(self):
        self.module.log.append("cancel")

    def close_port(self):
        self.module.log.append(("close", self.system))

    def delete(self):
        self.module.log.append(("delete", self.system))


@pytest.fixture(autouse=True)
def no_jack(monkeypatch):
    """A server that runs on the machine of the test is not ours to play to."""
    monkeypatch.setitem(sys.modules, "jack", None)


@pytest.fixture
def install(monkeypatch):
    def put(systems, **options):
        module = FakeRtMidi(systems, **options)
        monkeypatch.setitem(sys.modules, "rtmidi", module)
        return module

    return put


def test_ports_of_every_system_that_answers_are_listed(install):
    install({"ALSA": None, "JACK": ["a", "b"], "Core": ["c"]})
    names = [("a", "JACK"), ("b", "JACK"), ("c", "Core")]
    assert list_ports() == tuple(PortInfo(*name, direction) for direction in ("out", "in") for name in names)


def test_no_system_at_all_is_an_error_of_its_own(install):
    install({"ALSA": None, "JACK": None})
    for look in (list_ports, lambda: open_device("virtual"), lambda: open_device("synth")):
        with pytest.raises(NoMidiSystem, match=r"no MIDI system answers here \(tried ALSA or JACK\).*null port"):
            look()


def test_warnings_of_c_libraries_do_not_reach_the_user(install, capfd):
    install({"JACK": ["a"]})
    list_ports()
    open_device("a")
    open_device("virtual")
    os.write(2, b"our own words\n")
    assert capfd.readouterr().err == "our own words\n"


def test_a_device_is_opened_written_and_given_back(install):
    module = install({"ALSA": ["x"], "JACK": ["a", "b"]})
    device = open_device("B")
    device.write(b"\x90\x24\x40")
    device.close()
    assert device.name == "b"
    assert module.log == [
        ("delete", "ALSA"),
        ("open", "JACK", 1),
        ("send", "JACK", b"\x90\x24\x40"),
        ("close", "JACK"),
        ("delete", "JACK"),
    ]


def test_a_virtual_port_is_made_in_the_first_system_that_answers(install):
    module = install({"ALSA": None, "JACK": ["a"], "Core": []})
    assert open_device("virtual").name == "sparseq"
    assert module.log == [("delete", "Core"), ("virtual", "JACK", "sparseq")]


def test_without_virtual_ports_loopmidi_is_named(install):
    install({"Windows MM": []}, has_virtual=False)
    with pytest.raises(PortError, match=r"Windows MM.*loopMIDI"):
        open_device("virtual")


def test_a_port_that_does_not_open_or_take_data_says_so(install):
    install({"JACK": ["busy one", "a"]})
    with pytest.raises(PortError, match=r"'busy one' cannot be opened \(device busy\)"):
        open_device("busy one")
    with pytest.raises(PortError, match="'a' did not take"):
        open_device("a").write(b"")


def test_without_rtmidi_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    for look in (list_ports, lambda: open_device("virtual")):
        with pytest.raises(PortError, match="pip install python-rtmidi") as caught:
            look()
        assert type(caught.value) is NoMidiSystem


def test_the_null_port_needs_nothing(monkeypatch):
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    assert isinstance(open_output("null"), NullPort)


def test_the_sender_process_imports_little():
    code = (
        "import sys, sparseq.realtime.sender;"
        "heavy = {'numpy', 'click', 'mido', 'rich', 'rtmidi', 'subprocess', 'threading', 'sparseq.kernel'};"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_messages_are_one_line(install):
    install({"JACK": None})
    with pytest.raises(PortError) as caught:
        ports.open_device("x")
    assert "\n" not in str(caught.value)


def test_a_device_that_is_not_listed_any_more_is_lost(install):
    module = install({"JACK": ["a"]})
    real, virtual = open_device("a"), open_device("rtmidi:virtual")
    assert not real.is_lost()
    module.systems["JACK"].clear()
    assert (real.is_lost(), virtual.is_lost()) == (True, False)


def test_an_input_hears_the_clock_and_notes_when(install):
    module = install({"JACK": ["keys"]})
    heard, device = [], ports.open_input_device("KEYS")
    before_ns = time.perf_counter_ns()
    device.start(lambda at_ns, data: heard.append((at_ns, data)))
    device.close()
    assert module.log[1:] == [
        {"sysex": True, "timing": False, "active_sense": True}, "cancel", ("close", "JACK"), ("delete", "JACK"),
    ]  # fmt: skip
    assert heard[0][1] == b"\xf8"
    assert before_ns <= heard[0][0] <= time.perf_counter_ns()


def test_an_input_of_our_own_has_our_name_and_one_that_goes_is_lost(install):
    module = install({"JACK": ["keys"]})
    assert ports.open_input_device("virtual").name == "sparseq"
    device = ports.open_input_device("rtmidi:keys")
    assert not device.is_lost()
    module.systems["JACK"].clear()
    assert device.is_lost()


def test_a_watch_knows_more_than_the_list(install):
    module = install({"JACK": ["a"]})
    watch = type("Watch", (), {"has_gone": False})()
    for kind in (RtMidiDevice, RtMidiInput):
        device = kind(FakeClient(module, "JACK"), "a", watch=watch)
        watch.has_gone = False
        assert not device.is_lost()
        watch.has_gone = True
        assert device.is_lost()

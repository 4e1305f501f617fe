"""MIDI devices: where a port that a person asked for is found and opened, by whichever system has it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from sparseq.realtime.names import CLIENT_NAME, NoMidiSystem
from sparseq.realtime.quiet import quiet_stderr
from sparseq.realtime.rtmidi_ports import (
    JACK_SYSTEM,
    RtMidiDevice,
    RtMidiInput,
    clients_of,
    load_rtmidi,
    real_client,
    virtual_client,
    watch_of,
)

if TYPE_CHECKING:
    from sparseq.errors import PortError
    from sparseq.realtime.devices import Device, InputDevice
    from sparseq.realtime.input_port import InputPort
    from sparseq.realtime.outputs import OutputPort

NULL, VIRTUAL = "null", "virtual"
_JACK, _RTMIDI = "jack:", "rtmidi:"  # before a port's name: open it this way


class PortInfo(NamedTuple):
    """A port of this machine: its name, the system that offers it, and "out" (to play to) or "in" (to listen to)."""

    name: str
    api: str
    direction: str


class Opening(NamedTuple):
    """An output that is being opened while other things are done.

    Attributes
    ----------
    port : callable returning OutputPort
        Waits until it is open, and returns it or raises as `open_output` does.
    close : callable
        Ends it, open or not.
    """

    port: Callable[[], OutputPort]
    close: Callable[[], None]


def list_ports() -> tuple[PortInfo, ...]:
    """Return the ports of every MIDI system that answers, those to play to first.

    Raises
    ------
    NoMidiSystem
        If none answers.
    PortError
        If python-rtmidi is not installed.
    """
    rtmidi, found = load_rtmidi(), []
    with quiet_stderr():
        for direction in ("out", "in"):
            for api, client in clients_of(rtmidi, direction):
                found += [PortInfo(name, api, direction) for name in client.get_ports()]
                client.delete()
    return tuple(found)


def open_output(spec: str) -> OutputPort:
    """Open the output that a person asked for.

    Parameters
    ----------
    spec : str
        "null" (no device), "virtual" (a port of our own that others connect to), or a part of a port's name in any
        case. Where JACK runs and JACK-Client is installed, JACK's ports and "virtual" are opened so that events are
        scheduled to the frame; "jack:NAME" (or "jack:" for a port of our own) asks for that and takes nothing else,
        "rtmidi:NAME" and "rtmidi:virtual" ask for the other way.

    Raises
    ------
    NoMidiSystem
        If no MIDI system answers on this machine.
    PortError
        If no port or more than one has that name, or it cannot be opened.
    """
    return begin_output(spec).port()


def begin_output(spec: str) -> Opening:
    """Begin to open the output that a person asked for, which takes a while; see `open_output`."""
    if spec == NULL:
        from sparseq.realtime.outputs import NullPort

        return Opening(NullPort, lambda: None)
    from sparseq.realtime.sender_port import SenderPort

    sender = SenderPort.begin([spec])

    def opened() -> SenderPort:
        sender.opened()
        return sender

    return Opening(opened, sender.close)


def open_input(
    spec: str, hear: Callable[[float, bytes], None], on_loss: Callable[[PortError], None] | None = None
) -> InputPort:
    """Open the input that a person asked for.

    Parameters
    ----------
    spec : str
        "virtual" (a port of our own that others connect to), or a part of a port's name in any case; "jack:" and
        "rtmidi:" before it mean what they mean in `open_output`.
    hear : callable
        Called with (time of arrival in seconds of ``time.perf_counter``, message) in a thread of the port's.
    on_loss : callable, optional
        Called with a PortError when the port is lost.

    Raises
    ------
    NoMidiSystem
        If no MIDI system answers on this machine.
    PortError
        If no port or more than one has that name, or it cannot be opened.
    """
    from sparseq.realtime.input_port import InputPort

    return InputPort.start([spec], hear, on_loss)


def open_input_device(spec: str) -> InputDevice:
    """Open an input for the process that receives; see `open_input` for the arguments and errors."""
    from sparseq.realtime.jack_input import JackInput

    if spec.startswith(_JACK):
        return JackInput.open(spec.removeprefix(_JACK))
    name = spec.removeprefix(_RTMIDI)
    may_schedule = name == spec and _can_schedule()
    if spec == VIRTUAL and may_schedule:
        with contextlib.suppress(NoMidiSystem):
            return JackInput.open()
    rtmidi = load_rtmidi()
    with quiet_stderr():
        if name == VIRTUAL:
            client, system = virtual_client(rtmidi, "in")
            return RtMidiInput(client, CLIENT_NAME, is_virtual=True, watch=watch_of(system))
        client, system, full_name = real_client(rtmidi, "in", name)
        if system == JACK_SYSTEM and may_schedule:
            client.delete()
            return JackInput.open(full_name)
        return RtMidiInput(client, full_name, watch=watch_of(system))


def open_device(spec: str) -> Device:
    """Open "virtual" or a real port for the process that sends; see `open_output` for the arguments and errors."""
    if spec.startswith(_JACK):
        from sparseq.realtime.jack_device import JackDevice

        return JackDevice.open(spec.removeprefix(_JACK))
    name = spec.removeprefix(_RTMIDI)
    if spec == VIRTUAL and (device := _open_ahead("")):
        return device
    rtmidi = load_rtmidi()
    with quiet_stderr():
        return _open_virtual(rtmidi) if name == VIRTUAL else _open_real(rtmidi, name, may_schedule=name == spec)


def _open_virtual(rtmidi: ModuleType) -> Device:
    client, system = virtual_client(rtmidi, "out")
    return RtMidiDevice(client, CLIENT_NAME, is_virtual=True, watch=watch_of(system))


def _open_real(rtmidi: ModuleType, wanted: str, *, may_schedule: bool) -> Device:
    client, system, name = real_client(rtmidi, "out", wanted)
    if system == JACK_SYSTEM and may_schedule and (device := _open_ahead(name)):
        client.close_port()
        client.delete()
        return device
    return RtMidiDevice(client, name, watch=watch_of(system))


def _can_schedule() -> bool:
    from sparseq.realtime.jack_port import load_jack

    return load_jack() is not None


def _open_ahead(name: str) -> Device | None:
    """Return a port that schedules, or None where that cannot be had."""
    from sparseq.realtime.jack_device import JackDevice

    if _can_schedule():
        with contextlib.suppress(NoMidiSystem):
            return JackDevice.open(name)
    return None

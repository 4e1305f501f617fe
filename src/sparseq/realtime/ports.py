"""MIDI devices: the only place that finds and opens them."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from sparseq.errors import PortError

if TYPE_CHECKING:
    from sparseq.realtime.devices import Device, InputDevice
    from sparseq.realtime.input_port import InputPort
    from sparseq.realtime.jack_watch import JackWatch
    from sparseq.realtime.outputs import OutputPort

CLIENT_NAME = "sparseq"
NULL, VIRTUAL = "null", "virtual"
_JACK, _RTMIDI = "jack:", "rtmidi:"  # before a port's name: open it this way
_JACK_SYSTEM = "Jack"  # what python-rtmidi calls it


class NoMidiSystem(PortError):
    """No MIDI system answers on this machine; the null port is what remains."""


class PortGone(PortError):
    """A port that was open and is not there any more."""


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


class RtMidiDevice:
    """A port opened through python-rtmidi.

    Parameters
    ----------
    client : rtmidi.MidiOut
        A client whose port is open.
    name : str
        What a person calls the port.
    is_virtual : bool
        Whether it is a port of our own, which cannot go while its MIDI system is there.
    watch : JackWatch, optional
        Knows whether the MIDI system is there.
    """

    def __init__(self, client: Any, name: str, *, is_virtual: bool = False, watch: JackWatch | None = None) -> None:
        self._client = client
        self._is_virtual = is_virtual
        self._watch = watch
        self.name = name

    def write(self, data: bytes, due_ns: int | None = None) -> None:
        """Send one complete message now.

        Raises
        ------
        PortError
            If the port does not take it.
        """
        try:
            self._client.send_message(data)
        except (_load_rtmidi().RtMidiError, ValueError) as error:
            raise PortError(f"MIDI port {self.name!r} did not take {data.hex(' ')}: {error}") from error

    def is_lost(self) -> bool:
        """Return whether the port or its MIDI system has gone."""
        if self._watch is not None and self._watch.has_gone:
            return True
        return not self._is_virtual and self.name not in self._client.get_ports()

    def close(self) -> None:
        """Close the port; a virtual one disappears only when its client does."""
        self._client.close_port()
        self._client.delete()


class RtMidiInput:
    """An input opened through python-rtmidi; see `RtMidiDevice` for the arguments."""

    def __init__(self, client: Any, name: str, *, is_virtual: bool = False, watch: JackWatch | None = None) -> None:
        self._client = client
        self._is_virtual = is_virtual
        self._watch = watch
        self.name = name

    def start(self, hear: Callable[[int, bytes], None]) -> None:
        """Begin to listen; active sensing is left out, MIDI clock is not."""
        self._client.ignore_types(sysex=True, timing=False, active_sense=True)
        self._client.set_callback(lambda event, _: hear(time.perf_counter_ns(), bytes(event[0])))

    def is_lost(self) -> bool:
        """Return whether the port or its MIDI system has gone."""
        if self._watch is not None and self._watch.has_gone:
            return True
        return not self._is_virtual and self.name not in self._client.get_ports()

    def close(self) -> None:
        """Close the port."""
        self._client.cancel_callback()
        self._client.close_port()
        self._client.delete()


def list_ports() -> tuple[PortInfo, ...]:
    """Return the ports of every MIDI system that answers, those to play to first.

    Raises
    ------
    NoMidiSystem
        If none answers.
    PortError
        If python-rtmidi is not installed.
    """
    rtmidi, found = _load_rtmidi(), []
    with quiet_stderr():
        for direction in ("out", "in"):
            for api, client in _clients(rtmidi, direction):
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
    rtmidi = _load_rtmidi()
    with quiet_stderr():
        if name == VIRTUAL:
            client, system = _virtual_client(rtmidi, "in")
            return RtMidiInput(client, CLIENT_NAME, is_virtual=True, watch=_watch(system))
        client, system, full_name = _real_client(rtmidi, "in", name)
        if system == _JACK_SYSTEM and may_schedule:
            client.delete()
            return JackInput.open(full_name)
        return RtMidiInput(client, full_name, watch=_watch(system))


def open_device(spec: str) -> Device:
    """Open "virtual" or a real port for the process that sends; see `open_output` for the arguments and errors."""
    if spec.startswith(_JACK):
        from sparseq.realtime.jack_device import JackDevice

        return JackDevice.open(spec.removeprefix(_JACK))
    name = spec.removeprefix(_RTMIDI)
    if spec == VIRTUAL and (device := _open_ahead("")):
        return device
    rtmidi = _load_rtmidi()
    with quiet_stderr():
        return _open_virtual(rtmidi) if name == VIRTUAL else _open_real(rtmidi, name, may_schedule=name == spec)


def choose_port(wanted: str, names: Sequence[str]) -> int:
    """Return which of ``names`` is meant: the exact one, else the only one with ``wanted`` in it in any case.

    Raises
    ------
    PortError
        If none or more than one is meant; the message lists what there is.
    """
    folded = wanted.casefold()
    exact = [index for index, name in enumerate(names) if name == wanted]
    same = [index for index, name in enumerate(names) if name.casefold() == folded]
    partial = [index for index, name in enumerate(names) if folded and folded in name.casefold()]
    for candidates in (exact, same, partial):
        if len({names[index] for index in candidates}) == 1:
            return candidates[0]  # one name in two MIDI systems is the same port twice
        if candidates:
            listed = ", ".join(repr(names[index]) for index in candidates)
            raise PortError(f"MIDI port {wanted!r} could be any of {listed}: give more of the name")
    raise PortError(_unknown_message(wanted, names))


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep what C libraries print on file descriptor 2 away from the user while the block runs."""
    if sys.stderr is not None:
        sys.stderr.flush()
    kept_fd = os.dup(2)
    null_fd = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null_fd, 2)
        yield
    finally:
        os.dup2(kept_fd, 2)
        os.close(null_fd)
        os.close(kept_fd)


def _load_rtmidi() -> ModuleType:
    try:
        import rtmidi
    except ImportError as error:
        raise NoMidiSystem(
            "real MIDI ports need python-rtmidi, which is not installed: pip install python-rtmidi "
            "(wheels exist for CPython 3.10-3.12), or use the null port"
        ) from error
    module: ModuleType = rtmidi
    return module


def _clients(rtmidi: ModuleType, direction: str) -> list[tuple[str, Any]]:
    """Return (name of the system, client) for each MIDI system that answers; at least one."""
    make = rtmidi.MidiOut if direction == "out" else rtmidi.MidiIn
    clients, refusals = [], []
    for api in rtmidi.get_compiled_api():
        if api == rtmidi.API_RTMIDI_DUMMY:
            continue
        name = rtmidi.get_api_display_name(api)
        try:
            clients.append((name, make(api, name=CLIENT_NAME)))
        except rtmidi.RtMidiError:
            refusals.append(name)
    if not clients:
        tried = " or ".join(refusals) or "any"
        raise NoMidiSystem(f"no MIDI system answers here (tried {tried}): start one, or use the null port")
    return clients


def _open_virtual(rtmidi: ModuleType) -> Device:
    client, system = _virtual_client(rtmidi, "out")
    return RtMidiDevice(client, CLIENT_NAME, is_virtual=True, watch=_watch(system))


def _open_real(rtmidi: ModuleType, wanted: str, *, may_schedule: bool) -> Device:
    client, system, name = _real_client(rtmidi, "out", wanted)
    if system == _JACK_SYSTEM and may_schedule and (device := _open_ahead(name)):
        client.close_port()
        client.delete()
        return device
    return RtMidiDevice(client, name, watch=_watch(system))


def _virtual_client(rtmidi: ModuleType, direction: str) -> tuple[Any, str]:
    """Return (client with a port of its own, its MIDI system)."""
    clients = _clients(rtmidi, direction)
    for _, spare in clients[1:]:
        spare.delete()
    system, client = clients[0]
    try:
        client.open_virtual_port(CLIENT_NAME)
    except (rtmidi.RtMidiError, NotImplementedError) as error:
        raise PortError(
            f"this MIDI system ({system}) has no virtual ports: on Windows install loopMIDI, "
            "make a port there and give its name"
        ) from error
    return client, system


def _real_client(rtmidi: ModuleType, direction: str, wanted: str) -> tuple[Any, str, str]:
    """Return (client that is connected to the port that is meant, its MIDI system, the port's name)."""
    clients = _clients(rtmidi, direction)
    found = [
        (client, system, index, name) for system, client in clients for index, name in enumerate(client.get_ports())
    ]
    client, system, index, name = found[choose_port(wanted, [name for *_, name in found])]
    for _, spare in clients:
        if spare is not client:
            spare.delete()
    try:
        client.open_port(index, CLIENT_NAME)
    except rtmidi.RtMidiError as error:
        raise PortError(f"MIDI port {name!r} cannot be opened ({error}): is another program using it?") from error
    return client, system, name


def _can_schedule() -> bool:
    from sparseq.realtime.jack_device import load_jack

    return load_jack() is not None


def _open_ahead(name: str) -> Device | None:
    """Return a port that schedules, or None where that cannot be had."""
    from sparseq.realtime.jack_device import JackDevice

    if _can_schedule():
        with contextlib.suppress(NoMidiSystem):
            return JackDevice.open(name)
    return None


def _watch(system: str) -> JackWatch | None:
    """Return who tells that the MIDI system went away, if it does not say so itself."""
    if system != _JACK_SYSTEM:
        return None
    from sparseq.realtime.jack_watch import JackWatch

    return JackWatch.open(f"{CLIENT_NAME}-watch")


def _unknown_message(wanted: str, names: Sequence[str]) -> str:
    import difflib

    if not names:
        return f"no MIDI port is called {wanted!r}, and there are none to choose from: use 'virtual' or 'null'"
    by_folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(wanted.casefold(), list(by_folded), n=1, cutoff=0.4)
    hint = f"did you mean {by_folded[near[0]]!r}? " if near else ""
    return f"no MIDI port is called {wanted!r}: {hint}there are {', '.join(map(repr, names))}, 'virtual' and 'null'"

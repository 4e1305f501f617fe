"""Ports of the MIDI systems that python-rtmidi reaches."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sparseq.errors import PortError
from sparseq.realtime.names import CLIENT_NAME, NoMidiSystem, choose_port

if TYPE_CHECKING:
    from sparseq.realtime.jack_watch import JackWatch

JACK_SYSTEM = "Jack"
"""What python-rtmidi calls it."""


class _RtMidiPort:
    """A port opened through python-rtmidi.

    Parameters
    ----------
    client : rtmidi.MidiOut or rtmidi.MidiIn
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

    def is_lost(self) -> bool:
        """Return whether the port or its MIDI system has gone."""
        if self._watch is not None and self._watch.has_gone:
            return True
        return not self._is_virtual and self.name not in self._client.get_ports()

    def close(self) -> None:
        """Close the port; a virtual one disappears only when its client does."""
        self._client.close_port()
        self._client.delete()


class RtMidiDevice(_RtMidiPort):
    """An output opened through python-rtmidi."""

    def write(self, data: bytes, due_ns: int | None = None) -> None:
        """Send one complete message now.

        Raises
        ------
        PortError
            If the port does not take it.
        """
        try:
            self._client.send_message(data)
        except (load_rtmidi().RtMidiError, ValueError) as error:
            raise PortError(f"MIDI port {self.name!r} did not take {data.hex(' ')}: {error}") from error


class RtMidiInput(_RtMidiPort):
    """An input opened through python-rtmidi."""

    def start(self, hear: Callable[[int, bytes], None]) -> None:
        """Begin to listen; active sensing is left out, MIDI clock is not."""
        self._client.ignore_types(sysex=True, timing=False, active_sense=True)
        self._client.set_callback(lambda event, _: hear(time.perf_counter_ns(), bytes(event[0])))

    def close(self) -> None:
        """Close the port."""
        self._client.cancel_callback()
        super().close()


def load_rtmidi() -> ModuleType:
    """Return python-rtmidi's module; raises NoMidiSystem where it is missing."""
    try:
        import rtmidi
    except ImportError as error:
        raise NoMidiSystem(
            "real MIDI ports need python-rtmidi, which is not installed: pip install python-rtmidi "
            "(wheels exist for CPython 3.10-3.12), or use the null port"
        ) from error
    module: ModuleType = rtmidi
    return module


def clients_of(rtmidi: ModuleType, direction: str) -> list[tuple[str, Any]]:
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


def virtual_client(rtmidi: ModuleType, direction: str) -> tuple[Any, str]:
    """Return (client with a port of its own, its MIDI system)."""
    clients = clients_of(rtmidi, direction)
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


def real_client(rtmidi: ModuleType, direction: str, wanted: str) -> tuple[Any, str, str]:
    """Return (client that is connected to the port that is meant, its MIDI system, the port's name)."""
    clients = clients_of(rtmidi, direction)
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


def watch_of(system: str) -> JackWatch | None:
    """Return who tells that the MIDI system went away, if it does not say so itself."""
    if system != JACK_SYSTEM:
        return None
    from sparseq.realtime.jack_watch import JackWatch

    return JackWatch.open(f"{CLIENT_NAME}-watch")

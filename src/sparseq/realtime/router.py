"""Several outputs as one: each channel to the port it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sparseq.errors import InputError, PortError
from sparseq.realtime.lateness import Lateness
from sparseq.realtime.outputs import OutputPort


class Route(NamedTuple):
    """What goes to a port.

    Parameters
    ----------
    port : OutputPort
        Where to.
    channels : frozenset of int, or None
        The channels (0-15) that go there; None for all that no other route names.
    to_channel : int or None
        The channel they are sent on there; None to leave them as they are.
    """

    port: OutputPort
    channels: frozenset[int] | None = None
    to_channel: int | None = None


class RoutedPort:
    """Sends channel messages by their channel; clock, transport and SysEx go to every port.

    Parameters
    ----------
    routes : sequence of Route
        At least one. A channel that two routes name goes both ways; one that nobody wants goes nowhere.

    Raises
    ------
    InputError
        If there is no route, or a channel is not 0 to 15.
    """

    def __init__(self, routes: Sequence[Route]) -> None:
        numbers = [number for route in routes for number in (route.channels or ())]
        numbers += [route.to_channel for route in routes if route.to_channel is not None]
        if not routes or any(not 0 <= number <= 15 for number in numbers):
            raise InputError(f"outputs need at least one port and channels 0 to 15, got {len(routes)} and {numbers}")
        self._routes = tuple(routes)
        self._named = frozenset(number for route in routes for number in (route.channels or ()))
        self._ports = tuple({id(route.port): route.port for route in routes}.values())

    @property
    def name(self) -> str:
        """The names of all ports."""
        return ", ".join(port.name for port in self._ports)

    def send(self, data: bytes, due_s: float) -> None:
        """Send one complete MIDI message to where it belongs."""
        if data[0] >= 0xF0:
            for port in self._ports:
                port.send(data, due_s)
            return
        channel = data[0] & 0x0F
        for route in self._routes:
            if channel in (route.channels or ()) or (route.channels is None and channel not in self._named):
                is_moved = route.to_channel is not None and route.to_channel != channel
                route.port.send(_on_channel(data, route.to_channel) if is_moved else data, due_s)

    def flush(self) -> None:
        """Drop what is not due yet, everywhere."""
        self._each("flush")

    def release(self) -> None:
        """End everything that sounds, everywhere."""
        self._each("release")

    def lateness(self) -> Lateness | None:
        """Return the worst figures of any port, and the events of all; None if no port can tell."""
        told = [late for port in self._ports if (late := port.lateness()) is not None]
        if not told:
            return None
        worst = [max(figures) for figures in zip(*(late[1:] for late in told), strict=True)]
        return Lateness(sum(late.events for late in told), *worst)

    def close(self) -> None:
        """Close all ports."""
        self._each("close")

    def _each(self, action: str) -> None:
        """Do it on every port, also when one is lost; then say so."""
        failure: PortError | None = None
        for port in self._ports:
            try:
                {"flush": port.flush, "release": port.release, "close": port.close}[action]()
            except PortError as error:
                failure = failure or error
        if failure is not None:
            raise failure


def _on_channel(data: bytes, channel: int | None) -> bytes:
    assert channel is not None
    return bytes([data[0] & 0xF0 | channel]) + data[1:]


class RouteSpec(NamedTuple):
    """A route as a person wrote it: a port by its name, the channels, and the channel there."""

    port: str
    channels: frozenset[int] | None
    to_channel: int | None


def parse_route(text: str, parts: dict[str, int]) -> RouteSpec:
    """Read ``[PART=]PORT[@CHANNEL]``: "drums=TR-8@10", "bass=MS-20", or just a port for all the rest.

    Parameters
    ----------
    text : str
        What a person wrote; PART is a name, or a channel 1 to 16; CHANNEL is 1 to 16.
    parts : dict of str to int
        Channel (0-15) of each part by name.

    Raises
    ------
    InputError
        If there is no such part or channel.
    """
    part, port, to_channel = _split_route(text)
    if part is None:
        return RouteSpec(port, None, to_channel)
    numbers = {**parts, **{str(number + 1): number for number in range(16)}}
    if part not in numbers:
        raise InputError(
            f"there is no part {part!r} to send to {port!r}: there are {', '.join(parts)}, or a channel 1-16"
        )
    return RouteSpec(port, frozenset([numbers[part]]), to_channel)


def port_of(text: str) -> str:
    """Return the port that a route names; see `parse_route`. Nothing needs to be known of the parts yet."""
    return _split_route(text)[1]


def _split_route(text: str) -> tuple[str | None, str, int | None]:
    """Return part, port and channel (0-15) of a route; None where it does not say."""
    part, has_part, rest = text.partition("=")
    route = rest if has_part else text
    port, has_channel, channel = route.rpartition("@")
    if not has_channel or not channel.isdigit():
        port, channel = route, ""
    if not port or (channel and not 1 <= int(channel) <= 16):
        raise InputError(f"a route is [PART=]PORT[@CHANNEL] with a channel from 1 to 16, got {text!r}")
    return (part if has_part else None), port, (int(channel) - 1 if channel else None)

"""The ports of a performance: opened as a person named them, and opened again when they come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sparseq.realtime.outputs import OutputPort
    from sparseq.realtime.ports import Opening
    from sparseq.realtime.transport import Transport

Tell = Callable[[str], None]


@contextmanager
def begun_outputs(texts: Sequence[str]) -> Iterator[dict[str, Opening]]:
    """Begin to open the ports that a person named, so that they open while the block does something else.

    Parameters
    ----------
    texts : sequence of str
        As for `open_outputs`.

    Yields
    ------
    dict of str to Opening
        By name of the port; those that the block does not take out are closed at its end.

    Raises
    ------
    InputError
        For a text that is no route.
    """
    from sparseq.realtime.ports import begin_output
    from sparseq.realtime.router import port_of

    begun: dict[str, Opening] = {}
    names = dict.fromkeys(port_of(text) for text in texts or ("virtual",))
    try:
        for name in names:
            begun[name] = begin_output(name)
        yield begun
    finally:
        for opening in begun.values():
            opening.close()


def open_outputs(
    texts: Sequence[str], channels: Mapping[str, int], tell: Tell, begun: dict[str, Opening] | None = None
) -> OutputPort:
    """Open the ports that a person named, as one.

    Parameters
    ----------
    texts : sequence of str
        ``[PART=]PORT[@CHANNEL]`` each; "virtual" if empty.
    channels : mapping of str to int
        Channel (0-15) of each part.
    tell : callable
        Called with one line when a port is lost or back, and when a machine without MIDI plays to nobody.
    begun : dict of str to Opening, optional
        Ports that are being opened already; those that are used are taken out.

    Raises
    ------
    InputError
        If a part or channel is not there.
    PortError
        If a port is not there; those that were opened are closed.
    """
    from sparseq.realtime.router import Route, RoutedPort, parse_route

    begun = {} if begun is None else begun
    specs = [parse_route(text, dict(channels)) for text in texts or ("virtual",)]
    if len(specs) == 1 and specs[0].channels is None and specs[0].to_channel is None:
        return _open(specs[0].port, tell, begun)
    with ExitStack() as opened:
        ports: dict[str, OutputPort] = {}
        for spec in specs:
            if spec.port not in ports:
                ports[spec.port] = _open(spec.port, tell, begun)
                opened.callback(ports[spec.port].close)
        routes = [Route(ports[spec.port], spec.channels, spec.to_channel) for spec in specs]
        opened.pop_all()
    return RoutedPort(routes)


def _open(name: str, tell: Tell, begun: dict[str, Opening]) -> OutputPort:
    """Open one port; a machine without MIDI still plays, in real time, to nobody."""
    from sparseq.realtime.names import NoMidiSystem
    from sparseq.realtime.outputs import NullPort
    from sparseq.realtime.ports import NULL, VIRTUAL, open_output
    from sparseq.realtime.steady_port import SteadyPort

    def open_port() -> OutputPort:
        opening = begun.get(name)  # stays there while we wait, so that who began it closes it if we are interrupted
        port = opening.port() if opening is not None else open_output(name)
        begun.pop(name, None)
        return port

    if name == NULL:
        return open_port()
    try:
        return SteadyPort(open_port, tell)
    except NoMidiSystem as error:
        if name != VIRTUAL:
            raise
        tell(str(error))
        return NullPort()


@contextmanager
def listening(name: str | None, hear: Callable[[float, bytes], None], tell: Tell) -> Iterator[None]:
    """Listen to an input while the block runs, if one was named."""
    if name is None:
        yield
        return
    from sparseq.realtime.ports import open_input
    from sparseq.realtime.steady_input import SteadyInput

    port = SteadyInput(lambda hear, on_loss: open_input(name, hear, on_loss), hear, tell)
    try:
        yield
    finally:
        port.close()


def master_of(sync: str, offset_ms: float, bpm: float) -> Transport | None:
    """Return who is followed, or None for our own tempo.

    Raises
    ------
    PortError
        If Ableton Link is not installed.
    """
    if sync == "midi":
        from sparseq.realtime.sync import ClockFollower

        return ClockFollower(offset_ms, bpm)
    if sync == "link":
        from sparseq.realtime.ableton_link import LinkFollower

        return LinkFollower.open(bpm, offset_ms, follows_start=False)
    return None

"""`sparseq ports`: the MIDI inputs and outputs of this machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sparseq.cli.options import json_option
from sparseq.cli.talk import emit, emit_json, say, wants_colour
from sparseq.errors import PortError

if TYPE_CHECKING:
    from sparseq.realtime.ports import PortInfo

KINDS = {"out": "output", "in": "input"}  # as listed: where to play to comes first


@click.command(name="ports")
@json_option()
def command(as_json: bool) -> None:
    """List the MIDI inputs and outputs of this machine.

    A part of a name is enough for `sparseq play --port NAME`. Two more outputs are always there: `virtual` makes a port
    of its own that a DAW can listen to, `null` sends nothing.
    """
    ports, trouble = _ports()
    if as_json:
        listed = {f"{kind}s": [_as_dict(port) for port in _of(ports, way)] for way, kind in KINDS.items()}
        emit_json({**listed, "trouble": trouble})
    elif trouble:
        say(trouble)
    elif not ports:
        say("no MIDI port is open on this machine: 'virtual' and 'null' are what remains to play to")
    else:
        emit(_as_table(ports))


def _ports() -> tuple[tuple[PortInfo, ...], str | None]:
    """Return the ports, and why there are none if that has a reason; not being able to list is an answer here."""
    from sparseq.realtime.ports import list_ports

    try:
        return list_ports(), None
    except PortError as error:
        return (), str(error)


def _of(ports: tuple[PortInfo, ...], direction: str) -> list[PortInfo]:
    return [port for port in ports if port.direction == direction]


def _as_dict(port: PortInfo) -> dict[str, str]:
    return {"name": port.name, "api": port.api}


def _as_table(ports: tuple[PortInfo, ...]) -> str:
    from sparseq.views.table import render_table

    rows = [(kind, port.name, port.api) for way, kind in KINDS.items() for port in _of(ports, way)]
    return render_table(("kind", "name", "system"), rows, colour=wants_colour(sys.stdout))

"""The events of one track: read from a track chunk's body without loss, and written back.

Damage is common in files that people keep, so reading follows these rules:

- A message takes as many data bytes as its status asks for, even if one is over 127: the event keeps the raw byte, and
  whoever reads a note out of it clips it to 127.
- Running status lasts across meta, sysex and system messages. Data bytes before the first status byte are passed over.
- Status bytes F1 to F6 and F8 to FE do not belong into a file. They are kept as events with the data bytes that they
  have on the wire (F1 and F3 one, F2 two, the others none).
- A track ends at its end-of-track event. A last event that is cut off is left out.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sparseq.errors import InputError

END_OF_TRACK = b"\xff\x2f\x00"

# Bytes of a whole message for each status byte; 0 for data bytes, and for F0, F7 and FF, which state their own length.
_SYSTEM_BYTES = bytes.fromhex("00 02 03 02 01 01 01 00 01 01 01 01 01 01 01 00")
MESSAGE_BYTES = bytes(0x80) + b"\x03" * 0x40 + b"\x02" * 0x20 + b"\x03" * 0x10 + _SYSTEM_BYTES
_STATUS = tuple(bytes([status]) for status in range(256))
_MAX_VARLEN_BYTES = 5  # the standard has 4; one more is read, since a gap between two far events can need it


class Event(NamedTuple):
    """One event of a track.

    Attributes
    ----------
    tick : int
        Ticks since the start of the track.
    data : bytes
        The whole message with its status byte. A meta event is FF, type, length, payload; a sysex event F0 or F7,
        length, payload; the length as it stands in the file.
    """

    tick: int
    data: bytes


def read_events(body: bytes) -> tuple[list[Event], int]:
    """Read the events of a track body.

    Parameters
    ----------
    body : bytes
        A track chunk without its header of 8 bytes.

    Returns
    -------
    list of Event
        What can be read, in order.
    int
        The position behind the last of them.

    Notes
    -----
    This loop sees every byte of every file of a library, so it keeps its tables in locals and makes no calls for
    channel messages but the one that builds the event.
    """
    events: list[Event] = []
    append, build, sizes = events.append, tuple.__new__, MESSAGE_BYTES
    size, tick, pos, done, running = len(body), 0, 0, 0, 0
    try:
        while pos < size:
            delta = body[pos]
            pos += 1
            if delta > 0x7F:
                delta, pos = _varlen(body, pos - 1)
            tick += delta
            status = body[pos]
            while status < 0x80 and not running:
                pos += 1
                status = body[pos]
            if status < 0x80:
                end = pos + sizes[running] - 1
                data = _STATUS[running] + body[pos:end]
            elif status < 0xF0:
                running = status
                end = pos + sizes[status]
                data = body[pos:end]
            else:
                end = _system_end(body, pos, status)
                data = body[pos:end]
            if end > size:
                break
            append(build(Event, (tick, data)))
            pos = done = end
            if status == 0xFF and data[1] == 0x2F:
                break
    except IndexError:  # the last event is cut off: what was read until then stands
        pass
    return events, done


def write_events(events: Sequence[Event]) -> bytes:
    """Write events as a track body, each with its full status byte.

    Parameters
    ----------
    events : sequence of Event
        In order of their ticks. An end-of-track event is added if it is missing.

    Returns
    -------
    bytes
        A track chunk without its header of 8 bytes.

    Raises
    ------
    InputError
        If the ticks run backwards.
    """
    if not events or not is_end(events[-1]):
        events = (*events, Event(events[-1].tick if events else 0, END_OF_TRACK))
    body = bytearray()
    now = 0
    for tick, data in events:
        if tick < now:
            raise InputError(f"events in order of time were wanted, but tick {tick} follows tick {now}")
        body += _varlen_bytes(tick - now)
        body += data
        now = tick
    return bytes(body)


def is_end(event: Event) -> bool:
    """Tell whether an event is the end of its track."""
    return event.data[:2] == b"\xff\x2f"


def payload(data: bytes) -> bytes:
    """Return the payload of a meta or sysex event, without status, type and length.

    Parameters
    ----------
    data : bytes
        The data of a meta or sysex event.

    Returns
    -------
    bytes
        Its payload.
    """
    _, start = _varlen(data, 2 if data[0] == 0xFF else 1)
    return data[start:]


def _varlen(body: bytes, pos: int) -> tuple[int, int]:
    """Return the number of variable length at `pos` and the position behind it; IndexError where there is none."""
    value = 0
    for place in range(pos, pos + _MAX_VARLEN_BYTES):
        byte = body[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    raise IndexError(f"no number of variable length ends at byte {pos}")


def _system_end(body: bytes, pos: int, status: int) -> int:
    """Return where the meta, sysex or system message at `pos` ends; IndexError where it has no whole length."""
    if MESSAGE_BYTES[status]:
        return pos + MESSAGE_BYTES[status]
    length, start = _varlen(body, pos + 2 if status == 0xFF else pos + 1)
    return start + length


def _varlen_bytes(value: int) -> bytes:
    """Return `value` as a number of variable length."""
    if value < 0x80:
        return _STATUS[value]
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))

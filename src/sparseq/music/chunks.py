"""Where the chunks of a MIDI file begin and end.

Damage is common in files that people keep, so these rules hold beside those of `events`:

- A stated length is believed if a chunk or the end of the file follows, or an end-of-track event stands before it.
  Otherwise a track ends at its end-of-track event, or else where the next ``MTrk`` begins.
- Bytes between or after the chunks that belong to no chunk are kept as a chunk of their own.
"""

from collections.abc import Iterator

from sparseq.music.events import END_OF_TRACK, is_end, read_events

_LEADING_BYTES = 4096  # how far a header is looked for behind a wrapper that is not known (MacBinary, for one)


def inner_range(data: bytes) -> tuple[int, int]:
    """Return where the MIDI data begins and ends in the file."""
    if data.startswith(b"MThd"):
        return 0, len(data)
    if data.startswith(b"RIFF") and data[8:12] == b"RMID":
        pos = 12
        while pos + 8 <= len(data):
            size = int.from_bytes(data[pos + 4 : pos + 8], "little")
            if data[pos : pos + 4] == b"data":
                return pos + 8, min(pos + 8 + size, len(data))
            pos += 8 + size + size % 2
    start = data.find(b"MThd", 0, _LEADING_BYTES)
    return max(start, 0), len(data)


def header_end(inner: bytes) -> int:
    """Return where the header chunk ends: at its stated length, unless that is wrong and a track follows at byte 14."""
    stated = 8 + int.from_bytes(inner[4:8], "big")
    if stated < 14 or (not _starts_chunk(inner, stated) and inner[14:18] == b"MTrk"):
        return 14
    return min(stated, len(inner))


def _starts_chunk(inner: bytes, pos: int) -> bool:
    """Tell whether a chunk that can be believed begins at `pos`: a track, or any other that ends within the file."""
    name = inner[pos : pos + 4]
    if pos + 8 > len(inner) or not all(0x20 <= byte < 0x7F for byte in name):
        return False
    return name == b"MTrk" or pos + 8 + int.from_bytes(inner[pos + 4 : pos + 8], "big") <= len(inner)


def split_chunks(inner: bytes, pos: int) -> Iterator[tuple[bool, bytes]]:
    """Yield the chunks from `pos` on, whether each is a track and its bytes; together they hold every byte."""
    while pos < len(inner):
        is_track = inner[pos : pos + 4] == b"MTrk" and pos + 8 <= len(inner)
        end = _chunk_end(inner, pos, is_track)
        yield is_track, inner[pos:end]
        pos = end


def _chunk_end(inner: bytes, pos: int, is_track: bool) -> int:
    """Return where the chunk at `pos` ends, by the rules above."""
    stated = pos + 8 + int.from_bytes(inner[pos + 4 : pos + 8], "big")
    closed = is_track and stated <= len(inner) and inner.endswith(END_OF_TRACK, pos + 8, stated)
    if closed or (_starts_chunk(inner, pos) and (stated == len(inner) or _starts_chunk(inner, stated))):
        return stated
    following = inner.find(b"MTrk", pos + 8 if is_track else pos + 1)
    limit = following if following > 0 else len(inner)
    if not is_track:
        return limit
    events, size = read_events(inner[pos + 8 : limit])
    found = pos + 8 + size
    if events and is_end(events[-1]) and (found >= stated or found == limit or _starts_chunk(inner, found)):
        return found
    return min(stated, limit) if stated > pos + 8 else limit

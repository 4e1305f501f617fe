"""Odd and broken files through `sparseq fill`: each is repaired and else unchanged, or refused by one clear line.

The files are made here, of the kinds of oddness that people's own files have.
"""

from pathlib import Path

import pytest

from sparseq.cli.main import main
from sparseq.music.bars import score_bars
from sparseq.music.score import read_score
from sparseq.music.smf import parse

PPQ = 96
END = b"\x00\xff\x2f\x00"


def chunk(name, body, length=None):
    return name + (len(body) if length is None else length).to_bytes(4, "big") + body


def head(fmt=0, n_tracks=1, division=PPQ, more=b""):
    fields = fmt.to_bytes(2, "big") + n_tracks.to_bytes(2, "big") + division.to_bytes(2, "big")
    return chunk(b"MThd", fields + more)


def varlen(number, width=1):
    out = [number & 0x7F]
    while number := number >> 7:
        out.append(number & 0x7F | 0x80)
    return bytes([*[0x80] * (width - len(out)), *reversed(out)])


def scale(channel=0, n_bars=2, between=b"", running=False, width=1, pitches=(60, 62, 64, 65)):
    """Quarter notes, with something between any two of them."""
    body = bytearray()
    for number in range(4 * n_bars):
        pitch = pitches[number % len(pitches)]
        status = b"" if running and number and not between else bytes([0x90 | channel])
        body += varlen(0, width) + status + bytes([pitch, 100])
        body += varlen(PPQ, width) + (bytes([pitch, 0]) if running else bytes([0x80 | channel, pitch, 64])) + between
    return bytes(body)


def single(body, fmt=0):
    return head(fmt) + chunk(b"MTrk", body)


def riff(inner):
    data = b"RMID" + b"data" + len(inner).to_bytes(4, "little") + inner + bytes(len(inner) % 2)
    return b"RIFF" + len(data).to_bytes(4, "little") + data


PLAIN = single(scale() + END)
SYSTEM = {0xF1: b"\x01", 0xF2: b"\x01\x02", 0xF3: b"\x01"}
GOOD = {
    "plain": PLAIN,
    "two tracks in format 0": head(0, 2) + chunk(b"MTrk", scale() + END) + chunk(b"MTrk", scale(1) + END),
    "patterns of format 2": head(2, 2) + chunk(b"MTrk", scale() + END) + chunk(b"MTrk", scale(1) + END),
    "a format that is none": single(scale() + END, fmt=7),
    "fewer tracks than stated": head(1, 9) + chunk(b"MTrk", scale() + END),
    "more tracks than stated": head(1, 1) + 2 * chunk(b"MTrk", scale() + END),
    "running status": single(scale(running=True) + END),
    "running status across texts": single(scale(running=True, between=b"\x00\xff\x01\x01x") + END),
    "running status across sysex": single(scale(running=True, between=b"\x00\xf0\x02\x01\xf7") + END),
    **{
        f"status {status:02x}": single(scale(between=bytes([0, status]) + SYSTEM.get(status, b"")) + END)
        for status in (*range(0xF1, 0xF7), *range(0xF8, 0xFF))
    },
    "data bytes over 127": single(b"\x00\x90\x3c\xff\x60\x80\x3c\x40" + scale() + END),
    "a key of nine sharps": single(b"\x00\xff\x59\x02\x09\x00" + scale() + END),
    "empty texts and names": single(b"\x00\xff\x01\x00\x00\xff\x03\x00" + scale() + END),
    "a name in no encoding": single(b"\x00\xff\x03\x02\xff\xfe" + scale() + END),
    "a tempo of nothing": single(b"\x00\xff\x51\x03\x00\x00\x00" + scale() + END),
    "a meter of nothing": single(b"\x00\xff\x58\x04\x00\x02\x18\x08" + scale() + END),
    "an SMPTE offset": single(b"\x00\xff\x54\x05\x00\x00\x00\x00\x00" + scale() + END),
    "long numbers": single(scale(width=4) + END),
    "no end of track": single(scale()),
    "the last byte missing": single(scale() + END)[:-1],
    "an event cut off": single(scale() + b"\x00\x90\x3c"),
    "an extra byte": PLAIN + b"\x00",
    "a stated length too long": head() + chunk(b"MTrk", scale() + END, length=5000),
    "a stated length too short": head() + chunk(b"MTrk", scale() + END, length=3),
    "bytes behind the end of the track": single(scale() + END + b"leftover"),
    "an unknown chunk": head() + chunk(b"XFKM", b"what?") + chunk(b"MTrk", scale() + END),
    "junk between the chunks": head() + b"junk!" + chunk(b"MTrk", scale() + END),
    "a longer header": head(more=b"\x01\x02") + chunk(b"MTrk", scale() + END),
    "RIFF": riff(PLAIN),
    "a wrapper in front": bytes(128) + PLAIN,
    "a note that never ends": single(b"\x00\x90\x30\x50" + scale() + END),
    "note-offs with nothing to end": single(scale(between=b"\x00\x80\x30\x40") + END),
    "drums on a channel and a lead": single(scale(9, pitches=(36, 38)) + scale() + END),
    "a part alone in its bar": single(scale(n_bars=1) + END),
    "one note": single(b"\x00\x90\x3c\x40\x60\x80\x3c\x40" + END),
    "notes an octave of ticks away": single(scale() + varlen(10_000) + b"\x90\x3c\x40\x60\x80\x3c\x40" + END),
}
BAD = {
    "nothing": (b"", "no MThd header stands at byte 0: it is empty"),
    "a text": (b"hello, world", "no MThd header stands at byte 0: it begins with b'hell'"),
    "half a header": (head()[:11], "a header of 14 bytes was wanted at byte 0, but the file is cut off at byte 11"),
    "no tracks": (head(1, 0), "got none at all in 0 tracks"),
    "an empty track": (single(b""), "got none at all in 1 track"),
    "a track without notes": (single(b"\x00\xff\x01\x01x" + END), "got none at all in 1 track"),
    "a track of one byte": (head() + chunk(b"MTrk", b"", length=1), "got none at all in 1 track"),
    "a text longer than the file": (single(b"\x00\xff\x03\xff\xff\x7f"), "track 1 breaks off at byte 22"),
    "notes behind the break": (single(b"\x00\xff\x01\x7f" + scale() + END), "track 1 breaks off at byte 22"),
    "SMPTE time": (
        head(division=0xE728) + chunk(b"MTrk", scale() + END),
        "counts in SMPTE frames (byte 12 of its header)",
    ),
    "no time": (head(division=0) + chunk(b"MTrk", scale() + END), "counts in 0 ticks per quarter note (byte 12"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Be in an empty folder."""
    monkeypatch.chdir(tmp_path)


def others(midi):
    """All events but notes and ends of tracks."""
    return [
        [e for e in track.events if e.data[0] & 0xE0 != 0x80 and e.data[:2] != b"\xff\x2f"] for track in midi.tracks
    ]


@pytest.mark.parametrize("loops", [[], ["--loops", "ballad-harbour-light"]], ids=["alone", "with loops"])
@pytest.mark.parametrize("name", GOOD)
def test_an_odd_file_is_repaired_and_else_unchanged(name, loops, capsys):
    Path("odd.mid").write_bytes(GOOD[name])
    assert main(["fill", "odd.mid", "--bars", "1", "--seed", "1", "-o", "out.mid", *loops]) == 0
    assert capsys.readouterr().err == "wrote out.mid: bar 1 of odd.mid filled, seed 1\n"
    before, after = (parse(Path(file).read_bytes(), file) for file in ("odd.mid", "out.mid"))
    end = score_bars(read_score(before))[0].end_ticks
    later = [[note[:6] for note in read_score(midi).notes if note.onset_ticks >= end] for midi in (before, after)]
    assert later[0] == later[1]
    assert others(before) == others(after)
    assert (before.header, len(before.chunks)) == (after.header, len(after.chunks))
    assert all(note.off_index >= 0 or note in read_score(before).notes for note in read_score(after).notes)


@pytest.mark.parametrize("name", BAD)
def test_what_is_broken_beyond_use_is_refused_with_place_and_reason(name, capsys):
    data, said = BAD[name]
    Path("odd.mid").write_bytes(data)
    assert main(["fill", "odd.mid", "--bars", "1", "-o", "out.mid"]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), Path("out.mid").exists()) == ("", 1, False)
    assert err.startswith("sparseq: odd.mid: ")
    assert said in err

"""Many files read at once give the scores that they give one by one, whatever they hold."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.music import batch
from sparseq.music.batch import read_scores
from sparseq.music.loops import default
from sparseq.music.score import read_score
from sparseq.music.smf import parse

END = b"\x00\xff\x2f\x00"


def chunk(name, body):
    return name + len(body).to_bytes(4, "big") + body


def midi_of(*bodies, division=96):
    head = chunk(b"MThd", b"\0\1" + len(bodies).to_bytes(2, "big") + division.to_bytes(2, "big"))
    return parse(head + b"".join(chunk(b"MTrk", body) for body in bodies))


PIECES = (
    "00 99 24 40",
    "10 99 24 00",
    "00 89 24 40",
    "00 99 2a 40",
    "00 2a 40",  # running status
    "18 2a 00",
    "00 24 50",
    "81 00 80 3c 40",
    "83 ff 7f 90 3c 40",
    "00 c0 05",
    "00 05",  # a data byte too few where a note was running
    "00 b9 07 40",
    "00 e0 00 40",
    "00 d0 10",
    "00 90 bc 40",  # a data byte over 127
    "00 f0 03 7e 7f f7",
    "00 f0 81 00",  # longer than what follows
    "00 f3 01",
    "00 fe",
    "00 ff 03 03 4b 69 74",
    "00 ff 51 03 07 a1 20",
    "00 ff 51 01 07",
    "00 ff 58 04 03 02 18 08",
    "00 ff 01 00",
    "00 ff 01 81 00",
    "00 ff 2f 00",
    "00 ff 2f 01 00",
    "ff ff ff ff 7f 99 24 40",
    "81",
)
bodies = st.lists(st.sampled_from([bytes.fromhex(text) for text in PIECES]), max_size=12).map(b"".join)
ended = st.tuples(bodies, st.sampled_from([END, END, b""])).map(b"".join)
notes = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 3), st.integers(1, 127), st.booleans()).map(
        lambda n: bytes([n[0] >> 7 | 0x80, n[0] & 0x7F, 0x99 if n[3] else 0x90, 60 + n[1], n[2], 5, 60 + n[1], 0])
    ),
    max_size=12,
).map(lambda found: b"".join(found) + END)
files = st.lists(st.one_of(ended, notes, st.binary(max_size=40)), max_size=3).map(lambda found: midi_of(*found))


@settings(max_examples=300)
@given(st.lists(files, max_size=5))
@example([midi_of(), midi_of(b""), midi_of(b"", END)])
@example([midi_of(b"\x00\x99\x24\x40" + END), midi_of(b"\x00\x99\x24\x40\x10\x24\x00" + END)])
def test_many_files_give_the_scores_that_they_give_one_by_one(midis):
    assert read_scores(midis) == [read_score(midi) for midi in midis]


def test_the_shipped_loops_need_no_long_way(monkeypatch):
    midis = [parse(source.read(), source.name) for source in default()]
    wanted = [read_score(midi) for midi in midis]
    monkeypatch.setattr(batch, "read_score", None)
    assert read_scores(midis) == wanted


def test_a_file_that_counts_in_frames_is_refused():
    with pytest.raises(InputError, match="SMPTE"):
        read_scores([midi_of(END), midi_of(END, division=0xE728)])

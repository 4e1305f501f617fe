"""A file on the grid and back: nothing of what is played is lost, whatever its meters, tempos and resolution."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from sparseq.music.partgrid import encode_piece, write_parts
from sparseq.music.piece import read_piece
from sparseq.music.score import Note, read_score
from sparseq.music.smf import parse
from sparseq.music.writer import write_midi

METERS = [(4, 4), (3, 4), (6, 8), (7, 8), (5, 4), (12, 8), (15, 8), (2, 4)]


@st.composite
def files(draw):
    """Draw a file of drums and pitched parts in some meters and tempos."""
    ppq = draw(st.sampled_from([24, 96, 120, 480, 960, 999]))
    length = draw(st.integers(1, 12)) * ppq
    note = st.builds(
        Note,
        st.integers(0, length - 1),
        st.integers(1, 3 * ppq),
        st.integers(0, 127),
        st.integers(1, 127),
        st.sampled_from([0, 1, 9]),
    )
    notes = [each._replace(track=each.channel % 3) for each in draw(st.lists(note, min_size=1, max_size=24))]
    changes = draw(st.lists(st.tuples(st.integers(1, length), st.sampled_from(METERS)), max_size=2))
    meters = sorted({0: draw(st.sampled_from(METERS)), **dict(changes)}.items())
    tempos = sorted(
        {0: 500_000, **draw(st.dictionaries(st.integers(1, length), st.integers(1, 0xFFFFFF), max_size=2))}.items()
    )
    return write_midi(
        notes,
        ppq=ppq,
        tempos=tempos,
        meters=[(tick, *meter) for tick, meter in meters],
        track_names=["Drums", "Bass", "Keys"],
        end_ticks=length,
    )


def by_voice(score):
    out = defaultdict(list)
    for note in score.notes:
        out[note.channel, note.pitch, note.velocity].append(note.onset_ticks)
    return {voice: sorted(onsets) for voice, onsets in out.items()}


@given(files())
def test_every_note_comes_back_within_a_tick_and_tempos_and_meters_as_they_were(data):
    piece = read_piece(parse(data, "a.mid"))
    back = read_score(parse(write_parts(encode_piece(piece), piece.score), "a.mid"))
    before, after = by_voice(piece.score), by_voice(back)
    assert before.keys() == after.keys()
    for voice, onsets in before.items():
        assert len(onsets) == len(after[voice])
        assert all(abs(first - second) <= 1 for first, second in zip(onsets, after[voice], strict=True))
    assert (back.ppq, back.tempos, back.meters) == (piece.score.ppq, piece.score.tempos, piece.score.meters)

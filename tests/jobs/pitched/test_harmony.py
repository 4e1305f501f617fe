"""Pitches stay in chord, scale and range where these bind; the piece itself is learnt on all other degrees."""

import numpy as np

from sparseq.jobs.choice import Choice
from sparseq.jobs.pitched.cells import HARMONY, voice_cells
from sparseq.jobs.pitched.harmony import legal_pitches, moved_cells
from sparseq.kernel.checks import MASK
from sparseq.music.chords import chord_token, parse_chords
from sparseq.music.keys import parse_key
from sparseq.music.layout import VOICE
from sparseq.music.pitched import FIRST_ONSET, HOLD, REST, token_pitch

from .conftest import dig


def pitches(hole, allowed, part):
    lanes = hole.grid.indices(kind=VOICE)
    voice = lanes.index(hole.grid.indices(kind=VOICE, part=part)[0])
    step = int(np.flatnonzero(hole.onset_tl[:, lanes[voice]])[0])
    row = allowed[step, len(lanes) + voice]
    assert row[[REST, HOLD]].all()
    return {token_pitch(int(token), hole.grid.shift) for token in np.flatnonzero(row) if token >= FIRST_ONSET}


def test_nothing_binds_a_piece_alone(song):
    assert legal_pitches(dig(song), parse_key("C"), []) is None
    assert legal_pitches(dig(song), None, [np.zeros((4, 5), np.uint16)]) is None


def test_loops_are_bound_to_the_scale_and_the_range_of_the_part(song):
    hole = dig(song)
    loops = [np.zeros((4, len(hole.grid.indices(kind=VOICE))), np.uint16)]
    found = pitches(hole, legal_pitches(hole, parse_key("C"), loops), "bass")
    assert {pitch % 12 for pitch in found} == parse_key("C").classes
    assert (min(found), max(found)) == (41, 60)


def test_chords_bind_bass_and_chords_and_a_lead_goes_between(song):
    hole = dig(song, chords=parse_chords("Dm"))
    allowed = legal_pitches(hole, parse_key("C"), [])
    assert {pitch % 12 for pitch in pitches(hole, allowed, "bass")} == {2, 5, 9}
    assert {pitch % 12 for pitch in pitches(hole, allowed, "lead")} == parse_key("C").classes


def test_every_degree_is_yielded_once_notes_and_chords_together(song):
    hole = dig(song, Choice("7"))
    cells = voice_cells(hole.grid, masked_tl=hole.unknown_tl)
    n = len(hole.grid.indices(kind=VOICE))
    moved = list(moved_cells(cells, n))
    assert len(moved) == 11
    ups = set()
    for other in moved:
        struck = (cells[:, n : 2 * n] != MASK).nonzero()
        up = set((other[:, n : 2 * n][struck].astype(int) - cells[:, n : 2 * n][struck]).tolist())
        assert len(up) == 1
        ups |= up
        assert np.array_equal(other[:, :n], cells[:, :n])
        assert np.array_equal(other == MASK, cells == MASK)
    assert ups == set(range(-5, 7)) - {0}
    root = 3 * n + HARMONY
    chords = {int(found[0, root]) for found in moved}
    tonic = hole.grid.shift % 12
    names = "Bbm Bm Cm C#m Dm D#m Em Fm F#m Gm G#m"
    minors = {chord_token(bar[0], tonic) for bar in parse_chords(names).bars}
    assert chords == minors

"""Scale, range, polyphony and mutes as masks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.music.keys import SCALES, Key, parse_key
from sparseq.music.layout import Lane, Layout, Sound
from sparseq.music.locks import allowed_tokens, holding
from sparseq.music.pitched import HOLD, N_PITCH_TOKENS, REST, pitch_token, token_pitch

SOUNDS = {"drums": Sound("drums", 9, None), "bass": Sound("bass", 1, 33), "chords": Sound("chords", 2, 0)}
LANES = Layout((("drums", ("kick", "snare")),), (("bass", 1), ("chords", 3)), SOUNDS).lanes(16)


def pitches(allowed_a, shift):
    return [token_pitch(token, shift) for token in np.flatnonzero(allowed_a).tolist() if token >= 2]


def row(allowed, name):
    return allowed[[lane.name for lane in LANES].index(name)]


def test_without_locks_every_token_of_a_lane_is_allowed_and_every_pitch():
    allowed = allowed_tokens(LANES, 0)
    assert allowed.shape == (8, max(lane.n_tokens for lane in LANES))
    assert [int(allowed[index].sum()) for index in (0, 1, 6, 7)] == [2, 2, LANES[6].n_tokens, 16]
    assert pitches(row(allowed, "bass/1"), 0) == list(range(128))


@given(st.integers(0, 11), st.sampled_from(sorted(SCALES)), st.integers(-11, 11))
def test_a_scale_lock_leaves_only_its_notes_whatever_the_shift(tonic, scale, shift):
    key = Key(tonic, scale)
    allowed = allowed_tokens(LANES, shift, scale=key)
    for name in ("bass/1", "chords/3"):
        found = pitches(row(allowed, name), shift)
        assert found == [pitch for pitch in range(128) if pitch % 12 in key.classes]
        assert row(allowed, name)[[REST, HOLD]].all()
    assert row(allowed, "kick")[:2].all()


def test_ranges_are_told_by_part():
    allowed = allowed_tokens(LANES, 0, scale=parse_key("A minor"), ranges={"bass": (28, 40)})
    assert pitches(row(allowed, "bass/1"), 0) == [28, 29, 31, 33, 35, 36, 38, 40]
    assert len(pitches(row(allowed, "chords/1"), 0)) > 60


def test_voices_beyond_the_polyphony_rest():
    allowed = allowed_tokens(LANES, 0, polyphony={"chords": 2})
    assert [int(row(allowed, f"chords/{voice}").sum()) for voice in (1, 2, 3)] == [130, 130, 1]
    assert row(allowed, "chords/3")[REST]


def test_a_muted_part_rests_in_all_its_lanes():
    allowed = allowed_tokens(LANES, 0, muted=["drums", "chords"])
    for name in ("kick", "snare", "chords/1", "chords/3"):
        assert np.flatnonzero(row(allowed, name)).tolist() == [REST]
    assert row(allowed, "bass/1").sum() == 130
    assert row(allowed, "harmony").sum() == LANES[6].n_tokens


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ranges": {"bass": (40, 28)}}, "40-28"),
        ({"ranges": {"bass": (61, 61)}, "scale": parse_key("C major")}, "no note of C major lies in the range 61-61"),
        ({"polyphony": {"chords": 0}}, "chords: at least 1 voice"),
    ],
)
def test_what_leaves_nothing_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        allowed_tokens(LANES, 0, **options)


def test_nothing_is_held_after_a_rest():
    free = np.ones(N_PITCH_TOKENS, np.uint8)
    assert not holding(free, REST)[HOLD]
    assert holding(free, HOLD)[HOLD]
    assert holding(free, pitch_token(60))[HOLD]
    assert free.all()


def test_a_given_lane_is_never_locked():
    step = Lane("step", "step", "", 7)
    assert allowed_tokens([step], 0, scale=parse_key("C"), muted=[""]).tolist() == [[1] * 7]

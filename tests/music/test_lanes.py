"""The table of drum voices."""

import pytest

from sparseq.errors import InputError
from sparseq.music.lanes import ALIASES, LANES, OTHER, default_pitch, lane_of, pitch_name

GROUPS = {
    "closed_hat": {22, 42},
    "open_hat": {26, 46},
    "pedal_hat": {44},
    "snare": {38, 40},
    "rimshot": {37},
    "kick": {35, 36},
    "low_tom": {41, 43, 58},
    "mid_tom": {45, 47},
    "high_tom": {48, 50},
    "crash": {49, 52, 55, 57},
    "ride": {51, 59},
    "ride_bell": {53},
}


@pytest.mark.parametrize("lane", GROUPS)
def test_each_voice_of_the_kit_has_its_pitches(lane):
    assert {pitch for pitch in range(128) if lane_of(pitch) == lane} == GROUPS[lane]


def test_all_of_general_midi_has_a_lane_of_its_own_kind():
    assert OTHER not in {lane_of(pitch) for pitch in range(22, 88)}


def test_every_pitch_has_a_lane_and_every_lane_a_pitch():
    assert {lane_of(pitch) for pitch in range(128)} == set(LANES)
    assert len(set(LANES)) == len(LANES)


@pytest.mark.parametrize("lane", LANES)
def test_a_default_pitch_is_in_its_lane(lane):
    assert lane_of(default_pitch(lane)) == lane


@pytest.mark.parametrize(
    ("lane", "pitch"), [("kick", 36), ("snare", 38), ("closed_hat", 42), ("crash", 49), ("ride", 51)]
)
def test_the_usual_pitch_is_the_default(lane, pitch):
    assert default_pitch(lane) == pitch


def test_aliases_mean_lanes_and_hide_none():
    assert {lane for lanes in ALIASES.values() for lane in lanes} <= set(LANES)
    assert not set(ALIASES) & set(LANES)
    assert ALIASES["hats"] == ("closed_hat", "pedal_hat", "open_hat")


def test_pitches_have_names():
    assert (pitch_name(36), pitch_name(3)) == ("Bass Drum 1", "Percussion 3")


@pytest.mark.parametrize("pitch", [-1, 128])
def test_a_pitch_that_does_not_exist_is_refused(pitch):
    with pytest.raises(InputError, match="0 to 127"):
        lane_of(pitch)


def test_a_lane_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="'gong' is none"):
        default_pitch("gong")

"""Who plays in a stream, by name."""

import pytest

from sparseq.errors import InputError
from sparseq.jobs.stream.contexts import VoiceLane
from sparseq.jobs.stream.roster import Roster

VOICES = (VoiceLane("bass", "bass", 0), VoiceLane("chords", "chords", 0), VoiceLane("chords 2", "chords", 0))


@pytest.fixture
def roster():
    return Roster(("kick", "snare", "closed_hat"), VOICES, 16)


@pytest.mark.parametrize(
    ("name", "lanes"),
    [("drums", {0, 1, 2}), ("snare", {1}), ("hats", {2}), ("chords", {4, 5}), ("chords 2", {5}), ("bass/1", {3})],
)
def test_a_name_is_a_part_a_kind_of_parts_a_lane_or_a_group_of_lanes(roster, name, lanes):
    assert roster.indices([name]) == lanes


def test_what_nobody_is_called_is_refused_with_who_is_there(roster):
    with pytest.raises(InputError, match="got 'lead'; there are: drums, kick"):
        roster.indices(["bass", "lead"])
    assert roster.indices(["cymbals"]) == set()  # a group of lanes that these loops have not


def test_muted_parts_parts_beside_a_solo_and_parts_that_others_play_are_silent(roster):
    assert roster.silent((), (), ()) == set()
    assert roster.silent(("kick",), (), ("bass",)) == {0, 3}
    assert roster.silent(("snare",), ("drums",), ()) == {1, 3, 4, 5}


def test_drums_are_no_pitched_part(roster):
    for name in ("", "bass", "chords 2"):
        roster.check_pitched(name)
    with pytest.raises(InputError, match="wanted a pitched part, got 'drums'; there are: bass, chords, chords 2"):
        roster.check_pitched("drums")

import pytest

from sparseq.errors import InputError
from sparseq.music.tracks import parse_channels, parse_tracks

NAMES = ("", "Drums", "Bass", "Drums 2")


@pytest.mark.parametrize(
    ("text", "tracks"),
    [("2", (1,)), ("1-2,4", (0, 1, 3)), ("bass", (2,)), ("drums", (1,)), ("DRUMS 2,3", (2, 3)), ("rum", (1, 3))],
)
def test_tracks_go_by_number_name_or_part_of_a_name(text, tracks):
    assert parse_tracks(text, NAMES) == tracks


@pytest.mark.parametrize(
    ("text", "said"), [("piano", "2 'Drums'"), ("5", "4 tracks (1-4)"), ("", "1 ''"), ("0", "track 0")]
)
def test_an_unknown_track_is_answered_with_those_that_are_there(text, said):
    with pytest.raises(InputError) as error:
        parse_tracks(text, NAMES)
    assert said in str(error.value)


def test_channels_count_from_one():
    assert parse_channels("1,10-11") == (0, 9, 10)
    with pytest.raises(InputError, match="16 channels"):
        parse_channels("17")

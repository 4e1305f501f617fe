"""Bars refuse what cannot be played."""

import pytest

from sparseq.errors import InputError
from sparseq.realtime.bar import Bar

ON = b"\x90\x3c\x40"


@pytest.mark.parametrize(
    ("length_ticks", "bpm", "ppq", "events", "words"),
    [
        (0, 120.0, 960, (), "at least 1 tick"),
        (960, 120.0, 0, (), "at least 1 tick"),
        (960, 0.0, 960, (), "tempo must be a positive"),
        (960, float("inf"), 960, (), "tempo must be a positive"),
        (960, float("nan"), 960, (), "tempo must be a positive"),
        (960, 120.0, 960, ((-481, ON),), "at most 480 ticks before"),
        (960, 120.0, 960, ((5, ON), (4, ON)), "sorted"),
    ],
)
def test_what_cannot_be_played_is_refused(length_ticks, bpm, ppq, events, words):
    with pytest.raises(InputError, match=words):
        Bar(length_ticks, bpm, ppq, events)


def test_events_may_lie_a_little_before_and_anywhere_after_the_bar():
    assert len(Bar(960, 120.0, 960, ((-480, ON), (0, ON), (5000, ON))).events) == 3

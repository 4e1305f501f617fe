"""Habits count what the other bars do."""

import numpy as np

from sparseq.jobs.habits import LEVELS, habits
from sparseq.music.grid import GridBar


def bars_of(*lengths):
    starts = np.cumsum([0, *lengths])
    return tuple(GridBar(k + 1, int(starts[k]), length, length, 4) for k, length in enumerate(lengths))


def lane(*tokens):
    return np.array(tokens, np.uint8)[:, None]


def all_known(tokens):
    return np.ones(tokens.shape, bool)


def test_a_bar_does_not_count_itself():
    tokens = lane(1, 0, 0, 0)
    assert habits(tokens, bars_of(2, 2), all_known(tokens)).ravel().tolist() == [0, 0, LEVELS, 0]


def test_the_habit_is_the_share_of_the_other_bars():
    tokens = lane(1, 1, 0, 0, 1)
    assert habits(tokens, bars_of(1, 1, 1, 1, 1), all_known(tokens)).ravel().tolist() == [4, 4, 6, 6, 4]


def test_a_hole_says_nothing_of_what_is_usual():
    tokens = lane(1, 0, 1)
    known = all_known(tokens)
    known[1] = False
    assert habits(tokens, bars_of(1, 1, 1), known).ravel().tolist() == [LEVELS, LEVELS, LEVELS]


def test_what_stands_in_a_hole_makes_no_difference():
    known = np.array([[True], [False], [True]])
    found = [habits(lane(1, token, 0), bars_of(1, 1, 1), known).tolist() for token in (0, 1)]
    assert found[0] == found[1]


def test_bars_of_another_length_are_not_asked():
    tokens = lane(1, 1, 0, 1)
    assert habits(tokens, bars_of(1, 2, 1), all_known(tokens)).ravel().tolist() == [LEVELS, 0, 0, LEVELS]


def test_a_single_bar_has_no_habit():
    tokens = lane(1, 1)
    assert not habits(tokens, bars_of(2), all_known(tokens)).any()

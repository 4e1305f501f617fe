"""Bars are alike by the onsets they share, in themselves and beside them, and by the form; never by what is hidden."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sparseq.jobs.pitched.likeness import blocks_of, unlike_bars
from sparseq.music.grid import GridBar

STEPS = 4


def blocks(bars, hidden=()):
    """Bars of one lane, each four tokens, those hidden not known."""
    tokens = np.array(bars, np.uint16).reshape(-1, 1)
    known = np.ones(tokens.shape, bool)
    for bar in hidden:
        known[bar * STEPS : (bar + 1) * STEPS] = False
    return blocks_of(tokens, known, [GridBar(k + 1, k * STEPS, STEPS, 1, 4) for k in range(len(bars))])


A, B, C, D = (5, 0, 6, 0), (7, 0, 0, 8), (0, 9, 0, 9), (5, 5, 5, 5)


def nearest(found, hole):
    return int(np.argsort([*found[:hole], 9.0, *found[hole + 1 :]], kind="stable")[0])


def test_a_hidden_bar_of_a_form_is_most_like_its_place_in_the_form():
    form = [A, B, C, D, A, B, C, D]
    for hole in range(8):
        found = unlike_bars(blocks(form, [hole]), hole, np.arange(8))
        assert nearest(found, hole) == (hole + 4) % 8


def test_a_bar_that_is_known_in_part_is_most_like_those_that_share_it():
    bars = [A, B, A, C, B, D]
    found = unlike_bars(blocks(bars), 4, np.array([0, 1, 2, 3, 5]))
    assert found.argmin() == 1


@given(st.lists(st.sampled_from([A, B, C, D, (0, 0, 0, 0)]), min_size=2, max_size=9), st.data())
def test_they_are_shares_and_what_is_hidden_makes_no_difference(bars, data):
    hole = data.draw(st.integers(0, len(bars) - 1))
    found = unlike_bars(blocks(bars, [hole]), hole, np.arange(len(bars)))
    assert ((found >= 0) & (found <= 1)).all()
    other = [*bars[:hole], (3, 3, 3, 3), *bars[hole + 1 :]]
    assert np.array_equal(found, unlike_bars(blocks(other, [hole]), hole, np.arange(len(bars))))

"""A share of the cells is drawn by seed and place alone, about as large as asked for."""

import numpy as np
import pytest

from sparseq.errors import InputError
from sparseq.jobs.choice import NothingToFill, by_chance, some_by_chance

MASK = np.ones((200, 8), bool)
NUMBERS = list(range(8))


@pytest.mark.parametrize("strength", [0.1, 0.5, 0.9])
def test_the_share_is_about_what_was_asked_for(strength):
    assert by_chance(MASK, NUMBERS, strength, 7).mean() == pytest.approx(strength, abs=0.05)


def test_a_cell_is_drawn_whatever_is_beside_it():
    every = by_chance(MASK, NUMBERS, 0.5, 7)
    some = MASK.copy()
    some[:, 2:5] = False
    some[50:] = False
    assert np.array_equal(by_chance(some, NUMBERS, 0.5, 7), every & some)
    turned = by_chance(MASK[:, ::-1], NUMBERS[::-1], 0.5, 7)
    assert np.array_equal(turned[:, ::-1], every)


def test_more_strength_draws_the_same_and_more():
    little, much = (by_chance(MASK, NUMBERS, strength, 3) for strength in (0.2, 0.6))
    assert not (little & ~much).any()


def test_all_is_all_and_another_seed_another_share():
    assert by_chance(MASK, NUMBERS, 1.0, 7) is MASK
    assert not np.array_equal(by_chance(MASK, NUMBERS, 0.5, 7), by_chance(MASK, NUMBERS, 0.5, 8))


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match="strength: wanted 0 to 1, got -1"):
        by_chance(MASK, NUMBERS, -1, 0)
    with pytest.raises(NothingToFill, match="draws none"):
        some_by_chance(MASK[:1, :1], NUMBERS[:1], 1e-9, 0)

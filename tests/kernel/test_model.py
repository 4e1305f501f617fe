"""Weights, similarity tables and the softmax as integers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.kernel.model import SOFTMAX_BITS, slot_model


@given(
    weights=st.lists(st.integers(0, 300), max_size=6),
    sharpness=st.sampled_from([1e-4, 0.01, 0.3, 1.0, 7.5, 100.0]),
)
def test_the_table_is_the_exponential_in_integers(weights, sharpness):
    model = slot_model(weights, sharpness)
    assert model.largest_distance == sum(weights)
    assert len(model.softmax_table) == len(model.decay) == sum(weights) + 1
    for distance in range(sum(weights) + 1):
        wanted = math.exp(-sharpness * distance)
        # Powers by repeated product: half a unit in the last place each.
        assert math.isclose(model.decay[distance], wanted, rel_tol=1e-12, abs_tol=1e-307)
        assert abs(int(model.softmax_table[distance]) - wanted * 2**SOFTMAX_BITS) <= 0.51


@given(sharpness=st.floats(1e-3, 100.0), weight=st.integers(0, 65535))
def test_reach_is_the_last_distance_with_mass(sharpness, weight):
    model = slot_model([weight], sharpness)
    assert model.softmax_table[model.reach] > 0
    assert (model.softmax_table[model.reach + 1 :] == 0).all()
    assert (np.diff(model.softmax_table.astype(np.int64)) <= 0).all()


def test_the_nearest_row_has_the_whole_unit():
    assert slot_model([3], 1.0).softmax_table[0] == 1 << 36


def test_weights_may_sum_to_the_last_number_of_two_bytes():
    assert slot_model([65000, 535], 0.1).largest_distance == 65535
    with pytest.raises(InputError, match=r"^weights_s: wanted a sum of at most 65535, got 65536$"):
        slot_model([65000, 536], 0.1)


@pytest.mark.parametrize("weights", [[-1], [0.5], [math.nan], [65536], 3])
def test_weights_out_of_range_or_not_whole_are_refused(weights):
    with pytest.raises(InputError, match=r"^weights_s: wanted "):
        slot_model(weights, 1.0)


@pytest.mark.parametrize("sharpness", [0.0, -1.0, 100.5, math.nan, math.inf, -math.inf, "1"])
def test_sharpness_out_of_range_is_refused(sharpness):
    with pytest.raises(InputError, match=r"^sharpness: wanted a number above 0 up to 100, got "):
        slot_model([1], sharpness)


@pytest.mark.parametrize("prior_weight", [-1e-9, 1e7, math.nan, math.inf, None])
def test_prior_weight_out_of_range_is_refused(prior_weight):
    with pytest.raises(InputError, match=r"^prior_weight: wanted a number 0 to 1e\+06, got "):
        slot_model([1], 1.0, prior_weight=prior_weight)


@pytest.mark.parametrize(
    ("similarity", "message"),
    [
        ({2: [[0]]}, "similarity: wanted slots 0 to 1, got 2"),
        ({-1: [[0]]}, "similarity: wanted slots 0 to 1, got -1"),
        ({0: [[0, 1]]}, "similarity[0]: wanted a square table, got shape (1, 2)"),
        ({0: [0]}, "similarity[0]: wanted a square table, got shape (1,)"),
        ({0: np.zeros((0, 0))}, "similarity[0]: wanted a square table, got shape (0, 0)"),
        ({0: [[6]]}, "similarity[0]: wanted whole distances 0 to 5, the slot's weight"),
        ({0: [[-1]]}, "similarity[0]: wanted whole distances 0 to 5, the slot's weight"),
        ({0: [[0.5]]}, "similarity[0]: wanted whole distances 0 to 5, the slot's weight"),
        ({0: [[math.nan]]}, "similarity[0]: wanted finite numbers, got NaN or infinity"),
        ({0: [[math.inf]]}, "similarity[0]: wanted finite numbers, got NaN or infinity"),
    ],
)
def test_a_similarity_table_that_does_not_fit_is_refused(similarity, message):
    with pytest.raises(InputError) as caught:
        slot_model([5, 1], 1.0, similarity=similarity)
    assert str(caught.value) == message


def test_a_smaller_table_is_widened_by_equal_or_not():
    model = slot_model([5, 7], 1.0, similarity={1: [[0, 1, 2], [1, 0, 3], [2, 3, 0]], 0: [[0]]})
    assert model.similarity_of_slot_s.tolist() == [0, 1]
    assert model.similarity_kab[0].tolist() == [[0, 5, 5], [5, 0, 5], [5, 5, 0]]
    assert model.similarity_kab[1].tolist() == [[0, 1, 2], [1, 0, 3], [2, 3, 0]]


def test_a_table_need_not_be_symmetric_nor_zero_on_its_diagonal():
    assert slot_model([5], 1.0, similarity={0: [[1, 2], [3, 4]]}).similarity_kab[0].tolist() == [[1, 2], [3, 4]]

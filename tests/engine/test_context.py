"""Contexts are compiled once and checked: heads agree, nothing reads itself, a stream reads only the past."""

import math

import numpy as np
import pytest

from sparseq.engine.context import Slot, check_causal, make_context
from sparseq.errors import InputError
from sparseq.kernel.layout import EDGE_LANE, constant_lane

UNLIKE = np.array([[0.0, 0.5], [0.5, 0.0]])


def test_slots_become_a_layout_padded_with_the_edge():
    context = make_context([[Slot(-1, 0, 1.0), Slot(0, 1, 2.0)], [], [Slot(-2, 2, 1.5)]], [2, 9, 3])
    assert context.layout.dt_ls.tolist() == [[-1, 0], [0, 0], [-2, 0]]
    assert context.layout.lane_ls.tolist() == [[0, 1], [EDGE_LANE, EDGE_LANE], [2, EDGE_LANE]]
    assert context.layout.head_of_lane.tolist() == [0, -1, 1]
    assert context.lanes.tolist() == [0, 2]
    assert [(spec.weights, spec.n_values) for spec in context.heads] == [((1.0, 2.0), 2), ((1.5,), 3)]


def test_lanes_may_share_a_head_and_tell_themselves_apart_by_a_constant():
    slots = [[Slot(-1, lane, 1.0), Slot(0, constant_lane(lane), 0.5)] for lane in range(3)]
    context = make_context(slots, [2, 2, 2], [0, 0, 0])
    assert len(context.heads) == 1
    assert context.layout.head_of_lane.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "other", [[Slot(-1, 1, 2.0)], [Slot(-1, 1, 1.0, UNLIKE)], [Slot(-1, 1, 1.0), Slot(-2, 1, 1.0)], []]
)
def test_lanes_of_one_head_that_differ_are_refused(other):
    with pytest.raises(InputError, match=r"^context: wanted lanes \[0, 1\] of head 0 alike, got other weights"):
        make_context([[Slot(-1, 0, 1.0)], other], [2, 2], [0, 0])


def test_lanes_of_one_head_with_other_numbers_of_values_are_refused():
    with pytest.raises(InputError, match=r"^context: wanted lanes \[0, 1\] of head 0 alike"):
        make_context([[Slot(-1, 0, 1.0)], [Slot(-1, 1, 1.0)]], [2, 3], [0, 0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[Slot(0, 0, 1.0)]], [2]), "layout: slot 0 reads the cell it should predict; give it a dt"),
        (([[Slot(-1, 0, math.nan)]], [2]), "weight: wanted a number 0 to 65535, got nan"),
        (([[Slot(-1, 0, math.inf)]], [2]), "weight: wanted a number 0 to 65535, got inf"),
        (([[Slot(-1, 0, -1.0)]], [2]), "weight: wanted a number 0 to 65535, got -1.0"),
        (([[Slot(-1, 0, 1.0, UNLIKE * math.nan)]], [2]), "unlike_ab: wanted finite numbers, got NaN or infinity"),
        (([[Slot(-1, 0, 1.0, UNLIKE * 3)]], [2]), "unlike_ab: wanted shares 0 to 1, got 0 to 1.5"),
        (([[Slot(-1, 0, 1.0)]], [0]), "n_values: wanted a whole number 1 to 65534, got 0"),
        (([[Slot(-1, 0, 1.0)]], [2, 2]), "n_values_of_lane: wanted one for each of 1 lanes, got 2"),
        (([[Slot(-1, 0, 1.0)]], [2], [0, 1]), "head_of_lane: wanted one for each of 1 lanes, got 2"),
        (
            ([[Slot(-1, 0, 1.0)]], [2], [1]),
            "head_of_lane: wanted heads numbered without a gap, got no lane for head 0",
        ),
        (([[Slot(-1, 1, 1.0)]], [2]), "lane_ls: wanted -65535 to 0, got 1 to 1"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(InputError) as caught:
        make_context(*arguments)
    assert str(caught.value) == message


def test_a_context_of_the_past_is_causal():
    context = make_context(
        [[Slot(-1, 0, 1.0), Slot(-3, 1, 1.0)], [Slot(0, 0, 1.0), Slot(0, constant_lane(1), 1.0)]], [2, 2]
    )
    check_causal(context, [0, 1])
    check_causal(context, [1])


def test_a_slot_in_the_future_is_not_causal_even_in_a_lane_only_read():
    context = make_context([[Slot(1, 1, 1.0)], []], [2, 2])
    with pytest.raises(InputError, match=r"^context: lane 0 reads lane 1 at dt 1, which is decided later$"):
        check_causal(context, [0])


def test_a_lane_of_the_same_column_must_be_decided_before():
    context = make_context([[Slot(-1, 0, 1.0)], [Slot(0, 0, 1.0)]], [2, 2])
    check_causal(context, [0, 1])
    with pytest.raises(InputError, match=r"^context: lane 1 reads lane 0 at dt 0, which is decided later$"):
        check_causal(context, [1, 0])


def test_the_edge_and_constants_are_always_causal():
    check_causal(make_context([[Slot(5, EDGE_LANE, 1.0), Slot(5, constant_lane(3), 1.0)]], [2]), [0])

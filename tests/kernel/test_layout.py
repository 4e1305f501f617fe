"""Where slots point, and what a lane reads through them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.kernel.checks import EDGE, MASK
from sparseq.kernel.layout import EDGE_LANE, constant_lane, gather, make_layout


@pytest.mark.parametrize(
    ("dt", "lane", "heads", "message"),
    [
        ([[-1.0]], [[0]], [0], "dt_ls: wanted whole numbers, got dtype float64"),
        ([[float("nan")]], [[0]], [0], "dt_ls: wanted whole numbers, got dtype float64"),
        ([-1], [[0]], [0], "dt_ls: wanted 2 dimensions, got 1"),
        ([[(1 << 30) + 1]], [[0]], [0], "dt_ls: wanted -1073741824 to 1073741824, got 1073741825 to 1073741825"),
        ([[-1]], [[1]], [0], "lane_ls: wanted -65535 to 0, got 1 to 1"),
        ([[-1]], [[-65536]], [0], "lane_ls: wanted -65535 to 0, got -65536 to -65536"),
        ([[-1]], [[0]], [-2], "head_of_lane: wanted -1 to 1073741824, got -2 to -2"),
        (
            [[-1], [-1]],
            [[0]],
            [0],
            "layout: wanted dt_ls and lane_ls of one shape and 1 lanes, got (2, 1) and (1, 1)",
        ),
        (
            [[-1]],
            [[0]],
            [0, 0],
            "layout: wanted dt_ls and lane_ls of one shape and 2 lanes, got (1, 1) and (1, 1)",
        ),
        ([[-1, 0]], [[0, 0]], [0], "layout: slot 1 reads the cell it should predict; give it a dt"),
    ],
)
def test_what_does_not_fit_is_refused(dt, lane, heads, message):
    with pytest.raises(InputError) as caught:
        make_layout(dt, lane, heads)
    assert str(caught.value) == message


def test_a_lane_only_read_has_no_cell_to_predict():
    assert make_layout([[0]], [[0]], [-1]).n_lanes == 1


def test_callers_arrays_stay_theirs():
    dt = np.full((1, 1), -1, np.int32)
    layout = make_layout(dt, [[0]], [0])
    dt[0, 0] = -5
    assert layout.dt_ls.tolist() == [[-1]]


def test_constants_are_not_lanes_nor_the_edge():
    assert constant_lane(0) < EDGE_LANE
    assert len({constant_lane(code) for code in (0, 1, 65533)}) == 3


@given(
    n_steps=st.integers(0, 6),
    dt=st.integers(-8, 8),
    where=st.sampled_from([0, 1, EDGE_LANE, constant_lane(0), constant_lane(65533)]),
    seed=st.integers(0, 99),
)
def test_a_slot_reads_its_cell_or_the_edge_or_its_constant(n_steps, dt, where, seed):
    cells = np.random.default_rng(seed).choice(np.array([0, 1, EDGE, MASK], np.uint16), (n_steps, 2))
    layout = make_layout([[dt], [dt]], [[where], [where]], [-1, -1])
    for lane in range(2):
        got = gather(layout, cells, lane, 1)
        assert got.shape == (n_steps, 1)
        for t in range(n_steps):
            if where >= 0:
                wanted = cells[t + dt, where] if 0 <= t + dt < n_steps else EDGE
            else:
                wanted = {EDGE_LANE: EDGE, constant_lane(0): 0, constant_lane(65533): 65533}[where]
            assert got[t, 0] == wanted


def test_slots_beyond_those_asked_for_are_left_out():
    layout = make_layout([[-1, -2]], [[0, 0]], [0])
    assert gather(layout, np.zeros((3, 1), np.uint16), 0, 1).shape == (3, 1)

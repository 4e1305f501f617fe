import numpy as np
import pytest

from sparseq.engine.context import check_causal
from sparseq.jobs.drums import (
    CODE_LIMIT,
    drum_cells,
    fill_cells,
    fill_context,
    stream_context,
    styled_cells,
    usual_bar_steps,
)
from sparseq.jobs.phrases import phrase_codes
from sparseq.music.encode import encode_drums
from sparseq.music.score import read_score
from sparseq.music.smf import parse


@pytest.fixture
def grid(rock_bytes):
    return encode_drums(read_score(parse(rock_bytes(3), "a.mid")))


def slots(context, lane):
    """Return (dt, lane read) of the slots of a lane that weigh anything."""
    head = context.heads[context.layout.head_of_lane[lane]]
    places = zip(context.layout.dt_ls[lane].tolist(), context.layout.lane_ls[lane].tolist(), strict=True)
    return [place for place, weight in zip(places, head.weights, strict=False) if weight]


def test_cells_are_the_tokens_and_the_step_in_the_bar(grid):
    cells = drum_cells(grid)
    assert cells.dtype == np.uint16
    assert np.array_equal(cells[:, :-1], grid.tokens_tl)
    assert cells[:, -1].tolist() == [*range(16)] * 3


def test_phrase_and_style_stand_beside_every_step(grid):
    cells = styled_cells(grid, 7)
    assert np.array_equal(cells[:, :-2], drum_cells(grid))
    assert np.array_equal(cells[:, -2], phrase_codes(len(grid.bars))[grid.bars_t])
    assert set(cells[:, -1].tolist()) == {7}


def test_cells_stay_below_the_code_limit_in_the_longest_bars(rock_bytes):
    grid = encode_drums(read_score(parse(rock_bytes(1, meter=(33, 8)), "a.mid")), None, 24)
    assert grid.n_steps > CODE_LIMIT
    assert drum_cells(grid).max() < CODE_LIMIT


def test_what_a_hole_hides_says_nothing_of_what_is_usual(grid):
    mask = np.zeros(grid.tokens_tl.shape, bool)
    mask[16:32] = True
    hidden = grid.tokens_tl.copy()
    hidden[16:32] = 1 - hidden[16:32]
    other = type(grid)(hidden, grid.lanes, {}, grid.steps_per_beat, grid.bars)
    beside = slice(len(grid.lanes), None)
    assert np.array_equal(fill_cells(grid, mask)[:, beside], fill_cells(other, mask)[:, beside])


@pytest.mark.parametrize("bar", [6, 12, 14, 16, 20])
@pytest.mark.parametrize("beat", [3, 4])
@pytest.mark.parametrize("n_lanes", [1, 2, 5])
def test_a_stream_reads_only_what_is_decided_before(n_lanes, beat, bar):
    context = stream_context(n_lanes, beat, bar)
    assert context.lanes.tolist() == list(range(n_lanes))
    check_causal(context, range(n_lanes))


def test_a_repair_reads_both_sides_but_never_the_cell_itself():
    context = fill_context(3, 4, 16)
    for lane in range(3):
        read = slots(context, lane)
        assert (0, lane) not in read
        assert {dt > 0 for dt, there in read if there == lane} == {True, False}


def test_the_usual_bar_is_the_most_common_and_of_equals_the_shorter(grid, rock_bytes):
    waltz = encode_drums(read_score(parse(rock_bytes(3, meter=(3, 4)), "a.mid")))
    assert usual_bar_steps([grid]) == 16
    assert usual_bar_steps([waltz, waltz, grid]) == 12
    assert usual_bar_steps([grid, waltz]) == 12

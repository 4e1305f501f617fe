"""The drum grid."""

import numpy as np
import pytest

from sparseq.errors import InputError
from sparseq.music.grid import DrumGrid, GridBar

BARS = (GridBar(1, 0, 3, 3, 4), GridBar(2, 3, 2, 2, 4))


def test_each_step_knows_its_bar_and_its_place_in_it():
    grid = DrumGrid(np.zeros((5, 1), np.uint8), ("kick",), {}, 1, BARS)
    assert grid.phases_t.tolist() == [0, 1, 2, 0, 1]
    assert grid.bars_t.tolist() == [0, 0, 0, 1, 1]
    assert (grid.n_steps, BARS[0].stop_step) == (5, 3)


def test_a_grid_without_bars_has_no_steps():
    grid = DrumGrid(np.zeros((0, 0), np.uint8), (), {}, 4, ())
    assert (grid.n_steps, len(grid.phases_t), len(grid.bars_t)) == (0, 0, 0)


@pytest.mark.parametrize("shape", [(4, 1), (5, 2)])
def test_tokens_that_do_not_fit_bars_and_lanes_are_refused(shape):
    with pytest.raises(InputError, match=r"shape \(5, 1\) were wanted"):
        DrumGrid(np.zeros(shape, np.uint8), ("kick",), {}, 1, BARS)

"""Grids copy what they are given and refuse what would be bent."""

import numpy as np
import pytest

from sparseq.engine.grid import Grid, check_mask, checked_cells, flat_indices
from sparseq.errors import InputError
from sparseq.kernel.api import NO_ORIGIN


def test_a_new_grid_is_a_copy_with_nothing_decided():
    cells = np.array([[1, 2], [3, 4]], np.uint16)
    cells.flags.writeable = False
    grid = Grid.of(cells)
    grid.cells_tl[0, 0] = 9
    assert cells[0, 0] == 1
    assert (grid.origins_tl == NO_ORIGIN).all()
    assert (grid.logp_tl == 0).all()


def test_cells_of_another_order_become_c_ordered():
    assert Grid.of(np.zeros((3, 2), np.uint16).T).cells_tl.flags.c_contiguous


def test_flat_indices_rise_row_by_row():
    assert flat_indices(np.array([[False, True], [True, True]])).tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (np.zeros(2, np.uint16), "columns_tl: wanted 2 dimensions, got 1"),
        (np.zeros((4, 3), np.uint16), "columns_tl: wanted 2 lanes, got 3"),
        (np.full((1, 2), -1), "columns_tl: wanted 0 to 65535, got -1 to -1"),
        (np.full((1, 2), 65536), "columns_tl: wanted 0 to 65535, got 65536 to 65536"),
        (np.zeros((1, 2)), "columns_tl: wanted whole numbers, got dtype float64"),
        (None, "columns_tl: wanted 2 dimensions, got 0"),
    ],
)
def test_cells_that_would_be_bent_are_refused(cells, message):
    with pytest.raises(InputError) as caught:
        checked_cells("columns_tl", cells, 2)
    assert str(caught.value) == message


def test_cells_come_back_as_a_copy():
    cells = np.zeros((1, 2), np.uint16)
    checked_cells("columns_tl", cells, 2)[0, 0] = 5
    assert cells[0, 0] == 0


@pytest.mark.parametrize("mask", [np.zeros((2, 2), int), np.zeros((2, 1), bool), [[True, False], [True, True]], None])
def test_a_mask_of_numbers_or_of_another_shape_is_refused(mask):
    """Whole numbers would pick rows of the grid instead of cells."""
    with pytest.raises(InputError, match=r"^mask_tl: wanted a bool array of shape \(2, 2\), got "):
        check_mask("mask_tl", mask, (2, 2))

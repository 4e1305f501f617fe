"""Refusals name the argument, what was wanted and what was got."""

import math

import numpy as np
import pytest

from sparseq.errors import InputError
from sparseq.kernel.checks import (
    EDGE,
    MASK,
    check_cells,
    check_codes,
    check_count,
    check_finite,
    check_integers,
    check_number,
    check_tokens,
)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.1, 1.1, 10**40, "0.5", None, True, 1j, [0.5]])
def test_number_out_of_range_or_of_another_kind_is_refused_by_name(value):
    with pytest.raises(InputError, match=r"^top_p: wanted a number 0 to 1, got "):
        check_number("top_p", value, 0.0, 1.0)


def test_number_at_an_open_end_is_refused():
    with pytest.raises(InputError, match=r"^temperature: wanted a number above 0 up to 2, got 0$"):
        check_number("temperature", 0, 0.0, 2.0, open_low=True)


@pytest.mark.parametrize("value", [0, 1, 0.5, np.float32(0.25), np.int64(1)])
def test_number_comes_back_as_float(value):
    number = check_number("x", value, 0.0, 1.0)
    assert type(number) is float
    assert number == value


@pytest.mark.parametrize("value", [-1, 8, 1.0, math.nan, True, np.True_, "3", None])
def test_count_out_of_range_or_not_whole_is_refused_by_name(value):
    with pytest.raises(InputError, match=r"^top_k: wanted a whole number 0 to 7, got "):
        check_count("top_k", value, 0, 7)


def test_count_comes_back_as_int():
    assert type(check_count("x", np.uint64(7), 0, 7)) is int


@pytest.mark.parametrize("array", [[1.0, math.nan], [[math.inf]], -math.inf])
def test_numbers_not_finite_are_refused_by_name(array):
    with pytest.raises(InputError, match=r"^noise_sk: wanted finite numbers, got NaN or infinity$"):
        check_finite("noise_sk", array)


@pytest.mark.parametrize("array", [["a"], [1j], [None]])
def test_what_is_not_a_number_is_refused_by_name(array):
    with pytest.raises(InputError, match=r"^noise_sk: wanted finite numbers, got dtype "):
        check_finite("noise_sk", array)


@pytest.mark.parametrize(
    ("array", "got"),
    [
        ([[1]], "wanted 1 dimensions, got 2"),
        ([1.0], "wanted whole numbers, got dtype float64"),
        ([math.nan], "wanted whole numbers, got dtype float64"),
        ([0, 5], "wanted 0 to 4, got 0 to 5"),
        ([-1], "wanted 0 to 4, got -1 to -1"),
        (np.array([1 << 63], np.uint64), "wanted 0 to 4, got 9223372036854775808 to 9223372036854775808"),
    ],
)
def test_integers_that_do_not_fit_are_refused_by_name(array, got):
    with pytest.raises(InputError, match=f"^order: {got}$"):
        check_integers("order", array, 1, 0, 4)


def test_an_empty_list_is_a_list_of_integers():
    assert check_integers("order", [], 1, 0, 4).dtype == np.int64


@pytest.mark.parametrize("n_values", [0, 65535, 1.5])
def test_number_of_values_out_of_range_is_refused(n_values):
    with pytest.raises(InputError, match=r"^n_values: wanted a whole number 1 to 65534, got "):
        check_codes([[0]], [0], n_values, 2)


@pytest.mark.parametrize("alphabet", [0, 65535])
def test_alphabet_out_of_range_is_refused(alphabet):
    with pytest.raises(InputError, match=r"^alphabet: wanted a whole number 1 to 65534, got "):
        check_codes([[0]], [0], 1, alphabet)


def test_keys_and_values_must_be_as_many():
    with pytest.raises(InputError, match=r"^values_n: wanted one for each of the 2 keys, got 1$"):
        check_codes([[0], [1]], [0], 1, 2)


def test_key_outside_the_alphabet_is_refused_but_edge_and_mask_are_not():
    keys, _ = check_codes([[EDGE], [MASK], [1]], [0, 0, 0], 1, 2)
    assert keys.dtype == np.uint16
    with pytest.raises(InputError, match=r"^keys_ns: wanted tokens 0 to 1, got 2$"):
        check_codes([[2]], [0], 1, 2)


def test_token_outside_the_alphabet_is_refused():
    check_tokens("cells_tl", np.array([0, 3, EDGE, MASK], np.uint16), 4)
    with pytest.raises(InputError, match=r"^cells_tl: wanted tokens 0 to 2, got 3$"):
        check_tokens("cells_tl", np.array([0, 3, EDGE, MASK], np.uint16), 3)


def read_only(array):
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "cells",
    [
        np.zeros((4, 3), np.uint16),
        np.zeros((4, 2), np.int64),
        np.zeros(4, np.uint16),
        np.zeros((2, 4), np.uint16).T,
        read_only(np.zeros((4, 2), np.uint16)),
        [[0, 0]],
        None,
    ],
)
def test_a_grid_of_another_make_is_refused(cells):
    with pytest.raises(
        InputError, match=r"^cells_tl: wanted a writable C-ordered uint16 array of shape \(T, 2\), got "
    ):
        check_cells(cells, 2)


def test_a_grid_only_read_may_be_read_only():
    check_cells(read_only(np.zeros((4, 2), np.uint16)), 2, written=False)


def test_a_grid_with_more_cells_than_the_draws_can_count_is_refused(tmp_path):
    """The place of a cell is one 32-bit word of the counter that its draws come from."""
    cells = np.memmap(tmp_path / "sparse", np.uint16, "w+", shape=((1 << 31) + 1, 2))
    with pytest.raises(InputError, match=r"^cells_tl: wanted at most 4294967296 cells, got 4294967298$"):
        check_cells(cells, 2)

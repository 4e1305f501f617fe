"""Rows keep every example: merged, counted, sorted, whatever order they came in."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.kernel.checks import EDGE, MASK
from sparseq.kernel.rows import merge_rows


@st.composite
def examples(draw):
    alphabet = draw(st.sampled_from([1, 2, 3, 253, 254, 255, 65533, 65534]))
    n_slots, n_values = draw(st.integers(0, 4)), draw(st.integers(1, 4))
    tokens = [*sorted({0, alphabet // 2, alphabet - 1}), EDGE, MASK]
    row = st.tuples(st.tuples(*[st.sampled_from(tokens)] * n_slots), st.integers(0, n_values - 1))
    rows = draw(st.lists(row, max_size=20))
    keys = np.array([key for key, _ in rows], np.uint16).reshape(len(rows), n_slots)
    return keys, [value for _, value in rows], n_values, alphabet


def grid_code(code, dtype):
    """A key code as a cell of a grid."""
    top = np.iinfo(dtype).max
    return {top: MASK, top - 1: EDGE}.get(int(code), int(code))


def unmerged(rows):
    """Every merged row as (key in grid codes, value), with its count and origins."""
    out = {}
    for i, value in enumerate(rows.values().tolist()):
        key = tuple(grid_code(code, rows.keys_sn.dtype) for code in rows.keys_sn[:, i])
        assert (key, value) not in out, "equal rows stand apart"
        out[key, value] = rows.origins[rows.origin_start_n[i] : rows.origin_start_n[i + 1]].tolist()
        assert rows.counts_n[i] == len(out[key, value])
    return out


@given(examples())
def test_every_row_is_kept_once_with_its_count_and_origins(case):
    keys, values, n_values, alphabet = case
    wanted = {}
    for i, (key, value) in enumerate(zip(keys.tolist(), values, strict=True)):
        wanted.setdefault((tuple(key), value), []).append(i)
    found = {row: sorted(origins) for row, origins in unmerged(merge_rows(keys, values, n_values, alphabet)).items()}
    assert found == wanted


@given(examples(), st.randoms(use_true_random=False))
def test_row_order_does_not_matter(case, random):
    keys, values, n_values, alphabet = case
    order = list(range(len(values)))
    random.shuffle(order)
    weights = [random.randint(0, 2) for _ in range(keys.shape[1])]
    straight = merge_rows(keys, values, n_values, alphabet, weights_s=weights)
    shuffled = merge_rows(keys[order], np.array(values, int)[order], n_values, alphabet, order, weights)
    np.testing.assert_array_equal(straight.keys_sn, shuffled.keys_sn)
    np.testing.assert_array_equal(straight.counts_n, shuffled.counts_n)
    np.testing.assert_array_equal(straight.value_start_v, shuffled.value_start_v)
    np.testing.assert_array_equal(straight.prior_v, shuffled.prior_v)
    mine, theirs = unmerged(straight), unmerged(shuffled)
    assert {row: sorted(o) for row, o in mine.items()} == {row: sorted(o) for row, o in theirs.items()}


@given(examples())
def test_prior_is_the_add_half_share_of_the_examples(case):
    keys, values, n_values, alphabet = case
    tally = Counter(values)
    wanted = [(tally[v] + 0.5) / (len(values) + 0.5 * n_values) for v in range(n_values)]
    assert merge_rows(keys, values, n_values, alphabet).prior_v.tolist() == wanted
    assert math.isclose(sum(wanted), 1.0)


@given(examples(), st.data())
def test_rows_are_sorted_by_value_then_by_the_heaviest_slot(case, data):
    keys, values, n_values, alphabet = case
    n_slots = keys.shape[1]
    weights = data.draw(st.lists(st.integers(0, 3), min_size=n_slots, max_size=n_slots))
    rows = merge_rows(keys, values, n_values, alphabet, weights_s=weights)
    heavy_first = sorted(range(n_slots), key=lambda s: -weights[s])
    lines = [(value, *rows.keys_sn[heavy_first, i].tolist()) for i, value in enumerate(rows.values().tolist())]
    assert lines == sorted(lines)


def test_more_slots_than_one_word_holds_are_sorted_whole():
    """Sixteen bits times nine slots need three 64-bit words: rows equal in the first must not fall together."""
    rng = np.random.default_rng(0)
    keys = rng.choice([0, 65533], (200, 9))
    rows = merge_rows(keys, np.zeros(200, int), 1, 65534)
    lines = rows.keys_sn.T.tolist()
    assert lines == sorted(map(list, set(map(tuple, keys.tolist()))))


@pytest.mark.parametrize(
    ("alphabet", "dtype"), [(253, np.uint8), (254, np.uint8), (255, np.uint16), (65533, np.uint16), (65534, np.uint16)]
)
def test_an_alphabet_takes_one_byte_as_long_as_edge_and_mask_fit(alphabet, dtype):
    rows = merge_rows([[alphabet - 1, EDGE, MASK]], [0], 1, alphabet)
    assert rows.keys_sn.dtype == dtype
    assert rows.keys_sn[:, 0].tolist() == [alphabet - 1, np.iinfo(dtype).max - 1, np.iinfo(dtype).max]


def test_no_examples_are_rows_too():
    rows = merge_rows(np.zeros((0, 3), int), [], 4, 9)
    assert rows.n_rows == 0
    assert rows.keys_sn.shape == (3, 0)
    assert rows.prior_v.tolist() == [0.25] * 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values_n": [0, 2]}, "values_n: wanted 0 to 1, got 0 to 2"),
        ({"values_n": [0, math.nan]}, "values_n: wanted whole numbers, got dtype float64"),
        ({"keys_ns": [[0], [math.nan]]}, "keys_ns: wanted whole numbers, got dtype float64"),
        ({"keys_ns": [[0], [3]]}, "keys_ns: wanted tokens 0 to 2, got 3"),
        ({"origins_n": [0]}, "origins_n: wanted one for each of the 2 rows, got shape (1,)"),
        ({"origins_n": [0, -1]}, "origins_n: wanted 0 to 9223372036854775807, got -1 to 0"),
        ({"origins_n": [0, math.nan]}, "origins_n: wanted whole numbers, got dtype float64"),
        ({"weights_s": [1, 2]}, "weights_s: wanted one for each of the 1 slots, got shape (2,)"),
        ({"weights_s": [math.nan]}, "weights_s: wanted finite numbers, got NaN or infinity"),
        ({"weights_s": [math.inf]}, "weights_s: wanted finite numbers, got NaN or infinity"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    given_arguments = {"keys_ns": [[0], [1]], "values_n": [0, 1], "n_values": 2, "alphabet": 3} | arguments
    with pytest.raises(InputError) as caught:
        merge_rows(**given_arguments)
    assert str(caught.value) == message


def test_callers_arrays_are_not_changed_and_stay_writable():
    keys, values, origins = np.array([[1], [0]], np.uint16), np.array([1, 0]), np.array([5, 6])
    merge_rows(keys, values, 2, 2, origins)
    assert (keys.tolist(), values.tolist(), origins.tolist()) == ([[1], [0]], [1, 0], [5, 6])
    assert keys.flags.writeable
    assert values.flags.writeable
    assert origins.flags.writeable

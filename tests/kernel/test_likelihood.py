"""Probabilities are the softmax over every example and own row, by an oracle that goes row by row."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparseq.kernel import load
from sparseq.kernel.checks import EDGE, MASK
from sparseq.kernel.layout import make_layout
from sparseq.kernel.model import slot_model
from sparseq.kernel.rows import merge_rows

LIMITS = [1, 2, 3, 253, 254, 255, 256, 65533, 65534]


@dataclass
class Case:
    """Rows as they came, unmerged; everything in grid codes."""

    alphabet: int
    n_values: int
    rows: list  # (key, value)
    own: list  # (key, value)
    queries: list
    weights: list
    tables: dict
    sharpness: float
    prior_weight: float
    own_weight: int = 1

    @property
    def n_slots(self):
        return len(self.weights)


@st.composite
def cases(draw):
    alphabet, n_slots = draw(st.sampled_from(LIMITS)), draw(st.integers(0, 5))
    n_values = min(draw(st.sampled_from([1, 2, 4])), alphabet)
    token = st.sampled_from([*sorted({0, min(1, alphabet - 1), alphabet // 2, alphabet - 1}), EDGE, MASK])
    key = st.tuples(*[token] * n_slots)
    row = st.tuples(key, st.integers(0, n_values - 1))
    top = draw(st.sampled_from([0, 9, 51, 52, 3000, 13107]))  # 5 slots of 51 fit one byte of distance, of 52 do not
    weights = [draw(st.integers(0, top)) if draw(st.booleans()) else top for _ in range(n_slots)]
    tables = {}
    for slot in range(n_slots):
        if draw(st.integers(0, 3)) == 0:
            width = draw(st.integers(1, min(alphabet, 4)))
            entry = st.integers(0, weights[slot])
            tables[slot] = [[draw(entry) for _ in range(width)] for _ in range(width)]
    return Case(
        alphabet=alphabet,
        n_values=n_values,
        rows=draw(st.lists(row, max_size=14)),
        own=draw(st.lists(row, max_size=6)),
        queries=[*draw(st.lists(key, max_size=4)), (MASK,) * n_slots],
        weights=weights,
        tables=tables,
        sharpness=draw(st.sampled_from([0.1, 1.0, 3.0])) / max(top, 1),
        prior_weight=draw(st.sampled_from([0.0, 1e-6, 0.3, 1e6])),
        own_weight=draw(st.sampled_from([1, 3, 1000])),
    )


def slot_distance(case, slot, asked, held):
    """How far apart two cells are in one slot."""
    if asked == MASK:
        return 0
    table = case.tables.get(slot, [])
    if asked < len(table) and held < len(table):
        return table[asked][held]
    return 0 if asked == held else case.weights[slot]


def oracle(case, query, allowed=None):
    """Softmax over all rows, one at a time."""
    mass = [0.0] * case.n_values
    for rows, weight in ((case.rows, 1), (case.own, case.own_weight)):
        for key, value in rows:
            distance = sum(slot_distance(case, s, query[s], key[s]) for s in range(case.n_slots))
            mass[value] += weight * math.exp(-case.sharpness * distance)
    for value in range(case.n_values):
        share = sum(v == value for _, v in case.rows) + 0.5
        mass[value] += case.prior_weight * share / (len(case.rows) + 0.5 * case.n_values)
    mass = [m if allowed is None or allowed[v] else 0.0 for v, m in enumerate(mass)]
    possible = [allowed is None or bool(allowed[v]) for v in range(case.n_values)]
    total = sum(mass)
    return [m / total for m in mass] if total > 0 else [p / sum(possible) for p in possible]


def ask(kernel, case, allowed=None):
    """Ask a kernel, over a grid whose first lane has the head and whose other lanes are its slots."""
    keys = np.array([key for key, _ in case.rows], np.uint16).reshape(len(case.rows), case.n_slots)
    model = slot_model(case.weights, case.sharpness, prior_weight=case.prior_weight, similarity=case.tables)
    rows = merge_rows(keys, [v for _, v in case.rows], case.n_values, case.alphabet, weights_s=case.weights)
    head = kernel.head(rows, model, own_capacity=len(case.own), own_weight=case.own_weight)
    n_lanes = case.n_slots + 1
    nowhere = np.full((case.n_slots, case.n_slots), -1)
    layout = make_layout(
        np.zeros((n_lanes, case.n_slots), int),
        np.vstack([np.arange(1, n_lanes), nowhere]),
        [0] + [-1] * case.n_slots,
    )
    lines = [(value, *key) for key, value in case.own] + [(MASK, *query) for query in case.queries]
    cells = np.array(lines, np.uint16).reshape(-1, n_lanes)
    n_own = len(case.own)
    asked = np.arange(n_own, len(cells)) * n_lanes
    kernel.remember([head], layout, cells, np.arange(n_own) * n_lanes)
    if allowed is not None:
        allowed = np.broadcast_to(np.array(allowed, np.uint8), (len(cells), n_lanes, case.n_values))
    return kernel.likelihood([head], layout, cells, asked, allowed)


def assert_is_oracle(found, case, allowed=None):
    assert found.shape == (len(case.queries), case.n_values)
    for line, query in zip(found.tolist(), case.queries, strict=True):
        assert line == pytest.approx(oracle(case, query, allowed), abs=1e-6)
        assert sum(line) == pytest.approx(1.0, abs=1e-12)


@settings(max_examples=150)
@given(case=cases())
def test_probabilities_are_the_softmax_over_every_row(kernel, case):
    assert_is_oracle(ask(kernel, case), case)


@settings(max_examples=60)
@given(case=cases(), data=st.data())
def test_barred_values_share_out_nothing(kernel, case, data):
    """However near rows of the barred values are."""
    allowed = data.draw(st.lists(st.booleans(), min_size=case.n_values, max_size=case.n_values).filter(any))
    found = ask(kernel, case, allowed)
    assert (found[:, ~np.array(allowed)] == 0).all()
    assert_is_oracle(found, case, allowed)


def simple(**changes):
    base = {
        "alphabet": 4,
        "n_values": 2,
        "rows": [((0, 1), 0), ((1, 1), 1)],
        "own": [],
        "queries": [(0, 1), (1, 1), (3, EDGE), (MASK, MASK)],
        "weights": [2, 3],
        "tables": {},
        "sharpness": 0.7,
        "prior_weight": 1e-6,
    }
    return Case(**base | changes)


def test_an_empty_memory_answers_evenly(kernel):
    case = simple(rows=[])
    assert ask(kernel, case).tolist() == [[0.5, 0.5]] * 4


def test_nothing_known_answers_with_the_shares_of_the_examples(kernel):
    case = simple(rows=[((0, 0), 0)] * 3 + [((1, 1), 1)], queries=[(MASK, MASK)], prior_weight=0.0)
    assert ask(kernel, case).tolist() == [[0.75, 0.25]]


def test_one_row_answers_alone(kernel):
    assert ask(kernel, simple(rows=[((2, 2), 1)], prior_weight=0.0)).tolist() == [[0.0, 1.0]] * 4


def test_the_edge_is_like_no_token_and_like_itself(kernel):
    case = simple(alphabet=254, rows=[((EDGE,), 0), ((253,), 1)], weights=[9], queries=[(EDGE,), (253,)], sharpness=2)
    found = ask(kernel, case)
    assert found[0, 0] > 0.999
    assert found[1, 1] > 0.999


def test_ties_share_alike(kernel):
    case = simple(rows=[((0, 2), 0), ((0, 3), 1)], prior_weight=0.0)
    assert ask(kernel, case)[0].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("copies", [1, 2, 17])
def test_equal_rows_count_as_often_as_they_came(kernel, copies):
    """Merged with a count, they weigh what they would weigh one by one."""
    case = simple(rows=[((0, 0), 0)] * copies + [((0, 0), 1)], queries=[(0, 0)], prior_weight=0.0)
    assert ask(kernel, case)[0].tolist() == [copies / (copies + 1), 1 / (copies + 1)]


@settings(max_examples=30)
@given(case=cases(), random=st.randoms(use_true_random=False))
def test_row_order_of_the_library_does_not_matter(kernel, case, random):
    before = ask(kernel, case)
    random.shuffle(case.rows)
    np.testing.assert_array_equal(ask(kernel, case), before)


@settings(max_examples=30)
@given(case=cases(), k=st.integers(1, 5))
def test_an_own_row_of_weight_k_is_k_own_rows(kernel, case, k):
    case.own_weight = k
    once = ask(kernel, case)
    case.own_weight, case.own = 1, case.own * k
    np.testing.assert_array_equal(ask(kernel, case), once)


@settings(max_examples=30)
@given(case=cases())
def test_an_own_row_of_weight_one_is_an_example_but_for_the_prior(kernel, case):
    case.own_weight, case.prior_weight, case.rows = 1, 0.0, [*case.rows, ((0,) * case.n_slots, 0)]
    apart = ask(kernel, case)
    case.rows, case.own = case.rows + case.own, []
    np.testing.assert_array_equal(ask(kernel, case), apart)


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6))
def test_native_is_the_reference_bit_for_bit(world, seed):
    found = []
    for name in ("native", "reference"):
        w, kernel = world(seed), load(name)
        heads = w.heads(kernel)
        kernel.remember(heads, w.layout, w.cells_tl, w.known())
        kernel.remember(heads, w.layout, w.cells_tl, w.known()[seed % 3 :: 2])  # some twice
        asked = np.concatenate([w.masked, w.known()])
        found.append(kernel.likelihood(heads, w.layout, w.cells_tl, asked, w.allowed_tlv))
    np.testing.assert_array_equal(*found)


@given(seed=st.integers(0, 10**6))
def test_a_cells_own_row_does_not_count_for_itself(kernel, world, seed):
    """Asked about a remembered cell, the answer is that of a memory without its row."""
    w = world(seed)
    w.own |= {"own_capacity": 64}
    known = w.known()
    full = w.heads(kernel)
    kernel.remember(full, w.layout, w.cells_tl, known)
    for i, cell in enumerate(known[:6]):
        without = w.heads(kernel)
        kernel.remember(without, w.layout, w.cells_tl, np.delete(known, i))
        np.testing.assert_array_equal(
            kernel.likelihood(full, w.layout, w.cells_tl, [cell]),
            kernel.likelihood(without, w.layout, w.cells_tl, [cell]),
        )


def test_a_hidden_row_is_back_for_the_next_cell(kernel):
    case = simple(own=[((0, 1), 1)], rows=[], own_weight=5, prior_weight=0.01)
    first = ask(kernel, case)
    np.testing.assert_array_equal(ask(kernel, case), first)
    assert first[0, 1] > 0.9


def test_cells_are_answered_in_the_order_asked_and_alone(kernel, world):
    for seed in range(12):
        w = world(seed)
        heads = w.heads(kernel)
        cells = np.concatenate([w.known(), w.masked])
        together = kernel.likelihood(heads, w.layout, w.cells_tl, cells[::-1], w.allowed_tlv)
        for i, cell in enumerate(cells[::-1]):
            np.testing.assert_array_equal(
                kernel.likelihood(heads, w.layout, w.cells_tl, [cell], w.allowed_tlv)[0], together[i]
            )


def test_lines_of_smaller_heads_end_in_zeros(kernel):
    layout = make_layout([[-1], [-1]], [[0], [1]], [0, 1])
    heads = [kernel.head(merge_rows([[0]], [0], n, 3), slot_model([1], 1.0)) for n in (1, 3)]
    found = kernel.likelihood(heads, layout, np.full((1, 2), MASK, np.uint16), [0, 1])
    assert found[0].tolist() == [1.0, 0.0, 0.0]
    assert (found[1] > 0).all()


def test_nothing_is_changed_by_asking(kernel, world):
    for seed in range(8):
        w = world(seed)
        heads, cells = w.heads(kernel), w.cells_tl.copy()
        kernel.likelihood(heads, w.layout, cells, w.masked)
        np.testing.assert_array_equal(cells, w.cells_tl)
        assert all(head.n_own == 0 for head in heads)


def test_without_a_prior_only_differences_of_distance_count(kernel):
    """exp(-100 * 8) is below the smallest float; the common factor must cancel."""
    case = simple(rows=[((0, 1), 0), ((0, 0), 1)], queries=[(2, 1)], weights=[8, 1], sharpness=100, prior_weight=0.0)
    assert ask(kernel, case)[0].tolist() == pytest.approx([1.0, 0.0], abs=1e-6)


def test_under_a_mask_the_nearest_allowed_row_leads(kernel):
    """The value that is barred matches; of the two left, one row is nearer than the other by 30 nats."""
    rows = [((0, 0), 0), ((1, 0), 1), ((1, 1), 2)]
    case = simple(n_values=3, rows=rows, queries=[(0, 0)], weights=[1, 1], sharpness=30, prior_weight=0.0)
    found = ask(kernel, case, [0, 1, 1])
    assert found[0].tolist() == pytest.approx([0.0, 1.0, 0.0], abs=1e-6)

"""One head: its distances, its masses, and own rows that come and go."""

import os
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import CapacityError, InputError
from sparseq.kernel import load
from sparseq.kernel.checks import EDGE, MASK
from sparseq.kernel.model import slot_model
from sparseq.kernel.rows import merge_rows

LEAK_ROUNDS = int(os.environ.get("SPARSEQ_LEAK_ROUNDS", "2000"))  # a million by hand takes some minutes
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
STATM = "/proc/self/statm"


def query(*codes):
    return np.array(codes, np.int32)


def head_of(kernel, keys, values, *, n_values=2, alphabet=4, weights=(2, 3), sharpness=0.5, prior_weight=0.0, **own):
    rows = merge_rows(np.array(keys, int).reshape(-1, len(weights)), values, n_values, alphabet, weights_s=weights)
    return kernel.head(rows, slot_model(weights, sharpness, prior_weight=prior_weight), **own)


# ---- distances -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ((0, 0), [0, 3, 2, 5]),
        ((1, 1), [5, 2, 3, 0]),
        ((-1, 0), [0, 3, 0, 3]),
        ((-1, -1), [0, 0, 0, 0]),
        ((254, 0), [2, 5, 2, 5]),
    ],
)
def test_distance_is_the_weight_of_the_known_slots_that_differ(kernel, asked, wanted):
    head = head_of(kernel, [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 2, 3], n_values=4)
    assert head.distances(query(*asked)).tolist() == wanted


def test_an_unknown_cell_of_an_example_is_unlike_all_that_is_known(kernel):
    head = head_of(kernel, [[MASK, 0], [EDGE, 0]], [0, 0])
    assert head.distances(query(0, 0)).tolist() == [2, 2]
    assert sorted(head.distances(query(254, 0)).tolist()) == [0, 2]


@pytest.mark.parametrize("weights", [(254, 0), (200, 55), (200, 56), (65535, 0), (40000, 25535)])
def test_distances_of_one_byte_and_of_two_are_exact_up_to_their_limit(kernel, weights):
    head = head_of(kernel, [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 0, 1], weights=weights, own_capacity=1)
    head.append(query(1, 1), 0, -1)
    assert sorted(head.distances(query(0, 0)).tolist()) == sorted([0, *weights, sum(weights), sum(weights)])


@pytest.mark.parametrize("n_rows", [1, 63, 64, 65, 16383, 16384, 16385, 33000])
@pytest.mark.parametrize("top", [9, 900])
@pytest.mark.parametrize("alphabet", [100, 40000])
def test_block_sizes_do_not_show(kernel, n_rows, top, alphabet):
    """Distances are taken 16384 rows at a time and summed 64 at a time: both sides of each size."""
    rng = np.random.default_rng(n_rows)
    weights = rng.integers(1, top, 4)
    # Three slots number the rows, so that none merge.
    number = np.arange(n_rows)
    digits = np.stack([number // 10000, number // 100 % 100, number % 100, rng.integers(0, 3, n_rows)], 1)
    keys, values = digits * (alphabet // 100), rng.integers(0, 2, n_rows)
    head = head_of(kernel, keys, values, weights=tuple(weights.tolist()), alphabet=alphabet, sharpness=1 / top)
    assert head.n_rows == n_rows
    asked = keys[n_rows // 2]
    wanted = (keys != asked) @ weights
    assert np.bincount(head.distances(asked.astype(np.int32))).tolist() == np.bincount(wanted).tolist()
    mass, least = head.masses(asked.astype(np.int32))
    assert least == 0
    near = [np.exp(-wanted[values == v] / top).sum() for v in (0, 1)]
    np.testing.assert_allclose(mass / 2.0**36, near, atol=n_rows * 2.0**-37 + 1e-9)


@given(seed=st.integers(0, 10**6))
def test_native_is_the_reference_bit_for_bit(world, seed):
    found = []
    for name in ("native", "reference"):
        w = world(seed)
        rng = np.random.default_rng(seed)
        for head in w.heads(load(name)):
            for i in range(5):
                head.append(rng.integers(-1, 2, head.n_slots).astype(np.int32), i % head.n_values, -1 - i)
            asked = rng.integers(-1, 2, head.n_slots).astype(np.int32)
            mass, least = head.masses(asked)
            allowed = np.ones(head.n_values, np.uint8)
            allowed[0] = head.n_values == 1
            found.append(
                [head.distances(asked), mass, [least], head.probabilities(asked), head.probabilities(asked, allowed)]
            )
    half = len(found) // 2
    for native, reference in zip(found[:half], found[half:], strict=True):
        for mine, theirs in zip(native, reference, strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_one_head_answers_many_times_the_same(kernel):
    head = head_of(kernel, [[0, 0], [1, 1]], [0, 1])
    first = head.probabilities(query(0, 1)).tolist()
    head.probabilities(query(1, 0))
    assert head.probabilities(query(0, 1)).tolist() == first


def test_a_read_only_query_is_accepted(kernel):
    head = head_of(kernel, [[0, 0], [1, 1]], [0, 1], own_capacity=1)
    asked, allowed = query(0, 1), np.ones(2, np.uint8)
    asked.flags.writeable = allowed.flags.writeable = False
    head.append(asked, 0, -1)
    assert head.probabilities(asked, allowed)[0] > 0.5
    assert head.distances(asked).tolist() == [3, 2, 0]


def test_a_head_says_what_it_is(kernel):
    head = head_of(kernel, [[0, 0], [1, 1]], [0, 1], own_capacity=3, own_weight=4, evict=False)
    assert (head.n_slots, head.n_values, head.n_rows, head.alphabet) == (2, 2, 2, 4)
    assert (head.n_own, head.own_capacity, head.own_weight, bool(head.evict)) == (0, 3, 4, False)
    assert head.largest_distance == 5


FOREIGN = "query_s: wanted tokens 0 to 3, 254 for the edge or -1 for unknown, got "


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ([0], "query_s: wanted a code for each of 2 slots, got 1"),
        ([0, 0, 0], "query_s: wanted a code for each of 2 slots, got 3"),
        (query(0, 0, 0), "query_s: wanted a code for each of 2 slots, got 3"),
        ([[0, 0]], "query_s: wanted 1 dimensions, got 2"),
        ([0.0, 1.0], "query_s: wanted whole numbers, got dtype float64"),
        ([0, 4], FOREIGN + "4"),
        (query(0, 260), FOREIGN + "260"),
        (query(-2, 0), FOREIGN + "-2"),
        ([0, 1 << 20], "query_s: wanted -1 to 65535, got 0 to 1048576"),
    ],
)
def test_a_query_that_does_not_fit_is_refused(kernel, asked, message):
    head = head_of(kernel, [[0, 0], [1, 1]], [0, 1])
    for ask in (head.distances, head.masses, head.search, head.probabilities):
        with pytest.raises(InputError) as caught:
            ask(asked)
        assert str(caught.value) == message


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        ("append", (query(0), 0, -1), "codes_s: wanted a code for each of 2 slots, got 1"),
        ("append", (query(255, 0), 0, -1), FOREIGN.replace("query_s", "codes_s") + "255"),
        ("append", (query(0, 0), 2, -1), "value: wanted a whole number 0 to 1, got 2"),
        ("append", (query(0, 0), -1, -1), "value: wanted a whole number 0 to 1, got -1"),
        (
            "probabilities",
            (query(0, 0), [1, 1]),
            "allowed_v: wanted a bool or uint8 array of 2 values, got int64 (2,)",
        ),
        (
            "probabilities",
            (query(0, 0), np.ones(3, np.uint8)),
            "allowed_v: wanted a bool or uint8 array of 2 values, got uint8 (3,)",
        ),
        (
            "probabilities",
            (query(0, 0), np.zeros(2, np.uint8)),
            "allowed_v: wanted at least one of 2 values, got none",
        ),
        ("restore", (-1,), "n_appended: wanted a whole number of 0 or more, got -1"),
    ],
)
def test_what_a_head_cannot_take_is_refused(kernel, method, arguments, message):
    head = head_of(kernel, [[0, 0], [1, 1]], [0, 1], own_capacity=3)
    with pytest.raises(InputError) as caught:
        getattr(head, method)(*arguments)
    assert str(caught.value) == message
    assert head.n_own == 0


def test_codes_of_other_integers_are_taken(kernel):
    head = head_of(kernel, [[0, 0], [1, 1]], [0, 1], own_capacity=3)
    wanted = head.distances(query(1, -1)).tolist()
    for codes in ([1, -1], np.array([1, -1]), np.array([[1, 9], [-1, 9]], np.int32)[:, 0]):
        assert head.distances(codes).tolist() == wanted


# ---- own rows --------------------------------------------------------------------------------------------------------


def numbered(kernel, capacity, n, **own):
    """Return a head without examples that was told n rows, each with its number as value."""
    head = head_of(kernel, [], [], n_values=20, alphabet=20, own_capacity=capacity, **own)
    for i in range(n):
        head.append(query(i, i), i, -1 - i)
    return head


def held(head):
    """Return the values that the own rows hold."""
    return np.flatnonzero(head.masses(query(-1, -1))[0]).tolist()


def test_rows_are_appended_up_to_the_capacity(kernel):
    head = numbered(kernel, 5, 3)
    assert head.n_own == 3
    assert held(head) == [0, 1, 2]


@pytest.mark.parametrize("n", [5, 6, 9, 10, 13])
def test_a_full_memory_drops_its_oldest(kernel, n):
    head = numbered(kernel, 5, n)
    assert head.n_own == 5
    assert held(head) == list(range(n - 5, n))
    # Evicted is evicted from the keys too.
    assert sorted(head.distances(query(n - 1, n - 1)).tolist()) == [0, 5, 5, 5, 5]


def test_a_full_memory_that_may_not_evict_refuses_and_keeps_what_it_has(kernel):
    head = numbered(kernel, 3, 3, evict=False)
    with pytest.raises(CapacityError) as caught:
        head.append(query(9, 9), 9, -10)
    assert str(caught.value) == (
        "own memory: wanted room for one more row, all 3 are taken; make own_capacity larger or let it evict"
    )
    assert held(head) == [0, 1, 2]


def test_no_capacity_is_no_own_memory(kernel):
    for evict in (True, False):
        head = numbered(kernel, 0, 4, evict=evict)
        assert head.n_own == 0
        assert held(head) == []


def test_rewinding_to_a_mark_forgets_what_came_after(kernel):
    head = numbered(kernel, 8, 3)
    mark = head.mark()
    before = head.probabilities(query(1, 2)).tolist()
    for value in (7, 8, 9):
        head.append(query(1, 2), value, -1)
    head.rewind(mark)
    assert head.n_own == 3
    assert head.probabilities(query(1, 2)).tolist() == before


def test_a_rewound_memory_replays_to_the_same(kernel):
    straight, rewound = numbered(kernel, 8, 6), numbered(kernel, 8, 4)
    for value in (11, 12):
        rewound.append(query(value, value), value, -1)
    rewound.rewind(2)
    for i in range(2, 6):
        rewound.append(query(i, i), i, -1 - i)
    assert rewound.distances(query(3, 4)).tolist() == straight.distances(query(3, 4)).tolist()
    assert rewound.probabilities(query(3, 4)).tolist() == straight.probabilities(query(3, 4)).tolist()


def test_rewinding_a_full_memory_makes_room(kernel):
    head = numbered(kernel, 3, 3, evict=False)
    head.rewind(1)
    head.append(query(5, 5), 5, -1)
    assert held(head) == [0, 5]


@pytest.mark.parametrize(("n", "mark"), [(3, 4), (3, -1), (6, 2), (6, 5)])
def test_a_mark_never_made_or_evicted_past_is_refused(kernel, n, mark):
    head = numbered(kernel, 5, n)
    with pytest.raises(CapacityError) as caught:
        head.rewind(mark)
    assert str(caught.value) == (f"rewind: wanted a mark up to {min(n, 5)} with nothing evicted since, got {mark}")


def test_own_rows_weigh_their_weight(kernel):
    head = head_of(kernel, [[0, 0]], [0], own_capacity=1, own_weight=3)
    head.append(query(0, 0), 1, -1)
    assert head.probabilities(query(0, 0)).tolist() == [0.25, 0.75]


def test_an_own_row_may_hold_the_edge_and_the_unknown(kernel):
    head = head_of(kernel, [], [], own_capacity=2)
    head.append(query(254, -1), 0, -1)
    assert head.distances(query(254, 0)).tolist() == [3]
    assert head.distances(query(0, -1)).tolist() == [2]


# ---- nothing is kept that should go ----------------------------------------------------------------------------------


def resident_bytes():
    with open(STATM) as file:
        return int(file.read().split()[1]) * PAGE


def use(native, w):
    """Call everything once, errors included."""
    cells, origins, logp = w.outputs()
    heads = w.heads(native)
    how = {"origins_tl": origins, "logp_tl": logp, "allowed_tlv": w.allowed_tlv}
    native.remember(heads, w.layout, cells, w.known())
    native.likelihood(heads, w.layout, cells, w.known(), w.allowed_tlv)
    native.fill(heads, w.layout, cells, w.masked, [len(w.masked) // 2, 0], np.ones((2, 1024)), w.sampling, 1, **how)
    native.stream(heads, w.layout, w.cells_tl.copy(), w.lanes, 0, len(cells), w.sampling, 1, **how)
    head = native.head(w.rows[0], w.models[0], own_capacity=1, evict=False)
    codes = np.zeros(head.n_slots, np.int32)
    head.append(codes, 0, 0)
    for refused in (lambda: head.append(codes, 0, 0), lambda: head.rewind(7)):
        try:
            refused()
        except CapacityError:
            continue
        raise AssertionError("wanted a CapacityError")
    return head.distances(codes), head.masses(codes), head.probabilities(codes)


@pytest.mark.skipif(not os.path.exists(STATM), reason="resident memory is read from /proc")
def test_memory_does_not_grow_over_many_calls(world):
    """Ten native calls a round; SPARSEQ_LEAK_ROUNDS=100000 for a million."""
    native, worlds = load("native"), [world(seed) for seed in range(6)]
    for i in range(200):
        use(native, worlds[i % 6])
    blocks, resident = sys.getallocatedblocks(), resident_bytes()
    for i in range(LEAK_ROUNDS):
        use(native, worlds[i % 6])
    assert sys.getallocatedblocks() - blocks < LEAK_ROUNDS / 10
    assert resident_bytes() - resident < 2 << 20


# ---- many rows, large counts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [1, 127, 128, 16383, 16384, 70000])
@pytest.mark.parametrize("top", [30, 900])
def test_counts_of_any_size_weigh_what_they_are(most, top):
    """Counts of one, two and more digits to the base of 128; distances of one and two bytes; own rows beside them."""
    rng = np.random.default_rng(most)
    keys = np.stack([np.arange(300) % 20, np.arange(300) // 20, rng.integers(0, 3, 300)], 1)
    values = np.sort(rng.integers(0, 3, 300))
    times = np.where(np.arange(300) % 7 == 0, most, 1 + np.arange(300) % min(most, 9))
    rows = merge_rows(np.repeat(keys, times, 0), np.repeat(values, times), 3, 30)
    assert rows.counts_n.max() == most
    table = np.minimum(abs(np.arange(20)[:, None] - np.arange(20)), top)
    model = slot_model([top, top // 2, 9], 3.0 / top, similarity={0: table})
    native, reference = (load(name).head(rows, model, own_capacity=150, own_weight=3) for name in NAMES)
    for i in range(170):
        for head in (native, reference):
            head.append(keys[i].astype(np.int32), i % 3, -1 - i)
    for asked in [*keys[::37].astype(np.int32), query(-1, 3, -1), query(254, 29, 2)]:
        np.testing.assert_array_equal(native.distances(asked), reference.distances(asked))
        np.testing.assert_array_equal(native.masses(asked)[0], reference.masses(asked)[0])
        allowed = np.array([0, 1, 1], np.uint8)
        np.testing.assert_array_equal(native.probabilities(asked, allowed), reference.probabilities(asked, allowed))


@pytest.mark.parametrize("n_values", [1, 2, 31, 32, 33, 70])
@pytest.mark.parametrize("n_own", [0, 23, 24, 63, 64, 65, 300])
def test_own_rows_of_any_number_and_values_are_summed(n_values, n_own):
    rng = np.random.default_rng(n_own)
    keys, values = rng.integers(0, 5, (200, 4)), rng.integers(0, n_values, 200)
    rows, model = merge_rows(keys, values, n_values, 80), slot_model([9, 4, 3, 1], 0.4)
    native, reference = (load(name).head(rows, model, own_capacity=256) for name in NAMES)
    own, held = rng.integers(-1, 5, (n_own, 4)).astype(np.int32), rng.integers(0, n_values, n_own)
    for i in range(n_own):
        for head in (native, reference):
            head.append(own[i], int(held[i]), -1 - i)
    for asked in rng.integers(-1, 6, (20, 4)).astype(np.int32):
        np.testing.assert_array_equal(native.masses(asked)[0], reference.masses(asked)[0])


NAMES = ("native", "reference")

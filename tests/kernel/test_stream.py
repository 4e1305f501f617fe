"""Streaming: column by column, each cell drawn from what came before, every column remembered."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparseq.errors import CapacityError
from sparseq.kernel import load
from sparseq.kernel.api import NO_ORIGIN
from sparseq.kernel.checks import EDGE, MASK
from sparseq.kernel.layout import make_layout
from sparseq.kernel.model import slot_model
from sparseq.kernel.philox import philox4x32, uniform53
from sparseq.kernel.rows import merge_rows
from sparseq.kernel.sampling import Sampling

SEEDS = st.integers(0, 10**6)


def run(kernel, w, cuts=None, **changes):
    """Stream a world in pieces; returns cells, origins, log-probabilities and how many own rows each head has."""
    heads = w.heads(kernel)
    cells, origins, logp = w.outputs()
    cuts = [0, len(cells)] if cuts is None else cuts
    arguments = {"order": w.lanes, "sampling": w.sampling, "seed": w.seed} | changes
    for start, stop in pairwise(cuts):
        allowed = None if w.allowed_tlv is None else w.allowed_tlv[start:stop]
        kernel.stream(heads, w.layout, cells, start=start, stop=stop, origins_tl=origins, logp_tl=logp,
                      **{"allowed_tlv": allowed} | arguments)  # fmt: skip
    return cells, origins, logp, np.array([head.n_own for head in heads])


def assert_same(one, other):
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@settings(max_examples=150)
@given(seed=SEEDS)
def test_native_is_the_reference_bit_for_bit(world, seed):
    assert_same(*[run(load(name), world(seed)) for name in ("native", "reference")])


@given(seed=SEEDS, data=st.data())
def test_step_by_step_is_the_whole_sequence(kernel, world, seed, data):
    w = world(seed)
    n = len(w.cells_tl)
    some = data.draw(st.lists(st.integers(0, n), max_size=3))
    assert_same(run(kernel, w), run(kernel, w, cuts=list(range(n + 1))))
    assert_same(run(kernel, w), run(kernel, w, cuts=[0, *sorted(some), n]))


def plain_stream(kernel, w):
    """Stream by asking for one cell at a time and drawing from the answer."""
    heads = w.heads(kernel)
    cells, _, logp = w.outputs()
    for t in range(len(cells)):
        for lane in w.lanes:
            place = t * cells.shape[1] + int(lane)
            if cells[t, lane] == MASK:
                p = kernel.likelihood(heads, w.layout, cells, [place], w.allowed_tlv)[0].tolist()
                u, token = uniform53(*philox4x32(w.seed, place, 0, 0, 0)[:2]), 0
                while u >= sum(p[: token + 1]):
                    token += 1
                cells[t, lane], logp[t, lane] = token, math.log(p[token])
        kernel.remember(heads, w.layout, cells, t * cells.shape[1] + w.lanes)
    return cells, logp


@given(seed=SEEDS)
def test_a_stream_is_asking_and_drawing_cell_by_cell(kernel, world, seed):
    w = world(seed)
    w.sampling = Sampling()
    cells, _, logp, _ = run(kernel, w)
    wanted_cells, wanted_logp = plain_stream(kernel, w)
    np.testing.assert_array_equal(cells, wanted_cells)
    np.testing.assert_allclose(logp, wanted_logp, rtol=1e-12, atol=1e-15)


@given(seed=SEEDS)
def test_given_cells_stay_and_masked_ones_are_filled(kernel, world, seed):
    w = world(seed)
    cells, origins, logp, _ = run(kernel, w)
    given_cells = np.ones(cells.size, bool)
    given_cells[w.masked] = False
    np.testing.assert_array_equal(cells.reshape(-1)[given_cells], w.cells_tl.reshape(-1)[given_cells])
    assert (origins.reshape(-1)[given_cells] == NO_ORIGIN).all()
    assert (logp.reshape(-1)[given_cells] == 0).all()
    assert (cells[:, w.lanes] != MASK).all()


def test_columns_outside_the_range_are_not_touched(kernel, world):
    w = next(w for w in map(world, range(100)) if len(w.cells_tl) >= 6 and len(w.masked) > 8)
    cells, _, _, _ = run(kernel, w, cuts=[2, 4])
    np.testing.assert_array_equal(np.delete(cells, [2, 3], 0), np.delete(w.cells_tl, [2, 3], 0))


@given(seed=SEEDS)
def test_a_lane_left_out_of_the_order_is_not_touched(kernel, world, seed):
    w = world(seed)
    cells, _, _, own = run(kernel, w, order=[])
    np.testing.assert_array_equal(cells, w.cells_tl)
    assert not own.any()


@given(seed=SEEDS)
def test_every_streamed_column_is_remembered(kernel, world, seed):
    w = world(seed)
    w.own |= {"own_capacity": 64}
    *_, own = run(kernel, w)
    lanes_of_head = np.bincount(w.layout.head_of_lane[w.lanes], minlength=len(own))
    assert own.tolist() == (lanes_of_head * len(w.cells_tl)).tolist()


@given(seed=SEEDS)
def test_same_seed_same_result_even_after_other_streams(kernel, world, seed):
    w = world(seed)
    first = run(kernel, w)
    run(kernel, world(seed + 1))
    assert_same(run(kernel, w), first)


def free(kernel, n_lanes, n_steps, seed, order=None):
    """Stream lanes that look at nothing: every cell is the number of its place."""
    head = kernel.head(merge_rows(np.zeros((0, 0), int), [], 100, 100), slot_model([], 1.0))
    layout = make_layout(np.zeros((n_lanes, 0), int), np.zeros((n_lanes, 0), int), [0] * n_lanes)
    cells = np.full((n_steps, n_lanes), MASK, np.uint16)
    kernel.stream([head], layout, cells, order or range(n_lanes), 0, n_steps, Sampling(), seed,
                  origins_tl=np.zeros(cells.shape, np.int64), logp_tl=np.zeros(cells.shape))  # fmt: skip
    return cells


def test_another_seed_gives_another_result(kernel):
    results = [free(kernel, 3, 20, seed).tobytes() for seed in (0, 1, 2, 1 << 32, 1 << 63, (1 << 64) - 1)]
    assert len(set(results)) == len(results)


def test_draws_depend_on_the_place_and_not_on_the_order(kernel):
    assert_same([free(kernel, 3, 20, 5)], [free(kernel, 3, 20, 5, order=[2, 0, 1])])


def test_lanes_of_a_column_see_those_decided_before_them(kernel):
    """Lane 1 copies lane 0 of its own column: it can if lane 0 comes first, and is left with chance if not."""
    rows = merge_rows([[v] for v in range(8)], range(8), 8, 8)
    copier = kernel.head(rows, slot_model([100], 1.0))
    chance = kernel.head(merge_rows(np.zeros((0, 1), int), [], 8, 8), slot_model([1], 1.0))
    layout = make_layout([[-1], [0]], [[0], [0]], [0, 1])
    agree = []
    for order in ([0, 1], [1, 0]):
        cells = np.full((60, 2), MASK, np.uint16)
        kernel.stream([chance, copier], layout, cells, order, 0, 60, Sampling(), 1,
                      origins_tl=np.zeros(cells.shape, np.int64), logp_tl=np.zeros(cells.shape))  # fmt: skip
        agree.append((cells[:, 0] == cells[:, 1]).mean())
    assert agree[0] == 1.0
    assert agree[1] < 0.4


def test_a_full_own_memory_that_may_not_evict_stops_the_stream(kernel):
    head = kernel.head(merge_rows([[0]], [0], 2, 2), slot_model([1], 1.0), own_capacity=3, evict=False)
    cells = np.full((5, 1), MASK, np.uint16)
    with pytest.raises(CapacityError, match=r"^own memory: wanted room for one more row, all 3 are taken; make own_"):
        kernel.stream([head], make_layout([[-1]], [[0]], [0]), cells, [0], 0, 5, Sampling(), 1,
                      origins_tl=np.zeros((5, 1), np.int64), logp_tl=np.zeros((5, 1)))  # fmt: skip
    assert head.n_own == 3


# ---- masks, and grids that are only the end of a piece --------------------------------------------------------------


@given(seed=SEEDS)
def test_a_mask_of_one_column_holds_for_all(kernel, world, seed):
    w = world(seed)
    n_tokens = max(rows.n_values for rows in w.rows)
    line = np.random.default_rng(seed).random((w.layout.n_lanes, n_tokens)) < 0.5
    line[:, seed % n_tokens] = True
    every = np.broadcast_to(line, (len(w.cells_tl), *line.shape))
    wider = np.concatenate([every, np.ones((*every.shape[:2], 2), bool)], axis=2)
    results = [run(kernel, w, allowed_tlv=mask) for mask in (every, line, wider, line.astype(np.uint8))]
    for other in results[1:]:
        assert_same(results[0], other)
    tokens, lanes = results[0][0].reshape(-1)[w.masked], w.masked % w.layout.n_lanes
    assert line[lanes, tokens].all()


def follow(cells, w):
    """Return lines of lane, token before (EDGE at the start), token, for each masked cell."""
    steps, lanes = np.divmod(w.masked, w.layout.n_lanes)
    before = np.where(steps > 0, cells[steps - 1, lanes], EDGE)
    return np.column_stack([lanes, before, cells[steps, lanes]])


@given(seed=SEEDS)
def test_what_is_barred_does_not_follow(kernel, world, seed):
    """Each lane's every second pair of tokens is barred; only masked cells are held to it."""
    w = world(seed)
    w.allowed_tlv = None
    barred = [
        (lane, before, token)
        for lane in w.lanes
        for before in (EDGE, *range(5))
        for token in range(1, w.rows[w.layout.head_of_lane[lane]].n_values)
        if (before + token + lane + seed) % 2
    ]
    cells, *_ = found = run(kernel, w, barred_b3=np.array(barred).reshape(-1, 3))
    assert not set(map(tuple, follow(cells, w).tolist())) & set(barred)
    assert_same(found, run(kernel, w, barred_b3=barred, cuts=range(len(cells) + 1)))


@given(seed=SEEDS)
def test_barring_is_a_mask_that_knows_what_came_before(kernel, world, seed):
    """Cell by cell, with the mask that the rule amounts to."""
    w = world(seed)
    w.allowed_tlv = None
    lane, n_tokens = int(w.lanes[0]), max(rows.n_values for rows in w.rows)
    barred = [(lane, before, 1) for before in (EDGE, 0, 2, 3)][: 1 + seed % 4]
    heads, (cells, origins, logp) = w.heads(kernel), w.outputs()
    for t in range(len(cells)):
        mask = np.ones((w.layout.n_lanes, n_tokens), np.uint8)
        mask[lane, 1] = (lane, int(cells[t - 1, lane]) if t else EDGE, 1) not in barred
        kernel.stream(heads, w.layout, cells, w.lanes, t, t + 1, w.sampling, w.seed, origins_tl=origins, logp_tl=logp,
                      allowed_tlv=mask)  # fmt: skip
    assert_same(run(kernel, w, barred_b3=barred)[:3], (cells, origins, logp))


@settings(max_examples=80)
@given(seed=SEEDS)
def test_native_is_the_reference_bit_for_bit_with_rules_and_far_into_a_piece(world, seed):
    found = []
    for name in ("native", "reference"):
        w = world(seed)
        barred = [(int(lane), before, 1) for lane in w.lanes for before in (EDGE, 0, 3)]
        w.allowed_tlv = None
        found.append(run(load(name), w, barred_b3=barred, first_step=(1 << 36) + seed))
    assert_same(*found)


@given(seed=SEEDS, dropped=st.integers(0, 5))
def test_the_end_of_a_piece_goes_on_as_the_whole(kernel, world, seed, dropped):
    """Contexts reach four steps back, and recent tokens as many: what lies before may be dropped."""
    w = world(seed)
    w.allowed_tlv = None
    w.layout = make_layout(-np.maximum(abs(w.layout.dt_ls), 1), w.layout.lane_ls, w.layout.head_of_lane)
    w.cells_tl = np.concatenate([w.cells_tl, w.cells_tl])
    n = len(w.cells_tl)
    whole = run(kernel, w)
    heads, (cells, origins, logp) = w.heads(kernel), w.outputs()
    cut = min(4 + dropped, n)
    how = {"order": w.lanes, "sampling": w.sampling, "seed": w.seed}
    kernel.stream(heads, w.layout, cells, start=0, stop=cut, origins_tl=origins, logp_tl=logp, **how)
    first = cut - 4
    rest = [array[first:].copy() for array in (cells, origins, logp)]
    asked = (cut - first) * w.layout.n_lanes + w.lanes[: n > cut]
    if len(asked) and rest[0].reshape(-1)[asked[0]] == MASK:
        ahead = kernel.likelihood(heads, w.layout, rest[0], asked, first_step=first)
        np.testing.assert_array_equal(
            ahead, kernel.likelihood(heads, w.layout, cells, asked + first * w.layout.n_lanes)
        )
    kernel.stream(heads, w.layout, rest[0], start=4, stop=n - first, origins_tl=rest[1], logp_tl=rest[2],
                  first_step=first, **how)  # fmt: skip
    joined = [np.concatenate([a[:first], b]) for a, b in zip((cells, origins, logp), rest, strict=True)]
    assert_same(joined, whole[:3])


# ---- origins ---------------------------------------------------------------------------------------------------------


@given(seed=SEEDS)
def test_origins_hold_the_token_that_was_drawn(kernel, world, seed):
    """An example's origin is a row with that value; an own one is an earlier cell with that token."""
    w = world(seed)
    cells, origins, _, _ = run(kernel, w)
    value_of_origin = [
        dict(zip(rows.origins.tolist(), np.repeat(rows.values(), rows.counts_n).tolist(), strict=True))
        for rows in w.rows
    ]
    tokens = cells.reshape(-1)
    for place in w.masked.tolist():
        origin, lane = int(origins.reshape(-1)[place]), place % w.layout.n_lanes
        head = int(w.layout.head_of_lane[lane])
        if origin == NO_ORIGIN:
            assert tokens[place] not in value_of_origin[head].values()
        elif origin >= 0:
            assert value_of_origin[head][origin] == tokens[place]
        else:
            own = -1 - origin
            assert tokens[own] == tokens[place]
            assert own // w.layout.n_lanes < place // w.layout.n_lanes
            assert w.layout.head_of_lane[own % w.layout.n_lanes] == head


def origins_of(kernel, keys, n, weights=(2,), **how):
    """Return origins of n cells that read a zero, from rows of one value."""
    rows = merge_rows(keys, [0] * len(keys), 1, 4)
    head = kernel.head(rows, slot_model(weights, 0.5, prior_weight=0.0))
    layout = make_layout([[0], [0]], [[1], [-1]], [0, -1])
    cells = np.zeros((n, 2), np.uint16)
    cells[:, 0] = MASK
    origins = np.zeros(cells.shape, np.int64)
    kernel.stream([head], layout, cells, [0], 0, n, Sampling(**how), 3, origins_tl=origins,
                  logp_tl=np.zeros(cells.shape))  # fmt: skip
    return origins[:, 0]


def test_origins_are_drawn_by_attention(kernel):
    """Two rows match (merged into one), one is a nat away: e, e and 1 parts."""
    found = np.bincount(origins_of(kernel, [[0], [1], [0]], 4000), minlength=3) / 4000
    whole = 2 * math.e + 1
    assert found.tolist() == pytest.approx([math.e / whole, 1 / whole, math.e / whole], abs=0.025)


def test_greedy_origins_are_among_the_nearest(kernel):
    found = np.bincount(origins_of(kernel, [[0], [1], [0]], 400, greedy=True), minlength=3) / 400
    assert found.tolist() == pytest.approx([0.5, 0.0, 0.5], abs=0.08)


def test_greedy_origin_is_the_own_row_where_it_is_as_near(kernel):
    """The piece itself is named before an example that is no nearer."""
    rows = merge_rows([[0]], [0], 1, 4)
    head = kernel.head(rows, slot_model([2], 0.5), own_capacity=4)
    layout = make_layout([[-1]], [[-1]], [0])
    cells, origins = np.full((3, 1), MASK, np.uint16), np.zeros((3, 1), np.int64)
    rows_far = kernel.head(merge_rows([[1]], [0], 1, 4), slot_model([2], 0.5), own_capacity=4)
    for h, wanted in ((head, [0, -1, -1]), (rows_far, [0, -1, -1])):
        cells[:] = MASK
        kernel.stream([h], layout, cells, [0], 0, 3, Sampling(greedy=True), 3, origins_tl=origins,
                      logp_tl=np.zeros((3, 1)))  # fmt: skip
        assert origins[:, 0].tolist() == wanted


def test_origins_among_the_largest_masses_are_the_same_on_both_kernels():
    """Own rows of 2**62 units in all, beside one of a single unit."""
    found = []
    for name in ("native", "reference"):
        kernel = load(name)
        rows = merge_rows([[0], *[[1]] * 3, [2]], [0] * 5, 1, 4)
        head = kernel.head(rows, slot_model([24], 1.0), own_capacity=60, own_weight=1 << 20)
        layout = make_layout([[0], [0]], [[1], [-1]], [0, -1])
        cells = np.zeros((260, 2), np.uint16)
        cells[60:, 0] = MASK
        cells[:60, 1] = np.arange(60) % 4
        kernel.remember([head], layout, cells, np.arange(0, 120, 2))
        origins = np.zeros(cells.shape, np.int64)
        kernel.stream([head], layout, cells, [0], 60, 260, Sampling(), 3, origins_tl=origins,
                      logp_tl=np.zeros(cells.shape))  # fmt: skip
        found.append(origins[60:, 0])
    np.testing.assert_array_equal(*found)

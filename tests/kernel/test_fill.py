"""Filling: masked cells over several steps, the surest first, each step seeing those before it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparseq.kernel import load
from sparseq.kernel.api import NO_ORIGIN, NOISE_ROWS
from sparseq.kernel.checks import MASK
from sparseq.kernel.layout import make_layout
from sparseq.kernel.model import slot_model
from sparseq.kernel.philox import philox4x32, uniform53
from sparseq.kernel.rows import merge_rows
from sparseq.kernel.sampling import Sampling

SEEDS = st.integers(0, 10**6)


def schedule(w):
    """Return counts that fall to nothing and noise for each step, of a world's own making."""
    rng = np.random.default_rng(w.seed)
    left = sorted(rng.integers(0, len(w.masked) + 1, int(rng.integers(0, 5))).tolist(), reverse=True)
    noise = (
        np.exp(rng.normal(size=(len(left) + 1, NOISE_ROWS))) if rng.random() < 0.5 else np.ones((len(left) + 1, 1024))
    )
    return [*left, 0], noise


def run(kernel, w, **changes):
    """Fill a world; returns cells, origins and log-probabilities."""
    cells, origins, logp = w.outputs()
    left, noise = schedule(w)
    heads = w.heads(kernel)
    kernel.remember(heads, w.layout, cells, w.known())
    arguments = {"cell_indices": w.masked, "left_s": left, "noise_sk": noise, "sampling": w.sampling, "seed": w.seed}
    arguments |= {"allowed_tlv": w.allowed_tlv} | changes
    kernel.fill(heads, w.layout, cells, origins_tl=origins, logp_tl=logp, **arguments)
    return cells, origins, logp


def assert_same(one, other):
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@settings(max_examples=150)
@given(seed=SEEDS, incremental=st.booleans())
def test_native_is_the_reference_bit_for_bit(world, seed, incremental):
    assert_same(*[run(load(name), world(seed), incremental=incremental) for name in ("native", "reference")])


@given(seed=SEEDS)
def test_keeping_distances_up_to_date_is_measuring_them_anew(kernel, world, seed):
    w = world(seed)
    assert_same(run(kernel, w, incremental=True), run(kernel, w, incremental=False))


def plain_fill(kernel, w, round_number):
    """Fill by asking for every masked cell at every step, drawing from the answers, and taking the surest."""
    heads = w.heads(kernel)
    cells, _, logp = w.outputs()
    kernel.remember(heads, w.layout, cells, w.known())
    masked = w.masked.tolist()
    for step, (left, noise) in enumerate(zip(*schedule(w), strict=True)):
        asked = []
        for place in masked:
            p = kernel.likelihood(heads, w.layout, cells, [place], w.allowed_tlv)[0].tolist()
            word = philox4x32(w.seed, place, step + 1, round_number, 0)
            token = p.index(max(p)) if w.sampling.greedy else 0
            while not w.sampling.greedy and uniform53(*word[:2]) >= sum(p[: token + 1]):
                token += 1
            asked.append((-p[token] * noise[word[2] >> 22], place, token, p[token]))
        surest = sorted(asked, key=lambda a: a[0])[: max(len(masked) - left, 0)]
        for _, place, token, probability in surest:
            cells.reshape(-1)[place], logp.reshape(-1)[place] = token, math.log(probability)
            masked.remove(place)
    return cells, logp


@given(seed=SEEDS, greedy=st.booleans(), round_number=st.sampled_from([0, 1, 1 << 31]))
def test_a_fill_is_asking_drawing_and_taking_the_surest(kernel, world, seed, greedy, round_number):
    w = world(seed)
    w.sampling = Sampling(greedy=greedy)
    cells, _, logp = run(kernel, w, round_number=round_number)
    wanted_cells, wanted_logp = plain_fill(kernel, w, round_number)
    np.testing.assert_array_equal(cells, wanted_cells)
    np.testing.assert_allclose(logp, wanted_logp, rtol=1e-12, atol=1e-15)


@given(seed=SEEDS)
def test_only_masked_cells_change_and_all_of_them(kernel, world, seed):
    w = world(seed)
    cells, origins, logp = (array.reshape(-1) for array in run(kernel, w))
    others = np.delete(np.arange(cells.size), w.masked)
    np.testing.assert_array_equal(cells[others], w.cells_tl.reshape(-1)[others])
    assert (origins[others] == NO_ORIGIN).all()
    assert (logp[others] == 0).all()
    assert (cells[w.masked] != MASK).all()
    assert (logp[w.masked] <= 0).all()


def test_masked_cells_that_are_not_asked_for_stay_masked(kernel, world):
    w = next(w for w in map(world, range(50)) if len(w.masked) > 4)
    asked, rest = w.masked[::2], w.masked[1::2]
    cells, _, _ = run(kernel, w, cell_indices=asked, left_s=[0], noise_sk=np.ones((1, NOISE_ROWS)))
    assert (cells.reshape(-1)[rest] == MASK).all()
    assert (cells.reshape(-1)[asked] != MASK).all()


@given(seed=SEEDS)
def test_inputs_stay_untouched(kernel, world, seed):
    w = world(seed)
    left, noise = schedule(w)
    allowed = None if w.allowed_tlv is None else w.allowed_tlv.copy()
    inputs = {"cell_indices": w.masked.copy(), "left_s": np.array(left), "noise_sk": noise.copy()}
    for array in inputs.values():
        array.flags.writeable = False
    run(kernel, w, allowed_tlv=allowed, **inputs)
    assert_same(inputs.values(), [w.masked, left, noise])
    if allowed is not None:
        np.testing.assert_array_equal(allowed, w.allowed_tlv)


@given(seed=SEEDS)
def test_origins_hold_the_token_that_was_drawn(kernel, world, seed):
    w = world(seed)
    cells, origins, _ = run(kernel, w)
    for place in w.masked.tolist():
        origin, lane = int(origins.reshape(-1)[place]), place % w.layout.n_lanes
        rows = w.rows[w.layout.head_of_lane[lane]]
        if origin >= 0:
            at = int(np.searchsorted(rows.origin_start_n, rows.origins.tolist().index(origin), side="right")) - 1
            assert rows.values()[at] == cells.reshape(-1)[place]
        elif origin != NO_ORIGIN:
            assert -1 - origin in w.known()
            assert cells.reshape(-1)[-1 - origin] == cells.reshape(-1)[place]
        else:
            assert cells.reshape(-1)[place] not in rows.values()


@given(seed=SEEDS)
def test_same_seed_same_result_even_after_other_fills(kernel, world, seed):
    w = world(seed)
    first = run(kernel, w)
    run(kernel, world(seed + 1))
    assert_same(run(kernel, w), first)


def free(kernel, seed=0, cells=None, left=(0,), **changes):
    """Fill a grid of cells that look at nothing and have a hundred values."""
    head = kernel.head(merge_rows(np.zeros((0, 0), int), [], 100, 100), slot_model([], 1.0))
    layout = make_layout(np.zeros((2, 0), int), np.zeros((2, 0), int), [0, 0])
    grid = np.full((20, 2), MASK, np.uint16)
    asked = np.arange(40) if cells is None else cells
    kernel.fill([head], layout, grid, asked, left, np.ones((len(left), NOISE_ROWS)), Sampling(), seed,
                origins_tl=np.zeros(grid.shape, np.int64), logp_tl=np.zeros(grid.shape), **changes)  # fmt: skip
    return grid


def test_another_seed_and_another_round_give_other_results(kernel):
    results = [free(kernel, seed).tobytes() for seed in (0, 1, 1 << 32, (1 << 64) - 1)]
    results += [free(kernel, 0, round_number=number).tobytes() for number in (1, 2, 1 << 31)]
    assert len(set(results)) == len(results)


def test_draws_depend_on_the_place_and_not_on_the_order(kernel):
    np.testing.assert_array_equal(free(kernel, 3, cells=np.arange(40)[::-1]), free(kernel, 3))
    some = free(kernel, 3, cells=[7, 30, 2]).reshape(-1)
    np.testing.assert_array_equal(some[[2, 7, 30]], free(kernel, 3).reshape(-1)[[2, 7, 30]])


def test_no_cells_are_filled_in_no_time(kernel):
    assert (free(kernel, cells=np.array([], int)) == MASK).all()


@pytest.mark.parametrize("empty", [[0], [1], [0, 1]])
def test_a_head_without_rows_may_stand_beside_one_with_rows(kernel, empty):
    """The last cell's kept distances, none at all, once began one byte past the end of the array that keeps them."""
    none = merge_rows(np.zeros((0, 1), int), [], 2, 2)
    some = merge_rows([[0], [1]], [0, 1], 2, 2)
    heads = [kernel.head(none if h in empty else some, slot_model([3], 1.0)) for h in range(2)]
    cells = np.full((3, 2), MASK, np.uint16)
    layout = make_layout([[-1], [-1]], [[0], [1]], [0, 1])
    kernel.fill(heads, layout, cells, np.arange(6), [3, 0], np.ones((2, NOISE_ROWS)),
                Sampling(), 1, origins_tl=np.zeros((3, 2), np.int64), logp_tl=np.zeros((3, 2)))  # fmt: skip
    assert (cells < 2).all()


def test_the_surest_cells_come_first_and_the_others_see_them(kernel):
    """Lane 0 follows a known clue; lane 1 copies lane 0. In one step the copy is a guess, in two it is right."""
    clue = kernel.head(merge_rows([[v] for v in range(8)], range(8), 8, 8), slot_model([100], 1.0))
    copy = kernel.head(merge_rows([[v] for v in range(8)], range(8), 8, 8), slot_model([100], 1.0))
    layout = make_layout([[0], [0], [0]], [[2], [0], [-1]], [0, 1, -1])
    right = []
    for left in ([0], [10, 0]):
        cells = np.full((10, 3), MASK, np.uint16)
        cells[:, 2] = np.arange(10) % 8
        asked = np.flatnonzero(cells == MASK)
        kernel.fill([clue, copy], layout, cells, asked, left, np.ones((len(left), NOISE_ROWS)), Sampling(), 1,
                    origins_tl=np.zeros(cells.shape, np.int64), logp_tl=np.zeros(cells.shape))  # fmt: skip
        assert (cells[:, 0] == cells[:, 2]).all()
        right.append((cells[:, 1] == cells[:, 2]).mean())
    assert right[0] < 0.6
    assert right[1] == 1.0


@pytest.mark.parametrize(
    ("left", "certain"),
    [([0], 1), ([0, 0, 0], 1), ([2, 0], 2), ([3, 1, 0], 3), ([3, 2, 1, 0], 4), ([4, 4, 1, 0], 2), ([4, 3, 2, 1, 0], 4)],
)
def test_as_many_stay_masked_as_the_schedule_says(kernel, left, certain):
    """Four cells copy the one before them, the first a known one: each step that decides makes one more certain."""
    head = kernel.head(merge_rows([[0], [1]], [0, 1], 2, 2), slot_model([100], 1.0))
    cells, logp = np.array([[1], *[[MASK]] * 4], np.uint16), np.zeros((5, 1))
    kernel.fill([head], make_layout([[-1]], [[0]], [0]), cells, np.arange(1, 5), left, np.ones((len(left), NOISE_ROWS)),
                Sampling(greedy=True), 1, origins_tl=np.zeros((5, 1), np.int64), logp_tl=logp)  # fmt: skip
    assert int((logp[1:, 0] > -1e-3).sum()) == certain


@given(seed=SEEDS)
def test_no_noise_is_noise_of_ones(kernel, world, seed):
    left, noise = schedule(world(seed))
    ones = np.ones_like(noise)
    assert_same(*[run(kernel, world(seed), left_s=left, noise_sk=factors) for factors in (ones, None)])

"""Filling masks from both sides: what is given stays, and what is filled fits."""

import math

import numpy as np
import pytest

from sparseq.engine import diffuser as diffuser_module
from sparseq.engine.diffuser import Diffuser
from sparseq.engine.grid import Grid
from sparseq.engine.sampling import SamplingConfig
from sparseq.engine.schedule import SCHEDULES, DiffusionConfig, masked_counts
from sparseq.errors import InputError
from sparseq.kernel.api import NO_ORIGIN
from sparseq.kernel.checks import MASK

GREEDY = SamplingConfig(greedy=True)


@pytest.fixture
def mask(ground):
    """The middle bar, in the lanes that are decided."""
    out = np.zeros(ground.pattern.shape, bool)
    out[4:8, :2] = True
    return out


def diffuser_of(ground, config=None, sampling=None, **memory):
    return Diffuser(ground.memory(ground.both, **{"sharpness": 2.0} | memory), config, sampling)


def test_a_bar_of_a_pattern_is_restored(ground, mask):
    filled = diffuser_of(ground, sampling=GREEDY).fill(ground.pattern, mask, ground.both)
    np.testing.assert_array_equal(filled.cells_tl, ground.pattern)


def test_the_known_rest_is_enough_without_any_example(ground, mask):
    """The piece's own other bars are memory too."""
    filled = diffuser_of(ground, sampling=GREEDY, examples=[], prior_weight=1e-6).fill(
        ground.pattern, mask, ground.both
    )
    np.testing.assert_array_equal(filled.cells_tl, ground.pattern)
    assert (filled.origins_tl[mask] < 0).all()
    assert (filled.origins_tl[mask] != NO_ORIGIN).all()


@pytest.mark.parametrize(
    "config",
    [
        DiffusionConfig(),
        DiffusionConfig(steps=3, noise=2.0, rounds=2, remask=0.5),
        *(DiffusionConfig(steps=3, rounds=1, schedule=schedule) for schedule in SCHEDULES),
    ],
)
@pytest.mark.parametrize("seed", [0, 7])
def test_only_the_mask_changes_and_all_of_it(ground, mask, config, seed):
    mask[0, 1] = mask[11, 0] = True
    filled = diffuser_of(ground, config, sharpness=0.3).fill(ground.pattern, mask, ground.both, seed)
    np.testing.assert_array_equal(filled.cells_tl[~mask], ground.pattern[~mask])
    assert (filled.origins_tl[~mask] == NO_ORIGIN).all()
    assert (filled.logp_tl[~mask] == 0).all()
    assert (filled.cells_tl[mask] != MASK).all()
    assert (filled.logp_tl[mask] < 0).all()


def test_inputs_stay_untouched_and_may_be_read_only(ground, mask):
    pattern, first = ground.pattern.copy(), mask.copy()
    for array in (pattern, mask, first):
        array.flags.writeable = False
    diffuser_of(ground, DiffusionConfig(rounds=1)).fill(pattern, mask, ground.both, 1, first)
    np.testing.assert_array_equal(pattern, ground.pattern)


def test_what_stands_in_masked_cells_is_not_looked_at(ground, mask):
    other = ground.pattern.copy()
    other[mask] = 60000
    fills = [diffuser_of(ground, sharpness=0.3).fill(cells, mask, ground.both, 3) for cells in (ground.pattern, other)]
    np.testing.assert_array_equal(fills[0].cells_tl, fills[1].cells_tl)


def test_same_seed_same_fill_and_another_seed_another(ground, mask):
    config = DiffusionConfig(noise=1.0, rounds=1)
    fills = [
        diffuser_of(ground, config, sharpness=0.3).fill(ground.pattern, mask, ground.both, s) for s in (1, 1, 2, 3)
    ]
    assert fills[0].cells_tl.tobytes() == fills[1].cells_tl.tobytes()
    assert fills[0].logp_tl.tobytes() == fills[1].logp_tl.tobytes()
    assert len({fill.cells_tl.tobytes() for fill in fills}) > 1


def test_an_empty_mask_gives_the_grid_back(ground):
    nothing = np.zeros(ground.pattern.shape, bool)
    filled = diffuser_of(ground, DiffusionConfig(rounds=2)).fill(ground.pattern, nothing, ground.both)
    np.testing.assert_array_equal(filled.cells_tl, ground.pattern)


def test_a_mask_of_everything_is_filled_from_the_examples_alone(ground):
    whole = np.ones(ground.pattern.shape, bool)
    whole[:, 2] = False
    filled = diffuser_of(ground, sampling=GREEDY).fill(ground.pattern, whole, ground.both)
    np.testing.assert_array_equal(filled.cells_tl[1:-1], ground.pattern[1:-1])
    assert (filled.origins_tl[:, :2] >= 0).all()


def test_too_many_distances_to_keep_give_the_same_fill(ground, mask, monkeypatch):
    config = DiffusionConfig(noise=1.0, rounds=2)
    kept = diffuser_of(ground, config, sharpness=0.3).fill(ground.pattern, mask, ground.both, 5)
    monkeypatch.setattr(diffuser_module, "DISTANCE_BYTES_LIMIT", 0)
    anew = diffuser_of(ground, config, sharpness=0.3).fill(ground.pattern, mask, ground.both, 5)
    for name in ("cells_tl", "origins_tl", "logp_tl"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(anew, name))


# ---- anchor ----------------------------------------------------------------------------------------------------------


class Watched:
    """A kernel that notes which cells each fill was asked for."""

    def __init__(self, kernel):
        self._kernel, self.fills = kernel, []

    def __getattr__(self, name):
        return getattr(self._kernel, name)

    def fill(self, heads, layout, cells_tl, cell_indices, left_s, noise_sk, sampling, seed, round_number=0, **arrays):
        self.fills.append((cell_indices.tolist(), left_s.tolist(), round_number))
        self._kernel.fill(
            heads, layout, cells_tl, cell_indices, left_s, noise_sk, sampling, seed, round_number, **arrays
        )


def watched(ground, mask, config, first=None):
    diffuser = diffuser_of(ground, config, sharpness=0.3)
    diffuser.memory.kernel = Watched(diffuser.memory.kernel)
    diffuser.fill(ground.pattern, mask, ground.both, 1, first)
    return diffuser.memory.kernel.fills


def test_anchor_cells_are_decided_before_all_others(ground, mask):
    first = np.zeros_like(mask)
    first[4, 0] = first[6, 0] = first[0, 0] = True  # the last is not masked, so it is not filled
    fills = watched(ground, mask, DiffusionConfig(steps=4), first)
    assert [cells for cells, _, _ in fills] == [[12, 18], [13, 15, 16, 19, 21, 22]]
    assert [number for _, _, number in fills] == [0, 1]


@pytest.mark.parametrize("anchored", [0, 8])
def test_an_anchor_of_none_or_all_is_one_stage(ground, mask, anchored):
    fills = watched(ground, mask, DiffusionConfig(steps=4), mask if anchored else np.zeros_like(mask))
    assert [len(cells) for cells, _, _ in fills] == [8]


# ---- schedule --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_kernel_follows_the_schedule_in_rounds_too(ground, mask, schedule):
    diffuser = diffuser_of(ground, DiffusionConfig(steps=4, rounds=1, remask=1.0, schedule=schedule), sharpness=0.3)
    diffuser.memory.kernel = Watched(diffuser.memory.kernel)
    diffuser.fill(ground.pattern, mask, ground.both, 1)
    counts = [left for _, left, _ in diffuser.memory.kernel.fills]
    assert counts == [masked_counts(schedule, 8, steps).tolist() for steps in (4, 2)]


# ---- rounds ----------------------------------------------------------------------------------------------------------


def test_rounds_mask_fewer_cells_each_time_and_draw_anew(ground, mask):
    fills = watched(ground, mask, DiffusionConfig(steps=4, rounds=3, remask=0.6))
    assert [len(cells) for cells, _, _ in fills] == [8, math.ceil(0.6 * 8), math.ceil(0.4 * 8), math.ceil(0.2 * 8)]
    assert [number for _, _, number in fills] == [0, 1, 2, 3]
    assert all(set(cells) <= set(fills[0][0]) for cells, _, _ in fills)


def test_a_round_fills_the_least_likely_cells_again(ground, mask):
    """A filled grid with one foreign cell: that cell is the first to be looked at again."""
    diffuser = diffuser_of(ground, DiffusionConfig(rounds=1, remask=0.1), sharpness=3.0)
    grid = Grid.of(ground.pattern)
    grid.cells_tl[5, 1] = 2
    logp = diffuser.likelihood(grid, mask, ground.both)
    cells = np.flatnonzero(mask)
    assert cells[logp.argmin()] == 5 * 3 + 1


def test_no_share_to_mask_again_leaves_the_first_fill(ground, mask):
    plain = diffuser_of(ground, DiffusionConfig(), sharpness=0.3).fill(ground.pattern, mask, ground.both, 4)
    none = diffuser_of(ground, DiffusionConfig(rounds=3, remask=0.0), sharpness=0.3).fill(
        ground.pattern, mask, ground.both, 4
    )
    np.testing.assert_array_equal(plain.cells_tl, none.cells_tl)


def test_rounds_make_a_fill_likelier(ground):
    """Over many seeds: what is looked at again fits its surroundings better."""
    mask = np.zeros(ground.pattern.shape, bool)
    mask[2:10, :2] = True
    means = []
    for rounds in (0, 4):
        diffuser = diffuser_of(ground, DiffusionConfig(steps=1, rounds=rounds, remask=0.5), sharpness=1.0)
        fills = [diffuser.fill(ground.pattern, mask, ground.both, seed) for seed in range(12)]
        means.append(np.mean([diffuser.likelihood(fill, mask, ground.both).mean() for fill in fills]))
    assert means[1] > means[0] + 0.1


def test_origins_after_rounds_hold_the_tokens(ground):
    mask = np.zeros(ground.pattern.shape, bool)
    mask[2:10, :2] = True
    config = DiffusionConfig(steps=2, rounds=3, remask=0.7)
    for seed in range(6):
        # A heavy prior draws tokens that no row holds.
        diffuser = diffuser_of(ground, config, sharpness=0.5, prior_weight=50.0, examples=[ground.pattern[:2]])
        fill = diffuser.fill(ground.pattern, mask, ground.both, seed)
        for t, lane in np.argwhere(mask):
            origin = int(fill.origins_tl[t, lane])
            if origin >= 0:
                place = diffuser.memory.place(origin)
                assert ground.pattern[place.step, place.lane] == fill.cells_tl[t, lane]
            elif origin != NO_ORIGIN:
                assert fill.cells_tl.reshape(-1)[-1 - origin] == fill.cells_tl[t, lane]


# ---- likelihood ------------------------------------------------------------------------------------------------------


def test_likelihood_is_each_cells_given_all_others(ground, mask):
    diffuser = diffuser_of(ground, sharpness=0.5)
    logp = diffuser.likelihood(Grid.of(ground.pattern), mask, ground.both)
    assert logp.shape == (8,)
    for cell, value in zip(np.flatnonzero(mask), logp, strict=True):
        one = np.zeros(mask.size, bool)
        one[cell] = True
        known = np.where(mask, MASK, ground.pattern).astype(np.uint16)
        kernel, heads = diffuser.memory.kernel, diffuser.memory.heads(64)
        kernel.remember(heads, ground.both.layout, known, np.flatnonzero(~mask & (np.arange(3) < 2)))
        asked = kernel.likelihood(heads, ground.both.layout, ground.pattern, [cell])[0]
        assert value == pytest.approx(math.log(asked[ground.pattern.reshape(-1)[cell]]), abs=1e-12)


def test_an_impossible_token_has_no_likelihood_at_all(ground):
    """Without a prior: minus infinity, and no warning."""
    diffuser = diffuser_of(ground, examples=[ground.pattern[:2]], prior_weight=0.0)
    mask = np.zeros((2, 3), bool)
    mask[:, 1] = True
    grid = Grid.of(np.array([[1, 2, 0], [0, 0, 1]], np.uint16))
    assert diffuser.likelihood(grid, mask, ground.both).tolist()[0] == -math.inf


def test_likelihood_of_cells_not_filled_is_refused(ground, mask):
    grid = Grid.of(np.where(mask, MASK, ground.pattern))
    with pytest.raises(InputError, match=r"^grid: wanted the cells of the mask filled, got one without a token"):
        diffuser_of(ground).likelihood(grid, mask, ground.both)


# ---- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bend", "message"),
    [
        ({"mask_tl": np.zeros((12, 3), int)}, "mask_tl: wanted a bool array of shape (12, 3), got int64 (12, 3)"),
        ({"mask_tl": np.zeros((12, 2), bool)}, "mask_tl: wanted a bool array of shape (12, 3), got bool (12, 2)"),
        ({"first_tl": np.zeros((1, 3), bool)}, "first_tl: wanted a bool array of shape (12, 3), got bool (1, 3)"),
        ({"cells_tl": np.zeros((12, 2), int)}, "cells_tl: wanted 3 lanes, got 2"),
        ({"cells_tl": np.full((12, 3), -1)}, "cells_tl: wanted 0 to 65535, got -1 to -1"),
        ({"cells_tl": np.zeros((12, 3))}, "cells_tl: wanted whole numbers, got dtype float64"),
        ({"seed": -1}, "seed: wanted a whole number 0 to 18446744073709551615, got -1"),
        (
            {"mask_tl": np.ones((12, 3), bool)},
            "cell_indices: wanted cells of lanes that have a head, got one that is only read",
        ),
        (
            {"cells_tl": np.full((12, 3), 3)},
            "cell_indices: wanted cells that hold a token of their lane, got a masked one or another",
        ),
    ],
)
def test_a_fill_that_cannot_be_is_refused(ground, mask, bend, message):
    arguments = {"cells_tl": ground.pattern, "mask_tl": mask, "context": ground.both, "seed": 0} | bend
    with pytest.raises(InputError) as caught:
        diffuser_of(ground).fill(**arguments)
    assert str(caught.value) == message


def test_a_context_of_other_heads_is_refused(ground, mask):
    with pytest.raises(InputError, match=r"^context: wanted the heads that the memory was made with, got others$"):
        diffuser_of(ground).fill(ground.pattern, mask, ground.causal)

"""Feel scaled, taken and given."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.music.grid import DrumGrid, GridBar, Hit
from sparseq.music.groove import apply_template, humanize, lane_levels, scale_feel, take_template

CELLS = st.dictionaries(
    st.tuples(st.integers(0, 31), st.integers(0, 2)),
    st.lists(st.tuples(st.integers(1, 127), st.integers(-120, 119)), min_size=1, max_size=2),
    min_size=1,
    max_size=20,
)


def grid_of(cells, bar_steps=16):
    hits = {cell: tuple(Hit(36, v, off, 60) for v, off in found) for cell, found in cells.items()}
    bars = tuple(GridBar(n + 1, n * bar_steps, bar_steps, bar_steps // 4, 4) for n in range(32 // bar_steps))
    return DrumGrid(np.zeros((len(bars) * bar_steps, 3), np.uint8), ("kick", "snare", "clap"), hits, 4, bars)


GRIDS = st.builds(grid_of, CELLS)


@given(GRIDS)
def test_feel_1_leaves_all_as_it_is(grid):
    assert scale_feel(grid, 1) == grid.hits


@given(GRIDS)
def test_feel_0_is_on_the_grid_and_as_loud_as_the_lane_is(grid):
    levels = lane_levels([grid])
    for (_, lane), hits in scale_feel(grid, 0).items():
        assert {hit.offset_ticks for hit in hits} == {0}
        assert {hit.velocity for hit in hits} == {int(levels[lane] + 0.5)}


@given(GRIDS, st.floats(0, 2))
def test_feel_scales_timing_within_the_cell_and_touches_neither_pitch_nor_length(grid, feel):
    made = scale_feel(grid, feel)
    assert made.keys() == grid.hits.keys()
    for cell, hits in made.items():
        for before, after in zip(grid.hits[cell], hits, strict=True):
            assert -120 <= after.offset_ticks <= 119
            assert after.offset_ticks in (-120, 119) or abs(after.offset_ticks - feel * before.offset_ticks) <= 0.5
            assert 1 <= after.velocity <= 127
            assert (after.pitch, after.duration_ticks) == (before.pitch, before.duration_ticks)


def test_feel_half_is_half_way():
    grid = grid_of({(0, 0): [(80, 40)], (4, 0): [(120, -20)]})
    assert scale_feel(grid, 0.5) == {(0, 0): (Hit(36, 90, 20, 60),), (4, 0): (Hit(36, 110, -10, 60),)}


def test_a_bar_is_scaled_by_the_levels_of_the_examples_where_they_are_given():
    bar, examples = grid_of({(0, 0): [(80, 0)]}), grid_of({(0, 0): [(100, 0)], (8, 0): [(60, 0)], (0, 1): [(50, 0)]})
    assert lane_levels([bar, examples]) == {0: 80, 1: 50}
    assert scale_feel(bar, 0, {0: 100})[0, 0][0].velocity == 100


@pytest.mark.parametrize("feel", [-0.1, 2.1, float("nan")])
def test_feel_out_of_range_is_refused(feel):
    with pytest.raises(InputError, match="0 to 2"):
        scale_feel(grid_of({}), feel)


def test_a_template_is_the_average_of_bars_and_lanes():
    grid = grid_of({(0, 0): [(100, 0)], (4, 0): [(50, 30)], (20, 0): [(60, 10)], (4, 1): [(90, 14)]})
    template = take_template(grid)
    assert template.bar_ticks == 3840
    assert template.offsets == {0: 0, 960: 18}
    assert template.accents[0] == pytest.approx(100 / 70)
    assert template.accents[960] == pytest.approx((50 / 70 + 60 / 70 + 1) / 3)


@given(GRIDS)
def test_a_template_of_one_lane_put_on_its_own_loop_repeats_its_timing(grid):
    single = grid_of(
        {(step % 16, 0): [(hits[0].velocity, hits[0].offset_ticks)] for (step, _), hits in grid.hits.items()}
    )
    assert apply_template(single, take_template(single)) == single.hits


@given(GRIDS, GRIDS)
def test_a_template_gives_its_timing_where_it_has_any(grid, other):
    template = take_template(other)
    for (step, lane), hits in apply_template(grid, template).items():
        wanted = template.offsets.get(step % 16 * 240)
        if wanted is None:
            assert hits == grid.hits[step, lane]
        else:
            assert {hit.offset_ticks for hit in hits} == {max(-120, min(119, wanted))}


def test_a_template_goes_round_in_longer_bars_and_reaches_other_resolutions():
    template = take_template(grid_of({(2, 0): [(90, 25)]}, bar_steps=4))
    longer = apply_template(grid_of({(6, 0): [(90, 0)]}), template)
    assert longer[6, 0][0].offset_ticks == 25
    eighths = replace(grid_of({(1, 0): [(90, 0)]}, bar_steps=8), steps_per_beat=2)
    assert apply_template(eighths, template)[1, 0][0].offset_ticks == 25


@given(GRIDS, GRIDS)
def test_no_amount_of_a_template_changes_nothing(grid, other):
    assert apply_template(grid, take_template(other), 0) == grid.hits


def test_a_loop_without_notes_has_no_groove_and_an_amount_has_its_range():
    with pytest.raises(InputError, match="holds none"):
        take_template(grid_of({}))
    with pytest.raises(InputError, match="0 to 1"):
        apply_template(grid_of({}), take_template(grid_of({(0, 0): [(90, 0)]})), 1.5)
    with pytest.raises(InputError, match="0 to 1"):
        humanize(grid_of({}), -1, np.random.default_rng(0))


@given(GRIDS, st.floats(0, 1), st.integers(0, 9))
def test_humanize_strays_a_little_and_the_same_way_for_the_same_numbers(grid, amount, seed):
    made = humanize(grid, amount, np.random.default_rng(seed))
    assert made == humanize(grid, amount, np.random.default_rng(seed))
    assert made.keys() == grid.hits.keys()
    for cell, hits in made.items():
        for before, after in zip(grid.hits[cell], hits, strict=True):
            assert abs(after.offset_ticks - before.offset_ticks) <= 24 * amount + 0.5
            assert abs(after.velocity - before.velocity) <= 14 * amount + 0.5
            assert -120 <= after.offset_ticks <= 119


def test_humanize_moves_notes_and_is_another_each_time():
    grid = grid_of({(step, 0): [(90, 0)] for step in range(16)})
    first, second = (humanize(grid, 1, np.random.default_rng(seed)) for seed in (1, 2))
    assert first != second
    assert len({hit.offset_ticks for hits in first.values() for hit in hits}) > 8
    assert humanize(grid, 0, np.random.default_rng(1)) == grid.hits

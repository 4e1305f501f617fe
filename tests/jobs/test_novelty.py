"""A filling copies no longer run than it may, changes what it must where that costs least, or says that it cannot."""

import numpy as np
import pytest

from sparseq.engine.provenance import longest_copied_run
from sparseq.errors import InputError
from sparseq.jobs.choice import Choice
from sparseq.jobs.examples import Examples
from sparseq.jobs.fill import Filler
from sparseq.jobs.filling import FillSettings
from sparseq.jobs.hole import dig_hole
from sparseq.jobs.novelty import holes, longest_run
from sparseq.music.score import Note
from sparseq.music.smf import parse
from sparseq.music.writer import write_midi

KICK = 36
NONE = Examples((), ())


@pytest.fixture(scope="module")
def hole(rock_bytes):
    return dig_hole(parse(rock_bytes(6), "b.mid"), Choice("3-4"))


def fill(hole, max_copy, examples=NONE, **settings):
    filler = Filler(hole, examples.used, FillSettings(1, max_copy=max_copy, **settings))
    return filler, filler.fill()


def test_without_a_limit_a_steady_groove_is_copied(hole):
    filler, filling = fill(hole, None, greedy=True)
    assert longest_run(filler, filling.grid).length == 32


@pytest.mark.parametrize("max_copy", [31, 16, 9, 8])
@pytest.mark.parametrize("greedy", [True, False])
def test_no_run_is_longer_than_it_may_be_in_the_loops_nor_in_the_file(hole, few, max_copy, greedy):
    for examples in (NONE, few):
        filler, filling = fill(hole, max_copy, examples, greedy=greedy)
        n_lanes = len(hole.grid.lanes)
        sources = [grid.tokens_tl for grid in filler.grids]
        run = longest_copied_run(filling.grid.cells_tl[:, :n_lanes], range(32, 64), sources)
        assert 0 < run.length <= max_copy


def test_cells_outside_the_hole_are_never_changed(hole):
    filler, filling = fill(hole, 8)
    assert (filling.grid.cells_tl[:, : len(hole.grid.lanes)] == hole.grid.tokens_tl)[~hole.mask_tl].all()
    assert (filling.grid.cells_tl[filler.mask_tl] <= 1).all()


def test_as_little_is_changed_as_the_limit_asks_for(hole):
    plain = fill(hole, None, greedy=True)[1].grid.cells_tl
    changes = [int((fill(hole, limit, greedy=True)[1].grid.cells_tl != plain).sum()) for limit in (32, 31, 16)]
    assert changes == [0, 1, 1]


def test_cells_that_were_not_changed_keep_where_they_came_from(hole):
    plain, limited = fill(hole, None, greedy=True)[1], fill(hole, 16, greedy=True)[1]
    kept = plain.grid.cells_tl == limited.grid.cells_tl
    assert np.array_equal(plain.grid.origins_tl[kept], limited.grid.origins_tl[kept])
    assert limited.log_likelihood < plain.log_likelihood


def test_a_limit_that_the_cells_to_fill_cannot_keep_is_refused(busy):
    with pytest.raises(InputError, match="wanted at most 1 step in a row that copy, but the cells to fill leave no"):
        fill(busy, 1)


@pytest.fixture(scope="module")
def busy():
    """Two kicks to fill in a file that plays every way of two kicks elsewhere."""
    sixteenths = [k for k, played in enumerate("1001011100101101" * 4) if played == "1"]
    notes = [Note(sixteenth * 120, 60, KICK, 90, 9) for sixteenth in sixteenths]
    midi = parse(write_midi(notes, ppq=480, end_ticks=4 * 1920, track_names=["Drums"]), "b.mid")
    return dig_hole(midi, Choice("2", steps="5-6"))


@pytest.mark.parametrize("max_copy", [0, -1])
def test_a_limit_below_one_step_is_refused(hole, max_copy):
    with pytest.raises(InputError, match="max_copy: wanted at least 1 step, got"):
        fill(hole, max_copy)


def test_holes_are_the_stretches_of_masked_steps():
    mask = np.zeros((9, 2), bool)
    mask[[0, 1, 4, 8], [0, 1, 1, 0]] = True
    assert holes(mask) == [range(2), range(4, 5), range(8, 9)]
    assert holes(np.zeros((3, 1), bool)) == []

import numpy as np
import pytest

from sparseq.engine.original import MASK as VECTOR_MASK
from sparseq.jobs.bench.codings import _fill_cases, _stream_cases
from sparseq.jobs.bench.tasks import drum_task, mario_task
from sparseq.kernel.checks import MASK


@pytest.fixture(scope="module", params=[drum_task, mario_task])
def task(request):
    return request.param()


def done(case):
    return case.call(case.prepare())


@pytest.mark.parametrize("n_tokens", [3, 15])
def test_both_codings_stream_all_tokens_they_are_timed_for(task, n_tokens):
    slots, vector = _stream_cases(task, n_tokens)
    grid = done(slots)
    canvas = task.canvas(n_tokens)
    assert (canvas == MASK).sum() == len(done(vector)) == n_tokens
    assert (grid.cells_tl != MASK).all()
    np.testing.assert_array_equal(grid.cells_tl[canvas != MASK], canvas[canvas != MASK])


@pytest.mark.parametrize("n_tokens", [3, 15])
def test_both_codings_fill_all_cells_they_are_timed_for_and_keep_the_others(task, n_tokens):
    slots, *vectors = _fill_cases(task, n_tokens, 2)
    canvas = task.canvas(n_tokens)
    grid = done(slots)
    assert (grid.cells_tl != MASK).all()
    np.testing.assert_array_equal(grid.cells_tl[canvas != MASK], canvas[canvas != MASK])
    every_row, masked_rows = (done(case) for case in vectors)
    np.testing.assert_array_equal(every_row, masked_rows)
    assert (every_row != VECTOR_MASK).all()
    assert len(every_row) == canvas[:, task.fill.lanes].size
    np.testing.assert_array_equal(every_row[:-n_tokens], task.tokens(canvas)[:-n_tokens])

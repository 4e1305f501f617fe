import pytest

from sparseq.engine.config import RetrievalConfig
from sparseq.engine.memory import Memory
from sparseq.jobs.drums import CODE_LIMIT, fill_cells, fill_context
from sparseq.jobs.hits import PLAIN_VELOCITY, HitReader
from sparseq.kernel.api import NO_ORIGIN
from sparseq.music.grid import Hit
from sparseq.music.lanes import default_pitch

LANES = ("kick", "snare", "closed_hat")


@pytest.fixture(scope="module")
def grids(few):
    return [example.grid(LANES) for example in few.used]


@pytest.fixture(scope="module")
def reader(grids):
    context = fill_context(len(LANES), 4, 16)
    memory = Memory(context.heads, CODE_LIMIT, RetrievalConfig())
    for grid in grids:
        memory.add(fill_cells(grid), context, loop=True)
    return HitReader(memory, grids, 4)


def test_every_onset_of_every_example_is_read_back_from_its_origin(reader, grids):
    width, start = fill_cells(grids[0]).shape[1], 0
    for grid in grids:
        for (step, lane), hits in grid.hits.items():
            assert reader.hits(start + step * width + lane, {}, LANES[lane]) == hits
        start += grid.n_steps * width


def test_an_own_origin_counts_cells_of_the_piece_itself(reader):
    own = {(5, 2): (Hit(44, 33, -7, 100), Hit(44, 20, 9, 50))}
    assert reader.hits(-1 - (5 * 4 + 2), own, "closed_hat") == own[5, 2]


@pytest.mark.parametrize("origin", [NO_ORIGIN, -1 - 6])
def test_an_onset_that_nothing_is_known_of_is_a_plain_stroke_of_its_lane(reader, origin):
    (hit,) = reader.hits(origin, {}, "snare")
    assert (hit.pitch, hit.velocity, hit.offset_ticks) == (default_pitch("snare"), PLAIN_VELOCITY, 0)
    assert hit.duration_ticks > 0

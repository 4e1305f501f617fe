import numpy as np
import pytest

from sparseq.domains.mario import TILES
from sparseq.errors import SparseqError
from sparseq.jobs.bench.levels import LEVELS
from sparseq.jobs.bench.tasks import PATTERNS, drum_task, mario_task, text_tokens
from sparseq.kernel.checks import MASK

ROWS = ["-" * 5] * 13 + ["X" * 5]


@pytest.fixture(scope="module", params=[drum_task, mario_task])
def task(request):
    return request.param()


def test_patterns_are_four_bars_of_sixteen_steps_for_four_drums():
    assert len(set(PATTERNS)) == 4
    assert {len(line) for pattern in PATTERNS for line in pattern} == {16}
    assert {len(pattern) for pattern in PATTERNS} == {4}
    assert {char for pattern in PATTERNS for line in pattern for char in line} == {"x", "."}


def test_a_drum_token_is_the_set_of_drums_struck():
    rock = drum_task().grids[0]
    assert rock[[0, 4, 14], 0].tolist() == [1 + 4, 2 + 4, 8]
    assert rock[:, 1].tolist() == list(range(16))


def test_levels_are_fourteen_rows_of_fifty_tiles_with_a_player_on_ground_and_a_way_on():
    for level in mario_task().grids:
        assert level.shape == (50, 14)
        tiles = np.array(list(TILES))[level]
        [[column, row]] = np.argwhere(tiles == "M")
        assert tiles[column, row + 1] == "X"
        gaps = "".join("-" if tile == "-" else "X" for tile in tiles[:, 13])
        assert "-" * 5 not in gaps, "a gap is at most four tiles wide: it can be jumped"
    assert len(set(LEVELS)) == 3


def test_vectors_read_the_corpus_of_the_slots(task):
    n_cells = sum(len(grid) * len(task.stream.lanes) for grid in task.grids)
    assert len(task.corpus_tokens()) == n_cells == {"drums": 64, "mario": 2100}[task.name]
    assert task.corpus_tokens().max() < task.alphabet
    assert task.memory(task.fill).n_rows > 0


def test_the_text_of_three_slices_has_a_break_after_each_row_but_the_last():
    tokens, n_tokens = text_tokens(mario_task())
    assert (len(tokens), n_tokens) == (2141, len(TILES) + 1)
    breaks = np.flatnonzero(tokens == len(TILES))
    assert breaks.tolist() == list(range(50, 2141, 51))


@pytest.mark.parametrize("n_masked", [1, 13, 14, 64, 700])
def test_a_canvas_ends_in_so_many_masked_cells_and_begins_with_a_known_one(task, n_masked):
    canvas = task.canvas(n_masked)
    cells = canvas[:, task.stream.lanes].reshape(-1)
    assert (cells[-n_masked:] == MASK).all()
    assert 1 <= len(cells) - n_masked <= len(task.stream.lanes)
    assert (cells[:-n_masked] == task.corpus_tokens()[: len(cells) - n_masked]).all()
    read_only = np.setdiff1d(np.arange(canvas.shape[1]), task.stream.lanes)
    assert (canvas[:, read_only] != MASK).all()


def test_a_canvas_is_not_the_corpus_itself(task):
    task.canvas(10)[:] = 0
    assert (task.canvas(10) == MASK).sum() == 10


def test_a_folder_of_levels_takes_the_place_of_our_own(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.txt").write_text("\n".join(ROWS) + "\n")
    grids = mario_task(str(tmp_path)).grids
    assert [grid.shape for grid in grids] == [(5, 14)] * 2


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*ROWS[:-1], "XX~XX"], r"slice\.txt.*'~'.*row 14, column 3"),
        ([*ROWS[:-1], "XXXX"], r"slice\.txt.*4.*row 14"),
    ],
)
def test_an_unusable_level_is_named_with_what_is_wrong(tmp_path, rows, message):
    (tmp_path / "slice.txt").write_text("\n".join(rows))
    with pytest.raises(SparseqError, match=message):
        mario_task(str(tmp_path))


def test_a_missing_and_an_empty_folder_are_named(tmp_path):
    with pytest.raises(SparseqError, match="nowhere"):
        mario_task(str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(SparseqError, match="empty"):
        mario_task(str(tmp_path / "empty"))

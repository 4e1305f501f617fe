"""Every cell of every example is one row, and can be found again."""

import numpy as np
import pytest

from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import Slot, make_context
from sparseq.engine.memory import Memory, Place
from sparseq.errors import InputError
from sparseq.kernel import load
from sparseq.kernel.checks import EDGE, MASK

NEIGHBOURS = make_context([[Slot(-1, 0, 2.0), Slot(1, 0, 1.0)]], [4])


def neighbours(*examples, loop=False):
    """Return the rows of a one-lane memory as (before, after, value), each with its origins."""
    memory = Memory(NEIGHBOURS.heads, 4, RetrievalConfig())
    for example in examples:
        memory.add(np.array(example, np.uint16)[:, None], NEIGHBOURS, loop=loop)
    rows = memory.rows()[0]
    found = {}
    for i, value in enumerate(rows.values().tolist()):
        before, after = (EDGE if code == 254 else MASK if code == 255 else int(code) for code in rows.keys_sn[:, i])
        origins = rows.origins[rows.origin_start_n[i] : rows.origin_start_n[i + 1]]
        found[before, after, value] = sorted(origins.tolist())
    return found


def test_an_example_is_one_row_a_cell_with_edges_outside():
    assert neighbours([0, 1, 2]) == {(EDGE, 1, 0): [0], (0, 2, 1): [1], (1, EDGE, 2): [2]}


def test_a_loop_also_sees_its_end_before_its_start_and_its_start_after_its_end():
    assert neighbours([0, 1, 2], loop=True) == {
        (EDGE, 1, 0): [0],
        (2, 1, 0): [0],
        (0, 2, 1): [1, 1],
        (1, 0, 2): [2],
        (1, EDGE, 2): [2],
    }


def test_masked_cells_are_unknown_and_not_learnt_from():
    assert neighbours([0, MASK, 2]) == {(EDGE, MASK, 0): [0], (MASK, EDGE, 2): [2]}


def test_equal_rows_of_several_examples_merge_and_keep_their_origins():
    assert neighbours([3, 3], [3, 3]) == {(EDGE, 3, 3): [0, 2], (3, EDGE, 3): [1, 3]}


def test_an_empty_example_adds_nothing():
    assert neighbours([], [1]) == {(EDGE, EDGE, 1): [0]}


def test_place_finds_the_cell_of_every_origin(ground):
    memory = ground.memory(ground.causal, examples=[ground.pattern[:5], ground.pattern[:0], ground.pattern])
    sizes = [5, 0, 12]
    places = [Place(e, t, lane) for e, n in enumerate(sizes) for t in range(n) for lane in range(3)]
    assert [memory.place(origin) for origin in range(17 * 3)] == places
    for rows, lane in zip(memory.rows(), (0, 1), strict=True):
        assert {memory.place(origin).lane for origin in rows.origins.tolist()} == {lane}


def test_place_of_a_looped_examples_origin_is_within_the_example(ground):
    memory = ground.memory(ground.causal, examples=[ground.pattern[:4], ground.pattern], loop=True)
    for rows in memory.rows():
        for value, start, stop in zip(rows.values(), rows.origin_start_n, rows.origin_start_n[1:], strict=False):
            for origin in rows.origins[start:stop].tolist():
                example, step, lane = memory.place(origin)
                assert [ground.pattern[:4], ground.pattern][example][step, lane] == value


@pytest.mark.parametrize("origin", [-1, 36, np.iinfo(np.int64).min, 1.0])
def test_an_origin_that_is_no_examples_is_refused(ground, origin):
    with pytest.raises(InputError, match=r"^origin: wanted a whole number 0 to 35, got "):
        ground.memory(ground.causal).place(origin)


def test_rows_are_counted_and_computed_anew_after_an_example(ground):
    memory = ground.memory(ground.causal)
    assert memory.n_examples == 1
    before = memory.n_rows
    assert memory.rows() is memory.rows()
    memory.add(ground.pattern[:, ::-1].copy() % 2, ground.causal)
    assert memory.n_examples == 2
    assert memory.n_rows > before


def test_a_read_only_example_is_accepted_and_not_changed(ground):
    cells = ground.pattern.copy()
    cells.flags.writeable = False
    memory = ground.memory(ground.causal, examples=[cells])
    np.testing.assert_array_equal(cells, ground.pattern)
    assert memory.n_examples == 1


def test_examples_of_another_length_of_bar_share_the_heads(ground):
    """The layout may differ from grid to grid, the heads may not."""
    slots = [[Slot(-1, 0, 1.0), Slot(-3, 0, 0.5), Slot(-1, 1, 0.4), Slot(0, 2, 1.5)],
             [Slot(-1, 1, 1.0), Slot(0, 0, 1.0), Slot(0, 2, 1.5)], []]  # fmt: skip
    memory = ground.memory(ground.causal)
    memory.add(ground.pattern, make_context(slots, [2, 3, 4]))
    assert memory.n_examples == 2


@pytest.mark.parametrize(
    ("bend", "message"),
    [
        (
            lambda g: g.pattern.astype(int),
            "cells_tl: wanted a C-ordered uint16 array of shape (T, 3), got int64 (12, 3)",
        ),
        (lambda g: g.pattern[:, :2], "cells_tl: wanted a C-ordered uint16 array of shape (T, 3), got uint16 (12, 2)"),
        (lambda g: g.pattern + np.uint16(1), "cells_tl: wanted tokens 0 to 3, got 4"),
        (lambda g: np.full((2, 3), 2, np.uint16), "cells_tl: wanted tokens 0 to 1 or the mask in lane 0, got 2"),
        (lambda g: np.full((2, 3), EDGE, np.uint16), "cells_tl: wanted tokens 0 to 1 or the mask in lane 0, got 65534"),
    ],
)
def test_an_example_that_does_not_fit_is_refused_at_once(ground, bend, message):
    memory = ground.memory(ground.causal)
    with pytest.raises(InputError) as caught:
        memory.add(bend(ground), ground.causal)
    assert str(caught.value) == message
    assert memory.n_examples == 1


def test_a_context_with_other_heads_is_refused(ground):
    memory = ground.memory(ground.causal)
    with pytest.raises(InputError, match=r"^context: wanted the heads that the memory was made with, got others$"):
        memory.add(ground.pattern, ground.both)


def test_heads_are_fresh_and_carry_the_configuration(ground):
    memory = ground.memory(ground.causal, own_weight=7)
    first, second = memory.heads(5), memory.heads(5)
    assert [(head.own_capacity, head.own_weight, head.n_values) for head in first] == [(5, 7, 2), (5, 7, 3)]
    assert not set(map(id, first)) & set(map(id, second))


def test_the_default_kernel_is_the_one_that_load_gives(ground):
    assert Memory(ground.causal.heads, 4, RetrievalConfig()).kernel.name == load().name


def test_a_loop_without_ends_counts_every_cell_once_with_both_its_neighbours():
    memory = Memory(NEIGHBOURS.heads, 4, RetrievalConfig())
    memory.add(np.array([[0], [1], [2]], np.uint16), NEIGHBOURS, loop=True, ends=False)
    memory.add(np.array([[3]], np.uint16), NEIGHBOURS)
    (rows,) = memory.rows()
    found = zip(rows.keys_sn.T.tolist(), rows.values().tolist(), rows.origins.tolist(), strict=True)
    assert [(*key, value, origin) for key, value, origin in found] == [
        (2, 1, 0, 0),
        (0, 2, 1, 1),
        (1, 0, 2, 2),
        (254, 254, 3, 3),
    ]


def test_examples_with_contexts_of_their_own_do_not_see_each_other():
    far = make_context([[Slot(-3, 0, 2.0), Slot(1, 0, 1.0)]], [4])
    memory = Memory(NEIGHBOURS.heads, 4, RetrievalConfig())
    for tokens, context in (([0, 1], NEIGHBOURS), ([2, 3], far), ([1, 1], NEIGHBOURS)):
        memory.add(np.array(tokens, np.uint16)[:, None], context)
    (rows,) = memory.rows()
    found = dict(zip(rows.origins.tolist(), rows.keys_sn.T.tolist(), strict=True))
    assert found == {0: [254, 1], 1: [0, 254], 2: [254, 3], 3: [254, 254], 4: [254, 1], 5: [1, 254]}

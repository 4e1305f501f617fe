"""Provenance says where a grid comes from."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import Slot, make_context
from sparseq.engine.diffuser import Diffuser
from sparseq.engine.grid import Grid
from sparseq.engine.memory import Memory
from sparseq.engine.provenance import OWN, Source, leaned_on, longest_copied_run


def column(*tokens):
    return np.array(tokens, np.uint16)[:, None]


def oracle(cells, steps, examples):
    """The longest copied run, by trying every start and source."""
    best = 0
    for number, source in [(OWN, cells), *enumerate(examples)]:
        for start in steps:
            for there in range(len(source)):
                length = 0
                while (
                    start + length in steps
                    and there + length < len(source)
                    and not (number == OWN and there + length in steps)
                    and (cells[start + length] == source[there + length]).all()
                ):
                    length += 1
                best = max(best, length)
    return best


grids = st.lists(st.lists(st.integers(0, 1), min_size=2, max_size=2), min_size=1, max_size=12).map(
    lambda rows: np.array(rows, np.uint16)
)


@given(grids, st.lists(grids, max_size=3), st.data())
def test_the_longest_copied_run_is_as_long_as_a_plain_search_finds(cells, examples, data):
    start = data.draw(st.integers(0, len(cells) - 1))
    steps = range(start, data.draw(st.integers(start + 1, len(cells))))
    run = longest_copied_run(cells, steps, examples)
    assert run.length == oracle(cells, steps, examples)
    source = cells if run.source.example == OWN else examples[run.source.example]
    there = slice(run.source.step, run.source.step + run.length)
    assert (cells[run.start : run.start + run.length] == source[there]).all()


def test_a_run_does_not_count_itself():
    run = longest_copied_run(column(1, 2, 3, 4), range(0, 4), [])
    assert run.length == 0


def test_a_filled_cell_leans_on_the_step_that_its_token_came_from(kernel):
    context = make_context([[Slot(-1, 0, 1.0), Slot(1, 0, 1.0)]], [8])
    memory = Memory(context.heads, 8, RetrievalConfig(sharpness=20.0), kernel)
    memory.add(column(1, 2, 3), context)
    memory.add(column(4, 5, 6), context)
    cells, mask = column(4, 0, 6), column(0, 1, 0).astype(bool)
    filled = Diffuser(memory).fill(cells, mask, context)
    assert leaned_on(filled, mask, memory) == {Source(1, 1): 1}


def test_cells_that_were_given_lean_on_nothing(kernel):
    context = make_context([[Slot(-1, 0, 1.0)]], [8])
    memory = Memory(context.heads, 8, RetrievalConfig(), kernel)
    memory.add(column(1, 2), context)
    assert not leaned_on(Grid.of(column(1, 2)), np.ones((2, 1), bool), memory)


def test_a_piece_that_repeats_leans_on_itself(kernel):
    context = make_context([[Slot(-1, 0, 1.0)]], [8])
    memory = Memory(context.heads, 8, RetrievalConfig(sharpness=20.0, own_weight=1000), kernel)
    memory.add(column(1, 7), context)
    cells, mask = column(1, 2, 1, 0), column(0, 0, 0, 1).astype(bool)
    assert leaned_on(Diffuser(memory).fill(cells, mask, context), mask, memory) == {Source(OWN, 1): 1}

"""Calibration: an example's own rows do not count for it, steps are taken only where they pay, few examples stay."""

import numpy as np
import pytest

from sparseq.engine.calibrate import Question, calibrate, total_steps
from sparseq.engine.calibration import Calibration, slot_groups
from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import Slot, make_context
from sparseq.errors import InputError
from sparseq.kernel.checks import MASK

START = RetrievalConfig(sharpness=2.0, prior_weight=1e-4, own_weight=1)
NONE = np.zeros(0, np.int64)


def context():
    """Lane 0 is decided by lane 1, which is only read, and not by its own past, which the start leans on."""
    return make_context([[Slot(-1, 0, 2.0), Slot(0, 1, 0.3)], []], [2, 2])


def told_examples(n, rng):
    """Grids whose lane 0 repeats lane 1, which is random."""
    told = rng.integers(0, 2, (n, 24))
    return [np.column_stack([t, t]).astype(np.uint16) for t in told]


def questions(examples, known=NONE):
    cells = np.arange(2, 24) * 2
    return [
        Question(k, example, cells, example.reshape(-1)[cells].astype(np.int64), known)
        for k, example in enumerate(examples)
    ]


def test_weight_goes_to_the_slots_that_tell():
    examples = told_examples(8, np.random.default_rng(0))
    found = calibrate(examples, context(), questions(examples), START)
    assert found.nats < 0.5 * found.nats_before
    before, after = (ctx.heads[0].weights for ctx in (context(), found.applied(context())))
    assert after[1] / after[0] > before[1] / before[0]


def test_nothing_is_learnt_from_an_example_about_itself():
    """Examples of pure noise: whoever saw the left-out rows would know them by heart."""
    rng = np.random.default_rng(1)
    examples = [rng.integers(0, 2, (24, 2)).astype(np.uint16) for _ in range(6)]
    asked = make_context([[Slot(-k, 0, 2.0) for k in range(1, 9)] + [Slot(0, 1, 1.0)], []], [2, 2])
    found = calibrate(examples, asked, questions(examples), START)
    assert found.nats_before > np.log(2)
    assert found.nats > 0.9 * np.log(2)


def test_own_rows_of_the_piece_do_count():
    """Each example repeats its own random bar: only what the piece remembers of itself tells."""
    rng = np.random.default_rng(2)
    examples = []
    for _ in range(6):
        bar = rng.permutation(np.repeat([0, 1], 4))
        examples.append(np.column_stack([np.tile(bar, 3), np.tile(np.arange(8), 3)]).astype(np.uint16))
    by_place = make_context([[Slot(0, 1, 3.0)], []], [2, 8])
    cells = np.arange(16, 24) * 2
    known = np.arange(16) * 2
    asked = [Question(k, e, cells, e.reshape(-1)[cells].astype(np.int64), known) for k, e in enumerate(examples)]
    found = calibrate(examples, by_place, asked, START)
    assert found.own_weight >= 4
    assert found.nats < 0.5 * found.nats_before


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_few_examples_keep_the_defaults(n):
    examples = told_examples(n, np.random.default_rng(3))
    found = calibrate(examples, context(), questions(examples), START)
    assert found == Calibration(2.0, 1e-4, 1)
    assert found.retrieval() == START


def test_the_same_examples_give_the_same_numbers():
    examples = told_examples(5, np.random.default_rng(4))
    one, two = (calibrate(examples, context(), questions(examples), START) for _ in range(2))
    assert one == two


def test_progress_is_told_for_every_number():
    told = []
    examples = told_examples(4, np.random.default_rng(5))
    calibrate(examples, context(), questions(examples), START, advance=told.append)
    assert sum(told) == total_steps(context())


def test_numbers_survive_a_cache():
    kept = Calibration(1.5, 1e-7, 12.0, {"own_near": 2.0}, 0.25, 0.5)
    assert Calibration.from_json(kept.as_json()) == kept
    with pytest.raises(InputError, match="calibration: wanted"):
        Calibration.from_json({"sharpness": 1.0})


def test_slots_are_grouped_by_what_they_read():
    tables = np.zeros((2, 2))
    mixed = make_context(
        [
            [Slot(-1, 0, 1.0), Slot(-8, 0, 1.0), Slot(0, 1, 1.0), Slot(-2, 1, 1.0), Slot(-8, 1, 1.0), Slot(0, 2, 1.0)],
            [Slot(-1, 1, 1.0), Slot(0, 2, 1.0, tables)],
            [],
        ],
        [2, 2, 2],
    )
    wanted = ["levels", "others_far", "others_near", "others_now", "own_far", "own_near", "position"]
    assert slot_groups(mixed) == wanted


def test_masked_cells_are_not_known_to_the_question():
    """What stands in a masked cell must not help to tell the next one."""
    examples = told_examples(6, np.random.default_rng(6))
    hidden = []
    for number, example in enumerate(examples):
        seen = example.copy()
        seen[:, 1] = MASK
        cells = np.arange(2, 24) * 2
        hidden.append(Question(number, seen, cells, example.reshape(-1)[cells].astype(np.int64), NONE))
    assert calibrate(examples, context(), hidden, START).nats > 0.9 * np.log(2)

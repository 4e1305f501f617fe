"""A hold needs a stroke before it that was filled, too; what follows a wrong hold is found, and nothing else."""

import numpy as np
import pytest

from sparseq.jobs.pitched.cells import STRIKE
from sparseq.jobs.pitched.legal import held_on, holding_nothing, legal_deeds
from sparseq.music.pitched import HOLD, REST

SIGNS = {".": REST, "-": HOLD, "x": STRIKE}


def column(text):
    return np.array([[SIGNS[sign]] for sign in text])


def marks(text):
    return np.array([[sign == "#"] for sign in text])


@pytest.mark.parametrize(
    ("deeds", "filled", "wrong", "held"),
    [
        ("x--.", "####", "....", "...."),
        (".--.", "####", ".#..", "..#."),
        ("---x", "####", "#...", ".##."),
        ("x---", ".###", ".#..", "..##"),  # a note that stays is not made longer
        ("x---", "....", "....", "...."),
        ("-x-.", ".###", "....", "...."),
        ("x-.-", "####", "...#", "...."),
        ("x-.--", "##.##", "...#.", "....#"),
    ],
)
def test_wrong_holds_and_those_that_follow(deeds, filled, wrong, held):
    found = holding_nothing(column(deeds), marks(filled))
    assert found.tolist() == marks(wrong).tolist()
    assert held_on(column(deeds), found, marks(filled)).tolist() == marks(held).tolist()


def test_strokes_are_allowed_where_notes_may_begin_and_holds_behind_filled_cells():
    allowed = legal_deeds(marks(".##.#"), marks(".#..#"), 3)
    assert allowed.shape == (5, 3, 3)
    assert allowed[:, 0].tolist() == [[1, 1, 1], [1, 0, 1], [1, 1, 0], [1, 1, 1], [1, 0, 1]]
    assert allowed[:, 1:].all()

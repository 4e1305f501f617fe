"""Of a large library the loops that groove alike are learnt from, and a small one is learnt from whole."""

import numpy as np

from sparseq.jobs.nearest import nearest_loops
from sparseq.music.grid import DrumGrid, GridBar


def groove(pattern, n_bars=2, length=16, steps_per_beat=4):
    bars = tuple(GridBar(k + 1, k * length, length, 4, 4) for k in range(n_bars))
    tokens = np.array([[int(sign)] for sign in pattern * n_bars], np.uint8)
    return DrumGrid(tokens, ("kick",), {}, steps_per_beat, bars)


FOUR = "1000" * 4
LOOPS = [groove("0010" * 4), groove(FOUR[:-1] + "1"), groove(FOUR), groove("1" * 12, length=12), groove("0" * 16)]


def known(grid):
    return np.ones(grid.tokens_tl.shape, bool)


def test_all_are_learnt_from_where_there_are_few():
    assert nearest_loops(groove(FOUR), known(groove(FOUR)), LOOPS, most=5) == [0, 1, 2, 3, 4]


def test_the_nearest_of_many_are_learnt_from_in_their_order():
    own = groove(FOUR)
    assert nearest_loops(own, known(own), LOOPS, most=1) == [2]
    assert nearest_loops(own, known(own), LOOPS, most=2) == [1, 2]
    assert nearest_loops(own, known(own), LOOPS, most=4) == [0, 1, 2, 4], "another meter comes last"


def test_what_is_not_known_does_not_count():
    own = groove("1" * 16, 1)
    half = known(own)
    half[np.arange(16) % 4 > 0] = False
    own.tokens_tl[~half] = 0
    assert nearest_loops(own, half, LOOPS, most=1) == [2]


def test_the_first_ones_serve_a_piece_of_which_nothing_is_known():
    own = groove("0" * 16)
    assert len(nearest_loops(own, ~known(own), LOOPS, most=3)) == 3

"""The cells of voices say what a grid of parts says: deeds, pitches, what sounds; nothing of what is masked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.jobs.pitched.cells import (
    BAR,
    HARMONY,
    MOST_BARS,
    N_GIVEN,
    STEP,
    STRANGE_BAR,
    STRIKE,
    bar_codes,
    sounding,
    voice_cells,
)
from sparseq.kernel.checks import MASK
from sparseq.music.layout import VOICE
from sparseq.music.pitched import HOLD, REST

from .conftest import dig

voices = st.lists(st.sampled_from([REST, HOLD, 40, 41]), min_size=1, max_size=12)


@given(voices)
def test_what_sounds_is_what_was_struck_last_and_not_yet_let_go(tokens):
    legal, last = [], REST
    for token in tokens:
        token = REST if token == HOLD and last == REST else token
        last = token if token != HOLD else last
        legal.append(token)
    column = np.array(legal).reshape(-1, 1)
    deeds = np.minimum(column, STRIKE)
    found = sounding(deeds, np.where(column >= STRIKE, column, MASK))[:, 0].tolist()
    expected, now = [], REST
    for token in legal:
        now = now if token == HOLD else token
        expected.append(now)
    assert found == expected


def test_what_was_not_struck_to_our_knowledge_is_not_known():
    deeds = np.array([[MASK], [HOLD], [STRIKE], [HOLD]])
    pitches = np.array([[MASK], [MASK], [MASK], [MASK]])
    assert (sounding(deeds, pitches) == MASK).all()


def test_cells_are_the_grid_and_hide_what_is_masked(song):
    hole = dig(song)
    lanes = hole.grid.indices(kind=VOICE)
    cells = voice_cells(hole.grid, masked_tl=hole.unknown_tl)
    n = len(lanes)
    masked = hole.mask_tl[:, lanes]
    assert cells.shape == (hole.grid.n_steps, 3 * n + N_GIVEN)
    assert (cells[:, :n][masked] == MASK).all()
    assert (cells[:, n : 2 * n][masked] == MASK).all()
    deeds, pitches = cells[:, :n], cells[:, n : 2 * n]
    assert np.array_equal(np.where(deeds == STRIKE, pitches, deeds)[~masked], hole.grid.tokens_tl[:, lanes][~masked])
    assert np.array_equal(cells[:, 3 * n + STEP], hole.grid.phases_t)
    assert (cells[hole.grid.bars_t == 6, 3 * n + HARMONY] == MASK).all()
    assert (cells[:, 3 * n + BAR] == STRANGE_BAR).all()


@pytest.mark.parametrize("n_bars", [1, 5, MOST_BARS, MOST_BARS + 50])
def test_the_bars_nearest_to_the_hole_have_codes_of_their_own(n_bars):
    codes = bar_codes(n_bars, np.array([n_bars - 1]))
    own = codes[codes != STRANGE_BAR]
    assert len(own) == len(set(own.tolist())) == min(n_bars, MOST_BARS)
    assert (codes[-min(n_bars, MOST_BARS) :] != STRANGE_BAR).all()

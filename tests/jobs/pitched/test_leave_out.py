"""A bar that is left out is asked for without a look at it, and its true tokens have honest probabilities."""

import numpy as np
import pytest

from sparseq.jobs.pitched.leave_out import leave_out
from sparseq.music.smf import parse

from .conftest import song_bytes, song_notes


def test_every_cell_of_the_bar_is_asked_once_and_none_is_impossible(song):
    found = leave_out(song, 7)
    assert len(set(found.cells)) == len(found.cells) == found.truth_tv.size == found.filled_tv.size
    assert found.p_c.shape == (len(found.cells),)
    assert ((found.p_c > 0) & (found.p_c <= 1)).all()
    assert np.array_equal(found.truth_tv, found.filled_tv)
    assert -np.log(found.p_c).mean() < 0.2


def test_what_the_bar_holds_is_not_looked_at():
    """Another lead in that bar changes the probabilities of nothing that is asked first, nor what is filled."""
    notes = list(song_notes())
    changed = [
        note._replace(pitch=note.pitch + 1) if note.channel == 2 and note.onset_ticks // 1920 == 6 else note
        for note in notes
    ]
    one, other = (leave_out(parse(song_bytes(found), "song.mid"), 7) for found in (notes, changed))
    assert one.cells == other.cells
    assert np.array_equal(one.filled_tv, other.filled_tv)
    assert not np.array_equal(one.truth_tv, other.truth_tv)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_order_is_drawn_by_the_seed(song, seed):
    assert leave_out(song, 7, seed=seed).cells == leave_out(song, 7, seed=seed).cells
    assert leave_out(song, 7, seed=seed).cells != leave_out(song, 7, seed=seed + 2).cells

"""A filled cell is played as the file plays the place most like it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparseq.engine.grid import Grid
from sparseq.jobs.choice import Choice
from sparseq.jobs.fill import Filler
from sparseq.jobs.filling import FillSettings
from sparseq.jobs.hole import dig_hole
from sparseq.music.score import Note
from sparseq.music.smf import parse
from sparseq.music.writer import write_midi

PPQ, STEP, BAR = 480, 120, 1920
HAT = 42


def hats(strokes, n_bars=6, bar=3):
    """A filler of one bar of a file that plays closed hats alone: strokes of (step, velocity, ticks late)."""
    notes = [Note(step * STEP + late, 60, HAT, velocity, 9) for step, velocity, late in strokes]
    data = write_midi(notes, ppq=PPQ, end_ticks=n_bars * BAR, track_names=["Drums"])
    return Filler(dig_hole(parse(data, "hats.mid"), Choice(str(bar))), (), FillSettings(greedy=True))


def filled_with(filler, steps, bar=3):
    """A filling that plays these steps of the bar, as drawn from wherever the file plays first."""
    filling = filler.fill()
    cells, origins = filling.grid.cells_tl.copy(), filling.grid.origins_tl.copy()
    here = slice((bar - 1) * 16, bar * 16)
    cells[here, 0] = np.isin(np.arange(16), steps)
    origins[here, 0] = -1 - int(np.flatnonzero(cells[:, 0])[0]) * cells.shape[1]
    return type(filling)(Grid(cells, origins, filling.grid.logp_tl), filling.logp_tl, filling.log_likelihood)


def played(filler, steps, bar=3):
    """Velocities by step of the bar."""
    notes = filler.written_notes(filled_with(filler, steps, bar))
    return {round(note.onset_ticks / STEP) - (bar - 1) * 16: note.velocity for note in notes}


@given(bar=st.integers(2, 5), late=st.lists(st.integers(-40, 40), min_size=6, max_size=6))
@settings(max_examples=20)
def test_time_is_that_of_a_bar_beside_the_hole_however_it_drifts(bar, late):
    filler = hats([(16 * b + s, 60 + b, late[b]) for b in range(6) for s in (2, 4, 10, 12)], bar=bar)
    notes = filler.written_notes(filled_with(filler, [2, 4, 10, 12], bar))
    start = (bar - 1) * BAR
    beside = {(bar - 2, late[bar - 2]), (bar, late[bar])}
    assert {(note.velocity - 60, note.onset_ticks - start - round((note.onset_ticks - start) / STEP) * STEP)
            for note in notes} <= beside  # fmt: skip
    assert len(notes) == 4


def test_a_stroke_among_others_is_played_like_one_among_others():
    roll = [(16 * b + s, 40, 0) for b in (0, 1, 3, 4) for s in (5, 6, 7)]
    lone = [(16 * b + s, 100, 0) for b in (0, 1, 3, 4) for s in (2, 10)]
    filler = hats(roll + lone)
    assert played(filler, [2, 10]) == {2: 100, 10: 100}
    assert played(filler, [13, 14, 15])[14] == 40  # as the steps of a beat are
    assert played(filler, [14]) == {14: 100}


def test_the_same_step_counts_more_than_neighbours():
    filler = hats([(16 * b + s, 100 if s == 4 else 30, 0) for b in (0, 1, 3, 4) for s in (3, 4, 9, 10, 11)])
    assert played(filler, [4]) == {4: 100}


@pytest.mark.parametrize("steps", [[0], [0, 1, 2, 3], [15]])
def test_strokes_at_the_ends_of_a_bar_stay_within_it(steps):
    filler = hats([(16 * b + s, 70, 0 if b in (1, 2) else -12 * (s > 0)) for b in range(6) for s in range(16)])
    notes = filler.written_notes(filled_with(filler, steps))
    assert len(notes) == len(steps)
    assert all(2 * BAR <= note.onset_ticks < 3 * BAR for note in notes)

"""From grid to notes, and the round trip."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.music.decode import grid_notes, onset_ticks, place_hits
from sparseq.music.encode import encode_drums
from sparseq.music.grid import Hit
from sparseq.music.lanes import lane_of
from sparseq.music.score import Note, Score, read_score
from sparseq.music.smf import parse
from sparseq.music.units import PPQ
from sparseq.music.writer import write_midi

METERS = ((0, 4, 4), (4 * PPQ, 3, 4), (7 * PPQ, 6, 8))  # three bars of 4, 3 and 3 quarter notes
PITCHES = (36, 38, 42, 46)


@st.composite
def hit_cells(draw):
    """Hits by (step, pitch) and the steps per beat that they are meant for."""
    steps_per_beat = draw(st.sampled_from((1, 2, 3, 4, 6, 8, 12)))
    half = PPQ // (2 * steps_per_beat)
    cells = {}
    for _ in range(draw(st.integers(1, 12))):
        step, pitch = draw(st.integers(0, 10 * steps_per_beat - 1)), draw(st.sampled_from(PITCHES))
        hits = st.lists(
            st.tuples(st.integers(-half if step else 0, half - 1), st.integers(1, 127)), min_size=1, max_size=3
        )
        cells[step, pitch] = tuple(
            Hit(pitch, velocity, offset, draw(st.integers(1, 500))) for offset, velocity in sorted(draw(hits))
        )
    return steps_per_beat, cells


def as_score(notes, ppq):
    meters = tuple((tick * ppq // PPQ, numerator, denominator) for tick, numerator, denominator in METERS)
    return Score(ppq, tuple(note._replace(off_index=1) for note in notes), ((0, 500_000),), meters, 10 * ppq, ("",))


def by_pitch(grid):
    """The hits of a grid by (step, pitch)."""
    return {(step, hits[0].pitch): hits for (step, _), hits in grid.hits.items()}


@given(hit_cells())
def test_encoding_what_was_decoded_returns_every_hit(made):
    steps_per_beat, cells = made
    grid = encode_drums(as_score(place_hits(cells, steps_per_beat), PPQ), steps_per_beat=steps_per_beat)
    # the order of hits at the same tick is free
    assert {cell: sorted(hits) for cell, hits in by_pitch(grid).items()} == {c: sorted(h) for c, h in cells.items()}
    assert [bar.length_steps for bar in grid.bars] == [4 * steps_per_beat, 3 * steps_per_beat, 3 * steps_per_beat]
    assert encode_drums(as_score(grid_notes(grid), PPQ), steps_per_beat=steps_per_beat).hits == grid.hits


@given(hit_cells(), st.sampled_from((24, 25, 48, 96, 100, 120, 192, 240, 384, 480, 1000, 10_080)))
def test_at_any_resolution_each_hit_stays_in_its_cell(made, ppq):
    steps_per_beat, cells = made
    notes = place_hits(cells, steps_per_beat, ppq)
    grid = encode_drums(as_score(notes, ppq), steps_per_beat=steps_per_beat)
    assert {cell: len(hits) for cell, hits in by_pitch(grid).items()} == {c: len(h) for c, h in cells.items()}
    assert [note.onset_ticks for note in notes] == sorted(note.onset_ticks for note in notes)


@given(
    st.lists(
        st.tuples(st.integers(0, 8000), st.sampled_from(PITCHES), st.integers(1, 127)),
        max_size=40,
        unique_by=lambda n: n[:2],
    ),
    st.sampled_from((96, 120, 384, 480, 960, 1024, 10_080)),
    st.sampled_from((3, 4, 12)),
)
def test_from_file_to_grid_to_file_each_onset_stays_within_one_tick(played, ppq, steps_per_beat):
    notes = [Note(onset, 30, pitch, velocity, 9) for onset, pitch, velocity in played]
    score = read_score(parse(write_midi(notes, ppq=ppq)))
    again = grid_notes(encode_drums(score, steps_per_beat=steps_per_beat), ppq)
    tolerance = 1 if ppq <= PPQ else Fraction(ppq, PPQ) + 1  # a file finer than our own resolution is rounded to it
    before = sorted((n.pitch, n.onset_ticks, n.velocity) for n in notes)
    after = sorted((n.pitch, n.onset_ticks, n.velocity) for n in again)
    assert len(after) == len(before)
    for one, other in zip(before, after, strict=True):
        assert one[0] == other[0]
        assert abs(one[1] - other[1]) <= tolerance


@given(
    st.integers(0, 500),
    st.integers(-480, 479),
    st.integers(1, 12).flatmap(lambda steps: st.tuples(st.just(steps), st.integers(steps, 2000))),
)
def test_an_onset_is_the_nearest_tick_inside_its_cell(step, offset, steps_and_ppq):
    steps_per_beat, ppq = steps_and_ppq
    tick = onset_ticks(step, offset, steps_per_beat, ppq)
    cell = Fraction(step * ppq, steps_per_beat)
    half = Fraction(ppq, 2 * steps_per_beat)
    exact = cell + Fraction(offset * ppq, PPQ)
    inside = [t for t in range(max(int(cell - half), 0), int(cell + half) + 2) if cell - half <= t < cell + half]
    assert tick in inside
    assert abs(tick - exact) == min(abs(t - exact) for t in inside)


def test_only_the_steps_asked_for_are_placed():
    cells = {(step, 0): (Hit(36, 100, 0, 60),) for step in range(8)}
    notes = place_hits(cells, 4, 480, range(2, 4), channel=3, track=2)
    assert notes == (Note(240, 30, 36, 100, 3, 2), Note(360, 30, 36, 100, 3, 2))


def test_a_resolution_of_less_than_a_tick_per_step_is_refused():
    with pytest.raises(InputError, match="but 11 ticks and 12 steps make a quarter note"):
        place_hits({}, 12, 11)


def test_a_whole_grid_becomes_notes():
    notes = (Note(0, 30, 36, 100, 9, 0, 0, 1), Note(200, 30, 42, 90, 9, 0, 0, 1))
    grid = encode_drums(as_score(notes, PPQ))
    assert [note[:4] for note in grid_notes(grid)] == [note[:4] for note in notes]
    assert np.array_equal(grid.tokens_tl.sum(axis=0), [1, 1])
    assert grid.lanes == tuple(lane_of(note.pitch) for note in notes)

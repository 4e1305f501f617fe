"""Pitched parts as they are streamed."""

from itertools import islice

import pytest

from sparseq.jobs.loading import load_examples
from sparseq.jobs.stream import Stream, StreamSettings
from sparseq.music.partgrid import encode_piece
from sparseq.music.pitched import holds_of


def chords_of(grids):
    """Return the chords that are struck: of each the voices that begin, and the numbers of steps that they are held."""
    found = []
    for grid in grids:
        lanes = [index for index, lane in enumerate(grid.lanes) if lane.part == "chords"]
        for step in range(grid.n_steps):
            struck = {grid.lanes[lane].name: grid.hits[step, lane] for lane in lanes if (step, lane) in grid.hits}
            holds = {holds_of(hit, grid.steps_per_beat) for hits in struck.values() for hit in hits}
            found += [(frozenset(struck), holds)] if struck else []
    return found


def loop_of(example):
    """Return a loop as a grid."""
    return encode_piece(example.piece())


@pytest.mark.parametrize("temperature", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("name", ["synthwave-coast-road", "house-lantern-room"])
def test_the_voices_of_a_chord_begin_together_at_any_temperature_where_those_of_the_loop_do(name, temperature):
    examples = load_examples([name], pitched=True)
    (example,) = examples.used
    (whole,) = {voices for voices, _ in chords_of([loop_of(example)])}
    for seed in (1, 2):
        stream = Stream(examples, StreamSettings(seed, temperature=temperature))
        assert {voices for voices, _ in chords_of(islice(stream.bars(), 8))} == {whole}


@pytest.mark.parametrize("temperature", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("name", ["synthwave-coast-road", "house-lantern-room", "ambient-slow-glass"])
def test_voices_that_begin_together_are_let_go_together(name, temperature):
    for seed in (1, 2):
        stream = Stream(load_examples([name], pitched=True), StreamSettings(seed, temperature=temperature))
        chords = chords_of(islice(stream.bars(), 8))
        assert chords
        assert all(len(holds) == 1 for _, holds in chords)

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.jobs.stream import Stream, StreamSettings
from sparseq.jobs.stream.copying import COPIED_BARS, CopyWatch, end_of_copy, joined
from sparseq.jobs.stream.material import Material

numbers = st.lists(st.integers(0, 2), min_size=1, max_size=12).map(lambda found: np.array(found, np.int64))


def longest_run(loop, written):
    """Return the most steps of what was written that stand together in a loop that goes round: the obvious way."""
    around = np.concatenate([loop] * (2 + len(written) // len(loop)))
    runs = [
        stop - start
        for start in range(len(written))
        for stop in range(start + 1, len(written) + 1)
        for at in range(len(loop))
        if np.array_equal(written[start:stop], around[at : at + stop - start])
    ]
    return max(runs, default=0)


@given(numbers, numbers, numbers, st.integers(2, 6))
def test_a_copy_ends_where_the_longest_run_is_too_long(loop, past, bar, most_steps):
    past = past[-most_steps + 1 :]  # what was written before held to the rule
    loops = joined([np.tile(loop, 12)], [False])
    lengths = [longest_run(loop, np.concatenate([past, bar[:stop]])) for stop in range(1, len(bar) + 1)]
    wanted = next((stop for stop, length in enumerate(lengths, 1) if length >= most_steps), 0)
    assert end_of_copy(loops, past, bar, most_steps) == wanted


def test_no_run_goes_on_from_one_loop_into_the_next():
    first, second = np.array([1, 2]), np.array([3, 4])
    loops = joined([first, second], [False, False])
    assert end_of_copy(loops, np.array([1, 2]), np.array([3, 4]), 3) == 0
    assert end_of_copy(loops, np.array([0]), np.array([3, 4]), 2) == 2


def test_columns_that_no_loop_has_end_a_copy():
    loop = np.array([[5, 0], [0, 7], [5, 5]], np.uint16)
    watch = CopyWatch([loop], [True], 3)
    assert watch.end_of_copy(loop[:2], loop[2:]) == 1
    assert watch.end_of_copy(loop[:2], np.array([[9, 9], [5, 0]], np.uint16)) == 0


@pytest.mark.parametrize("seed", [1, 2])
def test_no_line_of_a_stream_plays_its_loop_through(combo, seed):
    stream = Stream(combo, StreamSettings(seed))
    bars = list(islice(stream.bars(), 12))
    (example,) = combo.used
    loop = Material(combo).voice_examples[0].tokens_tv
    assert example.name == "synthwave-coast-road"
    for part in ("bass", "lead"):
        lanes = bars[0].indices(part=part)
        written = np.concatenate([bar.tokens_tl[:, lanes] for bar in bars])
        voices = [lane - bars[0].indices(kind="voice")[0] for lane in lanes]
        watch = CopyWatch([loop[:, voices]], [True], COPIED_BARS * stream.bar_steps)
        assert watch.end_of_copy(written[:0], written) == 0


def test_a_stream_plays_no_pitch_class_that_its_loops_have_not(combo):
    stream = Stream(combo, StreamSettings(2))
    (example,) = combo.used
    for part in ("bass", "chords", "lead"):
        there = {note.pitch % 12 for each in example.piece().parts if each.name == part for note in each.notes}
        bars = list(islice(stream.with_settings(StreamSettings(2)).bars(), 8))
        played = {
            hit.pitch % 12
            for bar in bars
            for (_, lane), hits in bar.hits.items()
            if bar.lanes[lane].part == part
            for hit in hits
        }
        assert played
        assert played <= there

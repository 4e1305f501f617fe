"""Chords of a stream."""

from itertools import islice

import numpy as np
import pytest

from sparseq.jobs.loading import load_examples
from sparseq.jobs.stream import Stream, StreamSettings


def changes(chords, bar_steps):
    """Return the steps of the bar at which a chord changes."""
    return {int(step) % bar_steps for step in np.flatnonzero(np.diff(chords)) + 1}


@pytest.mark.parametrize("temperature", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("name", ["synthwave-coast-road", "ambient-slow-glass", "house-lantern-room"])
def test_chords_change_where_those_of_the_loops_do_at_any_temperature(name, temperature):
    examples = load_examples([name], pitched=True)
    stream = Stream(examples, StreamSettings(2, temperature=temperature))
    (example,) = examples.used
    loop = [0 if chord is None else hash(chord) for chord in example.piece().chords_t(example.chords)]
    bars = list(islice(stream.bars(), 16))
    written = np.concatenate([bar.tokens_tl[:, -2] for bar in bars])
    assert changes(written, stream.bar_steps) <= changes(np.array(loop + loop[:1]), stream.bar_steps)
    assert changes(written, stream.bar_steps)

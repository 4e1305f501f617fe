"""Calibration of drums: numbers that suit the loops, in the form that stream and repair take."""

import numpy as np
import pytest

from sparseq.engine.config import RetrievalConfig
from sparseq.jobs.calibration import MOST_QUESTIONS, calibrate_fill, calibrate_stream
from sparseq.jobs.drums import fill_context, stream_context
from sparseq.music.grid import DrumGrid, GridBar

START = RetrievalConfig(sharpness=2.0, prior_weight=1e-6, own_weight=1)


def loop(rng, n_bars=4):
    bits = np.zeros((n_bars, 16, 2), np.uint8)
    bits[:, [0, 8], 0] = 1
    bits[:, rng.choice(16, 4, replace=False), 1] = 1
    bars = tuple(GridBar(b + 1, 16 * b, 16, 4, 4) for b in range(n_bars))
    return DrumGrid(bits.reshape(-1, 2), ("kick", "snare"), {}, 4, bars)


@pytest.fixture(scope="module")
def loops():
    rng = np.random.default_rng(0)
    return [loop(rng) for _ in range(8)]


def test_the_stream_is_calibrated(loops):
    found = calibrate_stream(loops, [0] * len(loops), START)
    assert 0 < found.nats < found.nats_before
    assert len(found.applied(stream_context(2, 4, 16)).heads) == 2


def test_repair_is_calibrated(loops):
    found = calibrate_fill(loops, START)
    assert 0 < found.nats < found.nats_before
    assert found.own_weight > 1
    assert len(found.applied(fill_context(2, 4, 16)).heads) == 2


def test_two_loops_keep_the_defaults(loops):
    assert calibrate_fill(loops[:2], START).retrieval() == START


def test_loops_of_one_bar_can_be_calibrated():
    rng = np.random.default_rng(1)
    loops = [loop(rng, 1) for _ in range(6)]
    assert calibrate_stream(loops, [0] * 6, START).nats > 0
    assert calibrate_fill(loops, START).retrieval() == START


def test_questions_cover_every_loop_of_a_usual_library():
    assert MOST_QUESTIONS >= 64

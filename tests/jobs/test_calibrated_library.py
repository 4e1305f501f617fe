"""Numbers that suit a library are found when it is learnt, kept in it, and used by whatever loads it."""

import numpy as np
import pytest

from sparseq.engine.calibration import GROUPS, slot_groups
from sparseq.jobs.calibrated_library import calibrate_library, total_steps
from sparseq.jobs.choice import Choice
from sparseq.jobs.drums import fill_context, stream_context
from sparseq.jobs.filling import FillSettings
from sparseq.jobs.learn import find_midi_files, learn
from sparseq.jobs.loading import load_examples
from sparseq.jobs.plan import plan_repair
from sparseq.jobs.repair import song_filler
from sparseq.jobs.stream import Stream, StreamSettings
from sparseq.music.score import Note
from sparseq.music.smf import parse
from sparseq.music.writer import write_midi

SIXTEENTH = 120


def take(rng):
    """Four bars: kick and snare as ever, hats as the take likes them."""
    hats = rng.choice(16, 6, replace=False)
    steps = [(bar * 16 + step, pitch) for bar in range(4) for pitch, at in ((36, (0, 8)), (38, (4, 12))) for step in at]
    steps += [(bar * 16 + int(step), 42) for bar in range(4) for step in hats]
    return write_midi([Note(step * SIXTEENTH, 60, pitch, 90, 9) for step, pitch in sorted(steps)], ppq=480)


@pytest.fixture
def learnt(tmp_path, monkeypatch):
    monkeypatch.setenv("SPARSEQ_DATA_DIR", str(tmp_path / "data"))

    def write(n):
        rng = np.random.default_rng(0)
        (tmp_path / "loops").mkdir(exist_ok=True)
        for k in range(n):
            (tmp_path / "loops" / f"{k}.mid").write_bytes(take(rng))
        learn(find_midi_files([str(tmp_path / "loops")]), "mine")

    return write


def test_numbers_are_kept_and_loaded_with_the_library(learnt):
    learnt(6)
    told = []
    found = calibrate_library("mine", told.append)
    assert sum(told) == total_steps()
    assert set(found) == {"stream", "fill"}
    assert load_examples(["mine"]).calibrations == found
    assert all(calibration.nats < calibration.nats_before for calibration in found.values())
    assert load_examples(["funk"]).calibrations == load_examples(["mine", "funk"]).calibrations == {}


def test_a_library_that_grows_forgets_them(learnt):
    learnt(5)
    calibrate_library("mine", lambda n: None)
    learnt(6)
    assert load_examples(["mine"]).calibrations == {}


def test_three_loops_keep_the_defaults(learnt):
    learnt(3)
    assert calibrate_library("mine", lambda n: None) == {}
    assert load_examples(["mine"]).calibrations == {}


def test_stream_and_repair_go_by_them(learnt, rock_bytes):
    learnt(6)
    found = calibrate_library("mine", lambda n: None)
    drums = Stream(load_examples(["mine"]), StreamSettings(1))._material.drums
    assert drums.memory.config == found["stream"].retrieval()
    midi = parse(rock_bytes(4), "song.mid")
    for settings, weight in (
        (FillSettings(1), found["fill"].retrieval().own_weight),
        (FillSettings(1, own_weight=7), 7),
    ):
        filler = song_filler(plan_repair(midi, Choice("2"), ("mine",), 1), settings).drums
        assert filler.memory.config.own_weight == weight
        assert filler.memory.config.sharpness == found["fill"].sharpness


def test_no_context_has_a_group_that_progress_does_not_count():
    for context in (stream_context(5, 4, 16), fill_context(5, 4, 16), stream_context(1, 3, 9)):
        assert set(slot_groups(context)) <= set(GROUPS)

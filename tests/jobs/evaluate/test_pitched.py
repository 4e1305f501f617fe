"""Pitched parts: loops and chorales are read as music, and every method answers for the same bar."""

import json

import numpy as np
import pytest

from sparseq.errors import FileError, InputError
from sparseq.jobs.evaluate.pitched_rules import ANSWERS
from sparseq.jobs.evaluate.pitched_sources import chorale_bytes, is_pitched, read_songs
from sparseq.jobs.evaluate.request import Request
from sparseq.jobs.evaluate.run import run, total_steps
from sparseq.music.score import read_score
from sparseq.music.smf import parse

QUARTER, BAR = 48, 192
SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def record(name, n_bars, rng):
    """A loop that plays the same two bars again and again, with one note of its own."""
    motif = rng.choice(SCALE, 8)
    notes = [
        [bar * BAR + beat * QUARTER, QUARTER, int(motif[(bar % 2) * 4 + beat]), 90]
        for bar in range(n_bars)
        for beat in range(4)
    ]
    return {"name": name, "bpm": 110, "ticks_per_quarter": QUARTER, "ticks_per_bar": BAR, "notes": notes}


@pytest.fixture
def loops(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "loops.json"
    path.write_text(json.dumps([record(f"song {k}/part", 8, rng) for k in range(4)] + [record("short/part", 2, rng)]))
    return str(path)


def test_a_list_of_loops_is_read_note_by_note(loops):
    songs, left = read_songs(loops, "valid")
    assert not left
    score = read_score(songs[0].midi)
    assert (score.ppq, score.meters[0][1:], len(score.notes)) == (QUARTER, (4, 4), 32)
    assert songs[0].family == "song 0"


def test_equal_steps_of_a_chorale_are_one_note_and_rests_are_none():
    piece = np.array([[72, 60], [72, 60], [74, -1], [74, 62]])
    notes = read_score(parse(chorale_bytes(piece), "x")).notes
    assert [(n.onset_ticks, n.duration_ticks, n.pitch, n.channel) for n in sorted(notes)] == [
        (0, 24, 60, 1),
        (0, 24, 72, 0),
        (24, 24, 74, 0),
        (36, 12, 62, 1),
    ]


def test_a_run_reports_ours_and_every_rule(loops):
    told = []
    request = Request("fill", loops, loops)
    assert is_pitched(loops)
    found = run(request, told.append)
    assert sum(told) == total_steps(request)
    machine = json.loads(json.dumps(found.as_json()))
    assert set(machine["baselines"]) == set(ANSWERS)
    assert (machine["pieces"], machine["skipped"]) == (4, 1)
    for score in (machine["ours"], *machine["baselines"].values()):
        assert score["nats_95"][0] <= score["nats"] <= score["nats_95"][1]
        assert 0.0 <= score["f1"] <= 1.0
    assert machine["ours"]["nats"] < min(score["nats"] for score in machine["baselines"].values())
    assert machine["ours"]["f1"] >= machine["baselines"]["copy_previous_bar"]["f1"]


def test_what_is_no_list_of_loops_is_refused_in_one_line(tmp_path):
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(FileError, match=r"x\.json cannot be read"):
        read_songs(str(tmp_path / "x.json"), "valid")
    (tmp_path / "y.json").write_text('{"notes": []}')
    with pytest.raises(InputError, match="wanted a list of loops, got dict"):
        read_songs(str(tmp_path / "y.json"), "valid")
    (tmp_path / "z.json").write_text('[{"name": "a"}]')
    with pytest.raises(InputError, match="wanted loops with name, notes"):
        read_songs(str(tmp_path / "z.json"), "valid")


def test_pitched_is_a_question_of_fill():
    with pytest.raises(InputError, match="wanted the task fill"):
        Request("stream", "a", "b", pitched=True)

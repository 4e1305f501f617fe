"""Any meter, any resolution: bar lines stay where the examples have them."""

from itertools import islice

import pytest

from sparseq.jobs.export import rendered
from sparseq.jobs.loading import load_examples
from sparseq.jobs.stream import Stream, StreamSettings
from sparseq.music.bars import score_bars
from sparseq.music.catalogue import catalogue
from sparseq.music.score import Note, read_score
from sparseq.music.smf import parse
from sparseq.music.units import PPQ
from sparseq.music.writer import write_midi

ODD = [info for info in catalogue() if info.meter != "4/4" and "drums" in info.parts]
N_BARS = 48


def rate_on_one(grids, lane="kick"):
    """Return the share of bars that have a stroke of a lane on their first step."""
    firsts = [grid.tokens_tl[bar.start_step, grid.lanes.index(lane)] for grid in grids for bar in grid.bars]
    return sum(map(int, firsts)) / len(firsts)


@pytest.mark.parametrize("info", ODD, ids=lambda info: info.name)
def test_the_kick_is_on_one_as_often_as_in_the_examples(info):
    examples = load_examples([info.name], pitched=True)
    (example,) = examples.used
    stream = Stream(examples, StreamSettings(3))
    upper, lower = map(int, info.meter.split("/"))
    assert stream.meter == (upper, lower)
    assert stream.bar_steps * lower == 4 * upper * stream.steps_per_beat
    grids = [grid.drum_grid() for grid in islice(stream.bars(), N_BARS)]
    assert rate_on_one(grids) == pytest.approx(rate_on_one([example.grid(grids[0].lanes)]), abs=0.1)


@pytest.mark.parametrize(
    "name", ["seven-eight-ferry-rope", "six-eight-hearth", "five-four-tall-grass", "blues-back-field"]
)
def test_files_have_their_bar_lines_and_a_bass_on_one(name):
    examples = load_examples([name], pitched=True)
    stream = Stream(examples, StreamSettings(1, feel=0.0))
    score = read_score(parse(rendered(stream, 8, "")[1], "a.mid"))
    bars = score_bars(score)
    assert score.meters == ((0, *stream.meter),)
    assert len(bars) == 8
    assert score.end_ticks == bars[-1].end_ticks
    lines = {bar.start_ticks for bar in bars}
    channel = stream.sounds["bass"].channel
    assert len(lines & {note.onset_ticks for note in score.notes if note.channel == channel}) >= 6


def triplets(steps_per_beat, n_bars=4):
    """Return a file with hats on every step, a kick on every beat and a bass on one."""
    step = PPQ // steps_per_beat
    notes = [Note(tick, step // 2, 42, 80, 9) for tick in range(0, n_bars * 4 * PPQ, step)]
    notes += [Note(tick, step // 2, 36, 100, 9) for tick in range(0, n_bars * 4 * PPQ, PPQ)]
    notes += [Note(bar * 4 * PPQ, PPQ, 36, 100, 1, 1) for bar in range(n_bars)]
    return write_midi(notes, track_names=["Drums", "Bass"])


@pytest.mark.parametrize("steps", [3, 6, 12])
def test_triplets_stay_triplets(tmp_path, steps):
    path = tmp_path / "a.mid"
    path.write_bytes(triplets(steps))
    stream = Stream(load_examples([str(path)], steps, pitched=True), StreamSettings(1))
    assert stream.steps_per_beat == steps
    notes = read_score(parse(rendered(stream, 4, "")[1], "a.mid")).notes
    assert all(note.onset_ticks % (PPQ // steps) == 0 for note in notes)
    assert len({note.onset_ticks for note in notes if note.pitch == 42}) > 4 * 4 * steps * 0.8
    # After two bars a stream departs from a loop that only says one thing; where to depends on its drums.
    basses = [note.onset_ticks for note in notes if note.channel != 9]
    assert {tick % (4 * PPQ) for tick in basses if tick < 2 * 4 * PPQ - PPQ} == {0}
    assert sum(tick % (4 * PPQ) == 0 for tick in basses) > len(basses) / 2


def test_how_a_file_is_counted_is_found_where_nobody_says(tmp_path):
    (tmp_path / "a.mid").write_bytes(triplets(3))
    assert Stream(load_examples([str(tmp_path)], pitched=True), StreamSettings()).steps_per_beat == 3

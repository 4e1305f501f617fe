from pathlib import Path

import pytest

from sparseq.errors import FileError
from sparseq.jobs.export import SEED_STEP, export_loops, export_targets, rendered
from sparseq.jobs.loading import load_examples
from sparseq.jobs.stream import Stream, StreamSettings
from sparseq.music.catalogue import catalogue
from sparseq.music.loops import shipped
from sparseq.music.score import read_score
from sparseq.music.smf import parse
from sparseq.music.units import PPQ

BAR = 4 * PPQ


def exported(examples, targets, n_bars=2, force=False, **settings):
    return list(export_loops(examples, StreamSettings(**settings), n_bars, targets, force))


def score_of(path):
    return read_score(parse(path.read_bytes(), path.name))


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_one_loop_goes_to_the_file_and_several_into_a_new_folder(tmp_path):
    assert export_targets(f"{tmp_path}/a.mid", 1, False) == [tmp_path / "a.mid"]
    numbered = [tmp_path / "new" / f"loop-00{number}.mid" for number in (1, 2, 3)]
    assert export_targets(f"{tmp_path}/new", 3, False) == numbered
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("ending", ["", "/"])
def test_one_loop_goes_into_a_folder_that_is_there(tmp_path, ending):
    assert export_targets(f"{tmp_path}{ending}", 1, False) == [tmp_path / "loop-001.mid"]


def test_a_slash_at_the_end_asks_for_a_new_folder(tmp_path):
    assert export_targets(f"{tmp_path}/new/", 1, False) == [tmp_path / "new" / "loop-001.mid"]


def test_a_folder_whose_name_looks_like_a_file_may_be_used_when_it_is_there(tmp_path):
    (tmp_path / "a.mid").mkdir()
    assert export_targets(f"{tmp_path}/a.mid", 2, False)[0] == tmp_path / "a.mid" / "loop-001.mid"


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("output", "count", "said"),
    [
        ("", 1, "empty name"),
        ("nowhere/a.mid", 1, "there is no folder"),
        ("there.mid/a.mid", 1, "is not a folder"),
        ("there.mid", 2, "wanted a folder for 2 loops, got the file"),
        ("there.mid/", 1, "wanted a folder for the loop, got the file"),
        ("new.mid", 2, "got the file name new.mid; leave out .mid"),
        ("nowhere/new", 2, "there is no folder"),
        ("there.mid/new", 2, "is not a folder"),
    ],
)
def test_what_cannot_be_written_is_refused_before_any_work(tmp_path, monkeypatch, output, count, said, force):
    monkeypatch.chdir(tmp_path)
    Path("there.mid").write_bytes(b"mine")
    with pytest.raises(FileError) as caught:
        export_targets(output, count, force)
    assert said in str(caught.value)
    assert left_in(tmp_path) == ["there.mid"]
    assert Path("there.mid").read_bytes() == b"mine"


def test_nothing_is_replaced_unless_forced(tmp_path):
    (tmp_path / "loop-002.mid").write_bytes(b"mine")
    with pytest.raises(FileError, match=r"loop-002\.mid exists"):
        export_targets(str(tmp_path), 3, False)
    assert len(export_targets(str(tmp_path), 3, True)) == 3


def test_a_file_that_appears_meanwhile_is_not_replaced_either(tmp_path, few):
    targets = export_targets(f"{tmp_path}/new", 2, False)
    (tmp_path / "new").mkdir()
    targets[1].write_bytes(b"mine")
    with pytest.raises(FileError):
        exported(few, targets)
    assert left_in(tmp_path / "new") == ["loop-001.mid", "loop-002.mid"]
    assert targets[1].read_bytes() == b"mine"
    assert score_of(targets[0]).end_ticks == 2 * BAR


def test_loops_are_as_long_as_asked_with_every_onset_inside(tmp_path, few):
    (written,) = exported(few, [tmp_path / "a.mid"], n_bars=4, bpm=240.0, seed=1)
    score = score_of(tmp_path / "a.mid")
    assert written.path == tmp_path / "a.mid"
    assert (score.end_ticks, score.meters, score.tempos) == (4 * BAR, ((0, 4, 4),), ((0, 250_000),))
    assert {note.onset_ticks // BAR for note in score.notes} == {0, 1, 2, 3}
    assert {note.channel for note in score.notes} == {9}


def test_the_bar_that_is_handed_back_is_the_first_of_the_file(tmp_path, few):
    (written,) = exported(few, [tmp_path / "a.mid"], seed=1)
    strokes = sorted(hit.pitch for hits in written.first.hits.values() for hit in hits)
    early = BAR - PPQ // 8  # what belongs to the second bar may begin so early
    assert strokes == sorted(note.pitch for note in score_of(tmp_path / "a.mid").notes if note.onset_ticks < early)


def test_the_same_seed_gives_the_same_bytes_under_another_name(tmp_path, few):
    exported(few, [tmp_path / "a.mid"], seed=1)
    exported(few, [tmp_path / "b.mid"], seed=1)
    exported(few, [tmp_path / "c.mid"], seed=2)
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()
    assert score_of(tmp_path / "a.mid").notes != score_of(tmp_path / "c.mid").notes


def test_several_loops_differ_and_each_can_be_had_alone(tmp_path, few):
    targets = export_targets(f"{tmp_path}/new", 4, False)
    exported(few, targets, seed=2**64 - 1)
    assert len({score_of(target).notes for target in targets}) == 4
    exported(few, [tmp_path / "alone.mid"], seed=(2**64 - 1 + 2 * SEED_STEP) % 2**64)
    assert (tmp_path / "alone.mid").read_bytes() == targets[2].read_bytes()


def test_examples_that_are_left_out_are_told(tmp_path, rock_loop):
    paths = [rock_loop("a.mid"), rock_loop("odd.mid", meter=(7, 8))]
    (written,) = exported(load_examples(paths), [tmp_path / "new.mid"])
    assert [skipped.name for skipped in written.examples.skipped] == paths[1:]


def strokes_of(score, n_bars):
    """Return (tick, pitch) of a loop going round for so many bars."""
    ticks = [(note.onset_ticks * PPQ // score.ppq, note.pitch) for note in score.notes]
    length = score.end_ticks * PPQ // score.ppq
    return {(tick + start, pitch) for start in range(0, n_bars * BAR, length) for tick, pitch in ticks}


def test_four_bars_are_none_of_the_shipped_loops():
    examples = load_examples([])
    known = [strokes_of(read_score(parse(shipped(info.name).read(), "")), 4) for info in catalogue()]
    for seed in (1, 2):
        _, data = rendered(Stream(examples, StreamSettings(seed, bpm=240.0)), 4, "")
        assert strokes_of(read_score(parse(data, "")), 4) not in known

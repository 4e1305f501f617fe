import pytest

from sparseq.errors import FileError, InputError
from sparseq.jobs.examples import LOOP_BARS, is_loop, lanes_of, largest_group, load_examples
from sparseq.music.keys import parse_key
from sparseq.music.loops import default
from sparseq.music.score import Note
from sparseq.music.writer import write_midi


def names(examples):
    return [example.name for example in examples.used]


def test_without_a_wish_the_shipped_loops_are_used():
    examples = load_examples([])
    assert names(examples) == [source.name for source in default()]
    assert examples.skipped == ()


def test_a_shipped_loop_comes_with_its_style_and_its_resolution():
    (example,) = load_examples(["waltz-orchard"]).used
    assert (example.style, example.steps_per_beat, example.meter, example.bpm) == ("waltz", 3, (3, 4), 150.0)


def test_a_file_of_ones_own_is_counted_as_suits_it_unless_told(rock_loop):
    path = rock_loop(meter=(6, 8), bpm_us=600_000)
    (example,) = load_examples([path]).used
    assert (example.name, example.style, example.steps_per_beat) == (path, "", 4)
    assert (example.bpm, example.meter) == (100.0, (6, 8))
    assert load_examples([path], 6).used[0].steps_per_beat == 6


@pytest.mark.parametrize(("stated", "key"), [("Eb major", "Eb major"), ("C major", None), (None, None)])
def test_a_key_signature_is_believed_unless_it_may_be_nobodys(tmp_path, stated, key):
    signature = None if stated is None else parse_key(stated)
    (tmp_path / "a.mid").write_bytes(write_midi([Note(0, 400, 60, 80)], track_names=["Piano"], key=signature))
    (example,) = load_examples([str(tmp_path)], pitched=True).used
    assert example.key == (None if key is None else parse_key(key))


def test_what_cannot_be_used_is_left_out_with_its_reason(rock_loop, tmp_path):
    good = rock_loop("a.mid")
    (tmp_path / "broken.mid").write_bytes(b"hello")
    piano = write_midi([Note(0, 400, 60, 80)], track_names=["Piano"])
    (tmp_path / "piano.mid").write_bytes(piano)
    rock_loop("uneven.mid", meter=(7, 32), ppq=100)
    examples = load_examples([str(tmp_path)])
    assert names(examples) == [good]
    reasons = {skipped.name.rpartition("/")[2]: skipped.reason for skipped in examples.skipped}
    assert set(reasons) == {"broken.mid", "piano.mid", "uneven.mid"}
    assert reasons["piano.mid"] == "wanted drums (channel 10, or a track named like drums), got 1 other note"
    assert "whole number of steps" in reasons["uneven.mid"]


def test_one_file_that_cannot_be_used_is_named_once_with_its_reason(tmp_path):
    path = tmp_path / "broken.mid"
    path.write_bytes(b"hello")
    with pytest.raises(InputError) as caught:
        load_examples([str(path)])
    assert str(caught.value).count(str(path)) == 1
    assert "MIDI file" in str(caught.value)


def test_a_folder_without_drums_is_refused_saying_how_many_were_tried(tmp_path):
    for name in ("a.mid", "b.mid", "c.mid"):
        (tmp_path / name).write_bytes(b"hello")
    with pytest.raises(InputError, match=r"none in 3 files; the first, .*a\.mid"):
        load_examples([str(tmp_path)])


@pytest.mark.parametrize(("spec", "error"), [("no such loop", InputError), ("./nowhere.mid", FileError)])
def test_what_is_not_there_is_refused(spec, error):
    with pytest.raises(error):
        load_examples([spec])


def test_the_largest_group_is_kept_and_of_equals_the_first(rock_loop):
    paths = [rock_loop(f"{k}.mid", meter=meter) for k, meter in enumerate([(4, 4), (3, 4), (3, 4), (4, 4)])]
    examples = load_examples(paths)
    kept = largest_group(examples, lambda example: example.meter, "another meter")
    assert names(kept) == [paths[0], paths[3]]
    assert kept.skipped == ((paths[1], "another meter"), (paths[2], "another meter"))


def test_lanes_stand_in_the_order_of_the_table(rock_loop):
    scores = [example.score for example in load_examples([rock_loop()]).used]
    assert lanes_of(scores) == ("kick", "snare", "closed_hat")
    assert lanes_of([]) == ()


def test_only_a_short_file_goes_round(rock_loop):
    (short,) = load_examples([rock_loop("a.mid", LOOP_BARS)]).used
    (long,) = load_examples([rock_loop("b.mid", LOOP_BARS + 1)]).used
    assert is_loop(short.grid(("kick",)))
    assert not is_loop(long.grid(("kick",)))

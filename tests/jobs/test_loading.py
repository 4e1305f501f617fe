"""Loops as they are found, read and drawn."""

import pytest

from sparseq.errors import FileError, InputError
from sparseq.jobs.draw import Draw
from sparseq.jobs.learn import find_midi_files, learn
from sparseq.jobs.loading import load_examples
from sparseq.music.entry import Entry
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


@pytest.fixture
def learnt(tmp_path, rock_bytes, monkeypatch):
    """Return the name of a library of twelve loops of four bars, and one in 3/4."""
    monkeypatch.setenv("SPARSEQ_DATA_DIR", str(tmp_path / "data"))
    for number in range(12):
        (tmp_path / f"{number:02d}.mid").write_bytes(rock_bytes(4, bpm_us=500_000 + number))
    (tmp_path / "waltz.mid").write_bytes(rock_bytes(4, meter=(3, 4)))
    learn(find_midi_files([str(tmp_path)]), "mine")
    return "mine"


def test_of_a_library_that_is_too_large_only_what_is_drawn_is_read(learnt, monkeypatch):
    read, score = [], Entry.score
    monkeypatch.setattr(Entry, "score", lambda entry: read.append(entry.path) or score(entry))
    examples = load_examples([learnt], draw=Draw(3, most_steps=5 * 64))
    assert len(examples.used) == 5
    assert names(examples) == read == sorted(read)
    assert (examples.n_there, examples.skipped) == (13, ())
    assert all(example.meter == (4, 4) for example in examples.used)


def test_another_seed_draws_others_and_the_same_one_the_same(learnt):
    examples = load_examples([learnt], draw=Draw(3, most_steps=5 * 64))
    assert names(examples.draw_again(3)) == names(examples) != names(examples.draw_again(4))


def test_a_library_that_is_not_too_large_is_used_whole(learnt):
    examples = load_examples([learnt], draw=Draw(3, most_steps=13 * 64))
    assert (len(examples.used), examples.n_there, examples.draw_again) == (13, 0, None)


def test_files_are_drawn_as_pieces_of_a_library_are(learnt, tmp_path):
    library, folder = (load_examples([spec], draw=Draw(3, most_steps=5 * 64)) for spec in (learnt, str(tmp_path)))
    assert names(library) == names(folder)


def test_of_loops_with_the_wanted_part_only_the_drawn_are_used(rock_loop, tmp_path):
    for number in range(6):
        rock_loop(f"{number}.mid", piano=number % 2)
    draw = Draw(1, frozenset({"chords", "lead"}), most_steps=2 * 64)
    examples = load_examples([str(tmp_path)], pitched=True, draw=draw)
    assert len(examples.used) == 2
    assert all({"chords", "lead"} & set(example.part_names) for example in examples.used)

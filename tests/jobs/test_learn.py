"""Folders of files made into libraries."""

import os
import random
from pathlib import Path

import pytest

from sparseq.errors import FileError, InputError
from sparseq.jobs import learn as job
from sparseq.jobs.learn import find_midi_files, learn
from sparseq.music.keys import parse_key
from sparseq.music.library import library_path, open_library
from sparseq.music.score import Note, read_score
from sparseq.music.smf import parse
from sparseq.music.writer import write_midi


def midi(seed):
    rng = random.Random(seed)
    notes = [Note(240 * k, 200, rng.randrange(40, 80), 90, rng.choice((0, 9)), 0) for k in range(8)]
    return write_midi(notes)


@pytest.fixture
def pack(tmp_path):
    """A folder as packs have them: folders in folders, notes beside the loops, names in all cases."""
    folder = tmp_path / "Pack 1"
    for name in ("a.mid", "Sub Folder/B.MID", "Sub Folder/deep/c.midi"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(midi(name))
    (folder / "readme.txt").write_text("hello")
    (folder / "._a.mid").write_bytes(b"\0\5\x16\7")
    (folder / ".git").mkdir()
    (folder / ".git/x.mid").write_bytes(midi("x"))
    return folder


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def learn_all(pack, data, **options):
    return learn(find_midi_files([str(pack)]), "mine", folder=data, **options)


def pieces(data):
    with open_library(library_path("mine", data)) as library:
        return {entry.path: entry for entry in library.entries()}


def reasons(data):
    with open_library(library_path("mine", data)) as library:
        return dict(library.skipped())


def test_files_are_found_in_and_below_folders_in_order_and_once(pack):
    found = find_midi_files([str(pack), str(pack / "a.mid")])
    assert [path.relative_to(pack).as_posix() for path in found] == [
        "a.mid",
        "Sub Folder/B.MID",
        "Sub Folder/deep/c.midi",
    ]


def test_a_file_that_is_named_counts_whatever_its_ending(pack):
    assert find_midi_files([str(pack / "readme.txt")]) == [pack / "readme.txt"]


def test_what_is_not_there_is_said(pack):
    with pytest.raises(FileError, match=r"no .*nowhere"):
        find_midi_files([str(pack / "nowhere")])
    (pack / "empty").mkdir()
    with pytest.raises(FileError, match="holds none"):
        find_midi_files([str(pack / "empty")])


def test_every_file_is_in_the_library_with_the_score_that_reading_it_gives(pack, data):
    report = learn_all(pack, data)
    assert (report.files, report.added, report.skipped, report.pieces) == (3, 3, 0, 3)
    found = pieces(data)
    assert sorted(found) == sorted(str(path) for path in find_midi_files([str(pack)]))
    for path, entry in found.items():
        assert entry.score() == read_score(parse(Path(path).read_bytes()))


def test_a_key_signature_is_kept_where_there_is_one(tmp_path, data):
    pack = tmp_path / "pack"
    pack.mkdir()
    for name, key in (("a", "Eb major"), ("b", "F# minor")):
        (pack / f"{name}.mid").write_bytes(
            write_midi([Note(0, 400, 60, 80)], track_names=["Piano"], key=parse_key(key))
        )
    learn_all(pack, data)
    assert [str(entry.key) for entry in pieces(data).values()] == ["Eb major", "F# minor"]


def test_parts_are_counted_by_kind(pack, data):
    report = learn_all(pack, data)
    assert report.parts["drums"] == 3
    assert sum(report.parts.values()) == sum(len(entry.facts["parts"]) for entry in pieces(data).values())


def test_learning_again_reads_only_what_is_new_or_changed(pack, data, monkeypatch):
    learn_all(pack, data)
    (pack / "d.mid").write_bytes(midi("d"))
    (pack / "a.mid").write_bytes(midi("another a"))
    os.utime(pack / "a.mid", ns=(1, 1))
    opened = []
    parse = job.parse
    monkeypatch.setattr(job, "parse", lambda data, name: opened.append(name) or parse(data, name))
    report = learn_all(pack, data)
    assert sorted(opened) == [str(pack / "a.mid"), str(pack / "d.mid")]
    assert (report.added, report.unchanged, report.pieces) == (2, 2, 4)
    assert pieces(data)[str(pack / "a.mid")].score() == read_score(parse((pack / "a.mid").read_bytes()))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "a MIDI file was wanted, but no MThd header stands at byte 0: it is empty"),
        (b"RIFF of something else", "a MIDI file was wanted"),
        (write_midi([]), "it holds no notes"),
        (b"MThd\0\0\0\6\0\0\0\1\xe7\x28MTrk\0\0\0\4\0\xff\x2f\0", "SMPTE frames"),
        (b"MThd\0\0\0\6\0\0\0\1\0\0MTrk\0\0\0\4\0\xff\x2f\0", "0 ticks per quarter note"),
    ],
)
def test_what_cannot_be_used_is_passed_over_with_its_reason(pack, data, content, reason):
    (pack / "bad.mid").write_bytes(content)
    report = learn_all(pack, data)
    assert (report.added, report.skipped, report.pieces) == (3, 1, 3)
    ((path, told),) = report.reasons
    assert path == str(pack / "bad.mid")
    assert reason in told
    assert str(pack) not in told
    assert reasons(data) == {path: told}
    assert learn_all(pack, data).unchanged == 4


def test_a_copy_is_passed_over(pack, data):
    (pack / "z copy.mid").write_bytes((pack / "a.mid").read_bytes())
    report = learn_all(pack, data)
    assert report.reasons == ((str(pack / "z copy.mid"), f"it is the same as {pack / 'a.mid'}"),)


def test_a_file_of_100_megabytes_is_refused_unread(pack, data, monkeypatch):
    with open(pack / "huge.mid", "wb") as file:
        file.truncate(100_000_000)
    opened = []
    read_bytes = job.Path.read_bytes
    monkeypatch.setattr(job.Path, "read_bytes", lambda path: opened.append(path.name) or read_bytes(path))
    ((_, told),) = learn_all(pack, data).reasons
    assert told == "a file of up to 8.4 MB was wanted, but it has 100.0 MB"
    assert "huge.mid" not in opened
    with pytest.raises(InputError, match=r"nothing could be used: .*huge\.mid: a file of up to 8\.4 MB"):
        learn([pack / "huge.mid"], "other", folder=data)


def test_a_file_that_may_not_be_read_is_passed_over(pack, data, monkeypatch):
    def deny(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(job.Path, "read_bytes", deny)
    with pytest.raises(InputError, match="it cannot be read: Permission denied, and so on for 3 files"):
        learn_all(pack, data)


def test_a_file_that_vanishes_meanwhile_is_passed_over(pack, data):
    report = learn([*find_midi_files([str(pack)]), pack / "gone.mid"], "mine", folder=data)
    assert report.reasons == ((str(pack / "gone.mid"), "it cannot be read: No such file or directory"),)


def test_an_interrupted_run_is_taken_up_where_it_stopped(pack, data, monkeypatch):
    monkeypatch.setattr(job, "COMMIT_FILES", 1)
    seen = []

    def stop_after_two(done):
        seen.append(done)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn_all(pack, data, on_file=stop_after_two)
    assert len(pieces(data)) == 2
    report = learn_all(pack, data)
    assert (report.unchanged, report.added) == (2, 1)


def test_with_force_a_library_is_begun_anew_and_the_old_one_stays_until_then(pack, data):
    learn_all(pack, data)
    (pack / "a.mid").unlink()

    def stop(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn_all(pack, data, force=True, on_file=stop)
    assert len(pieces(data)) == 3
    assert [path.name for path in data.iterdir()] == ["mine.sparseq"]
    assert learn_all(pack, data, force=True).pieces == 2
    assert [path.name for path in data.iterdir()] == ["mine.sparseq"]


def test_nothing_usable_leaves_no_new_library_over_an_old_one(pack, data):
    learn_all(pack, data)
    (pack / "bad.mid").write_bytes(b"")
    with pytest.raises(InputError, match="nothing could be used"):
        learn([pack / "bad.mid"], "mine", folder=data, force=True)
    assert len(pieces(data)) == 3


def test_progress_is_told_file_by_file(pack, data):
    told = []
    learn_all(pack, data, on_file=told.append)
    assert told == [1, 1, 1]


def test_a_folder_that_cannot_be_made_is_said(pack, data):
    data.write_text("in the way")
    with pytest.raises(FileError, match="cannot make the folder"):
        learn_all(pack, data)

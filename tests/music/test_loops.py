"""Loops found and read."""

import subprocess
import sys
from pathlib import Path

import pytest

from sparseq.errors import FileError, InputError
from sparseq.music.catalogue import catalogue
from sparseq.music.library import FileStamp, library_path, open_library
from sparseq.music.loops import LoopSource, Skipped, default, find, find_all, load, shipped
from sparseq.music.piece import read_piece
from sparseq.music.score import Note
from sparseq.music.smf import parse
from sparseq.music.writer import write_midi

TINY = bytes.fromhex(
    "4d546864 00000006 0000 0001 0060"  # one track, 96 ticks a quarter note
    "4d54726b 00000004 00 ff2f00"  # that ends at once
)


@pytest.fixture
def folder(tmp_path):
    """A folder with four loops, and things that are none."""
    names = ("b.mid", "a.MIDI", "deep/er/c.mid", "deep/d.midi", "notes.txt", "._b.mid", ".git/e.mid")
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(TINY)
    return tmp_path


def names(sources):
    return [source.name for source in sources]


def below(folder, sources):
    return [Path(source.name).relative_to(folder).as_posix() for source in sources]


def test_the_catalogue_is_in_order_of_unique_names():
    listed = [info.name for info in catalogue()]
    assert listed == sorted(set(listed))
    assert "funk-sidewalk" in listed


def test_a_loop_in_the_catalogue_has_its_facts():
    info = next(info for info in catalogue() if info.name == "waltz-orchard")
    assert (info.style, info.title, info.bpm, info.meter) == ("waltz", "Orchard", 150.0, "3/4")
    assert (info.bars, info.steps_per_beat, info.parts, info.key) == (4, 3, ("drums",), "")
    assert (info.licence, info.file) == ("CC0-1.0", "waltz-orchard.mid")


def test_default_is_all_drum_loops_in_four_four_and_sixteenths():
    infos = [info for info in catalogue() if info.parts == ("drums",)]
    wanted = [info.name for info in infos if (info.meter, info.steps_per_beat) == ("4/4", 4)]
    assert names(default()) == wanted
    assert len(wanted) >= 20


def test_a_library_is_found_by_name_before_a_style_and_read_without_its_files(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("SPARSEQ_DATA_DIR", str(tmp_path / "data"))
    target = library_path("funk")
    target.parent.mkdir(parents=True)
    piece = read_piece(parse(write_midi([Note(0, 100, 36, 90, 9)]), "a.mid"))
    with open_library(target, write=True) as library:
        library.add(FileStamp("/gone/a.mid", 1, 1), b"", piece)
    (source,) = find("funk")
    assert source.name == "/gone/a.mid"
    assert source.entry.score() == piece.score
    with pytest.raises(InputError, match="did you mean funk"):
        find("funkk")


def test_every_shipped_loop_is_a_midi_file():
    infos = catalogue()
    loaded = load([shipped(info.name) for info in infos], parse)
    assert not loaded.skipped
    assert [source.info for source, _ in loaded.loops] == list(infos)


@pytest.mark.parametrize("name", ["funk-sidewalk", "Funk Sidewalk", "funk_sidewalk", " FUNK-sidewalk "])
def test_a_name_finds_one_loop_however_it_is_written(name):
    assert names(find(name)) == ["funk-sidewalk"]
    assert shipped(name).name == "funk-sidewalk"


def test_a_style_finds_all_its_loops():
    found = find("Bossa Nova")
    assert len(found) >= 2
    assert {source.info.style for source in found} == {"bossa-nova"}


@pytest.mark.parametrize(("name", "meant"), [("fnk", "funk"), ("funk-sidewolk", "funk-sidewalk"), ("jaz", "jazz")])
def test_an_unknown_name_is_answered_with_what_may_be_meant(name, meant):
    with pytest.raises(InputError, match=f"none is called '{name}'; did you mean {meant}.*`sparseq loops`"):
        find(name)


def test_an_unknown_name_far_from_all_gets_no_guess():
    with pytest.raises(InputError, match="none is called 'qqqq'; `sparseq loops`"):
        find("qqqq")


@pytest.mark.parametrize("spec", ["", "  "])
def test_an_empty_spec_is_refused(spec):
    with pytest.raises(InputError, match="empty"):
        find(spec)


def test_shipped_knows_names_only():
    with pytest.raises(InputError, match="did you mean funk-"):
        shipped("funk-side")


@pytest.mark.parametrize("spec", ["no/such/place", "missing.mid", "MISSING.MIDI"])
def test_a_missing_path_is_spoken_of_as_a_path(spec):
    with pytest.raises(FileError, match=f"there is no {spec}"):
        find(spec)


def test_a_folder_gives_its_midi_files_at_any_depth_in_order_without_hidden_ones(folder):
    assert below(folder, find(str(folder))) == ["a.MIDI", "b.mid", "deep/d.midi", "deep/er/c.mid"]


def test_files_of_one_name_in_two_folders_have_two_names(folder):
    (folder / "deep" / "b.mid").write_bytes(TINY)
    assert len(set(names(find(str(folder))))) == 5


def test_a_folder_without_midi_files_says_so(tmp_path):
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(FileError, match=r"\.mid or \.midi .* holds none"):
        find(str(tmp_path))


def test_a_single_file_may_have_any_ending(folder):
    assert names(find(str(folder / "notes.txt"))) == [str(folder / "notes.txt")]


def test_a_style_goes_before_a_folder_of_its_name_which_a_path_still_reaches(folder, monkeypatch):
    (folder / "deep").rename(folder / "funk")
    monkeypatch.chdir(folder)
    assert all(source.info for source in find("funk"))
    assert below("funk", find("./funk")) == ["d.midi", "er/c.mid"]


def test_several_specs_follow_each_other_and_a_file_comes_once(folder):
    one, all_of_it = str(folder / "deep" / ".." / "b.mid"), str(folder)
    found = find_all(["jazz-lamplight", one, all_of_it, "jazz"])
    others = [source.name for source in find("jazz") if source.name != "jazz-lamplight"]
    expected = ["jazz-lamplight", "b.mid", "a.MIDI", "d.midi", "c.mid", *others]
    assert [Path(source.name).name for source in found] == expected


def test_no_spec_stands_for_the_default():
    assert find_all([]) == default()


def test_one_unknown_spec_among_several_is_an_error(folder):
    with pytest.raises(InputError, match="qqqq"):
        find_all([str(folder), "qqqq"])


def test_nothing_is_read_before_it_is_asked_for(folder):
    sources = find(str(folder))
    (folder / "b.mid").write_bytes(b"changed since")
    assert sources[1].read() == b"changed since"


def test_a_file_that_is_gone_says_so_in_one_line(folder):
    source = find(str(folder / "b.mid"))[0]
    (folder / "b.mid").unlink()
    with pytest.raises(FileError, match=r"b\.mid cannot be read: No such file"):
        source.read()


def test_a_bad_file_does_not_stop_the_others_and_is_named_with_its_reason(folder):
    (folder / "a.MIDI").write_bytes(b"no music")
    sources = find(str(folder))
    (folder / "b.mid").unlink()
    loops, skipped = load(sources, parse)
    assert below(folder, [source for source, _ in loops]) == ["deep/d.midi", "deep/er/c.mid"]
    assert [midi.to_bytes() for _, midi in loops] == [TINY, TINY]
    assert [Path(name).name for name, _ in skipped] == ["a.MIDI", "b.mid"]
    assert "MThd" in skipped[0].reason
    assert "cannot be read" in skipped[1].reason


def test_a_folder_that_cannot_be_listed_is_skipped_with_its_reason(folder, monkeypatch):
    """Root may list everything, so the refusal is played by os.scandir."""
    import os

    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "er":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    sources = find(str(folder))
    assert below(folder, sources) == ["a.MIDI", "b.mid", "deep/d.midi", "deep/er"]
    assert [skip.name for skip in load(sources, parse).skipped] == [str(folder / "deep" / "er")]


def test_a_fault_of_the_program_is_not_taken_for_a_bad_file(folder):
    def broken(data, name):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        load(find(str(folder)), broken)


def test_what_cannot_be_read_at_all_leaves_only_reasons(tmp_path):
    gone = LoopSource("gone", tmp_path / "gone.mid")
    assert load([gone], parse) == ((), (Skipped("gone", "gone cannot be read: No such file or directory"),))


def test_listing_does_not_load_mido_or_numpy():
    code = "import sys, sparseq.music.loops as l; l.catalogue(); print({'mido', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"

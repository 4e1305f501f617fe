"""Libraries on disk."""

import sqlite3

import pytest

from sparseq.errors import FileError, InputError
from sparseq.music.keys import Key
from sparseq.music.library import (
    FileStamp,
    library_folder,
    library_names,
    library_path,
    open_library,
)
from sparseq.music.parts import split_parts
from sparseq.music.piece import make_piece
from sparseq.music.score import Note, Score

NOTES = (
    Note(0, 60, 36, 100, 9, 0, 0, 1),
    Note(0, 900, 64, 90, 1, 1, 0, -1),
    Note(5, 900, 60, 91, 1, 1, 2, 3),
    Note(2**40, 900, 67, 1, 1, 1, 4, 5),
)
SCORE = Score(480, NOTES[:3], ((0, 500_000), (9, 400_001)), ((0, 7, 8),), 1680, ("Drüms", "Keys"))
STAMP = FileStamp("/music/a song.mid", 123, 456)


def piece(score=SCORE, key=None):
    return make_piece(score, split_parts(score, {(1, 1): 4}), steps_per_beat=6, key=key)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "funk.sparseq"


def filled(path, made=None, stamp=STAMP, digest=b"1"):
    with open_library(path, write=True) as library:
        library.add(stamp, digest, made or piece())


def entries(path):
    with open_library(path) as library:
        return list(library.entries())


def test_a_score_comes_back_as_it_was_without_parsing(path):
    filled(path)
    (entry,) = entries(path)
    assert entry.score() == SCORE
    assert (entry.path, entry.name) == (STAMP.path, "a song")


def test_a_piece_comes_back_with_its_parts_key_and_count(path):
    made = piece(key=Key(9, "dorian"))
    filled(path, made)
    assert entries(path)[0].piece() == made


def test_far_ticks_are_kept(path):
    with open_library(path, write=True) as library:
        made = piece()
        library.add(STAMP, b"", type(made)(SCORE._replace(notes=NOTES), made.parts, 4, made.bars, None))
    assert entries(path)[0].score().notes == NOTES


def test_facts_are_there_without_the_notes(path):
    filled(path)
    facts = entries(path)[0].facts
    assert (facts["bpm"], facts["meter"], facts["bars"], facts["steps_per_beat"]) == (120, "7/8", 1, 6)
    assert [(part["name"], part["program"], part["notes"]) for part in facts["parts"]] == [
        ("drums", None, 1),
        ("chords", 4, 2),
    ]
    assert entries(path)[0].kinds == ("drums", "chords")


def test_drums_alone_have_no_key(path):
    filled(path, piece(SCORE._replace(notes=NOTES[:1])))
    assert entries(path)[0].key is None
    assert entries(path)[0].facts["key"] == ""


def test_a_file_is_known_while_it_is_unchanged(path):
    with open_library(path, write=True) as library:
        assert not library.knows(STAMP)
        library.add(STAMP, b"1", piece())
        library.skip(FileStamp("/b", 1, 1), "it holds no notes")
        assert library.knows(STAMP)
        assert library.knows(FileStamp("/b", 1, 1))
        assert not library.knows(STAMP._replace(mtime_ns=457))
        assert list(library.skipped()) == [("/b", "it holds no notes")]


def test_a_path_holds_what_was_put_in_last(path):
    with open_library(path, write=True) as library:
        library.skip(STAMP, "damaged")
        library.add(STAMP, b"1", piece())
        assert (library.n_pieces, list(library.skipped())) == (1, [])
        library.skip(STAMP, "damaged")
        assert (library.n_pieces, len(list(library.skipped()))) == (0, 1)


def test_the_same_bytes_under_another_path_are_found(path):
    with open_library(path, write=True) as library:
        library.add(STAMP, b"1", piece())
        assert library.twin(b"1", "/other") == STAMP.path
        assert library.twin(b"1", STAMP.path) is None
        assert library.twin(b"2", "/other") is None


def test_pieces_come_in_the_order_of_their_paths(path):
    for name in ("b", "a", "c"):
        filled(path, stamp=FileStamp(name, 1, 1))
    assert [entry.path for entry in entries(path)] == ["a", "b", "c"]


def test_what_was_committed_stays_when_the_writer_dies(path):
    def write_and_die():
        with open_library(path, write=True) as library:
            library.add(STAMP, b"1", piece())
            library.commit()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_die()
    assert len(entries(path)) == 1


def test_a_reader_changes_nothing(path):
    filled(path)
    before = path.read_bytes()
    with open_library(path) as library:
        assert library.n_pieces == 1
    with pytest.raises(FileError, match="readonly"), open_library(path) as library:
        library.skip(STAMP, "x")
    assert path.read_bytes() == before


def test_what_is_no_library_is_refused(path):
    with pytest.raises(FileError, match="`sparseq learn` makes one"), open_library(path):
        pass
    path.write_bytes(b"MThd" + bytes(2000))
    with pytest.raises(FileError, match="no library, or a damaged one"), open_library(path):
        pass


def test_another_database_or_format_is_refused(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE piece (x)")
    connection.close()
    for write in (False, True):
        with pytest.raises(FileError, match="no library of format 2"), open_library(path, write=write):
            pass


def test_two_writers_do_not_mix(path, monkeypatch):
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **kw: connect(*args, timeout=0, **kw))
    with open_library(path, write=True) as library:
        library.add(STAMP, b"1", piece())
        with pytest.raises(FileError, match="locked"), open_library(path, write=True) as second:
            second.add(FileStamp("/b", 1, 1), b"2", piece())
    assert [entry.path for entry in entries(path)] == [STAMP.path]


@pytest.mark.parametrize("name", ["", "a/b", "..", ".x", "a b", "-x", "x" * 65, "ü"])
def test_a_name_that_is_no_file_name_everywhere_is_refused(name, tmp_path):
    with pytest.raises(InputError, match="library's name"):
        library_path(name, tmp_path)


def test_libraries_are_listed_by_name(tmp_path):
    assert library_names(tmp_path / "nowhere") == ()
    for name in ("funk", "a-1", ".hidden", "no.library"):
        (tmp_path / f"{name}.sparseq").touch()
    (tmp_path / "x.txt").touch()
    assert library_names(tmp_path) == ("a-1", "funk")


def test_the_folder_can_be_chosen_by_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("SPARSEQ_DATA_DIR", str(tmp_path))
    assert library_folder() == tmp_path / "libraries"
    assert library_path("funk") == tmp_path / "libraries" / "funk.sparseq"


def test_otherwise_it_is_the_platforms_place_for_data(monkeypatch):
    monkeypatch.delenv("SPARSEQ_DATA_DIR", raising=False)
    assert library_folder().parts[-2:] == ("sparseq", "libraries")
    assert library_folder().is_absolute()

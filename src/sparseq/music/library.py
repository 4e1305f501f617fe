"""A person's own music on disk, read once: a library file holds scores that need no more parsing.

A library is one SQLite file: whatever stops a writer, the file holds every piece that was committed, whole. A piece is
kept under the path that it was read from, with size and time of that file, so that learning again reads only what is
new. What could not be used is kept too, with the reason, so that it is not tried again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sparseq.errors import FileError, InputError
from sparseq.music.entry import Entry, facts_of, packed_notes
from sparseq.music.piece import Piece

if TYPE_CHECKING:
    import sqlite3

SUFFIX = ".sparseq"
FORMAT = 2
"""Raised when the tables or their content change; a file of another format is refused, and learnt anew in seconds."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_APPLICATION_ID = 0x73705351  # "spSQ", by which tools know the file
_TABLES = """
CREATE TABLE piece (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, digest BLOB NOT NULL,
    facts TEXT NOT NULL, notes BLOB NOT NULL
);
CREATE INDEX piece_digest ON piece (digest);
CREATE TABLE skipped (path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, reason TEXT NOT NULL);
CREATE TABLE numbers (task TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class FileStamp(NamedTuple):
    """Which file, and whether it is still the same: path, size in bytes, time of its last change in nanoseconds."""

    path: str
    size: int
    mtime_ns: int


class Library:
    """An open library file; see `open_library`.

    Parameters
    ----------
    connection : sqlite3.Connection
        The file.
    path : Path
        What to call it in messages.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self.path = connection, path

    @property
    def n_pieces(self) -> int:
        """How many pieces it holds."""
        return int(self._connection.execute("SELECT count(*) FROM piece").fetchone()[0])

    def entries(self) -> Iterator[Entry]:
        """Yield the pieces in the order of their paths, one in memory at a time."""
        for path, facts, notes in self._connection.execute("SELECT path, facts, notes FROM piece ORDER BY path"):
            yield Entry(path, json.loads(facts), notes)

    def skipped(self) -> Iterator[tuple[str, str]]:
        """Yield path and reason of each file that could not be used."""
        yield from self._connection.execute("SELECT path, reason FROM skipped ORDER BY path")

    def knows(self, stamp: FileStamp) -> bool:
        """Tell whether this file has been read, or passed over, as it is now."""
        query = (
            "SELECT 1 FROM piece WHERE path = ?1 AND size = ?2 AND mtime_ns = ?3"
            " UNION ALL SELECT 1 FROM skipped WHERE path = ?1 AND size = ?2 AND mtime_ns = ?3"
        )
        return self._connection.execute(query, stamp).fetchone() is not None

    def twin(self, digest: bytes, path: str) -> str | None:
        """Return the path of another piece with the same bytes; None if there is none."""
        found = self._connection.execute("SELECT path FROM piece WHERE digest = ? AND path <> ?", (digest, path))
        row = found.fetchone()
        return None if row is None else str(row[0])

    def add(self, stamp: FileStamp, digest: bytes, piece: Piece) -> None:
        """Put a piece in, in place of what the path held before; `commit` makes it last."""
        self._forget(stamp.path)
        row = (*stamp, digest, json.dumps(facts_of(piece), separators=(",", ":")), packed_notes(piece.score.notes))
        self._connection.execute("INSERT INTO piece VALUES (?, ?, ?, ?, ?, ?)", row)

    def skip(self, stamp: FileStamp, reason: str) -> None:
        """Note why a file cannot be used; `commit` makes it last."""
        self._forget(stamp.path)
        self._connection.execute("INSERT INTO skipped VALUES (?, ?, ?, ?)", (*stamp, reason))

    def keep_numbers(self, task: str, numbers: dict[str, Any]) -> None:
        """Keep what was found to suit the pieces in a task, in place of what was kept before."""
        self._connection.execute(
            "INSERT OR REPLACE INTO numbers VALUES (?, ?)", (task, json.dumps(numbers, separators=(",", ":")))
        )

    def drop_numbers(self) -> None:
        """Forget all that was kept so: the pieces are others now."""
        self._connection.execute("DELETE FROM numbers")

    def numbers(self, task: str) -> dict[str, Any] | None:
        """Return what suits the pieces in a task; None where nothing was kept."""
        row = self._connection.execute("SELECT value FROM numbers WHERE task = ?", (task,)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def commit(self) -> None:
        """Make everything since the last commit last, at once."""
        self._connection.commit()

    def _forget(self, path: str) -> None:
        for table in ("piece", "skipped"):
            self._connection.execute(f"DELETE FROM {table} WHERE path = ?", (path,))


def library_folder() -> Path:
    """Return the folder of libraries: ``SPARSEQ_DATA_DIR`` if it is set, else the platform's place for data."""
    import os

    given = os.environ.get("SPARSEQ_DATA_DIR")
    if given:
        return Path(given).expanduser() / "libraries"
    from platformdirs import user_data_path

    return user_data_path("sparseq", appauthor=False) / "libraries"


def library_path(name: str, folder: Path | None = None) -> Path:
    """Return the file of a library, whether it is there or not.

    Raises
    ------
    InputError
        If it cannot be called so.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"a library's name of up to 64 letters, digits, - and _ was wanted, beginning with a letter or digit, but"
            f" {name!r} was given"
        )
    return (library_folder() if folder is None else folder) / f"{name}{SUFFIX}"


def library_names(folder: Path | None = None) -> tuple[str, ...]:
    """Return the names of the libraries that there are, in order."""
    place = library_folder() if folder is None else folder
    found = place.glob(f"*{SUFFIX}") if place.is_dir() else ()
    return tuple(sorted(path.stem for path in found if _NAME.fullmatch(path.stem)))


@contextmanager
def open_library(path: Path, *, write: bool = False) -> Iterator[Library]:
    """Open a library file.

    Parameters
    ----------
    path : Path
        The file; it is made if it is to be written and is not there.
    write : bool
        Whether pieces are going to be added. What is whole when the block ends, even by an exception, is committed.

    Yields
    ------
    Library
        The library.

    Raises
    ------
    FileError
        If it is not there, is no library of this format, is damaged, or is being written by another process.
    """
    import sqlite3

    if not write and not path.is_file():
        raise FileError(f"wanted a library, but there is no {path}; `sparseq learn` makes one")
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={'rwc' if write else 'ro'}", uri=True)
        try:
            _check_format(connection, path, write)
            yield Library(connection, path)
        finally:
            if write:
                connection.commit()
            connection.close()
    except sqlite3.OperationalError as error:
        raise FileError(f"the library {path} cannot be {'written' if write else 'read'}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise FileError(f"{path} is no library, or a damaged one ({error}); move it away and learn again") from error


def _check_format(connection: sqlite3.Connection, path: Path, write: bool) -> None:
    """Make the tables of a new file; refuse one that is something else."""
    form = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if write and not tables:
        connection.executescript(
            f"BEGIN; PRAGMA application_id = {_APPLICATION_ID}; PRAGMA user_version = {FORMAT}; {_TABLES} COMMIT;"
        )
    elif form != FORMAT or connection.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
        raise FileError(f"{path} is no library of format {FORMAT}; learn the music again with --force")

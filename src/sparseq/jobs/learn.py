"""Learn: folders of .mid files read into a library, once."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sparseq.errors import FileError, InputError, SparseqError
from sparseq.music.library import FileStamp, Library, library_path, open_library
from sparseq.music.loops import SUFFIXES
from sparseq.music.piece import Piece, read_piece
from sparseq.music.signature import likely_signature
from sparseq.music.smf import parse

MOST_BYTES = 8 * 2**20
"""A larger file is no loop and no song; reading it would take a gigabyte of memory."""

COMMIT_FILES = 50  # an interrupted run loses no more than these
MOST_EXAMPLES = 20  # reasons that a report tells in full; the library keeps all

OnFile = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class LearnReport:
    """What came of it.

    Attributes
    ----------
    name : str
        The library.
    path : str
        Its file.
    files, added, unchanged, skipped : int
        Files found; read now; known before, used or not; and passed over now.
    pieces : int
        What the library holds now.
    parts : dict of str to int
        Parts read now, by kind.
    reasons : tuple of (str, str)
        Path and reason of the first files passed over now.
    """

    name: str
    path: str
    files: int
    added: int
    unchanged: int
    skipped: int
    pieces: int
    parts: dict[str, int]
    reasons: tuple[tuple[str, str], ...]


def find_midi_files(paths: Sequence[str]) -> list[Path]:
    """Return the files to learn from, in order, each once.

    Parameters
    ----------
    paths : sequence of str
        Files, whatever they are called, and folders, for all .mid and .midi files in and below them, hidden ones left
        out.

    Raises
    ------
    FileError
        If a path is not there, or there is no MIDI file at all.
    """
    found: dict[Path, None] = {}
    for text in paths:
        path = Path(text).expanduser()
        if path.is_dir():
            found.update(dict.fromkeys(_walk(path)))
        elif path.exists():
            found[path] = None
        else:
            raise FileError(f"wanted a file or folder to learn from, but there is no {text}")
    if not found:
        raise FileError(f"wanted .mid or .midi files to learn from, but {', '.join(paths)} holds none")
    return list(found)


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        wanted = (name for name in sorted(names) if name.lower().endswith(SUFFIXES) and not name.startswith("."))
        yield from (Path(parent, name) for name in wanted)


def learn(
    files: Sequence[Path],
    name: str,
    *,
    folder: Path | None = None,
    force: bool = False,
    on_file: OnFile = lambda done: None,
) -> LearnReport:
    """Read files into a library.

    A library of this name that is there already is gone on with: files that it knows and that have not changed are not
    read again, so an interrupted run is taken up where it stopped. One file is in memory at a time.

    Parameters
    ----------
    files : sequence of Path
        As `find_midi_files` returns them.
    name : str
        The library.
    folder : Path, optional
        Where libraries are; the platform's place for data otherwise.
    force : bool
        Begin anew; the old library stays until the new one is whole.
    on_file : callable
        Told 1 after each file.

    Returns
    -------
    LearnReport
        What came of it.

    Raises
    ------
    InputError
        If the name cannot be used, or not one file can.
    FileError
        If the library cannot be written.
    """
    target = library_path(name, folder)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {target.parent}: {error.strerror or error}") from error
    working = target.with_name(f".{target.name}.part") if force else target
    if force:
        working.unlink(missing_ok=True)
    try:
        with open_library(working, write=True) as library:
            report = _learn_into(library, files, name, str(target), on_file)
            if report.added:
                library.drop_numbers()
        if not report.pieces:
            raise InputError(_nothing(report))
        if force:
            os.replace(working, target)
    finally:
        if force:
            working.unlink(missing_ok=True)
    return report


def _learn_into(library: Library, files: Iterable[Path], name: str, target: str, on_file: OnFile) -> LearnReport:
    counts: Counter[str] = Counter()
    parts: Counter[str] = Counter()
    reasons: list[tuple[str, str]] = []
    for number, path in enumerate(files, start=1):
        counts["files"] += 1
        stamp = _stamp(path)
        if library.knows(stamp):
            counts["unchanged"] += 1
        else:
            try:
                parts.update(_learn_file(library, path, stamp))
                counts["added"] += 1
            except SparseqError as error:
                library.skip(stamp, _one_line(error, path))
                counts["skipped"] += 1
                reasons += [(str(path), _one_line(error, path))] if len(reasons) < MOST_EXAMPLES else []
        if number % COMMIT_FILES == 0:
            library.commit()
        on_file(1)
    return LearnReport(
        name,
        target,
        counts["files"],
        counts["added"],
        counts["unchanged"],
        counts["skipped"],
        library.n_pieces,
        dict(sorted(parts.items())),
        tuple(reasons),
    )


def _stamp(path: Path) -> FileStamp:
    """Return path, size and time of a file; of one that cannot be asked, sizes that no file has."""
    try:
        found = path.stat()
    except OSError:
        return FileStamp(str(path.absolute()), -1, -1)
    return FileStamp(str(path.absolute()), found.st_size, found.st_mtime_ns)


def _learn_file(library: Library, path: Path, stamp: FileStamp) -> list[str]:
    """Read one file into the library; return the kinds of its parts."""
    if stamp.size > MOST_BYTES:
        raise InputError(f"a file of up to {MOST_BYTES / 1e6:.1f} MB was wanted, but it has {stamp.size / 1e6:.1f} MB")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileError(f"it cannot be read: {error.strerror or error}") from error
    digest = hashlib.sha256(data).digest()
    twin = library.twin(digest, stamp.path)
    if twin is not None:
        raise InputError(f"it is the same as {twin}")
    midi = parse(data, str(path))
    piece = _usable(read_piece(midi, key=likely_signature(midi)))
    library.add(stamp, digest, piece)
    return [part.kind for part in piece.parts]


def _usable(piece: Piece) -> Piece:
    if not piece.score.notes:
        raise InputError("it holds no notes")
    return piece


def _one_line(error: SparseqError, path: Path) -> str:
    return " ".join(str(error).removeprefix(f"{path}: ").split())


def _nothing(report: LearnReport) -> str:
    if not report.reasons:
        return f"wanted music to learn from, but none of {report.files} files could be used before, nor has changed"
    path, reason = report.reasons[0]
    more = f", and so on for {report.files} files" if report.files > 1 else ""
    return f"wanted music to learn from, but nothing could be used: {path}: {reason}{more}"

"""Loops to learn from: shipped ones, a library, a person's folder of .mid files, or one file; listed, read later."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from sparseq.errors import FileError, InputError, SparseqError
from sparseq.music.catalogue import LoopInfo, catalogue, shipped_folder, slug

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from sparseq.music.entry import Entry

SUFFIXES = (".mid", ".midi")
MOST_GUESSES = 3

Music = TypeVar("Music")


@dataclass(frozen=True, slots=True)
class LoopSource:
    """One loop that can be read.

    Attributes
    ----------
    name : str
        What to call it in messages: a shipped loop's name, or the path of a file as it was asked for.
    file : Traversable
        Where its bytes are; a Path for a file of the person's own.
    info : LoopInfo or None
        The catalogue's facts of a shipped loop.
    entry : Entry or None
        The piece of a library, which needs no reading; `file` is where it was learnt from.
    """

    name: str
    file: Traversable
    info: LoopInfo | None = None
    entry: Entry | None = None

    def read(self) -> bytes:
        """Return the file's bytes.

        Raises
        ------
        FileError
            If it cannot be read.
        """
        try:
            return self.file.read_bytes()
        except OSError as error:
            raise FileError(f"{self.name} cannot be read: {error.strerror or error}") from error


class Skipped(NamedTuple):
    """A loop that could not be used, and why, in one line."""

    name: str
    reason: str


class Loaded(NamedTuple, Generic[Music]):
    """What could be read, in order, and what could not."""

    loops: tuple[tuple[LoopSource, Music], ...]
    skipped: tuple[Skipped, ...]


def default() -> tuple[LoopSource, ...]:
    """Return what is learned from when nothing is named: the shipped drum loops in 4/4 on a grid of sixteenths."""
    return tuple(
        _shipped(info)
        for info in catalogue()
        if info.meter == "4/4" and info.steps_per_beat == 4 and info.parts == ("drums",)
    )


def default_band() -> tuple[LoopSource, ...]:
    """Return what is learned from when pitched parts are wanted and nothing is named: shipped loops of all parts."""
    return tuple(
        _shipped(info)
        for info in catalogue()
        if info.meter == "4/4" and info.steps_per_beat == 4 and {"drums", "bass", "chords"} <= set(info.parts)
    )


def shipped(name: str) -> LoopSource:
    """Return one shipped loop.

    Parameters
    ----------
    name : str
        Its name, in any case, words joined by hyphens, underscores or spaces.

    Raises
    ------
    InputError
        If no shipped loop has this name.
    """
    infos = catalogue()
    for info in infos:
        if info.name == slug(name):
            return _shipped(info)
    known = [info.name for info in infos]
    raise InputError(
        f"wanted the name of a shipped loop, got {name!r}{_guess(name, known)}; `sparseq loops` lists them"
    )


def find(spec: str) -> tuple[LoopSource, ...]:
    """Return the loops that one word or path of a person stands for.

    Parameters
    ----------
    spec : str
        The name of a library that was learnt; the name or style of shipped loops; a folder, for all .mid and .midi
        files in and below it, in the order of their paths, hidden ones left out; or a single file. The first of these
        that there is: a library of one's own goes before a style, and ``./funk`` is always the folder.

    Returns
    -------
    tuple of LoopSource
        At least one; nothing has been read.

    Raises
    ------
    InputError
        If nothing is called so.
    FileError
        If a path is not there, a folder holds no MIDI file, or a library is damaged.
    """
    if not spec.strip():
        raise InputError("wanted a loop's name, a style, a library, a folder or a file, got an empty text")
    is_path = os.sep in spec  # no loop and no library is called so: a folder of loops needs no catalogue
    learnt = () if is_path else _learnt(spec)
    if learnt:
        return learnt
    infos = () if is_path else catalogue()
    named = tuple(_shipped(info) for info in infos if slug(spec) in (info.name, info.style))
    if named:
        return named
    path = Path(spec).expanduser()
    if path.is_dir():
        return _in_folder(path, spec)
    if path.exists():
        return (LoopSource(spec, path),)
    raise _unknown(spec, infos)


def find_all(specs: Iterable[str]) -> tuple[LoopSource, ...]:
    """Return the loops of several specs one after the other, each file once; those of `default` if there is no spec.

    Parameters
    ----------
    specs : iterable of str
        Each as in `find`.

    Returns
    -------
    tuple of LoopSource
        At least one.

    Raises
    ------
    InputError, FileError
        As `find` does, for the first spec that stands for nothing.
    """
    found: dict[str, LoopSource] = {}
    for spec in specs:
        for source in find(spec):
            found.setdefault(_place(source), source)
    return tuple(found.values()) or default()


def load(sources: Iterable[LoopSource], read: Callable[[bytes, str], Music]) -> Loaded[Music]:
    """Read loops; one that cannot be read does not stop the others.

    Parameters
    ----------
    sources : iterable of LoopSource
        The loops.
    read : callable
        Turns a file's bytes and its name into what is wanted, such as `smf.parse`. A loop is skipped if it raises an
        error of sparseq's own; any other error is a fault of the program and passes through.

    Returns
    -------
    Loaded
        What `read` returned, with its source; and name and reason of each loop skipped. Both may be empty.
    """
    loops: list[tuple[LoopSource, Music]] = []
    skipped: list[Skipped] = []
    for source in sources:
        try:
            loops.append((source, read(source.read(), source.name)))
        except SparseqError as error:
            skipped.append(Skipped(source.name, str(error)))
    return Loaded(tuple(loops), tuple(skipped))


def _shipped(info: LoopInfo) -> LoopSource:
    return LoopSource(info.name, shipped_folder() / info.file, info)


def _learnt(name: str) -> tuple[LoopSource, ...]:
    """Return the pieces of a library, none if none is called so."""
    from sparseq.music.library import library_names, library_path, open_library

    if name not in library_names():
        return ()
    with open_library(library_path(name)) as library:
        return tuple(LoopSource(entry.path, Path(entry.path), entry=entry) for entry in library.entries())


def _in_folder(folder: Path, spec: str) -> tuple[LoopSource, ...]:
    found = sorted(_walk(folder), key=lambda path: path.relative_to(folder).parts)
    if not found:
        raise FileError(f"wanted a folder with .mid or .midi files in or below it, but {spec} holds none")
    return tuple(LoopSource(str(path), path) for path in found)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the MIDI files below a folder, and the folders that cannot be listed, so that reading them says why."""
    closed: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=lambda error: closed.append(Path(error.filename))):
        folders[:] = [name for name in folders if not name.startswith(".")]
        # Names that begin with a dot are no loops: macOS leaves a "._take.mid" beside each file it copies.
        wanted = (name for name in names if name.lower().endswith(SUFFIXES) and not name.startswith("."))
        yield from (Path(parent, name) for name in wanted)
    yield from closed


def _place(source: LoopSource) -> str:
    """Return what two sources of one file have in common."""
    return os.path.realpath(source.file) if isinstance(source.file, Path) else str(source.file)


def _unknown(spec: str, infos: Iterable[LoopInfo]) -> SparseqError:
    """Return the error for a spec that stands for nothing; what looks like a path is spoken of as one."""
    if os.sep in spec or "/" in spec or spec.lower().endswith(SUFFIXES):
        return FileError(f"wanted a file or folder of loops, but there is no {spec}")
    from sparseq.music.library import library_names

    known = dict.fromkeys([*library_names(), *(name for info in infos for name in (info.style, info.name))])
    guess = _guess(spec, known)
    return InputError(
        f"wanted a loop, style, library, folder or file, but none is called {spec!r}{guess}; "
        "`sparseq loops` lists what there is"
    )


def _guess(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean ...?" with the nearest names, or nothing where none is near."""
    from difflib import get_close_matches

    near = get_close_matches(slug(name), list(known), n=MOST_GUESSES)
    return f"; did you mean {' or '.join(near)}?" if near else ""

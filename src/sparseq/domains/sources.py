"""Example files of a lab domain: a folder or a single file, by name."""

from collections.abc import Collection
from pathlib import Path

from sparseq.errors import FileError, InputError

MOST_FILES = 10_000


def read_sources(path: str | Path, endings: Collection[str]) -> dict[str, bytes]:
    """Return the content of a file, or of the files of a folder and those below it that have one of these endings.

    Parameters
    ----------
    path : str or Path
        File or folder.
    endings : collection of str
        Lower case, with the dot; not asked of a single file.

    Returns
    -------
    dict of str to bytes
        By name, relative to the folder, in order of names.

    Raises
    ------
    FileError
        If there is nothing at `path`, or it cannot be read.
    InputError
        If a folder has no such files, or more than `MOST_FILES`.
    """
    place = Path(path)
    try:
        if not place.is_dir():
            return {place.name: place.read_bytes()}
        found = sorted(file for file in place.rglob("*") if file.suffix.lower() in endings and file.is_file())
        if len(found) > MOST_FILES:
            raise InputError(f"{path}: wanted at most {MOST_FILES} files, got {len(found)}")
        contents = {file.relative_to(place).as_posix(): file.read_bytes() for file in found}
    except FileNotFoundError as error:
        raise FileError(f"cannot read {path}: there is no such file or folder") from error
    except OSError as error:
        raise FileError(f"cannot read {error.filename or path}: {(error.strerror or str(error)).lower()}") from error
    if not contents:
        raise InputError(f"{path}: wanted a folder with {' or '.join(sorted(endings))} files, got none")
    return contents


def text(data: bytes, name: str) -> str:
    """Return a file's content as text; raises InputError if it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: wanted text in UTF-8, got other bytes at {error.start}") from error

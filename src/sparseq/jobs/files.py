"""Files read and written whole: a written file is either the old one or the new one, never half of one."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sparseq.errors import FileError

_CREATE_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def read_bytes(path: str | Path) -> bytes:
    """Read a whole file.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    bytes
        Its content.

    Raises
    ------
    FileError
        If there is no such file, if it is a folder, or if it may not be read.
    """
    with _clear_errors(path, "read"):
        if Path(path).is_dir():  # asked by name, because Windows calls it a lack of permission
            raise IsADirectoryError
        return Path(path).read_bytes()


def check_writable(path: str | Path, force: bool = False) -> None:
    """Make sure that `write_atomically` to `path` is going to work, before the work that leads there begins.

    Parameters
    ----------
    path : str or Path
        The file to be written.
    force : bool
        Whether an existing file may be replaced.

    Raises
    ------
    FileError
        If the file exists and `force` is not set, if it is a folder or a device, or if its folder does not exist or
        cannot be written to.
    """
    with _clear_errors(path, "write"):  # trying is the only check that holds on every system and file system
        beside, descriptor = _create_beside(_checked_target(path, force))
        os.close(descriptor)
        beside.unlink()


def write_atomically(path: str | Path, data: bytes, force: bool = False) -> None:
    """Write a whole file: beside it first, then onto its name in one move.

    Parameters
    ----------
    path : str or Path
        The file. A symbolic link is followed.
    data : bytes
        The content.
    force : bool
        Whether an existing file may be replaced; it keeps its permissions. A new file gets those of any new file.

    Raises
    ------
    FileError
        As `check_writable`, and if the disk is full or fails. The old file, if any, is then as it was.
    """
    with _clear_errors(path, "write"):
        target = _checked_target(path, force)
        beside, descriptor = _create_beside(target)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            _move(beside, target, force)
        finally:
            beside.unlink(missing_ok=True)
        _sync_folder(target.parent)


def _checked_target(path: str | Path, force: bool) -> Path:
    """Return the real path to write to, or raise FileError for what can be seen without trying."""
    if Path(path).is_dir():
        raise FileError(f"wanted a file to write to, got the folder {path}; add a file name")
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise FileError(f"wanted a file to write to, got the device {path}")
    if target.exists() and not force:
        raise FileError(f"{path} exists; choose another name, or replace it with --force")
    if not target.parent.exists():
        raise FileError(f"cannot write {path}: there is no folder {target.parent}; create it first")
    if not target.parent.is_dir():
        raise FileError(f"cannot write {path}: {target.parent} is not a folder")
    return target


def _create_beside(target: Path) -> tuple[Path, int]:
    """Create a new empty file in the target's folder; return it and its open descriptor."""
    if len(os.fsencode(target.name)) > 255:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    beside = target.with_name(f".sparseq-{os.urandom(8).hex()}.part")
    return beside, os.open(beside, _CREATE_NEW, 0o666)  # the umask takes its share, as with any new file


def _move(beside: Path, target: Path, force: bool) -> None:
    """Give the finished file its name; without force never onto a file that has appeared meanwhile."""
    if force:
        if target.exists():
            beside.chmod(stat.S_IMODE(target.stat().st_mode))
        beside.replace(target)
    elif os.name == "nt":
        beside.rename(target)  # refuses an existing name there
    else:
        _link(beside, target)


def _link(beside: Path, target: Path) -> None:
    """Name the file by a hard link, which refuses an existing name; where there are none (FAT), rename it."""
    try:
        os.link(beside, target)
    except FileExistsError:
        raise
    except OSError:
        beside.rename(target)


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut, on systems where a folder can be synced; the file itself is safe."""
    if os.name == "nt":
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _clear_errors(path: str | Path, verb: str) -> Iterator[None]:
    """Turn an OSError of the system into one clear line."""
    try:
        yield
    except FileError:
        raise  # is clear already
    except FileNotFoundError as error:
        raise FileError(f"cannot {verb} {path}: there is no such file") from error
    except IsADirectoryError as error:
        raise FileError(f"cannot {verb} {path}: it is a folder, wanted a file") from error
    except FileExistsError as error:
        raise FileError(f"{path} exists; choose another name, or replace it with --force") from error
    except PermissionError as error:
        raise FileError(f"cannot {verb} {path}: {_whose_fault(path, verb)}") from error
    except OSError as error:
        raise FileError(f"cannot {verb} {path}: {(error.strerror or str(error)).lower()}") from error


def _whose_fault(path: str | Path, verb: str) -> str:
    """Return what a refused permission means for a person."""
    if verb == "write":
        return f"the folder {Path(path).absolute().parent} does not let you create files; choose another one"
    return "you have no permission"

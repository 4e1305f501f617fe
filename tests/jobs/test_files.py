import errno
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import FileError
from sparseq.jobs.files import check_writable, read_bytes, write_atomically

posix_only = pytest.mark.skipif(os.name == "nt", reason="permissions of this kind are those of POSIX systems")
WRITERS = [check_writable, lambda path, force=False: write_atomically(path, b"new", force)]
each_writer = pytest.mark.parametrize("write", WRITERS, ids=["check", "write"])


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """Return a folder that the tests, run as nobody where they were started as root, may only read."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    yield folder
    if is_root:
        os.seteuid(0)
    folder.rmdir()


@pytest.fixture
def plain_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def everything_in(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


@given(data=st.binary(max_size=2000))
def test_what_is_written_is_read_back(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("files") / "a.mid"
    write_atomically(path, data)
    assert read_bytes(path) == data


def test_only_the_file_itself_is_left_in_the_folder(tmp_path: Path) -> None:
    check_writable(tmp_path / "a.mid")
    assert everything_in(tmp_path) == {}
    write_atomically(str(tmp_path / "a.mid"), b"new")
    assert everything_in(tmp_path) == {"a.mid": b"new"}


@each_writer
def test_an_existing_file_is_refused_without_force(tmp_path: Path, write) -> None:
    (tmp_path / "a.mid").write_bytes(b"old")
    with pytest.raises(FileError, match=r"a\.mid exists; .* --force"):
        write(tmp_path / "a.mid")
    assert everything_in(tmp_path) == {"a.mid": b"old"}


def test_an_existing_file_is_replaced_with_force(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(b"old")
    check_writable(tmp_path / "a.mid", force=True)
    assert everything_in(tmp_path) == {"a.mid": b"old"}
    write_atomically(tmp_path / "a.mid", b"new", force=True)
    assert everything_in(tmp_path) == {"a.mid": b"new"}


def test_a_file_that_appears_during_the_write_is_not_replaced(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "a.mid"
    fsync = os.fsync

    def fsync_while_another_program_writes(descriptor: int) -> None:
        path.write_bytes(b"theirs")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync_while_another_program_writes)
    with pytest.raises(FileError, match="exists"):
        write_atomically(path, b"ours")
    assert everything_in(tmp_path) == {"a.mid": b"theirs"}


@pytest.mark.parametrize("force", [False, True])
def test_a_write_that_fails_leaves_everything_as_it_was(tmp_path: Path, monkeypatch, force: bool) -> None:
    path = tmp_path / "a.mid"
    if force:
        path.write_bytes(b"old")
    before = everything_in(tmp_path)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match="no space left"):
        write_atomically(path, b"new", force)
    assert everything_in(tmp_path) == before


def test_an_interrupted_write_leaves_nothing_behind(tmp_path: Path, monkeypatch) -> None:
    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "a.mid", b"new")
    assert everything_in(tmp_path) == {}


def test_a_file_is_written_where_the_file_system_has_no_hard_links(tmp_path: Path, monkeypatch) -> None:
    def no_links(source: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", no_links)
    write_atomically(tmp_path / "a.mid", b"new")
    assert everything_in(tmp_path) == {"a.mid": b"new"}


@posix_only
@pytest.mark.usefixtures("plain_umask")
def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.mid", b"new")
    assert stat.S_IMODE((tmp_path / "a.mid").stat().st_mode) == 0o644


@posix_only
def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write_atomically(path, b"new", force=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@posix_only
def test_a_symbolic_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.mid").write_bytes(b"old")
    (tmp_path / "link.mid").symlink_to("real.mid")
    write_atomically(tmp_path / "link.mid", b"new", force=True)
    assert (tmp_path / "link.mid").is_symlink()
    assert (tmp_path / "real.mid").read_bytes() == b"new"


@each_writer
def test_a_missing_folder_is_named(tmp_path: Path, write) -> None:
    with pytest.raises(FileError, match=r"there is no folder .*takes; create it first"):
        write(tmp_path / "takes" / "a.mid")


@each_writer
def test_a_folder_is_no_file_to_write(tmp_path: Path, write) -> None:
    with pytest.raises(FileError, match="got the folder"):
        write(tmp_path, force=True)


@each_writer
def test_a_file_is_no_folder_to_write_into(tmp_path: Path, write) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(FileError, match="is not a folder"):
        write(tmp_path / "a" / "b.mid")


@posix_only
@each_writer
def test_a_device_is_never_replaced(write) -> None:
    with pytest.raises(FileError, match="got the device"):
        write(os.devnull, force=True)
    assert Path(os.devnull).is_char_device()


@posix_only
@each_writer
def test_a_name_too_long_is_told(tmp_path: Path, write) -> None:
    with pytest.raises(FileError, match="name too long"):
        write(tmp_path / ("a" * 300))


@posix_only
@each_writer
def test_a_read_only_folder_is_told(unprivileged: Path, write) -> None:
    with pytest.raises(FileError, match="does not let you create files"):
        write(unprivileged / "a.mid")


def test_reading_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"cannot read .*a\.mid: there is no such file"):
        read_bytes(tmp_path / "a.mid")


def test_reading_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="it is a folder, wanted a file"):
        read_bytes(tmp_path)


@posix_only
def test_reading_without_permission_is_told(unprivileged: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "a.mid"
        secret.write_bytes(b"old")
        secret.chmod(0)
        with pytest.raises(FileError, match="you have no permission"):
            read_bytes(secret)


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux")
def test_every_message_is_one_line_with_the_path(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        read_bytes(tmp_path / "no" / "a.mid")
    assert str(tmp_path / "no" / "a.mid") in str(caught.value)
    assert "\n" not in str(caught.value)

"""What the tests of ports share."""

import os

import pytest


@pytest.fixture
def pipe():
    """Return (read end, write end) of a pipe; either may be closed by the test."""
    read_fd, write_fd = os.pipe()
    yield read_fd, write_fd
    for fd in (read_fd, write_fd):
        try:
            os.close(fd)
        except OSError:
            continue  # the test closed it

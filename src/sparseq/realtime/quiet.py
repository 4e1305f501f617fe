"""Quiet: C libraries of MIDI systems print what people need not read."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep what C libraries print on file descriptor 2 away from the user while the block runs."""
    if sys.stderr is not None:
        sys.stderr.flush()
    kept_fd = os.dup(2)
    null_fd = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null_fd, 2)
        yield
    finally:
        os.dup2(kept_fd, 2)
        os.close(null_fd)
        os.close(kept_fd)

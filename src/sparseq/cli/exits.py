"""What the process tells the shell when it ends."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    FAILED = 1  # bad input, a file or a port: one line on stderr says which
    USAGE = 2  # the command line itself
    INTERRUPTED = 130  # 128 + SIGINT, as shells expect

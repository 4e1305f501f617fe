"""Where the `sparseq` script begins: before anything is imported that takes a moment, so that Ctrl-C is clean in it."""

from __future__ import annotations

_INTERRUPTED = 130  # `Exit.INTERRUPTED`, whose module is not imported yet


def main() -> int:
    """Run the command line on the arguments of the process, and return its exit code."""
    try:
        from sparseq.cli.main import main as run
    except KeyboardInterrupt:
        return _INTERRUPTED
    return run()

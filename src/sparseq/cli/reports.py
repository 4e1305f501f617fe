"""Lines that several commands say about the examples they use."""

from __future__ import annotations

from collections.abc import Sequence

from sparseq.cli.talk import say

MOST_REASONS = 3


def say_skipped(skipped: Sequence[tuple[str, str]], *, quiet: bool) -> None:
    """Say which examples were left out and why, the first few in full."""
    for name, reason in skipped[:MOST_REASONS]:
        say(f"left out {name}: {reason.removeprefix(f'{name}: ')}", quiet=quiet)
    if len(skipped) > MOST_REASONS:
        say(f"left out {len(skipped) - MOST_REASONS} more", quiet=quiet)

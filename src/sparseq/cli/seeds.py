"""A seed for a person who gave none: a fresh one, short enough to be said and typed again."""

from __future__ import annotations

import os

FRESH_SEEDS = 1_000_000


def seed_or_fresh(seed: int | None) -> int:
    """Return the seed that was given, or a fresh one below `FRESH_SEEDS`."""
    if seed is not None:
        return seed
    return int.from_bytes(os.urandom(8), "big") % FRESH_SEEDS

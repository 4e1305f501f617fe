"""A seed for a person who gave none: a fresh one, short enough to be said and typed again."""

from __future__ import annotations

FRESH_SEEDS = 1_000_000


def seed_or_fresh(seed: int | None) -> int:
    """Return the seed that was given, or a fresh one below `FRESH_SEEDS`."""
    if seed is not None:
        return seed
    import secrets

    return secrets.randbelow(FRESH_SEEDS)

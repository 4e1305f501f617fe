"""Variations: several ways to fill one hole, the likeliest first, none too much like another."""

from collections.abc import Sequence

from sparseq.jobs.song import SongFiller, SongFilling

TRIES = 4
"""So many fillings are made for each variation that is kept."""
LEAST_SHARE = 0.02
"""Variations differ in at least this share of the cells to fill, and in one at least."""
SEED_STEP = 0x9E3779B97F4A7C15
"""Distance between the seeds of the tries: an odd constant, so that none come twice."""


def variations(filler: SongFiller, n: int) -> list[SongFilling]:
    """Return up to `n` fillings, ranked by likelihood; fewer where the examples do not leave so many.

    A single one is the filling of the settings' seed itself.
    """
    if n == 1:
        return [filler.fill()]
    seeds = [(filler.settings.seed + k * SEED_STEP) % 2**64 for k in range(TRIES * n)]
    least = max(int(LEAST_SHARE * filler.n_cells), 1)
    return distinct([filler.fill(seed) for seed in seeds], n, least)


def distinct(fillings: Sequence[SongFilling], n: int, least_cells: int) -> list[SongFilling]:
    """Return up to `n` fillings, the likeliest first, that differ from each other in at least `least_cells` cells."""
    kept: list[SongFilling] = []
    for filling in sorted(fillings, key=lambda filling: -filling.log_likelihood):
        if all((filling.cells != other.cells).sum() >= least_cells for other in kept):
            kept.append(filling)
    return kept[:n]

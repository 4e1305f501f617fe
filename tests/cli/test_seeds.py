from sparseq.cli.seeds import FRESH_SEEDS, seed_or_fresh


def test_a_seed_that_was_given_is_kept() -> None:
    assert [seed_or_fresh(seed) for seed in (0, 7, 2**64 - 1)] == [0, 7, 2**64 - 1]


def test_fresh_seeds_are_short_and_differ() -> None:
    seeds = [seed_or_fresh(None) for _ in range(20)]
    assert all(0 <= seed < FRESH_SEEDS for seed in seeds)
    assert len(set(seeds)) > 10

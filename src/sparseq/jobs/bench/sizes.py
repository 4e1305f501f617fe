"""How much a benchmark measures."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """Lengths and repeats of one run; ratios are taken at the largest length unless said otherwise.

    Attributes
    ----------
    rounds : int
        Repeats; in each round every peer has its turn.
    slow_rounds : int
        Repeats of the full forward pass, which takes seconds.
    round_s : float
        A call that is faster is repeated within its turn until about so long, or `most_calls`.
    most_calls : int
        Most calls in one turn.
    attention_tokens : tuple of int
        Lengths for attention.
    decode_tokens : int
        Tokens drawn with and without a cache.
    coding_tokens : tuple of int
        Tokens streamed and filled, rising. Drums are rated at the first, Mario at the last, as the peer's figures are.
    fill_steps : int
        Steps of every fill.
    growth_rows : tuple of int
        Library sizes, rising.
    growth_queries : int
        Look-ups in each library.
    scan_queries : int
        How many of these are also answered by a full scan.
    """

    rounds: int = 9
    slow_rounds: int = 3
    round_s: float = 0.02
    most_calls: int = 50
    attention_tokens: tuple[int, ...] = (256, 512, 1024, 2048)
    decode_tokens: int = 700
    coding_tokens: tuple[int, ...] = (64, 700)
    fill_steps: int = 24
    growth_rows: tuple[int, ...] = (10**4, 10**5, 10**6, 10**7)
    growth_queries: int = 200
    scan_queries: int = 15


FULL = Sizes()
QUICK = Sizes(rounds=3, slow_rounds=1, growth_rows=(10**4, 10**5), growth_queries=100)

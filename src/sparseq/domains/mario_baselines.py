"""What levels are compared with: chance, a Markov chain, and the published original, on the corpus as lines of text."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from sparseq.domains.mario import TILES
from sparseq.domains.protocol import Cells
from sparseq.engine.original import MASK, QUALITY, OriginalDiffuser, OriginalRetriever
from sparseq.kernel.vector import DrawConfig

Tokens = npt.NDArray[np.int64]

BREAK = len(TILES)
"""The token between two rows."""
N_TOKENS = len(TILES) + 1
PUBLISHED_SEEDS = (0xC0FFEE42, 0xBADDF00D, 0x1337BEEF)
"""The three seeds of the published tables."""
TABLE_SEED = 0x4D415249
"""The seed of the one embedding table that the published figures come from; results vary widely between tables."""
OPENING = "M-XXXXX\n--------\n"
"""What the published streams begin with."""
SLICE = 64


SWEEP_STEPS = (16, 32)
"""Steps of the fill tried beside 24."""


def sweep_draws() -> dict[str, DrawConfig]:
    """Return the samplings tried beside the one for quality, by name."""
    return {
        "high_penalty": replace(QUALITY, repetition_penalty=2.0, no_repeat_window=40),
        "low_temperature": replace(QUALITY, temperature=0.6),
        "loose_top_p": replace(QUALITY, top_p=0.95, top_k=8),
    }


class Xorshift:
    """Marsaglia's 32-bit generator (J. Stat. Soft. 8/14, 2003; shifts 13, 17, 5): the draws of the published tables."""

    def __init__(self, seed: int) -> None:
        self.state = max(seed, 1)

    def word(self) -> int:
        """Return the next number, 1 up to 2**32 - 1."""
        state = self.state
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        self.state = state
        return state

    def uniform(self) -> float:
        """Return the next number below 1."""
        return self.word() / 2**32


def published_table(head_dim: int = 64) -> npt.NDArray[np.float32]:
    """Return the original's own embedding, float32 of shape (N_TOKENS, head_dim): Box and Muller over its draws."""
    draws = Xorshift(TABLE_SEED)
    uniform = np.array([draws.uniform() for _ in range(2 * N_TOKENS * head_dim)]).reshape(-1, 2)
    normal: npt.NDArray[np.float64] = np.sqrt(-2.0 * np.log(uniform[:, 0])) * np.cos(2.0 * np.pi * uniform[:, 1])
    table: npt.NDArray[np.float32] = normal.astype(np.float32).reshape(N_TOKENS, head_dim)
    return table


def corpus_tokens(levels: Sequence[Cells]) -> Tokens:
    """Return levels as the original reads them: row by row, a break between rows and between levels."""
    ended = [np.append(row, BREAK) for level in levels for row in level.T]
    return np.concatenate(ended)[:-1].astype(np.int64)


def level_of(tokens: Tokens, n_columns: int, n_rows: int) -> Cells:
    """Return the level that a row of tokens draws: a break or a full row starts the next one, the rest is sky."""
    level = np.zeros((n_rows, n_columns), np.uint16)
    row = column = 0
    for token in tokens.tolist():
        if token == BREAK or column == n_columns:
            row, column = row + 1, 0
        if row == n_rows:
            break
        if token != BREAK:
            level[row, column] = token
            column += 1
    return level.T.copy()


def opening() -> Tokens:
    """Return the tokens of `OPENING`."""
    return np.array([BREAK if tile == "\n" else TILES.index(tile) for tile in OPENING])


def uniform_tokens(n: int, seed: int) -> Tokens:
    """Return tokens drawn by chance."""
    draws = Xorshift(seed)
    return np.array([draws.word() % N_TOKENS for _ in range(n)])


def markov_tokens(corpus: Tokens, n: int, seed: int) -> Tokens:
    """Return tokens that follow `OPENING`, each as likely as it follows the one before it in the corpus."""
    counts = np.zeros((N_TOKENS, N_TOKENS))
    np.add.at(counts, (corpus[:-1], corpus[1:]), 1.0)
    counts[counts.sum(1) == 0] = 1.0
    reach = np.cumsum(counts / counts.sum(1, keepdims=True), axis=1)
    draws, said = Xorshift(seed), opening().tolist()
    while len(said) < n:
        said.append(min(int(np.searchsorted(reach[said[-1]], draws.uniform(), side="right")), BREAK))
    return np.array(said[:n])


def original_retriever(corpus: Tokens, pos_scale: float = 0.5) -> OriginalRetriever:
    """Return the original's stream over a corpus, with its own embedding."""
    retriever = OriginalRetriever(corpus, N_TOKENS, pos_scale=pos_scale)
    retriever.table_vd = published_table()
    return retriever


def original_stream(retriever: OriginalRetriever, n: int, seed: int, draw: DrawConfig = QUALITY) -> Tokens:
    """Return `n` tokens, `OPENING` and what the original says after it."""
    said = opening()
    return np.concatenate([said, retriever.stream(n - len(said), said, draw, seed)])[:n]


def original_diffuser(corpus: Tokens) -> OriginalDiffuser:
    """Return the original's fill over a corpus, with its own embedding."""
    diffuser = OriginalDiffuser(corpus, N_TOKENS)
    diffuser.table_vd = published_table()
    return diffuser


def original_fill(
    diffuser: OriginalDiffuser,
    n: int,
    seed: int,
    steps: int = 24,
    floor: Tokens | None = None,
    draw: DrawConfig = QUALITY,
) -> Tokens:
    """Return `n` filled tokens, from a slice of the corpus laid where the original lays it for this seed.

    `floor` cells are anchored to ground before all others. Every row is looked up at every step, as the original does.
    """
    draws = Xorshift(seed)
    known = np.full(n, MASK)
    size = min(max(8, min(SLICE, n // 8)), len(diffuser.corpus) - 1)
    source, place = draws.word() % (len(diffuser.corpus) - size), draws.word() % (n - size)
    known[place : place + size] = diffuser.corpus[source : source + size]
    anchors = {} if floor is None else dict.fromkeys(floor.tolist(), TILES.index("X"))
    return diffuser.fill(n, steps, known, anchors, QUALITY, seed, every_row=True)

"""Filling: each masked cell is looked up by its neighbours, over and over, the surest cells settled first."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from sparseq.engine.original.embedding import QUALITY, Corpus, generator_of, row_of
from sparseq.kernel.vector import DrawConfig, VectorConfig, forward, sample
from sparseq.kernel.vector_config import Floats, Ints, whole

MASK = -1
FILL_CONFIG = VectorConfig(causal=False)
# Weight of a neighbour's embedding by its distance, on each side.
NEIGHBOUR_WEIGHTS = (0.5, 0.10)


class OriginalDiffuser(Corpus):
    """Fills masked cells from a corpus.

    Parameters
    ----------
    corpus, n_tokens, head_dim, seed, config
        As of `Corpus`; the config not causal.

    Raises
    ------
    InputError
        For an empty corpus, or tokens or numbers out of range.
    """

    def __init__(
        self,
        corpus: ArrayLike,
        n_tokens: int,
        head_dim: int = 64,
        seed: int | np.random.Generator = 0,
        config: VectorConfig = FILL_CONFIG,
    ) -> None:
        super().__init__(corpus, n_tokens, head_dim, seed, config)

    def fill(
        self,
        n_cells: int,
        n_steps: int = 24,
        known: ArrayLike | None = None,
        anchors: Mapping[int, int] | None = None,
        draw: DrawConfig = QUALITY,
        seed: int | np.random.Generator = 0,
        every_row: bool = False,
    ) -> Ints:
        """Settle every masked cell, the surest first.

        Parameters
        ----------
        n_cells, n_steps : int, at least 1
            Cells of the canvas, and steps of the cosine schedule; every step settles at least one cell.
        known : array_like of int of shape (n_cells,), optional
            Tokens that stay as they are; `MASK` is to be filled. Without any, a slice of the corpus is laid down first,
            since nothing can be looked up for a canvas without context.
        anchors : mapping of int to int, optional
            Cell to token, such as a floor row: settled before anything else. The slice does not overwrite them.
        draw : DrawConfig
            The penalty does not apply, as no token is more recent than another.
        seed : int, at least 0, or Generator
            Of slice and draws.
        every_row : bool
            At every step look up for all of corpus and canvas, as the original does, not for masked cells alone. The
            result is the same; only the time is not.

        Returns
        -------
        int64 ndarray of shape (n_cells,)
            Without masks; the same for the same seed.

        Raises
        ------
        InputError
            For cells, tokens or numbers out of range.
        """
        draws = generator_of(seed)
        canvas = self._start(whole("n_cells", n_cells, 1), known, anchors or {}, draws)
        memory = _Contexts(self.table_vd, self.corpus, canvas)
        for step in range(whole("n_steps", n_steps, 1)):
            masked = np.flatnonzero(canvas == MASK)
            if masked.size == 0:
                break
            # Not a matrix product: BLAS would wake its threads for a few microseconds of work.
            logits = np.einsum("nd,vd->nv", memory.look_up(masked, self.config, every_row), self.table_vd)
            tokens, confidence = sample(logits, draws.random(masked.size), draw)
            chosen = np.argsort(-confidence, kind="stable")[: _n_settled(masked.size, n_cells, step, n_steps)]
            canvas[masked[chosen]] = tokens[chosen]
            memory.settle(masked[chosen], tokens[chosen])
        return canvas

    def _start(self, n: int, known: ArrayLike | None, anchors: Mapping[int, int], draws: np.random.Generator) -> Ints:
        canvas = np.full(n, MASK, np.int64)
        if known is not None:
            canvas[:] = row_of("known", known, len(self.table_vd), low=MASK, n=n)
        bare = bool((canvas == MASK).all())
        for cell, token in anchors.items():
            canvas[whole("anchors", cell, 0, n - 1)] = whole("anchors", token, 0, len(self.table_vd) - 1)
        if bare:
            self._lay_slice(canvas, draws)
        return canvas

    def _lay_slice(self, canvas: Ints, draws: np.random.Generator) -> None:
        """Copy a random stretch of the corpus to a random place, where cells are still masked."""
        size = min(max(8, min(64, len(canvas) // 8)), len(self.corpus), len(canvas))
        source = draws.integers(len(self.corpus) - size + 1)
        place = draws.integers(len(canvas) - size + 1)
        target = canvas[place : place + size]
        target[:] = np.where(target == MASK, self.corpus[source : source + size], target)


class _Contexts:
    """Keys and values of corpus and canvas, kept up to date as cells are settled."""

    def __init__(self, table_vd: Floats, corpus: Ints, canvas: Ints) -> None:
        self.table_vd, self.n_corpus = table_vd, len(corpus)
        # The row behind the last token is zero: MASK = -1 picks it.
        with_mask = np.concatenate([table_vd, np.zeros((1, table_vd.shape[1]), np.float32)])
        self.values_td = with_mask[np.concatenate([corpus, canvas])]
        self.keys_td = _neighbours(self.values_td)

    def look_up(self, cells: Ints, config: VectorConfig, every_row: bool = False) -> Floats:
        keys, values, rows = self.keys_td[None], self.values_td[None], self.n_corpus + cells
        if every_row:
            return np.asarray(forward(keys, keys, values, config)[0, rows])
        return np.asarray(forward(keys, keys, values, config, rows)[0])

    def settle(self, cells: Ints, tokens: Ints) -> None:
        self.values_td[self.n_corpus + cells] = self.table_vd[tokens]
        # A cell changes keys from two rows before it on, and these are sums of rows from two further back.
        reach = len(NEIGHBOUR_WEIGHTS)
        begin = max(0, self.n_corpus + int(cells.min()) - reach)
        low = max(0, begin - reach)
        self.keys_td[begin:] = _neighbours(self.values_td[low:])[begin - low :]


def _neighbours(rows_td: Floats) -> Floats:
    """Sum the rows around each row; masked ones are zero."""
    keys = np.zeros_like(rows_td)
    for away, weight in enumerate(NEIGHBOUR_WEIGHTS, start=1):
        share = np.float32(weight) * rows_td
        keys[away:] += share[:-away]
        keys[:-away] += share[away:]
    return keys


def _n_settled(n_masked: int, n_cells: int, step: int, n_steps: int) -> int:
    """Cells that a step settles, so that n cos(pi/2 (step + 1) / steps) stay masked; the last sweeps up all."""
    if step + 1 == n_steps:
        return n_masked
    return max(1, n_masked - math.floor(n_cells * math.cos(math.pi / 2 * (step + 1) / n_steps)))

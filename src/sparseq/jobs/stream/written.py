"""A bar as one section of a stream wrote it, and how long a section remembers what it wrote."""

from collections.abc import MutableMapping
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from sparseq.engine.context import Context
from sparseq.engine.grid import Grid
from sparseq.engine.memory import Memory
from sparseq.engine.retriever import Retriever
from sparseq.kernel.api import SEED_LIMIT
from sparseq.kernel.checks import MASK
from sparseq.music.grid import Hit

OWN_STEPS = 256
"""What the stream remembers of itself, in steps."""
REWIND_STEPS = 256
"""How far it can go back: strokes are kept so much longer."""
_REDRAW_STEP = 0xA24BAED4963EE407  # odd: no number comes twice

Kept = TypeVar("Kept")


class Written(NamedTuple):
    """One bar of one section.

    Attributes
    ----------
    tokens_tl : uint16 ndarray of shape (T, L)
        The section's tokens.
    hits : dict of (int, int) to tuple of Hit
        The notes that begin in each cell (step of the bar, lane of the section).
    leaned_on : list of int
        For each decided onset the example that it leaned on, as the section counts them.
    """

    tokens_tl: NDArray[np.uint16]
    hits: dict[tuple[int, int], tuple[Hit, ...]]
    leaned_on: list[int]


def another_seed(seed: int, number: int) -> int:
    """Return a seed for drawing anew, one for each number; 0 gives the seed itself."""
    return (seed + number * _REDRAW_STEP) % SEED_LIMIT


def past_before(past_tl: NDArray[np.uint16], n_steps: int, step: int) -> NDArray[np.uint16]:
    """Return what is kept of the past when a section that has written so many steps goes back to a step."""
    return past_tl[: max(len(past_tl) - (n_steps - step), 0)]


def decided_again(retriever: Retriever, drawn: Grid, again_tl: NDArray[np.uint16], allowed: NDArray[np.uint8]) -> Grid:
    """Decide the masked cells of the latest columns again; those that stay keep origin and probability.

    Parameters
    ----------
    retriever : Retriever
        It goes back before these columns.
    drawn : Grid
        The columns as they were decided.
    again_tl : uint16 ndarray of shape (T, L)
        The columns, `MASK` where they are to be decided again.
    allowed : uint8 ndarray of shape (L, A) or (T, L, A)
        As for `Retriever.step`.
    """
    retriever.rewind(retriever.n_steps - len(again_tl))
    redrawn = retriever.step(again_tl, allowed=allowed)
    changed = again_tl == MASK
    return Grid(
        redrawn.cells_tl,
        np.where(changed, redrawn.origins_tl, drawn.origins_tl),
        np.where(changed, redrawn.logp_tl, drawn.logp_tl),
    )


def begin_retriever(memory: Memory, context: Context, seed: int) -> Retriever:
    """Return a retriever at its start that remembers and goes back as far as a stream does."""
    return Retriever(memory, context, seed=seed, own_capacity_steps=OWN_STEPS, rewind_steps=REWIND_STEPS)


def forget(kept: MutableMapping[tuple[int, int], Kept], n_steps: int) -> None:
    """Drop cells that neither own memory nor a rewind can ask for, when so many steps are written."""
    for cell in [cell for cell in kept if cell[0] < n_steps - OWN_STEPS - REWIND_STEPS]:
        del kept[cell]


def forget_from(kept: MutableMapping[tuple[int, int], Kept], step: int) -> None:
    """Drop the cells from a step on."""
    for cell in [cell for cell in kept if cell[0] >= step]:
        del kept[cell]

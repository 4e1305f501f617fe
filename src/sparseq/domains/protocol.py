"""A domain: four functions that plug an alphabet into the engine, and the two drivers over any domain."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import Context
from sparseq.engine.diffuser import Diffuser
from sparseq.engine.memory import Memory
from sparseq.engine.retriever import Retriever
from sparseq.engine.sampling import SamplingConfig
from sparseq.engine.schedule import DiffusionConfig
from sparseq.errors import InputError
from sparseq.kernel.checks import EDGE, MASK

Cells = npt.NDArray[np.uint16]
Mask = npt.NDArray[np.bool_]

GROUP = "sparseq.domains"
"""Entry-point group: each names a function that is given the examples, file name to content, and returns a Domain."""
ALPHABET_LIMIT = 4096
"""Most tokens of an alphabet: every decision weighs them all."""


class Domain(Protocol):
    """What an alphabet has to say for itself."""

    def encode(self, data: bytes) -> Cells:
        """Return the grid of one file: uint16 of shape (T steps, L lanes); raises InputError for what it cannot read.

        All grids of a domain have the same number of lanes. Tokens are numbered from 0.
        """
        ...

    def decode(self, cells_tl: Cells) -> bytes:
        """Return the file that a grid stands for: the way back."""
        ...

    def context(self, n_lanes: int, causal: bool) -> Context:
        """Return what each cell looks at: both sides to fill, or only what is decided earlier to stream (causal)."""
        ...

    def metrics(self, cells_tl: Cells, examples: Sequence[Cells]) -> Mapping[str, float]:
        """Return named numbers that tell how a grid compares with the examples."""
        ...


class Settings(NamedTuple):
    """How examples are attended to and tokens drawn, for any domain."""

    retrieval: RetrievalConfig = RetrievalConfig(sharpness=3.0)
    diffusion: DiffusionConfig = DiffusionConfig(steps=16, noise=1.0)
    sampling: SamplingConfig = SamplingConfig()


def learn(examples: Sequence[Cells], context: Context, retrieval: RetrievalConfig, alphabet: int = 0) -> Memory:
    """Return a memory of the examples.

    Parameters
    ----------
    examples : sequence of uint16 ndarray of shape (T, L)
        Grids of one width.
    context : Context
        For these grids.
    retrieval : RetrievalConfig
        How they are attended to.
    alphabet : int
        Tokens are below this; or below what the examples and the context show, where that is more.

    Raises
    ------
    InputError
        Without examples, for examples of unlike width, or for an alphabet over `ALPHABET_LIMIT`.
    """
    if not examples:
        raise InputError("examples: wanted at least one, got none")
    widths = sorted({cells.shape[1] for cells in examples})
    if widths != [context.layout.n_lanes]:
        raise InputError(f"examples: wanted grids of {context.layout.n_lanes} lanes, got {widths}")
    alphabet = max(alphabet, alphabet_of(examples))
    check_alphabet(alphabet)
    tables = [len(table) for spec in context.heads for table in spec.unlike if table is not None]
    values = [spec.n_values for spec in context.heads]
    memory = Memory(context.heads, max([alphabet, *tables, *values]), retrieval)
    for cells in examples:
        memory.add(cells, context)
    return memory


def alphabet_of(examples: Sequence[Cells]) -> int:
    """Return the number of tokens that the examples use: one more than the largest."""
    return 1 + max((int(cells[cells < EDGE].max(initial=0)) for cells in examples), default=0)


def check_alphabet(n_tokens: int, what: str = "tokens") -> None:
    """Raise InputError for more tokens than `ALPHABET_LIMIT`."""
    if n_tokens > ALPHABET_LIMIT:
        raise InputError(f"alphabet: wanted at most {ALPHABET_LIMIT} different {what}, got {n_tokens}; use less data")


def stream(
    domain: Domain, examples: Sequence[Cells], n_steps: int, seed: int = 0, settings: Settings | None = None
) -> Cells:
    """Write a new grid of `n_steps` columns, left to right."""
    how = settings or Settings()
    context = domain.context(_n_lanes(examples), True)
    memory = learn(examples, context, how.retrieval)
    retriever = Retriever(memory, context, sampling=how.sampling, seed=seed)
    return retriever.step(np.full((n_steps, context.layout.n_lanes), MASK, np.uint16)).cells_tl


def fill(
    domain: Domain,
    examples: Sequence[Cells],
    cells_tl: Cells,
    mask_tl: Mask,
    seed: int = 0,
    settings: Settings | None = None,
) -> Cells:
    """Fill the cells of a mask from both sides; all others stay as they are."""
    how = settings or Settings()
    context = domain.context(cells_tl.shape[1], False)
    memory = learn(examples, context, how.retrieval)
    return Diffuser(memory, how.diffusion, how.sampling).fill(cells_tl, mask_tl, context, seed).cells_tl


def _n_lanes(examples: Sequence[Cells]) -> int:
    if not examples:
        raise InputError("examples: wanted at least one, got none")
    return int(examples[0].shape[1])


def installed_domains() -> dict[str, Callable[[Mapping[str, bytes]], Domain]]:
    """Return the domains that installed packages add, by name: functions from examples (file name to content)."""
    from importlib.metadata import entry_points

    return {point.name: point.load() for point in entry_points(group=GROUP)}

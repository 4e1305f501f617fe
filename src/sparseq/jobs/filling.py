"""A filling: how it is asked for, and what comes back, for drums and pitched parts alike."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sparseq.engine.grid import Grid
from sparseq.engine.sampling import SamplingConfig
from sparseq.engine.schedule import DiffusionConfig

OWN_WEIGHT = 60
"""What a row of the piece itself counts beside a row of an example."""
STEPS, NOISE = 12, 0.5
"""The schedule, cosine without rounds: see tests/bench/ABLATION.md. Others hit more onsets by drawing less freely."""


@dataclass(frozen=True, slots=True)
class FillSettings:
    """How a hole is filled.

    Attributes
    ----------
    seed : int
        0 to 2**64 - 1.
    greedy : bool
        The most likely notes, instead of drawing.
    temperature : float
        Sampling temperature, above 0.
    own_weight : int or None
        What the piece's own bars count beside the examples, 1 up to 2**20; None for `OWN_WEIGHT`, or what suits a
        library.
    max_copy : int or None
        At most so many steps in a row may be equal to an example or to another place of the piece, 1 or more.
    """

    seed: int = 0
    greedy: bool = False
    temperature: float = 1.0
    own_weight: int | None = None
    max_copy: int | None = None

    @property
    def schedule(self) -> DiffusionConfig:
        """How the cells are decided one after the other."""
        return DiffusionConfig(STEPS, 0.0 if self.greedy else NOISE)

    @property
    def sampling(self) -> SamplingConfig:
        """How tokens are drawn."""
        return SamplingConfig(temperature=self.temperature, greedy=self.greedy)


@dataclass(frozen=True, slots=True, eq=False)
class Filling:
    """One way to fill the hole.

    Attributes
    ----------
    grid : Grid
        All cells, with the origins of those filled.
    logp_tl : float64 ndarray of shape (T, L)
        Natural logarithm of each filled cell's probability, given all others; 0 for cells that were given.
    log_likelihood : float
        Its mean over the filled cells.
    """

    grid: Grid
    logp_tl: npt.NDArray[np.float64]
    log_likelihood: float

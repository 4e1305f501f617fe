"""Schedules of a fill: how many cells stay masked after each step, how noisy confidence is, what is looked at again."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from sparseq.errors import InputError
from sparseq.kernel.api import NOISE_ROWS
from sparseq.kernel.checks import check_count, check_number

NOISE_LIMIT = 50.0
"""At 93 the largest factor of confidence would overflow; at 50 nothing is left of the confidence itself."""

PLANS_KEPT = 32

SCHEDULES: Mapping[str, Callable[[float], float]] = MappingProxyType(
    {
        "cosine": lambda ratio: math.cos(math.pi / 2 * ratio),
        "linear": lambda ratio: 1.0 - ratio,
        "square": lambda ratio: 1.0 - ratio**2,
        "sqrt": lambda ratio: 1.0 - math.sqrt(ratio),
        "polynomial": lambda ratio: (1.0 - ratio) ** 2,
    }
)
"""Share of the cells that is still masked when a share `ratio` of the steps is done.

All but the last are those of MaskGIT (Chang et al., CVPR 2022); the last is the polynomial schedule of masked diffusion
(Shi et al., NeurIPS 2024) with the exponent 2. "cosine" and "square" decide few cells first, "sqrt" and "polynomial"
many.
"""


@dataclass(frozen=True, slots=True)
class DiffusionConfig:
    """The schedule of a fill.

    Attributes
    ----------
    steps : int
        Steps from all masked to none, 1 or more.
    noise : float
        Gumbel noise on the logarithm of a cell's confidence at the first step, falling to 0 at the last; 0 to 50.
    rounds : int
        Re-masking rounds afterwards (as in ReMDM, Wang et al. 2025): the least likely cells are filled again.
    remask : float
        Share of the filled cells that the first round masks again, 0 to 1; later rounds take less.
    schedule : str
        How the number of masked cells falls over the steps, one of `SCHEDULES`.

    Raises
    ------
    InputError
        For what is out of range.
    """

    steps: int = 8
    noise: float = 0.0
    rounds: int = 0
    remask: float = 0.3
    schedule: str = "cosine"

    def __post_init__(self) -> None:
        check_count("steps", self.steps, 1, 1 << 20)
        check_number("noise", self.noise, 0.0, NOISE_LIMIT)
        check_count("rounds", self.rounds, 0, 1 << 20)
        check_number("remask", self.remask, 0.0, 1.0)
        if self.schedule not in SCHEDULES:
            raise InputError(f"schedule: wanted one of {', '.join(SCHEDULES)}, got {self.schedule!r}")


def masked_counts(schedule: str, n_cells: int, steps: int) -> npt.NDArray[np.int64]:
    """Return how many cells stay masked after each step.

    Parameters
    ----------
    schedule : str
        One of `SCHEDULES`.
    n_cells : int
        Cells to decide, 0 or more.
    steps : int
        Steps, 1 or more.

    Returns
    -------
    int64 ndarray of shape (S,)
        S <= `steps` numbers, each at least 1 less than the one before, the last 0; a single 0 for no cells.
    """
    share = SCHEDULES[schedule]
    left: list[int] = []
    before = n_cells
    for step in range(1, steps + 1):
        wanted = math.floor(n_cells * share(step / steps)) if step < steps else 0
        before = max(min(wanted, before - 1), 0)
        left.append(before)
        if before == 0:
            break
    return np.array(left, np.int64)


def noise_table(n_steps: int, noise: float) -> npt.NDArray[np.float64]:
    """Return confidence factors exp(tau * Gumbel), float64 of shape (n_steps, NOISE_ROWS), tau falling to 0."""
    # -log(-log(u)) at the middle of each of the equal shares of (0, 1).
    gumbel = -np.log(-np.log((np.arange(NOISE_ROWS) + 0.5) / NOISE_ROWS))
    tau = noise * (1.0 - np.arange(1, n_steps + 1) / n_steps)
    return np.exp(tau[:, None] * gumbel)


class Plans:
    """Schedules and tables of noise that were asked for before: fills of one kind of hole ask for the same again."""

    def __init__(self) -> None:
        self._masked: dict[tuple[str, int, int], npt.NDArray[np.int64]] = {}
        self._noise: dict[tuple[int, float], npt.NDArray[np.float64]] = {}

    def masked(self, schedule: str, n_cells: int, steps: int) -> npt.NDArray[np.int64]:
        """Return what `masked_counts` does."""
        return _kept(self._masked, (schedule, n_cells, steps), masked_counts)

    def noise(self, n_steps: int, noise: float) -> npt.NDArray[np.float64]:
        """Return what `noise_table` does."""
        return _kept(self._noise, (n_steps, noise), noise_table)


_Key = TypeVar("_Key", bound=tuple[object, ...])
_Table = TypeVar("_Table", bound=npt.NDArray[Any])


def _kept(kept: dict[_Key, _Table], key: _Key, make: Callable[..., _Table]) -> _Table:
    """Return the table of a key, made unless it is one of the few that are kept."""
    found = kept.get(key)
    if found is None:
        if len(kept) >= PLANS_KEPT:
            kept.clear()
        found = kept[key] = make(*key)
        found.flags.writeable = False
    return found

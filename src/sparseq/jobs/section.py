"""What the fillers of drums and of pitched parts have in common: for those who rank, explain and change fillings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sparseq.engine.grid import Grid
    from sparseq.engine.memory import Memory
    from sparseq.music.grid import GridBar


class Section(Protocol):
    """Some lanes of a piece, with a hole in them."""

    @property
    def memory(self) -> Memory:
        """Where the examples' cells are."""

    @property
    def mask_tl(self) -> npt.NDArray[np.bool_]:
        """Cells of the grid that were to be filled."""

    @property
    def part_names(self) -> tuple[str, ...]:
        """Names of the parts with cells to fill."""

    @property
    def hole_bars(self) -> list[int]:
        """Numbers of the bars with cells to fill."""

    @property
    def bars(self) -> tuple[GridBar, ...]:
        """All bars."""

    @property
    def example_columns(self) -> Sequence[npt.NDArray[Any]]:
        """Of each example what `columns` is of a filling."""

    def columns(self, grid: Grid) -> npt.NDArray[Any]:
        """Return the tokens of a filling as they are compared: integer ndarray of shape (T, lanes)."""

    def decided_tl(self, grid: Grid) -> npt.NDArray[np.bool_]:
        """Return the cells of a filling that were decided, each with an origin."""

    def example_place(self, example: int, step: int) -> tuple[str, int]:
        """Return an example's name, and the number of the bar that one of its steps lies in."""

    def other_probabilities(self, grid: Grid, asked_tl: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """Return how likely the next best choice is in each asked cell, 0 where there is none: in order of cells."""

    def changed(self, grid: Grid, cell: tuple[int, int], seed: int) -> Grid:
        """Return a filling with another choice in one cell."""

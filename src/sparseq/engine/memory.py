"""Memory: for every cell of every example one row, its key the context around it, its value the token in it."""

from bisect import bisect_right
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import Context, HeadSpec
from sparseq.errors import InputError
from sparseq.kernel import Kernel, load
from sparseq.kernel.checks import MASK, check_cells, check_count, check_tokens
from sparseq.kernel.layout import gather
from sparseq.kernel.rows import Rows, merge_rows


class Place(NamedTuple):
    """A cell of an example: which example (in the order they were added), step and lane."""

    example: int
    step: int
    lane: int


class Memory:
    """The examples, as rows that the kernel attends to.

    Parameters
    ----------
    heads : tuple of HeadSpec
        Of the contexts that examples are added with and queries asked with.
    alphabet : int
        Tokens of all lanes, those only read included, are below this.
    config : RetrievalConfig
        How rows are attended to.
    kernel : Kernel, optional
        Which implementation; the default one otherwise.
    """

    def __init__(
        self, heads: tuple[HeadSpec, ...], alphabet: int, config: RetrievalConfig, kernel: Kernel | None = None
    ) -> None:
        self.specs, self.alphabet, self.config = heads, alphabet, config
        self.kernel = kernel or load()
        self._keys: list[list[npt.NDArray[np.uint16]]] = [[] for _ in heads]
        self._values: list[list[npt.NDArray[np.uint16]]] = [[] for _ in heads]
        self._origins: list[list[npt.NDArray[np.int64]]] = [[] for _ in heads]
        self._starts: list[int] = [0]
        self._n_lanes: list[int] = []
        self._rows: list[Rows] | None = None

    @property
    def n_examples(self) -> int:
        """Examples added so far."""
        return len(self._n_lanes)

    @property
    def n_rows(self) -> int:
        """Rows of all heads after merging equal ones."""
        return sum(rows.n_rows for rows in self.rows())

    def add(self, cells_tl: npt.NDArray[np.uint16], context: Context, *, loop: bool = False) -> None:
        """Add one example.

        Parameters
        ----------
        cells_tl : uint16 ndarray of shape (T, L)
            Its grid; masked cells are not learnt from.
        context : Context
            Contexts for this grid, with the memory's heads.
        loop : bool
            Whether the example goes round: then cells also see its end before its start and its start after its end.

        Raises
        ------
        InputError
            For a grid or context that does not fit.
        """
        check_cells(cells_tl, context.layout.n_lanes, written=False)
        self.check_context(context)
        check_tokens("cells_tl", cells_tl, self.alphabet)
        for lane in context.lanes.tolist():
            self._check_values(cells_tl[:, lane], lane, self.specs[context.layout.head_of_lane[lane]].n_values)
        turns = 2 if loop else 1
        unrolled = np.tile(cells_tl, (turns, 1))
        base = self._starts[-1] + np.tile(np.arange(len(cells_tl)), turns) * cells_tl.shape[1]
        for lane in context.lanes.tolist():
            self._add_lane(unrolled, context, lane, base + lane)
        self._starts.append(self._starts[-1] + cells_tl.size)
        self._n_lanes.append(cells_tl.shape[1])
        self._rows = None

    def check_context(self, context: Context) -> None:
        """Raise InputError unless a context has the heads that the memory was made with."""
        theirs, ours = ([(len(spec.weights), spec.n_values) for spec in specs] for specs in (context.heads, self.specs))
        if theirs != ours:
            raise InputError("context: wanted the heads that the memory was made with, got others")

    def _check_values(self, cells_t: npt.NDArray[np.uint16], lane: int, n_values: int) -> None:
        foreign = cells_t[(cells_t != MASK) & (cells_t >= n_values)]
        if len(foreign):
            raise InputError(
                f"cells_tl: wanted tokens 0 to {n_values - 1} or the mask in lane {lane}, got {foreign[0]}"
            )

    def _add_lane(
        self, cells_tl: npt.NDArray[np.uint16], context: Context, lane: int, origins_t: npt.NDArray[np.int64]
    ) -> None:
        head = int(context.layout.head_of_lane[lane])
        known = cells_tl[:, lane] != MASK
        keys = gather(context.layout, cells_tl, lane, len(self.specs[head].weights))
        self._keys[head].append(keys[known])
        self._values[head].append(cells_tl[known, lane])
        self._origins[head].append(origins_t[known])

    def rows(self) -> list[Rows]:
        """Return the merged rows of each head; computed once, until an example is added."""
        if self._rows is None:
            self._rows = [self._merged(head) for head in range(len(self.specs))]
        return self._rows

    def _merged(self, head: int) -> Rows:
        spec = self.specs[head]
        none = np.zeros((0, len(spec.weights)), np.uint16)
        keys = np.concatenate([none, *self._keys[head]])
        values = np.concatenate([np.zeros(0, np.uint16), *self._values[head]])
        origins = np.concatenate([np.zeros(0, np.int64), *self._origins[head]])
        return merge_rows(keys, values, spec.n_values, self.alphabet, origins, spec.weights)

    def heads(self, own_capacity: int = 0) -> list[Any]:
        """Return fresh kernel heads over the examples, each with room for `own_capacity` rows of one piece."""
        return [
            self.kernel.head(
                rows,
                self.config.model_of(spec),
                own_capacity=own_capacity,
                own_weight=self.config.own_weight,
            )
            for rows, spec in zip(self.rows(), self.specs, strict=True)
        ]

    def place(self, origin: int) -> Place:
        """Return the example's cell that an origin stands for; raises InputError for one that is no example's."""
        check_count("origin", origin, 0, self._starts[-1] - 1)
        example = bisect_right(self._starts, origin) - 1
        step, lane = divmod(origin - self._starts[example], self._n_lanes[example])
        return Place(example, step, lane)

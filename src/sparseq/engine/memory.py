"""Memory: for every cell of every example one row, its key the context around it, its value the token in it."""

import itertools
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import Context, HeadSpec
from sparseq.errors import InputError
from sparseq.kernel import Kernel, load
from sparseq.kernel.checks import EDGE, MASK, check_cells, check_count, check_tokens
from sparseq.kernel.layout import EDGE_LANE, Layout
from sparseq.kernel.rows import Rows, merge_rows

_Found = tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16], npt.NDArray[np.int64]]
"""Keys (slot by slot), values and origins."""


class _Piece(NamedTuple):
    """One example as it is learnt from: unrolled if it is a loop; from `first` on each step with an origin is a row."""

    cells_tl: npt.NDArray[np.uint16]
    first: int
    origins_t: npt.NDArray[np.int64]
    context: Context


class _Ground(NamedTuple):
    """Examples that share a context, in one row, with gaps between them that no slot reaches across.

    Attributes
    ----------
    layout : Layout
        Where the slots point.
    cells_lt : uint16 ndarray of shape (L, T)
        All their cells; the gaps are edge.
    steps_n, origins_n, piece_n : int64 ndarray of shape (N,)
        Of each step that is learnt from: its place in the row, the origin of its first lane, its example.
    reach : int
        Length of the gaps; slots that reach further see the edge from everywhere.
    """

    layout: Layout
    cells_lt: npt.NDArray[np.uint16]
    steps_n: npt.NDArray[np.int64]
    origins_n: npt.NDArray[np.int64]
    piece_n: npt.NDArray[np.int64]
    reach: int

    @staticmethod
    def of(pieces: Sequence[_Piece]) -> "_Ground":
        """Lay out examples."""
        layout = pieces[0].context.layout
        lengths = [len(piece.cells_tl) for piece in pieces]
        reach = int(np.abs(layout.dt_ls[np.abs(layout.dt_ls) < max(lengths)]).max(initial=0))
        gap = np.full((reach, layout.n_lanes), EDGE, np.uint16)
        cells_tl = np.concatenate([gap, *(part for piece in pieces for part in (piece.cells_tl, gap))])
        starts = (np.cumsum([0, *(length + reach for length in lengths)])[:-1] + reach).tolist()
        learnt = [len(piece.origins_t) for piece in pieces]
        return _Ground(
            layout,
            np.ascontiguousarray(cells_tl.T),
            np.concatenate(
                [np.arange(n) + start + piece.first for n, start, piece in zip(learnt, starts, pieces, strict=True)]
            ),
            np.concatenate([piece.origins_t for piece in pieces]),
            np.repeat(np.arange(len(pieces)), learnt),
            reach,
        )

    def found(self, head: int, n_slots: int) -> list[_Found]:
        """Return what there is to learn for one head, example by example as they were added."""
        lanes = np.flatnonzero(self.layout.head_of_lane == head).tolist()
        if not lanes:
            return []
        keys = np.concatenate([self._keys(lane, n_slots) for lane in lanes], axis=1)
        values = np.concatenate([self.cells_lt[lane, self.steps_n] for lane in lanes])
        origins = np.concatenate([self.origins_n + lane for lane in lanes])
        order = np.argsort(np.tile(self.piece_n, len(lanes)), kind="stable") if len(lanes) > 1 else None
        if (values == MASK).any():
            order = np.arange(len(values)) if order is None else order
            order = order[values[order] != MASK]
        return [(keys, values, origins)] if order is None else [(keys[:, order], values[order], origins[order])]

    def _keys(self, lane: int, n_slots: int) -> npt.NDArray[np.uint16]:
        """Return the contexts of one lane, uint16 of shape (n_slots, N)."""
        out = np.full((n_slots, len(self.steps_n)), EDGE, np.uint16)
        for slot in range(n_slots):
            dt, where = int(self.layout.dt_ls[lane, slot]), int(self.layout.lane_ls[lane, slot])
            if where < EDGE_LANE:
                out[slot] = EDGE_LANE - 1 - where
            elif where > EDGE_LANE and abs(dt) <= self.reach:
                np.take(self.cells_lt[where], self.steps_n + dt, out=out[slot])
        return out


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
        self._models = [config.model_of(spec) for spec in heads]
        self._pieces: list[_Piece] = []
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

    def add(self, cells_tl: npt.NDArray[np.uint16], context: Context, *, loop: bool = False, ends: bool = True) -> None:
        """Add one example.

        Parameters
        ----------
        cells_tl : uint16 ndarray of shape (T, L)
            Its grid; masked cells are not learnt from.
        context : Context
            Contexts for this grid, with the memory's heads.
        loop : bool
            Whether the example goes round: then cells also see its end before its start and its start after its end.
        ends : bool
            Whether a loop is learnt from as if it began and ended somewhere, too: then every cell counts twice.

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
        origins_t = self._starts[-1] + np.arange(len(cells_tl)) * cells_tl.shape[1]
        if not loop:
            piece = _Piece(cells_tl.copy(), 0, origins_t, context)
        elif ends:
            piece = _Piece(np.tile(cells_tl, (2, 1)), 0, np.tile(origins_t, 2), context)
        else:
            piece = _Piece(np.tile(cells_tl, (3, 1)), len(cells_tl), origins_t, context)
        self._pieces.append(piece)
        self._starts.append(self._starts[-1] + cells_tl.size)
        self._n_lanes.append(cells_tl.shape[1])
        self._rows = None

    def check_context(self, context: Context) -> None:
        """Raise InputError unless a context has the heads that the memory was made with."""
        if context.heads is self.specs:
            return
        theirs, ours = ([(len(spec.weights), spec.n_values) for spec in specs] for specs in (context.heads, self.specs))
        if theirs != ours:
            raise InputError("context: wanted the heads that the memory was made with, got others")

    def _check_values(self, cells_t: npt.NDArray[np.uint16], lane: int, n_values: int) -> None:
        foreign = cells_t[(cells_t != MASK) & (cells_t >= n_values)]
        if len(foreign):
            raise InputError(
                f"cells_tl: wanted tokens 0 to {n_values - 1} or the mask in lane {lane}, got {foreign[0]}"
            )

    def rows(self) -> list[Rows]:
        """Return the merged rows of each head; computed once, until an example is added."""
        if self._rows is None:
            alike = itertools.groupby(self._pieces, key=lambda piece: id(piece.context))
            grounds = [_Ground.of(list(pieces)) for _, pieces in alike]
            self._rows = [self._merged(head, grounds) for head in range(len(self.specs))]
        return self._rows

    def _merged(self, head: int, grounds: Sequence[_Ground]) -> Rows:
        spec = self.specs[head]
        n_slots = len(spec.weights)
        found = [(np.zeros((n_slots, 0), np.uint16), np.zeros(0, np.uint16), np.zeros(0, np.int64))]
        for ground in grounds:
            found += ground.found(head, n_slots)
        keys, values, origins = (np.concatenate(parts, axis=-1) for parts in zip(*found, strict=True))
        return merge_rows(keys.T, values, spec.n_values, self.alphabet, origins, spec.weights)

    def heads(self, own_capacity: int | Sequence[int] = 0) -> list[Any]:
        """Return fresh kernel heads over the examples, each with room for `own_capacity` rows of one piece.

        Parameters
        ----------
        own_capacity : int or sequence of int
            The same for every head, or one number each.
        """
        capacities = [own_capacity] * len(self.specs) if isinstance(own_capacity, int) else own_capacity
        return [
            self.kernel.head(
                rows,
                model,
                own_capacity=capacity,
                own_weight=self.config.own_weight,
            )
            for rows, model, capacity in zip(self.rows(), self._models, capacities, strict=True)
        ]

    def place(self, origin: int) -> Place:
        """Return the example's cell that an origin stands for; raises InputError for one that is no example's."""
        check_count("origin", origin, 0, self._starts[-1] - 1)
        example = bisect_right(self._starts, origin) - 1
        step, lane = divmod(origin - self._starts[example], self._n_lanes[example])
        return Place(example, step, lane)

"""The numpy twin of the native slot kernel: the head, and the generation loops over a grid.

See `reference_head` for why both give the same bits.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sparseq.kernel.checks import EDGE, MASK, NO_ORIGIN
from sparseq.kernel.head_checks import UNKNOWN
from sparseq.kernel.layout import EDGE_LANE, Layout
from sparseq.kernel.philox import philox4x32, uniform53
from sparseq.kernel.reference_head import SlotHead, sum_in_order
from sparseq.kernel.sampling import Sampling

__all__ = ["UNKNOWN", "SlotHead", "fill", "likelihood", "remember", "sample", "stream", "sum_in_order"]

NOISE_BITS = 10


def sample(probability_v: npt.NDArray[np.float64], recent_v: npt.NDArray[np.uint8], how: Sampling, u: float) -> int:
    """Return a value: rest odds, repetition penalty, top-k, temperature, top-p; greedy, or a draw with u in [0, 1)."""
    weight: list[float] = probability_v.tolist()
    weight[0] *= how.rest_odds
    if how.repetition_penalty != 1.0:
        weight = [math.pow(w, how.repetition_penalty) if recent_v[v] else w for v, w in enumerate(weight)]
    best = max(weight)
    if how.greedy:
        return weight.index(best)
    if 0 < how.top_k < len(weight):
        bar = sorted(weight, reverse=True)[how.top_k - 1]
        weight = [w if w >= bar else 0.0 for w in weight]
    if how.temperature != 1.0:
        weight = [math.pow(w / best, 1.0 / how.temperature) if w > 0.0 else w for w in weight]
    total = sum_in_order(weight)
    if 0.0 < how.top_p < 1.0:
        weight, total = _nucleus(weight, how.top_p * total)
    return _draw(weight, u * total)


def _nucleus(weight: Sequence[float], enough: float) -> tuple[list[float], float]:
    kept, total = [0.0] * len(weight), 0.0
    for v in sorted(range(len(weight)), key=lambda v: -weight[v]):
        if total >= enough or weight[v] == 0.0:
            break
        kept[v] = weight[v]
        total += weight[v]
    return kept, total


def _draw(weight: Sequence[float], target: float) -> int:
    """Return the first value whose weights sum to more than the target, or to all there is."""
    upto: list[float] = []
    for w in weight:
        upto.append((upto[-1] if upto else 0.0) + w)
    return next(v for v, seen in enumerate(upto) if target < seen or seen == upto[-1])


class _Grid:
    """A grid with its heads, read slot by slot."""

    def __init__(
        self,
        heads: Sequence[SlotHead],
        layout: Layout,
        cells_tl: npt.NDArray[np.uint16],
        allowed_tlv: npt.NDArray[np.uint8] | None = None,
        *,
        first_step: int = 0,
        allowed_from: int = 0,
        barred_b3: npt.NDArray[np.int32] | None = None,
    ) -> None:
        self.heads, self.layout, self.cells, self.allowed = heads, layout, cells_tl, allowed_tlv
        self.first_step, self.allowed_from = first_step, allowed_from
        self.barred = [] if barred_b3 is None else barred_b3.tolist()

    def head(self, lane: int) -> SlotHead:
        return self.heads[int(self.layout.head_of_lane[lane])]

    def query(self, t: int, lane: int) -> npt.NDArray[np.int32]:
        head = self.head(lane)
        codes = [head._code_of_cell(self._read(t, lane, slot)) for slot in range(head.n_slots)]
        return np.array(codes, np.int32)

    def _read(self, t: int, lane: int, slot: int) -> int:
        there, where = t + int(self.layout.dt_ls[lane, slot]), int(self.layout.lane_ls[lane, slot])
        if where < EDGE_LANE:
            return -2 - where
        if where == EDGE_LANE or not 0 <= there < len(self.cells):
            return EDGE
        return int(self.cells[there, where])

    def place(self, t: int, lane: int) -> int:
        return (self.first_step + t) * self.layout.n_lanes + lane

    def allowed_at(self, t: int, lane: int) -> npt.NDArray[np.uint8] | None:
        if self.allowed is None:
            return None
        line: npt.NDArray[np.uint8] = self.allowed[t - self.allowed_from if len(self.allowed) > 1 else 0, lane]
        return line

    def allowed_after(self, t: int, lane: int) -> npt.NDArray[np.uint8] | None:
        before = int(self.cells[t - 1, lane]) if t else EDGE
        never = [token for at, last, token in self.barred if (at, last) == (lane, before)]
        allowed = self.allowed_at(t, lane)
        if never:
            allowed = np.ones(self.head(lane).n_values, np.uint8) if allowed is None else allowed.copy()
            allowed[never] = 0
        return allowed

    def recent(self, t: int, lane: int, window: int) -> npt.NDArray[np.uint8]:
        out = np.zeros(self.head(lane).n_values, np.uint8)
        for token in self.cells[max(t - window, 0) : t, lane]:
            if token < len(out):
                out[token] = 1
        return out


def cells_fit(*_: Any) -> bool:
    """Return False: the checks are to look. The native loops have a quick look of their own, see `_fits`."""
    return False


held_cells_fit = columns_fit = hole_fits = cells_fit


def remember(
    heads: Sequence[SlotHead],
    layout: Layout,
    cells_tl: npt.NDArray[np.uint16],
    cell_indices: npt.NDArray[np.int64],
    first_step: int = 0,
) -> None:
    """Append own rows for the cells with these flat indices; the origin of place i is ``-1 - i``."""
    grid = _Grid(heads, layout, cells_tl, first_step=first_step)
    for cell in cell_indices.tolist():
        t, lane = divmod(cell, cells_tl.shape[1])
        grid.head(lane).append(grid.query(t, lane), int(cells_tl[t, lane]), -1 - grid.place(t, lane))


def likelihood(
    heads: Sequence[SlotHead],
    layout: Layout,
    cells_tl: npt.NDArray[np.uint16],
    cell_indices: npt.NDArray[np.int64],
    allowed_tlv: npt.NDArray[np.uint8] | None = None,
    first_step: int = 0,
) -> npt.NDArray[np.float64]:
    """Return each cell's probabilities given the rest of the grid, (C, V); a cell's own row does not count."""
    grid = _Grid(heads, layout, cells_tl, allowed_tlv, first_step=first_step)
    out = np.zeros((len(cell_indices), max([1, *(head.n_values for head in heads)])))
    for i, cell in enumerate(cell_indices.tolist()):
        t, lane = divmod(cell, cells_tl.shape[1])
        head = grid.head(lane)
        own = np.flatnonzero(head._own_origins[: head.n_own] == -1 - grid.place(t, lane))
        head._hidden = int(own[-1]) if len(own) else -1
        out[i, : head.n_values] = head._predict(head.distances(grid.query(t, lane)), grid.allowed_at(t, lane))
        head._hidden = -1
    return out


def stream(
    heads: Sequence[SlotHead],
    layout: Layout,
    cells_tl: npt.NDArray[np.uint16],
    order: npt.NDArray[np.int32],
    start: int,
    stop: int,
    sampling: Sampling,
    seed: int,
    *,
    allowed_tlv: npt.NDArray[np.uint8] | None,
    origins_tl: npt.NDArray[np.int64],
    logp_tl: npt.NDArray[np.float64],
    barred_b3: npt.NDArray[np.int32] | None = None,
    first_step: int = 0,
) -> None:
    """Fill the masked cells of columns start..stop-1 from left to right, lanes in `order`; remember each column."""
    grid = _Grid(heads, layout, cells_tl, allowed_tlv, first_step=first_step, allowed_from=start, barred_b3=barred_b3)
    for t in range(start, stop):
        for lane in order.tolist():
            if cells_tl[t, lane] == MASK:
                _stream_cell(grid, t, lane, sampling, seed, origins_tl, logp_tl)
        for lane in order.tolist():
            grid.head(lane).append(grid.query(t, lane), int(cells_tl[t, lane]), -1 - grid.place(t, lane))


def _stream_cell(
    grid: _Grid,
    t: int,
    lane: int,
    how: Sampling,
    seed: int,
    origins_tl: npt.NDArray[np.int64],
    logp_tl: npt.NDArray[np.float64],
) -> None:
    head = grid.head(lane)
    place = grid.place(t, lane)
    word = philox4x32(seed, place & 0xFFFFFFFF, place >> 32, 0, 0)
    distance = head.distances(grid.query(t, lane))
    allowed = grid.allowed_after(t, lane)
    probability = head._predict(distance, allowed)
    recent = grid.recent(t, lane, how.no_repeat_window)
    token = sample(probability, recent, how, uniform53(word[0], word[1]))
    grid.cells[t, lane] = token
    logp_tl[t, lane] = math.log(probability[token])
    origin = head._origin_of(distance, allowed, token, uniform53(word[2], word[3]), how.greedy)
    origins_tl[t, lane] = NO_ORIGIN if origin is None else origin


def fill(
    heads: Sequence[SlotHead],
    layout: Layout,
    cells_tl: npt.NDArray[np.uint16],
    cell_indices: npt.NDArray[np.int64],
    left_s: npt.NDArray[np.int64],
    noise_sk: npt.NDArray[np.float64] | None,
    sampling: Sampling,
    seed: int,
    round_number: int,
    *,
    allowed_tlv: npt.NDArray[np.uint8] | None,
    origins_tl: npt.NDArray[np.int64],
    logp_tl: npt.NDArray[np.float64],
    incremental: bool = True,
) -> None:
    """Fill the given masked cells over several steps, the most confident first (MaskGIT, Chang et al. 2022).

    `left_s` holds how many stay masked after each step, `noise_sk` the factors that a cell's confidence is drawn
    from. `incremental` keeps each cell's distances and adds only slots that became known; the result is the same.
    """
    grid = _Grid(heads, layout, cells_tl, allowed_tlv)
    masked = cell_indices.tolist()
    for step, left in enumerate(left_s.tolist()):
        noise_k = None if noise_sk is None else noise_sk[step]
        proposals = [_propose(grid, cell, sampling, seed, step, round_number, noise_k) for cell in masked]
        ranked = sorted(range(len(masked)), key=lambda i, p=proposals: -p[i][1])  # type: ignore[misc]
        chosen = ranked[: max(len(masked) - left, 0)]
        for i in chosen:
            _decide(grid, masked[i], proposals[i], sampling.greedy, seed, round_number, origins_tl, logp_tl)
        masked = [cell for i, cell in enumerate(masked) if i not in set(chosen)]


_Proposal = tuple[int, float, float]


def _propose(
    grid: _Grid,
    cell: int,
    how: Sampling,
    seed: int,
    step: int,
    round_number: int,
    noise_k: npt.NDArray[np.float64] | None,
) -> _Proposal:
    t, lane = divmod(cell, grid.cells.shape[1])
    head = grid.head(lane)
    probability = head._predict(head.distances(grid.query(t, lane)), grid.allowed_at(t, lane))
    word = philox4x32(seed, cell, step + 1, round_number, 0)
    token = sample(probability, grid.recent(t, lane, how.no_repeat_window), how, uniform53(word[0], word[1]))
    noise = 1.0 if noise_k is None else noise_k[word[2] >> (32 - NOISE_BITS)]
    return token, probability[token] * noise, probability[token]


def _decide(
    grid: _Grid,
    cell: int,
    proposal: _Proposal,
    nearest: bool,
    seed: int,
    round_number: int,
    origins_tl: npt.NDArray[np.int64],
    logp_tl: npt.NDArray[np.float64],
) -> None:
    t, lane = divmod(cell, grid.cells.shape[1])
    token, _, probability = proposal
    word = philox4x32(seed, cell, 0, round_number, 1)
    grid.cells[t, lane] = token
    logp_tl[t, lane] = math.log(probability)
    head = grid.head(lane)
    distance = head.distances(grid.query(t, lane))
    origin = head._origin_of(distance, grid.allowed_at(t, lane), token, uniform53(word[0], word[1]), nearest)
    origins_tl[t, lane] = NO_ORIGIN if origin is None else origin

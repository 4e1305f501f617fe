"""Random worlds: heads over examples, a layout, a grid with holes, and a way to sample, all from one seed."""

from dataclasses import dataclass

import numpy as np
import pytest

from sparseq.kernel.api import NO_ORIGIN
from sparseq.kernel.checks import EDGE, MASK
from sparseq.kernel.layout import EDGE_LANE, constant_lane, gather, make_layout
from sparseq.kernel.model import slot_model
from sparseq.kernel.rows import merge_rows
from sparseq.kernel.sampling import Sampling


@dataclass
class World:
    """Everything that a call of a kernel needs, fresh at each asking."""

    rows: list
    models: list
    own: dict
    layout: object
    cells_tl: np.ndarray
    masked: np.ndarray
    allowed_tlv: np.ndarray | None
    sampling: Sampling
    seed: int

    def heads(self, kernel):
        return [kernel.head(rows, model, **self.own) for rows, model in zip(self.rows, self.models, strict=True)]

    def outputs(self):
        """Return fresh cells, origins and log-probabilities."""
        shape = self.cells_tl.shape
        return self.cells_tl.copy(), np.full(shape, NO_ORIGIN), np.zeros(shape)

    @property
    def lanes(self):
        return np.flatnonzero(self.layout.head_of_lane >= 0)

    def known(self):
        """Return the flat indices of cells that hold a token, in lanes with a head."""
        headed = self.layout.head_of_lane[np.arange(self.cells_tl.size) % self.layout.n_lanes] >= 0
        return np.flatnonzero(headed & (self.cells_tl.reshape(-1) != MASK))


def random_table(rng, width, weight):
    table = rng.integers(0, weight + 1, (width, width))
    np.fill_diagonal(table, 0)
    return table


def random_model(rng, n_slots, alphabet):
    top = int(rng.choice([3, 40, 3000]))  # distances of one byte, and of two
    weights = rng.integers(0, top + 1, n_slots)
    with_table = [s for s in range(n_slots) if alphabet < 50 and rng.random() < 0.3]
    similarity = {s: random_table(rng, int(rng.integers(1, alphabet + 1)), weights[s]) for s in with_table}
    sharpness = float(rng.choice([0.2, 1.0, 4.0])) / top
    return slot_model(weights, sharpness, prior_weight=float(rng.choice([1e-6, 0.01, 1.0])), similarity=similarity)


def random_layout(rng, head_of_lane, n_slots, n_codes):
    n_lanes = len(head_of_lane)
    dt = rng.integers(-4, 3, (n_lanes, n_slots))
    lane = rng.integers(0, n_lanes, (n_lanes, n_slots))
    dt[(lane == np.arange(n_lanes)[:, None]) & (dt == 0)] = -1
    odd = rng.random(lane.shape)
    lane[odd < 0.1] = EDGE_LANE
    lane[odd > 0.9] = constant_lane(int(rng.integers(n_codes)))
    return make_layout(dt, lane, head_of_lane)


def random_sampling(rng):
    return Sampling(
        temperature=float(rng.choice([1.0, 0.3, 2.5])),
        top_k=int(rng.choice([0, 1, 2, 100])),
        top_p=float(rng.choice([0.0, 0.5, 0.9, 1.0])),
        repetition_penalty=float(rng.choice([1.0, 1.7])),
        no_repeat_window=int(rng.integers(0, 5)),
        greedy=bool(rng.random() < 0.2),
    )


def random_world(seed):
    rng = np.random.default_rng(seed)
    n_steps, n_lanes = int(rng.integers(2, 9)), int(rng.integers(1, 5))
    alphabet = int(rng.choice([2, 5, 254, 255, 65534]))
    n_tokens = min(alphabet, 5)
    n_heads = int(rng.integers(1, n_lanes + 1))
    # The first lanes have a head each; a later one shares one or is only read.
    head_of_lane = [lane if lane < n_heads else int(rng.integers(-1, n_heads)) for lane in range(n_lanes)]
    slots_of_head = rng.integers(1, 6, n_heads)
    layout = random_layout(rng, head_of_lane, int(slots_of_head.max()), n_tokens)
    examples = rng.integers(0, n_tokens, (int(rng.integers(0, 30)), n_lanes)).astype(np.uint16)
    rows, models = [], []
    for head in range(n_heads):
        n_slots = int(slots_of_head[head])
        models.append(random_model(rng, n_slots, alphabet))
        keys = gather(layout, examples, head, n_slots)
        weights = models[-1].weights_s
        rows.append(merge_rows(keys, examples[:, head], n_tokens, alphabet, weights_s=weights))
    cells = rng.integers(0, n_tokens, (n_steps, n_lanes)).astype(np.uint16)
    headed = np.array(head_of_lane) >= 0
    masked = (rng.random(cells.shape) < 0.6) & headed
    cells[~headed & (rng.random(cells.shape) < 0.2)] = EDGE
    cells[masked | (~headed & (rng.random(cells.shape) < 0.2))] = MASK
    allowed = None
    if rng.random() < 0.4:
        allowed = (rng.random((*cells.shape, n_tokens)) < 0.6).astype(np.uint8)
        np.put_along_axis(allowed, rng.integers(0, n_tokens, (*cells.shape, 1)), 1, axis=2)
    own = {"own_capacity": int(rng.choice([0, 3, 64])), "own_weight": int(rng.choice([1, 7]))}
    return World(
        rows,
        models,
        own,
        layout,
        cells,
        np.flatnonzero(masked),
        allowed,
        random_sampling(rng),
        int(rng.integers(1 << 63)),
    )


@pytest.fixture(scope="session")
def world():
    """Return a function from a seed to a World."""
    return random_world

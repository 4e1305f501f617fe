"""The framewise protocol of Coconet (Huang et al., arXiv:1903.07227): how surprising a crop is in random order.

Frames are asked for in random order, the voices of a frame in random order; each note is known once it was asked for.
A frame's nats are the sum over its voices, a crop's the mean over its frames.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

import numpy as np

from sparseq.errors import InputError
from sparseq.jobs.chorales.experts import N_PITCHES, Memories
from sparseq.jobs.chorales.key import Floats, Pitches
from sparseq.jobs.chorales.looks import Cell, cells_in_order, random_orders
from sparseq.jobs.chorales.rivals import Markov, Uniform, Usual
from sparseq.jobs.chorales.weights import experts
from sparseq.jobs.evaluate.intervals import interval, mean_per_unit, picks
from sparseq.jobs.evaluate.report import Evaluation, Lead, Score
from sparseq.jobs.evaluate.request import Request
from sparseq.jobs.evaluate.sources import read_arrays, read_chorales

CROP_FRAMES = 128
WORKERS = 2
LEAST_P = 1e-9
RIVALS = ("uniform", "usual_pitches", "markov_1", "variable_order")


class Speaks(Protocol):
    """A model of one note."""

    def probabilities(self, cell: Cell) -> Floats:
        """Return the probability of every pitch and, last, of a rest."""
        ...


class Crop(NamedTuple):
    """A stretch of a chorale, with the orders in which it is asked for, the same for every method."""

    piece: Pitches
    start: int
    order_t: Pitches
    voices_tv: Pitches


TOTAL_STEPS = 1 + len(RIVALS)
"""How often `run_chorales` calls `advance`."""


def run_chorales(request: Request, advance: Callable[[int], None]) -> Evaluation:
    """Evaluate ours and simple rules on chorales.

    Parameters
    ----------
    request : Request
        With .npz collections of chorales.
    advance : callable
        Told 1 after each method.

    Raises
    ------
    InputError, FileError
        For files that do not hold chorales.
    """
    started = time.monotonic()
    library = _learnt(request)
    rng = np.random.default_rng(request.seed)
    crops = [crop_of(piece, rng) for piece in read_chorales(request.on, request.split).pieces]
    if not crops or not library:
        raise InputError(f"wanted chorales to learn from and to ask about, got {len(library)} and {len(crops)}")
    builders: Mapping[str, Callable[[], Speaks]] = {
        "sparseq": lambda: Memories(library, experts()),
        "uniform": lambda: Uniform(library),
        "usual_pitches": lambda: Usual(library),
        "markov_1": lambda: Markov(library, 1, rng),
        "variable_order": lambda: Markov(library, 4, rng),
    }
    sums = {}
    for name, build in builders.items():
        sums[name] = _asked(build(), crops)
        advance(1)
    return _report(request, sums, len(library), rng, time.monotonic() - started)


def _learnt(request: Request) -> Sequence[Pitches]:
    """Return the training part, and for the test part, as is usual, the validation part too where there is one."""
    library = read_chorales(request.library, "train").pieces
    if request.split == "test" and "valid_pitch" in read_arrays(request.library):
        library += read_chorales(request.library, "valid").pieces
    return library


def crop_of(piece: Pitches, rng: np.random.Generator) -> Crop:
    """Return a random stretch of 128 frames, or the whole of a shorter piece, with random orders."""
    start = int(rng.integers(max(len(piece) - CROP_FRAMES, 0) + 1))
    stretch = piece[start : start + CROP_FRAMES]
    return Crop(stretch, start, *random_orders(stretch.shape, rng))


def nats_of(model: Speaks, crop: Crop) -> Floats:
    """Return the nats of each frame of a crop, in the order in which they are asked for, float64 of shape (T,)."""
    out = []
    for cells in cells_in_order(*crop):
        p = [float(model.probabilities(cell)[_outcome(cell)]) for cell in cells]
        out.append(-float(np.log(np.maximum(p, LEAST_P)).sum()))
    return np.array(out)


def _outcome(cell: Cell) -> int:
    pitch = int(cell.piece[cell.step, cell.voice])
    return N_PITCHES if pitch < 0 else pitch


def _asked(model: Speaks, crops: Sequence[Crop]) -> Floats:
    """Return nats and frames of each crop, float64 of shape (P, 2)."""
    with ThreadPoolExecutor(WORKERS) as pool:
        found = list(pool.map(lambda crop: nats_of(model, crop), crops))
    return np.array([[nats.sum(), len(nats)] for nats in found])


def _report(
    request: Request, sums: Mapping[str, Floats], n_library: int, rng: np.random.Generator, seconds: float
) -> Evaluation:
    draws = picks(len(sums["sparseq"]), rng)
    scores = {name: _score(sums_pk, draws) for name, sums_pk in sums.items()}
    ours = scores.pop("sparseq")
    rival = min(scores, key=lambda name: scores[name].nats)
    pair = np.concatenate([sums["sparseq"], sums[rival]], axis=1)
    return Evaluation(
        task=request.task,
        unit="frame",
        ours=ours,
        baselines=scores,
        leads={"nats": Lead(rival, float(_below(pair.sum(0)[None])[0]), interval(_below, pair, draws))},
        library=None,
        pieces=len(sums["sparseq"]),
        cells=int(sums["sparseq"][:, 1].sum()) * 4,
        skipped=0,
        seconds=seconds,
        facts={
            "library": request.library,
            "on": request.on,
            "split": request.split,
            "seed": request.seed,
            "protocol": request.protocol,
            "library_pieces": n_library,
            "crop_frames": CROP_FRAMES,
        },
    )


def _below(sums_rk: Floats) -> Floats:
    return np.asarray(1.0 - sums_rk[:, 0] / sums_rk[:, 2])


def _score(sums_pk: Floats, draws: Pitches) -> Score:
    return Score(float(mean_per_unit(sums_pk.sum(0)[None])[0]), interval(mean_per_unit, sums_pk, draws))

"""Calibration: how sharply, by which slots and how much by itself a piece is continued, chosen on the examples alone.

Every example is asked about with its own rows left out, and the numbers under which its cells were least surprising
are kept. The search goes along one number at a time and only takes steps that pay; nothing is differentiated.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sparseq.engine.calibration import GROUPS, LIMITS, Calibration, slot_groups
from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import Context, HeadSpec
from sparseq.engine.memory import Memory
from sparseq.errors import InputError
from sparseq.kernel import Kernel
from sparseq.kernel.layout import EDGE_LANE, make_layout

LEAST_EXAMPLES = 4
"""With fewer there is too little to leave out: the defaults stay."""
ALPHABET_LIMIT = 253
NUMBERS = 252
"""Examples are told apart by a lane of their own, with so many codes at most; further ones share them."""
AWAY = 250.0
"""Weight that puts an example's own rows out of reach: at a sharpness of 0.2 they still count e**-50."""
FACTORS = (2.0, 1.4)
"""Steps of the search: a pass over all numbers with each."""
PAYS = 0.002
"""Share by which nats must fall for a step to be taken: less is noise."""
LEAST_P = 1e-9
WORKERS = 2
SCALE_LIMITS = (1 / 16, 16.0)


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Cells of one example that are asked about.

    Attributes
    ----------
    example : int
        Which example they are of: its rows are left out.
    cells_tl : uint16 ndarray of shape (T, L)
        Its grid as it is seen when asked, `sparseq.kernel.checks.MASK` where it is not known.
    asked_c, truth_c : int64 ndarray of shape (C,)
        Flat indices of the cells and the tokens in them.
    known_k : int64 ndarray of shape (K,)
        Flat indices of the cells that the piece remembers of itself.
    """

    example: int
    cells_tl: npt.NDArray[np.uint16]
    asked_c: npt.NDArray[np.int64]
    truth_c: npt.NDArray[np.int64]
    known_k: npt.NDArray[np.int64]


def calibrate(
    examples: Sequence[npt.NDArray[np.uint16]],
    context: Context,
    questions: Sequence[Question],
    start: RetrievalConfig,
    *,
    alphabet: int = ALPHABET_LIMIT,
    loops: Sequence[bool] | None = None,
    kernel: Kernel | None = None,
    advance: Callable[[int], None] | None = None,
) -> Calibration:
    """Choose the numbers for a library.

    Parameters
    ----------
    examples : sequence of uint16 ndarray of shape (T, L)
        Their grids.
    context : Context
        With the weights to start from.
    questions : sequence of Question
        What to be good at; a few hundred cells are enough.
    start : RetrievalConfig
        Numbers to start from; also what comes back for fewer than four examples.
    alphabet : int
        Tokens of all lanes are below this, at most 253.
    loops : sequence of bool, optional
        Which examples go round.
    kernel : Kernel, optional
        Which implementation; the default one otherwise.
    advance : callable, optional
        Told 1 after each number tried, `total_steps` times.

    Raises
    ------
    InputError
        For grids that do not fit the context.
    """
    found = Calibration(start.sharpness, start.prior_weight, start.own_weight)
    if len(examples) < LEAST_EXAMPLES or not questions:
        return found
    bench = _Bench(examples, context, questions, start, alphabet, loops, kernel)
    nats = before = bench.nats(found)
    for factor in FACTORS:
        for name in (*LIMITS, *slot_groups(context)):
            found, nats = _searched(bench, found, nats, name, factor)
            if advance:
                advance(1)
    return replace(found, nats=nats, nats_before=before)


def most_steps() -> int:
    """Return how often `calibrate` calls `advance` at most, whatever the context."""
    return len(FACTORS) * (len(LIMITS) + len(GROUPS))


def total_steps(context: Context) -> int:
    """Return how often `calibrate` calls `advance`."""
    return len(FACTORS) * (len(LIMITS) + len(slot_groups(context)))


def _searched(bench: "_Bench", found: Calibration, nats: float, name: str, factor: float) -> tuple[Calibration, float]:
    """Step along one number, up or else down, as long as it pays."""
    for way in (factor, 1.0 / factor):
        moved = False
        while (tried := _stepped(found, name, way)) is not None:
            there = bench.nats(tried)
            if there >= nats * (1.0 - PAYS):
                break
            found, nats, moved = tried, there, True
        if moved:
            break
    return found, nats


def _stepped(found: Calibration, name: str, factor: float) -> Calibration | None:
    """Return the numbers with one multiplied; None at its limit."""
    if name not in LIMITS:
        scale = found.scales.get(name, 1.0) * factor
        low, high = SCALE_LIMITS
        return replace(found, scales={**found.scales, name: scale}) if low <= scale <= high else None
    low, high = LIMITS[name]
    # An own weight is whole: a step takes it at least one on.
    value = getattr(found, name) * (factor if name != "own_weight" else factor**2)
    return replace(found, **{name: value}) if low <= value <= high else None


class _Bench:
    """The examples, laid out once so that each one's own rows can be left out."""

    def __init__(
        self,
        examples: Sequence[npt.NDArray[np.uint16]],
        context: Context,
        questions: Sequence[Question],
        start: RetrievalConfig,
        alphabet: int,
        loops: Sequence[bool] | None,
        kernel: Kernel | None,
    ) -> None:
        if not 1 <= alphabet <= ALPHABET_LIMIT:
            raise InputError(f"alphabet: wanted 1 to {ALPHABET_LIMIT}, got {alphabet}")
        self._plain, self._resolution = context, start.resolution
        # The code of the piece itself comes after those of the examples: the fewer codes, the smaller the tables.
        self._piece = min(len(examples), NUMBERS)
        self._context = _with_number(context, self._piece + 1)
        self._memory = Memory(self._context.heads, max(alphabet, self._piece + 1), start, kernel)
        for number, cells in enumerate(examples):
            round_it = bool(loops[number]) if loops else False
            self._memory.add(_numbered(cells, number % self._piece), self._context, loop=round_it)
        self._questions = [_renumbered(question, context.layout.n_lanes, self._piece) for question in questions]
        half = -(-len(questions) // WORKERS)
        self._parts = [self._questions[k : k + half] for k in range(0, len(questions), half)]
        self._memory.rows()  # before threads share it
        self._room = max(len(question.known_k) for question in questions)

    def nats(self, numbers: Calibration) -> float:
        """Return the mean nats of the cells asked about."""
        with ThreadPoolExecutor(WORKERS) as pool:
            found = list(pool.map(lambda part: self._nats_of(numbers, part), self._parts))
        # In the order of the questions, whoever answered them: the sum is the same to the last bit.
        return float(np.concatenate(found).sum()) / sum(len(question.asked_c) for question in self._questions)

    def _nats_of(self, numbers: Calibration, questions: Sequence[Question]) -> npt.NDArray[np.float64]:
        """Return the nats of each of some questions."""
        heads = self._heads(numbers)
        return np.array([-np.log(np.maximum(self._asked(heads, question), LEAST_P)).sum() for question in questions])

    def _heads(self, numbers: Calibration) -> list[Any]:
        config = numbers.retrieval(self._resolution)
        specs = _with_number(numbers.applied(self._plain), self._piece + 1).heads
        return [
            self._memory.kernel.head(
                rows, config.model_of(spec), own_capacity=self._room, own_weight=config.own_weight, evict=False
            )
            for rows, spec in zip(self._memory.rows(), specs, strict=True)
        ]

    def _asked(self, heads: Sequence[Any], question: Question) -> npt.NDArray[np.float64]:
        kernel, layout = self._memory.kernel, self._context.layout
        marks = [head.mark() for head in heads]
        own = question.cells_tl.copy()
        own[:, -1] = self._piece
        kernel.remember(heads, layout, own, question.known_k)
        found = kernel.likelihood(heads, layout, question.cells_tl, question.asked_c)
        for head, mark in zip(heads, marks, strict=True):
            head.rewind(mark)
        return np.asarray(found[np.arange(len(question.truth_c)), question.truth_c])


def _numbered(cells_tl: npt.NDArray[np.uint16], number: int) -> npt.NDArray[np.uint16]:
    return np.column_stack([cells_tl, np.full(len(cells_tl), number)]).astype(np.uint16)


def _renumbered(question: Question, n_lanes: int, n_numbers: int) -> Question:
    """Return a question on the grid that has one more lane: the example's number."""
    asked, known = (flat // n_lanes * (n_lanes + 1) + flat % n_lanes for flat in (question.asked_c, question.known_k))
    cells = _numbered(question.cells_tl, question.example % n_numbers)
    return Question(question.example, cells, asked, question.truth_c, known)


def _with_number(context: Context, n_codes: int) -> Context:
    """Return a context with one more slot in each head: rows of the same number are far away, all others alike."""
    same = np.eye(n_codes)
    heads = [HeadSpec((*spec.weights, AWAY), (*spec.unlike, same), spec.n_values) for spec in context.heads]
    layout = context.layout
    n_lanes = layout.n_lanes
    # Heads may have fewer slots than the layout is wide: the new slot comes right after each one's own.
    width = layout.dt_ls.shape[1] + 1
    dt, lane = np.zeros((n_lanes + 1, width), np.int64), np.full((n_lanes + 1, width), EDGE_LANE, np.int64)
    dt[:-1, :-1], lane[:-1, :-1] = layout.dt_ls, layout.lane_ls
    for at in context.lanes.tolist():
        slot = len(context.heads[layout.head_of_lane[at]].weights)
        dt[at, slot], lane[at, slot] = 0, n_lanes
    return Context(tuple(heads), make_layout(dt, lane, np.append(layout.head_of_lane, -1)))

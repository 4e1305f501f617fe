"""One run over drums: read, cut, ask every method, measure."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from sparseq.errors import InputError
from sparseq.jobs.baselines.library import Bits, Bools, Excerpt, Floats, Library, Piece, excerpt_of, log_of_truth
from sparseq.jobs.evaluate.figures import Yardstick
from sparseq.jobs.evaluate.intervals import Interval, f1, interval, mean_per_unit, picks
from sparseq.jobs.evaluate.methods import Rival, Streams, rivals, writes
from sparseq.jobs.evaluate.ours import Streaming, numbers_for, ours
from sparseq.jobs.evaluate.report import Evaluation, Lead, Score
from sparseq.jobs.evaluate.request import Request
from sparseq.jobs.evaluate.sources import Both, read_both

EXCERPT_BARS = 8
GAP = 5
"""The bar that is taken out, counted from 0, as published checks of repair have it; the middle of shorter pieces."""
LEAST_STREAM_BARS, LEAST_FILL_BARS = 2, 4
MOST_LIBRARY_PIECES = 100
"""A larger library is thinned evenly, for all methods alike: a person's own is a handful of loops."""
STREAMS, STREAM_BARS, RIVAL_BARS = 2, 200, 16
WORKERS = 2
LEAST_P = 1e-9
"""No method loses more than 21 nats on one cell."""


class _Asked(NamedTuple):
    """What a method answered: for each piece nats, number of units, hits, onsets said, onsets played; and bars."""

    sums_pk: Floats
    wrote: Sequence[Bits]


def run_drums(request: Request, advance: Callable[[int], None]) -> Evaluation:
    """Evaluate ours and every baseline.

    Parameters
    ----------
    request : Request
        What.
    advance : callable
        Told 1 after each method, ours and `RIVALS`.

    Raises
    ------
    InputError, FileError
        For music that is not there or cannot be used.
    """
    started = time.monotonic()
    both = _thinned(read_both(request.library, request.on, request.split))
    rng = np.random.default_rng(request.seed)
    asking = _asking(request.task, both, rng)
    calibration = numbers_for(request.task, both.library) if request.calibrate else None
    builders: Mapping[str, Callable[[], Any]] = {
        "sparseq": lambda: ours(request.task, both.library, calibration),
        **rivals(both.library, rng),
    }
    answers = {}
    for name, build in builders.items():
        answers[name] = asking(name, build())
        advance(1)
    found = _report(request, both, answers, rng, time.monotonic() - started)
    return replace(found, facts={**found.facts, "calibration": calibration.as_json() if calibration else None})


def _thinned(both: Both) -> Both:
    pieces = both.library.pieces
    chosen = np.unique(np.linspace(0, len(pieces) - 1, MOST_LIBRARY_PIECES).astype(int))
    kept = tuple(pieces[index] for index in chosen.tolist())
    return both._replace(library=Library(kept, both.library.lanes, both.library.steps_per_beat, both.library.meter))


def _asking(task: str, both: Both, rng: np.random.Generator) -> Callable[[str, Any], _Asked]:
    least = LEAST_STREAM_BARS if task == "stream" else LEAST_FILL_BARS
    pieces = [piece.bars(0, EXCERPT_BARS) for piece in both.pieces if len(piece.bits_bsl) >= least]
    if not pieces:
        raise InputError(f"wanted pieces of {least} bars or more, got {len(both.pieces)} shorter ones")
    if task == "stream":
        return lambda name, method: _streamed(name, method, pieces, both.library, rng)
    excerpts = [excerpt_of(piece, min(GAP, len(piece.bits_bsl) // 2 + 1), rng) for piece in pieces]
    return lambda name, method: _filled(method, excerpts)


def _streamed(
    name: str, method: Streams, pieces: Sequence[Piece], library: Library, rng: np.random.Generator
) -> _Asked:
    def ask(piece: Piece) -> Floats:
        p = _kept(method.stream_p(piece))
        return _sums(p, method.stream_bits(piece), piece.tokens_tl, len(p))

    with ThreadPoolExecutor(WORKERS) as pool:
        sums = list(pool.map(ask, pieces))
    if isinstance(method, Streaming):
        seeds = rng.integers(1 << 32, size=STREAMS).tolist()
        with ThreadPoolExecutor(WORKERS) as pool:
            return _Asked(np.array(sums), list(pool.map(lambda seed: method.written(STREAM_BARS, seed), seeds)))
    rival: Rival = method  # type: ignore[assignment]  # all but ours answer both
    wrote = writes(name, rival, library, RIVAL_BARS, rng)
    return _Asked(np.array(sums), [] if wrote is None else [wrote])


def _filled(method: Any, excerpts: Sequence[Excerpt]) -> _Asked:
    def ask(excerpt: Excerpt) -> tuple[Floats, Bits]:
        p = _kept(method.fill_p(excerpt))
        bits = method.fill_bits(excerpt)
        around = excerpt.piece.bits_bsl.copy()
        around[excerpt.gap] = bits
        near = around[max(excerpt.gap - 1, 0) : excerpt.gap + 2]
        return _sums(p, bits, excerpt.truth_sl, p.size), near

    with ThreadPoolExecutor(WORKERS) as pool:
        found = list(pool.map(ask, excerpts))
    return _Asked(np.array([sums for sums, _ in found]), [near for _, near in found])


def _kept(p: Floats) -> Floats:
    return np.clip(p, LEAST_P, 1.0 - LEAST_P)


def _sums(p: Floats, said: Bools, truth: Bits, units: int) -> Floats:
    played = truth > 0
    nats = -float(log_of_truth(p, truth).sum())
    return np.array([nats, units, (said & played).sum(), said.sum(), played.sum()])


def _report(
    request: Request, both: Both, answers: Mapping[str, _Asked], rng: np.random.Generator, seconds: float
) -> Evaluation:
    n_pieces = len(answers["sparseq"].sums_pk)
    draws = picks(n_pieces, rng)
    yardstick = Yardstick(both.library)
    scores = {name: _score(answer, draws, yardstick) for name, answer in answers.items()}
    ours = scores.pop("sparseq")
    return Evaluation(
        task=request.task,
        unit="step" if request.task == "stream" else "cell",
        ours=ours,
        baselines=scores,
        leads={kind: _lead(kind, answers, scores, draws) for kind in ("nats", "f1")},
        library=yardstick.figures([piece.bits_bsl for piece in both.library.pieces], copies=False),
        pieces=n_pieces,
        cells=int(answers["sparseq"].sums_pk[:, 1].sum())
        * (len(both.library.lanes) if request.task == "stream" else 1),
        skipped=len(both.skipped),
        seconds=seconds,
        facts={
            "library": request.library,
            "on": request.on,
            "split": request.split,
            "seed": request.seed,
            "library_pieces": len(both.library.pieces),
            "lanes": len(both.library.lanes),
        },
    )


def _score(answer: _Asked, draws: Any, yardstick: Yardstick) -> Score:
    sums = answer.sums_pk
    return Score(
        float(mean_per_unit(sums.sum(0)[None])[0]),
        interval(mean_per_unit, sums, draws),
        float(f1(sums[:, 2:].sum(0)[None])[0]),
        interval(f1, sums[:, 2:], draws),
        yardstick.figures(answer.wrote) if answer.wrote else None,
    )


def _lead(kind: str, answers: Mapping[str, _Asked], scores: Mapping[str, Score], draws: Any) -> Lead:
    """Return how far ours is ahead of the best rival, resampled for both together."""

    def below(sums_rk: Floats) -> Floats:
        return np.asarray(1.0 - sums_rk[:, 0] / sums_rk[:, 5])

    def above(sums_rk: Floats) -> Floats:
        return f1(sums_rk[:, 2:5]) - f1(sums_rk[:, 7:10])

    best = min if kind == "nats" else max
    rival = best(scores, key=lambda name: getattr(scores[name], kind))
    pair = np.concatenate([answers["sparseq"].sums_pk, answers[rival].sums_pk], axis=1)
    figure = below if kind == "nats" else above
    found: Interval = interval(figure, pair, draws)
    return Lead(rival, float(figure(pair.sum(0)[None])[0]), found)

"""One run over pitched parts: a bar is left out of each piece; ours and simple rules are asked for its cells."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sparseq.errors import InputError
from sparseq.jobs.evaluate.intervals import f1, interval, mean_per_unit, picks
from sparseq.jobs.evaluate.pitched_rules import ANSWERS, Floats, onset_counts
from sparseq.jobs.evaluate.pitched_sources import Song, example_of, read_songs
from sparseq.jobs.evaluate.report import Evaluation, Lead, Score
from sparseq.jobs.evaluate.request import Request
from sparseq.jobs.examples import Example
from sparseq.jobs.pitched.leave_out import LeftOut, leave_out
from sparseq.music.piece import read_piece

OURS = "sparseq"
GAP = 6
"""Number of the bar that is left out; the one behind the middle of shorter pieces."""
LEAST_BARS = 3
MOST_PIECES, MOST_LOOPS = 400, 16
"""More pieces are thinned evenly, and so are the loops that each is filled from beside itself."""
WORKERS = 2
TOTAL_STEPS = 1 + MOST_PIECES

_Item = TypeVar("_Item")


def run_pitched(request: Request, advance: Callable[[int], None]) -> Evaluation:
    """Evaluate ours and simple rules on pitched parts, as `run.run` says; `advance` hears of `TOTAL_STEPS` in all."""
    started = time.monotonic()
    (learnt, left), (asked, left_too) = read_songs(request.library, "train"), read_songs(request.on, request.split)
    loops = [(song.family, example) for song in learnt if (example := example_of(song)) is not None]
    chosen = _thinned(asked, MOST_PIECES)
    advance(1)

    def ask(song: Song) -> Mapping[str, Floats] | None:
        found = _left_out(song, [example for family, example in loops if family != song.family], request.seed)
        advance(1)
        return None if found is None else _sums(found)

    with ThreadPoolExecutor(WORKERS) as pool:
        answers = [answer for answer in pool.map(ask, chosen) if answer is not None]
    advance(MOST_PIECES - len(chosen))
    if not answers:
        raise InputError(f"{request.on}: wanted pieces of {LEAST_BARS} bars or more with pitched parts, got none")
    skipped = len(left) + len(left_too) + len(chosen) - len(answers)
    return _report(request, answers, len(loops), skipped, time.monotonic() - started)


def _left_out(song: Song, loops: Sequence[Example], seed: int) -> LeftOut | None:
    """Leave one bar out; None where the piece is too short or the bar has nothing to ask for."""
    n_bars = len(read_piece(song.midi).bars)
    if n_bars < LEAST_BARS:
        return None
    found = leave_out(song.midi, min(GAP, n_bars // 2 + 2, n_bars), _thinned(loops, MOST_LOOPS), seed)
    return found if found is not None and len(found.cells) and onset_counts(found, found.truth_tv)[2] else None


def _thinned(items: Sequence[_Item], most: int) -> list[_Item]:
    if not items:
        return []
    return [items[k] for k in np.unique(np.linspace(0, len(items) - 1, most).astype(int)).tolist()]


def _sums(found: LeftOut) -> Mapping[str, Floats]:
    """Return for each method nats, cells, hits, onsets said and onsets played."""
    ours = np.array([-np.log(found.p_c).sum(), len(found.p_c), *onset_counts(found, found.filled_tv)])
    return {OURS: ours} | {name: answer(found) for name, answer in ANSWERS.items()}


def _report(
    request: Request, answers: Sequence[Mapping[str, Floats]], n_loops: int, skipped: int, seconds: float
) -> Evaluation:
    sums = {name: np.stack([answer[name] for answer in answers]) for name in (OURS, *ANSWERS)}
    draws = picks(len(answers), np.random.default_rng(request.seed))
    scores = {name: _score(sums_pk, draws) for name, sums_pk in sums.items()}
    ours = scores.pop(OURS)
    return Evaluation(
        task=request.task,
        unit="cell",
        ours=ours,
        baselines=scores,
        leads={kind: _lead(kind, sums, scores, draws) for kind in ("nats", "f1")},
        library=None,
        pieces=len(answers),
        cells=int(sums[OURS][:, 1].sum()),
        skipped=skipped,
        seconds=seconds,
        facts={
            "library": request.library,
            "on": request.on,
            "split": request.split,
            "seed": request.seed,
            "parts": "pitched",
            "library_pieces": n_loops,
        },
    )


def _score(sums_pk: Floats, draws: npt.NDArray[np.int64]) -> Score:
    return Score(
        float(mean_per_unit(sums_pk.sum(0)[None])[0]),
        interval(mean_per_unit, sums_pk, draws),
        float(f1(sums_pk[:, 2:].sum(0)[None])[0]),
        interval(f1, sums_pk[:, 2:], draws),
    )


def _lead(kind: str, sums: Mapping[str, Floats], scores: Mapping[str, Score], draws: npt.NDArray[np.int64]) -> Lead:
    def by(sums_rk: Floats) -> Floats:
        if kind == "nats":
            return np.asarray(1.0 - sums_rk[:, 0] / sums_rk[:, 5])
        return f1(sums_rk[:, 2:5]) - f1(sums_rk[:, 7:10])

    rival = (min if kind == "nats" else max)(scores, key=lambda name: getattr(scores[name], kind))
    pair = np.concatenate([sums[OURS], sums[rival]], axis=1)
    return Lead(rival, float(by(pair.sum(0)[None])[0]), interval(by, pair, draws))

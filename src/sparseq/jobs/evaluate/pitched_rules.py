"""Simple rules for a pitched bar that was left out: each says how probable every true token is, and what to play."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from sparseq.jobs.pitched.leave_out import LeftOut
from sparseq.music.layout import VOICE
from sparseq.music.pitched import FIRST_ONSET, N_PITCH_TOKENS

Floats = npt.NDArray[np.float64]
Tokens = npt.NDArray[np.integer]

FLOOR = 0.01
"""Share that is told evenly over all tokens: as much as in our own answers."""


def onset_counts(found: LeftOut, said_tv: Tokens) -> tuple[int, int, int]:
    """Return onsets hit, said and played; an onset is a pitch at a step, whichever voice plays it."""
    said, played = _onsets(said_tv), _onsets(found.truth_tv)
    return len(said & played), len(said), len(played)


def uniform(found: LeftOut) -> Floats:
    """Know nothing, and say nothing."""
    p = np.full(len(found.cells), 1.0 / N_PITCH_TOKENS)
    return _sums(found, p, np.zeros_like(found.truth_tv))


def usual(found: LeftOut) -> Floats:
    """Say what a voice plays at other times."""
    tokens, known = _piece(found)
    shares = _shares(tokens, known)
    p = np.array([shares[voice][tokens[step, voice]] for step, voice in found.cells])
    said = np.tile(shares.argmax(1), (len(found.truth_tv), 1))
    return _sums(found, _floored(p), said)


def copy_previous_bar(found: LeftOut) -> Floats:
    """Play the bar before again, the one after where there is none; its nats by how often that is right elsewhere."""
    tokens, known = _piece(found)
    first, n_steps = _first_step(found), len(found.truth_tv)
    source = first - n_steps if first >= n_steps else first + n_steps
    copied = tokens[source : source + n_steps]
    if len(copied) < n_steps:
        copied = np.zeros_like(found.truth_tv)
    both = known[n_steps:] & known[:-n_steps]
    alike = (tokens[n_steps:] == tokens[:-n_steps])[both]
    right, shares = (alike.sum() + 0.5) / (alike.size + 1.0), _shares(tokens, known)
    p = []
    for step, voice in found.cells:
        guess, truth = int(copied[step - first, voice]), int(tokens[step, voice])
        others = (1.0 - right) * shares[voice][truth] / max(1.0 - shares[voice][guess], 1e-9)
        p.append(right if guess == truth else min(others, 1.0))
    return _sums(found, _floored(np.array(p)), copied)


def markov_1(found: LeftOut) -> Floats:
    """Go from a voice's last token to the next as it does elsewhere; or back, where only the next is known."""
    tokens, known = _piece(found)
    shares, steps = _shares(tokens, known), [_steps(tokens[:, v], known[:, v]) for v in range(tokens.shape[1])]
    known, p = known.copy(), []
    for step, voice in found.cells:
        before = step > 0 and bool(known[step - 1, voice])
        after = not before and step + 1 < len(tokens) and bool(known[step + 1, voice])
        counts = np.zeros(N_PITCH_TOKENS)
        if before:
            counts = steps[voice][tokens[step - 1, voice]]
        elif after:
            counts = steps[voice][:, tokens[step + 1, voice]]
        p.append(_blended(counts, shares[voice])[tokens[step, voice]])
        known[step, voice] = True
    return _sums(found, _floored(np.array(p)), _walked(found, tokens, steps, shares))


ANSWERS: Mapping[str, Callable[[LeftOut], Floats]] = MappingProxyType(
    {"uniform": uniform, "usual_tokens": usual, "markov_1": markov_1, "copy_previous_bar": copy_previous_bar}
)
"""What simple rules answer: nats, cells, onsets hit, said and played, by name."""


def _piece(found: LeftOut) -> tuple[Tokens, npt.NDArray[np.bool_]]:
    """Return the voices' tokens of the whole piece, and which of them are known."""
    voices = found.hole.grid.indices(kind=VOICE)
    known = ~found.hole.mask_tl[:, voices]
    known[_first_step(found) : _first_step(found) + len(found.truth_tv)] = False
    return found.hole.grid.tokens_tl[:, voices].astype(np.int64), known


def _first_step(found: LeftOut) -> int:
    bar = int(found.hole.grid.bars_t[found.cells[0][0]])
    return int(found.hole.grid.bars[bar].start_step)


def _shares(tokens: Tokens, known: npt.NDArray[np.bool_]) -> Floats:
    """Return how often each voice has each token, a little of all voices and of everything with it."""
    tally = np.stack(
        [np.bincount(tokens[known[:, v], v], minlength=N_PITCH_TOKENS) for v in range(tokens.shape[1])]
    ).astype(np.float64)
    tally += tally.sum(0) / max(tally.sum(), 1.0) + 1.0 / N_PITCH_TOKENS
    return np.asarray(tally / tally.sum(1, keepdims=True))


def _steps(line: Tokens, known: npt.NDArray[np.bool_]) -> Floats:
    counts = np.zeros((N_PITCH_TOKENS, N_PITCH_TOKENS))
    pairs = known[1:] & known[:-1]
    np.add.at(counts, (line[:-1][pairs], line[1:][pairs]), 1.0)
    return counts


def _blended(counts: Floats, shares: Floats) -> Floats:
    """Return counts as probabilities, backed off by how many tokens they tell apart (Witten and Bell)."""
    kinds = max(int((counts > 0).sum()), 1)
    return np.asarray((counts + kinds * shares) / (counts.sum() + kinds))


def _walked(found: LeftOut, tokens: Tokens, steps: list[Floats], shares: Floats) -> Tokens:
    said, first = np.zeros_like(found.truth_tv), _first_step(found)
    for voice in range(tokens.shape[1]):
        before = int(tokens[first - 1, voice]) if first else 0
        for step in range(len(said)):
            before = int(_blended(steps[voice][before], shares[voice]).argmax())
            said[step, voice] = before
    return said


def _onsets(tokens_tv: Tokens) -> set[tuple[int, int]]:
    steps, voices = np.nonzero(tokens_tv >= FIRST_ONSET)
    return set(zip(steps.tolist(), tokens_tv[steps, voices].tolist(), strict=True))


def _floored(p: Floats) -> Floats:
    return np.asarray((1.0 - FLOOR) * p + FLOOR / N_PITCH_TOKENS)


def _sums(found: LeftOut, p: Floats, said_tv: Tokens) -> Floats:
    return np.array([-np.log(p).sum(), len(p), *onset_counts(found, said_tv)])

"""Which style suits a take: one whose loops have the parts that it lacks, and play its own parts most like it."""

import math
from collections import defaultdict
from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from sparseq.jobs.examples import Example, Examples
from sparseq.music.encode import steps_of
from sparseq.music.lanes import lane_of
from sparseq.music.parts import DRUMS
from sparseq.music.piece import Piece
from sparseq.music.units import tempo_us_to_bpm

_TEMPO = 0.05
"""What an octave of tempo counts beside how often a part strikes at each step, 0 to 1."""

Profile = Mapping[str, NDArray[np.float64]]
"""For each part or drum how often it strikes at each step of a bar."""


def of_fitting_style(examples: Examples, wanted: Collection[str], take: Piece) -> Examples:
    """Keep the loops of the style that suits a take: of those with the most of the wanted parts the one most like it.

    What is written in a style that suits the take comes nearer to a part that was left out of it than in one that is
    drawn: kicks far more (onset F1 0.54 against 0.46), basses a little, chords not; see tests/bench/ACCOMPANY.md.

    Parameters
    ----------
    examples : Examples
        Loops, all counted as the take is.
    wanted : collection of str
        Kinds or names of parts.
    take : Piece
        The take.
    """
    by_style: dict[str, list[Example]] = defaultdict(list)
    for example in examples.used:
        by_style[example.style].append(example)
    have = {
        style: len({name for example in loops for name in example.part_names} & set(wanted))
        for style, loops in by_style.items()
    }
    fitting = [style for style in by_style if have[style] == max(have.values())]
    if len(fitting) > 1:
        own = profile(take)
        fitting = [min(fitting, key=lambda style: min(_unlike(own, take, loop) for loop in by_style[style]))]
    return examples._replace(used=tuple(by_style[fitting[0]]))


def profile(piece: Piece) -> Profile:
    """Return how often each drum and each kind of part strikes at each step of the longest bar, 0 to 1."""
    length = max(bar.length_steps for bar in piece.bars)
    phase_t = np.concatenate([np.arange(bar.length_steps) for bar in piece.bars])
    struck: dict[str, set[int]] = defaultdict(set)
    for part in piece.parts:
        steps = steps_of(part.notes, piece.score.ppq, piece.steps_per_beat).tolist()
        for note, step in zip(part.notes, steps, strict=True):
            struck[lane_of(note.pitch) if part.kind == DRUMS else part.kind].add(step)
    n_bars = len(piece.bars)
    return {name: np.bincount(phase_t[sorted(steps)], minlength=length) / n_bars for name, steps in struck.items()}


def _unlike(own: Profile, take: Piece, example: Example) -> float:
    """Return how unlike a loop is in what the take plays, too; what only the loop plays is what is missing."""
    theirs = profile(example.piece())
    length = len(next(iter(own.values())))
    silence = np.zeros(length)
    gaps = [float(np.abs(struck - _fitted(theirs.get(name, silence), length)).mean()) for name, struck in own.items()]
    tempo = abs(math.log2(example.bpm / tempo_us_to_bpm(take.score.tempos[0][1])))
    return sum(gaps) / len(gaps) + _TEMPO * tempo


def _fitted(struck: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    return np.pad(struck[:length], (0, max(length - len(struck), 0)))

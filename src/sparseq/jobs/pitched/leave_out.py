"""Leave one bar out and ask for it: what pitched repair answers where the truth is known, for whoever measures it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sparseq.jobs.choice import Choice
from sparseq.jobs.examples import Example
from sparseq.jobs.filling import FillSettings
from sparseq.jobs.pitched.cells import Cells
from sparseq.jobs.pitched.examples import pitched_examples
from sparseq.jobs.pitched.fill import PitchedFiller
from sparseq.jobs.pitched.hole import PitchedHole, dig_pitched_hole
from sparseq.music.layout import VOICE
from sparseq.music.piece import read_piece
from sparseq.music.pitched import N_PITCH_TOKENS
from sparseq.music.smf import MidiFile

FLOOR = 0.01
"""Share of every answer that is told evenly over half of the piece's own tokens and half of all: none is impossible."""


class LeftOut(NamedTuple):
    """One bar that was left out, and what was said of it.

    Attributes
    ----------
    hole : PitchedHole
        The bar's cells, and the whole piece: its grid's tokens are the truth.
    truth_tv, filled_tv : uint16 ndarray of shape (S, V)
        Voice tokens of the bar as it was, and as it is filled greedily.
    cells : sequence of (int, int)
        Steps of the piece and voices, in the order in which they were asked.
    p_c : float64 ndarray of shape (C,)
        Probability of each cell's true token, those asked before it known; never 0.
    """

    hole: PitchedHole
    truth_tv: Cells
    filled_tv: Cells
    cells: Sequence[tuple[int, int]]
    p_c: npt.NDArray[np.float64]


def leave_out(midi: MidiFile, bar: int, loops: Sequence[Example] = (), seed: int = 0) -> LeftOut | None:
    """Leave a bar of all pitched parts out, fill it, and ask for each of its cells in random order.

    Parameters
    ----------
    midi : MidiFile
        The whole piece.
    bar : int
        Number of the bar.
    loops : sequence of Example
        What is learnt from beside the piece itself, as `examples.load_examples` reads it with `pitched`.
    seed : int
        For the order.

    Returns
    -------
    LeftOut or None
        None where no pitched part can be filled there.
    """
    hole = dig_pitched_hole(midi, read_piece(midi), Choice(str(bar)))
    if hole is None:
        return None
    filler = PitchedFiller(hole, pitched_examples(hole, loops), FillSettings(seed, greedy=True))
    voices = hole.grid.indices(kind=VOICE)
    steps = hole.grid.bars_t == bar - 1
    cells = np.argwhere(hole.mask_tl[:, voices] & steps[:, None])
    cells = np.random.default_rng(seed).permutation(cells)
    truth_tv = hole.grid.tokens_tl[:, voices]
    p_c = filler.truth_probabilities([(int(step), int(voice)) for step, voice in cells], truth_tv)
    return LeftOut(
        hole,
        truth_tv[steps],
        filler.columns(filler.fill().grid)[steps],
        [(int(step), int(voice)) for step, voice in cells],
        (1 - FLOOR) * p_c + FLOOR * _even(hole, truth_tv, cells),
    )


def _even(hole: PitchedHole, truth_tv: Cells, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return what each cell's token gets of the floor: by how often its voice plays it elsewhere, and evenly."""
    known = ~hole.mask_tl[:, hole.grid.indices(kind=VOICE)]
    shares = [
        np.bincount(truth_tv[known[:, voice], voice], minlength=N_PITCH_TOKENS) for voice in range(known.shape[1])
    ]
    return np.array(
        [
            0.5 / N_PITCH_TOKENS + 0.5 * shares[voice][truth_tv[step, voice]] / max(shares[voice].sum(), 1)
            for step, voice in cells.tolist()
        ]
    )

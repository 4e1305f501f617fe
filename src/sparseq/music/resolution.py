"""How many steps in a quarter note suit a piece, so that its grid looks like what is played."""

from collections.abc import Sequence

from sparseq.errors import InputError
from sparseq.music.bars import score_bars
from sparseq.music.encode import drum_notes, grid_bars
from sparseq.music.score import Note, Score

USUAL_STEPS = 4  # sixteenths
OTHER_STEPS = (3, 6, 8, 12)  # coarser first: of two that fit alike the coarser one is easier to read
GOOD_ENOUGH = 0.05  # of a step on average: one ornament is no reason to draw everything twice as wide
CLEARLY_BETTER = 0.5  # loosely played sixteenths lie a little nearer to some other grid by chance


def suitable_steps(score: Score, notes: Sequence[Note] | None = None) -> int:
    """Return the steps in a quarter note that notes of a score lie nearest to.

    Parameters
    ----------
    score : Score
        The score.
    notes : sequence of Note, optional
        The notes of it that count; its drums if not given.

    Returns
    -------
    int
        4, unless the notes lie clearly nearer to another grid, or the bars are not whole sixteenths but whole steps of
        another.
    """
    notes = drum_notes(score) if notes is None else notes
    best, best_miss = USUAL_STEPS, _miss(score, notes, USUAL_STEPS)
    for steps in OTHER_STEPS:
        if best_miss is not None and best_miss <= GOOD_ENOUGH:
            break
        miss = _miss(score, notes, steps)
        if miss is not None and (best_miss is None or miss < CLEARLY_BETTER * best_miss):
            best, best_miss = steps, miss
    return best


def _miss(score: Score, notes: Sequence[Note], steps: int) -> float | None:
    """Return how far notes lie from the grid on average, 0 to 0.5 of a step; None if bars are not whole steps.

    In steps and not in ticks, because every finer grid is nearer in ticks.
    """
    try:
        grid_bars(score_bars(score), score.ppq, steps)
    except InputError:
        return None
    places = [note.onset_ticks * steps / score.ppq for note in notes]
    return sum(abs(place - round(place)) for place in places) / max(len(places), 1)

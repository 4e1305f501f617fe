"""From filled voices to notes: each played like the note of an example that it leaned on."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sparseq.engine.memory import Memory
from sparseq.jobs.pitched.cells import Cells
from sparseq.jobs.pitched.examples import PitchedExample
from sparseq.jobs.pitched.hole import PitchedHole
from sparseq.kernel.api import NO_ORIGIN
from sparseq.music.decode import place_hits
from sparseq.music.grid import Hit
from sparseq.music.layout import VOICE
from sparseq.music.partgrid import PartGrid
from sparseq.music.parts import Part
from sparseq.music.pitched import FIRST_ONSET, HOLD, reshaped, token_pitch
from sparseq.music.score import Note
from sparseq.music.units import PPQ

PLAIN_VELOCITY = 80
"""For a note that no example holds."""
_FREE_SHARE = 8  # such a note is let go an eighth of a step early

Cell = tuple[int, int]


def new_notes(
    hole: PitchedHole,
    tokens_tv: Cells,
    origins_tl: npt.NDArray[np.int64],
    memory: Memory,
    examples: Sequence[PitchedExample],
) -> list[Note]:
    """Return the notes that begin in the hole, each on the track and channel of its part.

    Parameters
    ----------
    hole : PitchedHole
        The hole.
    tokens_tv : uint16 ndarray of shape (T, V)
        All voices, filled.
    origins_tl : int64 ndarray of shape (T, L)
        What each cell of `cells.voice_cells` leaned on.
    memory : Memory
        Where the origins lie.
    examples : sequence of PitchedExample
        The loops, as the memory numbers them.
    """
    grid, ppq = hole.grid, hole.piece.score.ppq
    voices = grid.indices(kind=VOICE)
    hits: dict[str, dict[Cell, tuple[Hit, ...]]] = {}
    for step, voice in np.argwhere((tokens_tv >= FIRST_ONSET) & hole.onset_tl[:, voices]).tolist():
        lane = voices[voice]
        origin = int(origins_tl[step, len(voices) + voice])
        source = _source(origin, origins_tl.shape[1], grid, memory, examples)
        pitch = _inside(token_pitch(int(tokens_tv[step, voice]), grid.shift))
        holds = _holds(tokens_tv[:, voice], hole.mask_tl[:, lane], step)
        source = source or (_plain(pitch, holds, grid.steps_per_beat),)
        hits.setdefault(grid.lanes[lane].part, {})[step, lane] = reshaped(source, pitch, holds, grid.steps_per_beat)
    parts = {part.name: part for part in hole.piece.parts}
    return [note for name, found in hits.items() for note in _placed(hole, parts[name], found, ppq)]


def _source(
    origin: int, n_lanes: int, own: PartGrid, memory: Memory, examples: Sequence[PitchedExample]
) -> tuple[Hit, ...]:
    """Return the hits of the cell that a pitch leaned on; none where it leaned on none."""
    if origin == NO_ORIGIN:
        return ()
    if origin >= 0:
        place = memory.place(origin)
        grid, step, lane = examples[place.example].grid, place.step, place.lane
    else:
        step, lane = divmod(-1 - origin, n_lanes)
        grid = own
    voices = grid.indices(kind=VOICE)
    return grid.hits.get((step, voices[lane - len(voices)]), ())


def _holds(tokens_t: npt.NDArray[np.integer], mask_t: npt.NDArray[np.bool_], step: int) -> int:
    """Return how many filled holds follow."""
    after = (tokens_t[step + 1 :] == HOLD) & mask_t[step + 1 :]
    return int(after.argmin()) if not after.all() else len(after)


def _plain(pitch: int, holds: int, steps_per_beat: int) -> Hit:
    step = PPQ // steps_per_beat
    return Hit(pitch, PLAIN_VELOCITY, 0, max((holds + 1) * step - step // _FREE_SHARE, 1))


def _placed(hole: PitchedHole, part: Part, hits: Mapping[Cell, tuple[Hit, ...]], ppq: int) -> list[Note]:
    """Return a part's notes: within the bars of their steps, and of those that fall together the longest."""
    grid, bars_t = hole.grid, hole.grid.bars_t
    longest: dict[tuple[int, int], Note] = {}
    for (step, lane), cell in hits.items():
        bar = int(bars_t[step])
        first, last = int(hole.starts_b[bar]), int(hole.ends_b[bar]) - 1
        if bar and bar in hole.bars:  # the bar before is filled too
            first = int(hole.starts_b[bar - 1])
        for note in place_hits({(step, lane): cell}, grid.steps_per_beat, ppq, channel=part.channel, track=part.track):
            placed = note._replace(onset_ticks=min(max(note.onset_ticks, first), last))
            key = placed.onset_ticks, placed.pitch
            if key not in longest or longest[key].duration_ticks < placed.duration_ticks:
                longest[key] = placed
    return list(longest.values())


def _inside(pitch: int) -> int:
    if pitch < 0:
        return pitch % 12
    return pitch if pitch < 128 else 116 + (pitch - 116) % 12

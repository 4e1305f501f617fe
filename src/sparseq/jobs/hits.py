"""What a decided cell is played like: the strokes of the example cell that it leaned on."""

from collections.abc import Mapping, Sequence

from sparseq.engine.memory import Memory
from sparseq.kernel.api import NO_ORIGIN
from sparseq.music.grid import DrumGrid, Hit
from sparseq.music.lanes import default_pitch
from sparseq.music.units import PPQ

PLAIN_VELOCITY = 90
"""For an onset that no example holds."""

Cell = tuple[int, int]


class HitReader:
    """Looks up strokes by origin.

    Parameters
    ----------
    memory : Memory
        Holds the grids' cells, in the order of `grids`.
    grids : sequence of DrumGrid
        The examples.
    n_lanes : int
        Lanes of the grid that own origins count cells on.
    """

    def __init__(self, memory: Memory, grids: Sequence[DrumGrid], n_lanes: int) -> None:
        self._memory, self._grids, self._n_lanes = memory, grids, n_lanes

    def hits(self, origin: int, own: Mapping[Cell, tuple[Hit, ...]], lane_name: str) -> tuple[Hit, ...]:
        """Return the strokes at an origin; `own` holds those of the piece being written."""
        found: tuple[Hit, ...] = ()
        if origin >= 0:
            place = self._memory.place(origin)
            found = self._grids[place.example].hits.get((place.step, place.lane), ())
        elif origin != NO_ORIGIN:
            step, lane = divmod(-1 - origin, self._n_lanes)
            found = own.get((step, lane), ())
        return found or (Hit(default_pitch(lane_name), PLAIN_VELOCITY, 0, PPQ // 16),)

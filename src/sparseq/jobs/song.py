"""A whole hole: the drums of it and the pitched parts, filled one after the other so that they hear each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sparseq.jobs.fill import Filler
from sparseq.jobs.filling import Filling, FillSettings
from sparseq.music.edit import replace_notes

if TYPE_CHECKING:
    from sparseq.jobs.pitched.fill import PitchedFiller
    from sparseq.jobs.section import Section
    from sparseq.music.score import Note
    from sparseq.music.smf import MidiFile


@dataclass(frozen=True, slots=True, eq=False)
class SongFilling:
    """One way to fill the hole.

    Attributes
    ----------
    fillings : tuple of Filling
        That of the drums, that of the pitched parts: of what is filled.
    cells : uint16 ndarray of shape (C,)
        What was decided, in one row: two fillings of one hole can be compared.
    log_likelihood : float
        Mean natural logarithm of each decided cell's probability, given all others.
    """

    fillings: tuple[Filling, ...]
    cells: npt.NDArray[np.uint16]
    log_likelihood: float


class SongFiller:
    """Fills a hole in drums, pitched parts or both, as often as asked.

    Parameters
    ----------
    midi : MidiFile
        The file.
    drums : Filler or None
        What fills the drums.
    pitched : PitchedFiller or None
        What fills the pitched parts, hearing the drums.
    settings : FillSettings
        How.
    """

    def __init__(
        self, midi: MidiFile, drums: Filler | None, pitched: PitchedFiller | None, settings: FillSettings
    ) -> None:
        self.midi, self.drums, self.pitched, self.settings = midi, drums, pitched, settings

    @property
    def sections(self) -> Sequence[Section]:
        """What is filled, drums first."""
        return [section for section in (self.drums, self.pitched) if section is not None]

    @property
    def n_cells(self) -> int:
        """Number of cells to fill."""
        return sum(int(section.mask_tl.sum()) for section in self.sections)

    def fill(self, seed: int | None = None) -> SongFilling:
        """Fill the hole once, by the seed of the settings or another one."""
        fillings = []
        strokes: dict[str, npt.NDArray[np.uint16]] = {}
        if self.drums is not None:
            fillings.append(self.drums.fill(seed))
            columns = self.drums.columns(fillings[0].grid)
            strokes = {lane: columns[:, index] for index, lane in enumerate(self.drums.hole.grid.lanes)}
        if self.pitched is not None:
            fillings.append(self.pitched.fill(seed, strokes))
        pairs = list(zip(self.sections, fillings, strict=True))
        cells = [section.columns(found.grid)[section.mask_tl[:, : _width(section, found)]] for section, found in pairs]
        logp = [found.logp_tl[section.decided_tl(found.grid)] for section, found in pairs]
        return SongFilling(tuple(fillings), np.concatenate(cells), float(np.concatenate(logp).mean()))

    def written(self, filling: SongFilling) -> MidiFile:
        """Return the file with the hole filled so.

        Raises
        ------
        InputError
            Where it cannot be written into the file.
        """
        gone: list[Note] = []
        new: list[Note] = []
        for filler, found in zip((f for f in (self.drums, self.pitched) if f), filling.fillings, strict=True):
            gone += filler.hole.notes
            new += filler.written_notes(found)
        return replace_notes(self.midi, gone, new)


def _width(section: Section, filling: Filling) -> int:
    return int(section.columns(filling.grid).shape[1])

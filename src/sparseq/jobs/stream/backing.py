"""What is played already: the bars of a take, for new parts to be written to."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparseq.jobs.stream.beside import strikes
from sparseq.jobs.stream.contexts import VoiceLane
from sparseq.jobs.stream.written import Written
from sparseq.music.chords import Chord, Progression
from sparseq.music.grid import GridBar, Hit
from sparseq.music.harmony import harmonised
from sparseq.music.layout import Layout
from sparseq.music.partgrid import encode_piece
from sparseq.music.parts import CHORDS, DRUMS
from sparseq.music.piece import Piece
from sparseq.music.pitched import encode_voices

_NO_CHORDS = Progression(((None,),))

Cell = tuple[int, int]


class BackingBar(NamedTuple):
    """One bar of a take, on the lanes of a stream.

    Attributes
    ----------
    drums : Written or None
        Its drums; None where the take has none.
    voices : Written
        Its pitched parts.
    lanes : tuple of int
        The lanes of voices that these play.
    strikes_t2 : uint16 ndarray of shape (T, 2)
        When its bass strikes, and when any other pitched part does, see `beside.strikes`.
    """

    drums: Written | None
    voices: Written
    lanes: tuple[int, ...]
    strikes_t2: NDArray[np.uint16]


class Backing:
    """The bars of a take that a stream plays to, in order; all are of the stream's meter.

    Parameters
    ----------
    piece : Piece
        The take, counted in the stream's steps.
    bars : sequence of GridBar
        Which of its bars; at least one.

    Attributes
    ----------
    parts : frozenset of str
        Names of the parts that it has.
    """

    def __init__(self, piece: Piece, bars: Sequence[GridBar]) -> None:
        self._piece, self._bars = piece, tuple(bars)
        self.parts = frozenset(part.name for part in piece.parts)

    def chords(self) -> Progression | None:
        """Return the chords of these bars; None for drums alone.

        They are those that are heard; lines that play no chords are harmonised bar by bar. Where nothing is heard, a
        chord goes on; before the first one that one stands.
        """
        chords = self._piece.chords_t() if self._plays_chords() else self._harmonised()
        heard = [[chords[step] for step in range(bar.start_step, bar.stop_step)] for bar in self._bars]
        last: Chord | None = next((chord for bar in heard for chord in bar if chord is not None), None)
        if last is None:
            return None
        for bar in heard:
            for step, chord in enumerate(bar):
                bar[step] = last = last if chord is None else chord
        return Progression(tuple(map(_told_shortly, heard)))

    def _plays_chords(self) -> bool:
        return any(part.kind == CHORDS for part in self._piece.parts)

    def _harmonised(self) -> Sequence[Chord | None]:
        piece = self._piece
        steps = [*(bar.start_step for bar in piece.bars), piece.n_steps]
        lines = [step * piece.score.ppq // piece.steps_per_beat for step in steps]
        chords = harmonised(piece.pitched_notes, lines, flat=piece.key is not None and piece.key.has_flats)
        return [chord for chord, bar in zip(chords, piece.bars, strict=True) for _ in range(bar.length_steps)]

    def laid_on(
        self, drum_lanes: Sequence[str], voice_lanes: Sequence[VoiceLane], shift: int
    ) -> tuple[BackingBar, ...]:
        """Return the bars on the lanes of a stream; what has no lane there is left out.

        Parameters
        ----------
        drum_lanes : sequence of str
            The stream's drums.
        voice_lanes : sequence of VoiceLane
            The stream's voices.
        shift : int
            The movable zero of its tokens.
        """
        drums = self._drums(tuple(drum_lanes)) if DRUMS in self.parts else [None] * len(self._bars)
        lanes = tuple(lane for lane, voice in enumerate(voice_lanes) if voice.part in self.parts)
        strikes_t2 = strikes(self._piece, self._piece.n_steps)
        return tuple(
            BackingBar(drum_bar, voice_bar, lanes, strikes_t2[bar.start_step : bar.stop_step])
            for bar, drum_bar, voice_bar in zip(self._bars, drums, self._voices(voice_lanes, shift), strict=True)
        )

    def _drums(self, lanes: tuple[str, ...]) -> list[Written]:
        grid = encode_piece(self._piece, Layout(((DRUMS, lanes),), (), {}), chords=_NO_CHORDS)
        return self._cut(grid.tokens_tl[:, : len(lanes)], grid.hits)

    def _voices(self, lanes: Sequence[VoiceLane], shift: int) -> list[Written]:
        piece = self._piece
        tokens = np.zeros((piece.n_steps, len(lanes)), np.uint16)
        hits: dict[Cell, tuple[Hit, ...]] = {}
        for part in piece.parts:
            mine = [lane for lane, voice in enumerate(lanes) if voice.part == part.name]
            if not mine:
                continue
            found = encode_voices(
                part.notes, piece.score.ppq, piece.bars, piece.steps_per_beat, shift=shift, max_voices=len(mine)
            )
            tokens[:, mine[: found.tokens_tv.shape[1]]] = found.tokens_tv
            hits.update({(step, mine[voice]): cell for (step, voice), cell in found.hits.items()})
        return self._cut(tokens, hits)

    def _cut(self, tokens_tl: NDArray[np.uint16], hits: Mapping[Cell, tuple[Hit, ...]]) -> list[Written]:
        """Return each bar by itself."""
        at_t = np.full(self._piece.n_steps, -1)
        for number, bar in enumerate(self._bars):
            at_t[bar.start_step : bar.stop_step] = number
        own: list[dict[Cell, tuple[Hit, ...]]] = [{} for _ in self._bars]
        for (step, lane), cell in hits.items():
            if at_t[step] >= 0:
                own[at_t[step]][step - self._bars[at_t[step]].start_step, lane] = cell
        return [
            Written(tokens_tl[bar.start_step : bar.stop_step], cells, [])
            for bar, cells in zip(self._bars, own, strict=True)
        ]


def _told_shortly(chord_t: Sequence[Chord | None]) -> tuple[Chord | None, ...]:
    """Return the chords of a bar's steps as few chords that share it evenly."""
    n_steps = len(chord_t)
    for n in range(1, n_steps):
        told = tuple(chord_t[:: n_steps // n]) if n_steps % n == 0 else ()
        if told and [told[step * n // n_steps] for step in range(n_steps)] == list(chord_t):
            return told
    return tuple(chord_t)

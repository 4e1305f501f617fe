"""Several parts on one grid, lane beside lane, so that each can see the others; and back to notes.

The lanes of a column, in the order in which they are best decided:

=========  ==========================  =================  ============================================================
kind       name                        tokens             what they say
=========  ==========================  =================  ============================================================
`DRUM`     "kick", "snare", ...        2                  0 rest, 1 stroke; as in a `DrumGrid`
`VOICE`    "bass/1", "chords/1", ...   `N_PITCH_TOKENS`   rest, hold, or an onset's pitch above the shift; see `pitched`
`CHORD`    "harmony"                   `N_CHORD_TOKENS`   0 none, else root above the tonic and quality; see `chords`
`STEP`     "step"                      longest bar        the step in the bar, counted from 0
=========  ==========================  =================  ============================================================

Chord and step lanes are **given**: they condition the others and are never written. A lane of a part that a piece does
not have is not **known** there: it says nothing of it, rather than that it rests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sparseq.music.chords import Chord, Progression, chord_token
from sparseq.music.decode import place_hits
from sparseq.music.encode import hits_of, steps_of
from sparseq.music.grid import DrumGrid, GridBar, Hit
from sparseq.music.keys import Key
from sparseq.music.lanes import lane_of
from sparseq.music.layout import DRUM, VOICE, Lane, Layout, Sound, drum_lane, layout_of
from sparseq.music.parts import DRUMS, Part
from sparseq.music.piece import Piece
from sparseq.music.pitched import VoiceGrid, encode_voices, shift_towards, tonic_shift
from sparseq.music.score import Note, Score
from sparseq.music.writer import write_midi

Cell = tuple[int, int]


@dataclass(frozen=True, eq=False)
class PartGrid:
    """Several parts on one grid.

    Attributes
    ----------
    tokens_tl : uint16 ndarray of shape (T, L)
        A token for each step and lane.
    lanes : tuple of Lane
        What the lanes are.
    known_l : bool ndarray of shape (L,)
        Which lanes the piece says anything of.
    hits : mapping of (int, int) to tuple of Hit
        The notes that begin in each cell (step, lane), in order of time.
    sounds : mapping of str to Sound
        How each part is played, by name; in the order in which they are written to tracks.
    steps_per_beat : int
        Steps per quarter note.
    bars : tuple of GridBar
        They cover all T steps.
    key : Key or None
        Key of the piece.
    shift : int
        The movable zero of the voices' tokens; modulo 12 the tonic of the chord lane's.
    """

    tokens_tl: NDArray[np.uint16]
    lanes: tuple[Lane, ...]
    known_l: NDArray[np.bool_]
    hits: Mapping[Cell, tuple[Hit, ...]]
    sounds: Mapping[str, Sound]
    steps_per_beat: int
    bars: tuple[GridBar, ...]
    key: Key | None
    shift: int

    @property
    def n_steps(self) -> int:
        """Number of steps T."""
        return len(self.tokens_tl)

    @property
    def phases_t(self) -> NDArray[np.int64]:
        """The step within its bar of each step: int64 ndarray of shape (T,)."""
        return np.concatenate([np.arange(bar.length_steps) for bar in self.bars])

    @property
    def bars_t(self) -> NDArray[np.int64]:
        """The 0-based index in `bars` of each step's bar: int64 ndarray of shape (T,)."""
        return np.repeat(np.arange(len(self.bars)), [bar.length_steps for bar in self.bars])

    def indices(self, *, kind: str | None = None, part: str | None = None) -> list[int]:
        """Return the indices of the lanes of a kind, of a part, or of both."""
        return [
            index for index, lane in enumerate(self.lanes) if kind in (None, lane.kind) and part in (None, lane.part)
        ]

    def drum_grid(self, part: str = DRUMS) -> DrumGrid:
        """Return one drum part as a grid of its own; it shares its hits with this one."""
        lanes = self.indices(kind=DRUM, part=part)
        hits = {(step, lanes.index(lane)): found for (step, lane), found in self.hits.items() if lane in lanes}
        names = tuple(self.lanes[lane].name.split("/")[-1] for lane in lanes)
        tokens = self.tokens_tl[:, lanes].astype(np.uint8)
        return DrumGrid(tokens, names, hits, self.steps_per_beat, self.bars)

    def voice_grid(self, part: str) -> VoiceGrid:
        """Return one pitched part as a grid of its own; it shares its hits with this one."""
        lanes = self.indices(kind=VOICE, part=part)
        hits = {(step, lanes.index(lane)): found for (step, lane), found in self.hits.items() if lane in lanes}
        return VoiceGrid(self.tokens_tl[:, lanes].astype(np.uint8), hits, self.steps_per_beat, self.bars, self.shift)


def encode_piece(
    piece: Piece,
    layout: Layout | None = None,
    *,
    target: Key | None = None,
    chords: Progression | None = None,
) -> PartGrid:
    """Put all parts of a piece on one grid.

    Parameters
    ----------
    piece : Piece
        The piece.
    layout : Layout, optional
        The lanes to use; notes of parts that it does not have are left out. Those of the piece itself otherwise, then
        every note is kept.
    target : Key, optional
        The key that tokens are to be read in: the piece reads as if moved there the nearest way. Its own otherwise.
    chords : Progression, optional
        The chords of the piece; estimated otherwise.

    Returns
    -------
    PartGrid
        The grid.
    """
    layout = layout_of([piece]) if layout is None else layout
    shift = _shift(piece.key, target)
    lanes = layout.lanes(max(bar.length_steps for bar in piece.bars))
    tokens = np.zeros((piece.n_steps, len(lanes)), np.uint16)
    known = np.zeros(len(lanes), np.bool_)
    hits: dict[Cell, tuple[Hit, ...]] = {}
    for part in piece.parts:
        mine = [index for index, lane in enumerate(lanes) if lane.part == part.name]
        if mine and part.kind == DRUMS:
            _add_drums(tokens, hits, piece, part, {lanes[index].name: index for index in mine})
        elif mine:
            _add_voices(tokens, hits, _voices(piece, part, shift, len(mine)), mine)
        known[mine] = True
    _add_given(tokens, known, piece, piece.chords_t(chords), shift)
    return PartGrid(tokens, lanes, known, hits, layout.sounds, piece.steps_per_beat, piece.bars, piece.key, shift)


def part_notes(grid: PartGrid, ppq: int, steps: range | None = None) -> tuple[Note, ...]:
    """Turn a grid back into notes, each on its part's channel and on the track that its part is in `sounds`.

    Parameters
    ----------
    grid : PartGrid
        The grid.
    ppq : int
        Resolution of the notes; at least one tick per step.
    steps : range, optional
        Only notes that begin in these steps.

    Returns
    -------
    tuple of Note
        Ordered by onset, then track.

    Raises
    ------
    InputError
        If `ppq` has less than one tick per step.
    """
    by_part: dict[str, dict[Cell, tuple[Hit, ...]]] = {name: {} for name in grid.sounds}
    for (step, lane), found in grid.hits.items():
        by_part[grid.lanes[lane].part][step, lane] = found
    notes = [
        note
        for track, (name, sound) in enumerate(grid.sounds.items())
        for note in place_hits(by_part[name], grid.steps_per_beat, ppq, steps, channel=sound.channel, track=track)
    ]
    notes.sort(key=lambda note: (note.onset_ticks, note.track))
    return tuple(notes)


def write_parts(grid: PartGrid, score: Score, title: str = "") -> bytes:
    """Write a grid as a MIDI file, a track for each part, with the tempos and meters of a score.

    Parameters
    ----------
    grid : PartGrid
        The notes.
    score : Score
        Resolution, tempos, meters and length.
    title : str
        Name of the conductor track.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    InputError
        If something does not fit a MIDI file.
    """
    notes = part_notes(grid, score.ppq)
    last = max((note.onset_ticks for note in notes), default=0)
    return write_midi(
        notes,
        ppq=score.ppq,
        tempos=score.tempos,
        meters=score.meters,
        end_ticks=max(score.end_ticks, last + 1),
        track_names=[name.capitalize() for name in grid.sounds],
        programs={
            track: sound.program for track, sound in enumerate(grid.sounds.values()) if sound.program is not None
        },
        title=title,
    )


def chord_tokens(chords_t: Sequence[Chord | None], shift: int) -> NDArray[np.uint16]:
    """Return the tokens of a chord lane: uint16 ndarray of shape (T,)."""
    return np.array([chord_token(chord, shift % 12) for chord in chords_t], np.uint16)


def _shift(key: Key | None, target: Key | None) -> int:
    if key is None:
        return 0 if target is None else tonic_shift(target.tonic)
    return tonic_shift(key.tonic) if target is None else shift_towards(key, target)


def _voices(piece: Piece, part: Part, shift: int, max_voices: int) -> VoiceGrid:
    return encode_voices(
        part.notes, piece.score.ppq, piece.bars, piece.steps_per_beat, shift=shift, max_voices=max_voices
    )


def _add_drums(
    tokens_tl: NDArray[np.uint16],
    hits: dict[Cell, tuple[Hit, ...]],
    piece: Piece,
    part: Part,
    lane_indices: Mapping[str, int],
) -> None:
    ppq, steps_per_beat = piece.score.ppq, piece.steps_per_beat
    starts = steps_of(part.notes, ppq, steps_per_beat)
    for hit, step in zip(hits_of(part.notes, starts, ppq, steps_per_beat), starts.tolist(), strict=True):
        lane = lane_indices.get(drum_lane(part.name, lane_of(hit.pitch)))
        if lane is not None:
            tokens_tl[step, lane] = 1
            hits[step, lane] = (*hits.get((step, lane), ()), hit)


def _add_voices(
    tokens_tl: NDArray[np.uint16], hits: dict[Cell, tuple[Hit, ...]], voices: VoiceGrid, lanes: Sequence[int]
) -> None:
    n_voices = voices.tokens_tv.shape[1]
    tokens_tl[:, lanes[:n_voices]] = voices.tokens_tv
    hits.update({(step, lanes[voice]): found for (step, voice), found in voices.hits.items()})


def _add_given(
    tokens_tl: NDArray[np.uint16],
    known_l: NDArray[np.bool_],
    piece: Piece,
    chords_t: Sequence[Chord | None],
    shift: int,
) -> None:
    """Write the chord lane and the step lane, which stand last."""
    tokens_tl[:, -2] = chord_tokens(chords_t, shift)
    tokens_tl[:, -1] = np.concatenate([np.arange(bar.length_steps) for bar in piece.bars])
    known_l[-2] = any(chord is not None for chord in chords_t)
    known_l[-1] = True

"""Several memories of the same library, each weighing other things, asked one by one and multiplied together.

Every memory is a head of the slot kernel. Notes are coded as intervals from one known note (its own nearest, or the
nearest voice now) or as degrees of the key; a look-up that has learnt a figure in one place then knows it in all.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sparseq.engine.experts import product
from sparseq.jobs.chorales.key import Floats, Keys, Pitches, shift_of
from sparseq.jobs.chorales.looks import Cell, Look, Place, all_places, looks
from sparseq.jobs.chorales.models import Expert, cut, model_of
from sparseq.jobs.chorales.timeline import BEAT, CENTRE, EDGE, N_CODES, REST, Codes, Timeline, relative
from sparseq.kernel import Kernel, load
from sparseq.kernel.layout import Layout, make_layout
from sparseq.kernel.model import SlotModel
from sparseq.kernel.rows import Rows

N_PITCHES = 128
N_OUTCOMES = N_PITCHES + 1
"""Every MIDI pitch, and the rest."""
PRIOR = 1e-3
"""Share of a voice's usual pitches in what each memory says: nothing is impossible."""
FLOOR = 1e-6
OWN_WEIGHT = 100
"""What a frame of the piece itself counts, one of the library counting 1."""
UNKNOWN = 255


class Memories:
    """The experts over one library.

    Parameters
    ----------
    pieces : sequence of int64 ndarray of shape (T, V)
        The library.
    experts : sequence of Expert
        What each weighs.
    kernel : Kernel, optional
        Which implementation; the default one otherwise.
    """

    def __init__(self, pieces: Sequence[Pitches], experts: Sequence[Expert], kernel: Kernel | None = None) -> None:
        self._keys = Keys(pieces)
        self._line = Timeline(pieces, self._keys)
        self._kernel = kernel or load()
        self._places = {place: number for number, place in enumerate(all_places())}
        self._experts = experts
        self._models = [model_of(expert, tuple(self._places)) for expert in experts]
        self._usual = _usual_pitches(pieces, self._keys)

    def probabilities(self, cell: Cell) -> Floats:
        """Return the probability of every pitch and, last, of a rest: float64 of shape (N_OUTCOMES,)."""
        each = self.each(cell)
        return product(each, np.array([expert.exponent for expert in self._experts]), FLOOR)

    def each(self, cell: Cell) -> Floats:
        """Return what each memory says, float64 of shape (E, N_OUTCOMES)."""
        shift = shift_of(self._keys.tonic(cell.known()))
        out = np.empty((len(self._experts), N_OUTCOMES))
        usual = _turned(self._usual[cell.voice], shift)
        for coding in dict.fromkeys(expert.coding for expert in self._experts):
            chosen = [e for e, expert in enumerate(self._experts) if expert.coding == coding]
            found = self._asked(cell, coding, shift, [self._models[e] for e in chosen])
            out[chosen] = (found + PRIOR * usual) / (1.0 + PRIOR)
        return out

    def _asked(self, cell: Cell, coding: str, shift: int, models: Sequence[SlotModel]) -> Floats:
        anchor = _anchor(cell, coding)
        if anchor is None and coding != "key":
            return np.full((len(models), N_OUTCOMES), 1.0 / N_OUTCOMES)
        query = _Query(self._line, cell, anchor, shift)
        rows, slots = query.rows([look for look in looks(cell) if look[1:] != anchor], self._places)
        heads = [self._kernel.head(rows, cut(model, slots)) for model in models]
        layout = _layout(len(slots), len(models))
        cells = np.concatenate([query.codes, np.zeros(len(models), np.uint16)])[None]
        asked = len(slots) + np.arange(len(models))
        found = self._kernel.likelihood(heads, layout, np.ascontiguousarray(cells), asked)
        return np.stack([query.outcomes(p) for p in found])


class _Query:
    """One cell beside the library's rows at the same sixteenth of a beat."""

    def __init__(self, line: Timeline, cell: Cell, anchor: tuple[int, int] | None, shift: int) -> None:
        self._line, self._cell, self._anchor, self._shift = line, cell, anchor, shift
        self._sixteenth = cell.sixteenth % BEAT
        self.codes = np.zeros(0, np.uint16)
        self._from = np.zeros(0, np.uint8)
        if anchor is None:
            self._base = shift
        else:
            self._base = int(cell.piece[cell.step + anchor[1], anchor[0]]) - CENTRE

    def rows(self, read: Sequence[Look], places: Mapping[Place, int]) -> tuple[Rows, npt.NDArray[np.int64]]:
        """Return the library as the kernel wants it, and which slots of the memories its lines are."""
        rows = self._line.rows(self._sixteenth)
        if self._anchor is not None:
            self._from = self._line.codes(rows, self._sixteenth, *self._anchor)
            rows, self._from = rows[self._from < REST], self._from[self._from < REST]
        values = self._relative(rows, self._cell.voice, 0)
        order = np.argsort(values, kind="stable")
        rows, values = rows[order], values[order]
        if self._anchor is not None:
            self._from = self._from[order]
        keys, codes, slots = [], [], []
        for look in read:
            keys.append(self._relative(rows, look.voice, look.dt))
            codes.append(self._code(look.voice, look.dt))
            slots.append(places[look.place])
        keys.append(self._line.sixteenths(rows, self._sixteenth))
        codes.append(self._cell.sixteenth)
        slots.append(places[Place("sixteenth")])
        if self._anchor is not None:
            keys.append(self._from % 12)
            codes.append((self._base + CENTRE - self._shift) % 12)
            slots.append(places[Place("degree")])
        self.codes = np.array(codes, np.uint16)
        return self._with_own(np.array(keys, np.uint8), values, read), np.array(slots)

    def _with_own(self, keys_sn: Codes, values_n: Codes, read: Sequence[Look]) -> Rows:
        """Return the library's rows and those of the piece itself, as far as it is known."""
        cell, piece = self._cell, self._cell.piece
        frames = np.array([*cell.before, *cell.after], np.int64)
        frames = frames[(frames - cell.step) % BEAT == 0]
        known = np.zeros(len(piece), np.bool_)
        known[[*cell.before, *cell.after]] = True
        bases = np.full(len(frames), self._base)
        if self._anchor is not None:
            pitches, there = _own_pitches(piece, known, frames, *self._anchor)
            frames, bases = frames[there & (pitches >= 0)], (pitches - CENTRE)[there & (pitches >= 0)]
        if not len(frames):
            return _as_rows(keys_sn, values_n, np.ones(len(values_n), np.uint32))
        own = np.full((len(keys_sn), len(frames)), UNKNOWN, np.uint8)
        for slot, look in enumerate(read):
            pitches, there = _own_pitches(piece, known, frames, look.voice, look.dt)
            own[slot] = np.where(there, _own_codes(pitches, bases), UNKNOWN)
        own[len(read)] = (cell.sixteenth + frames - cell.step) % (4 * BEAT)
        if self._anchor is not None:
            own[len(read) + 1] = (bases + CENTRE - self._shift) % 12
        values = np.concatenate([values_n, _own_codes(piece[frames, cell.voice], bases)])
        counts = np.concatenate([np.ones(len(values_n)), np.full(len(frames), OWN_WEIGHT)]).astype(np.uint32)
        order = np.argsort(values, kind="stable")
        return _as_rows(np.concatenate([keys_sn, own], axis=1)[:, order], values[order], counts[order])

    def outcomes(self, p_code: Floats) -> Floats:
        """Return probabilities of codes as those of pitches, the rest last."""
        out = np.zeros(N_OUTCOMES)
        pitches = np.arange(REST) + self._base
        inside = (pitches >= 0) & (pitches < N_PITCHES)
        out[pitches[inside]] = p_code[:REST][inside]
        out[-1] = p_code[REST]
        total = float(out.sum())
        return out / total if total > 0.0 else np.full(N_OUTCOMES, 1.0 / N_OUTCOMES)

    def _relative(self, rows: npt.NDArray[np.int64], voice: int, dt: int) -> Codes:
        codes = self._line.codes(rows, self._sixteenth, voice, dt)
        if self._anchor is None:
            return codes
        return relative(codes, self._from)

    def _code(self, voice: int, dt: int) -> int:
        pitch = int(self._cell.piece[self._cell.step + dt, voice])
        return REST if pitch < 0 else min(max(pitch - self._base, 0), REST - 1)


def _anchor(cell: Cell, coding: str) -> tuple[int, int] | None:
    """Return voice and distance of the note that others are measured from; None where there is none."""
    if coding == "key":
        return None
    sounding = [voice for voice in cell.now if cell.piece[cell.step, voice] >= 0]
    if coding == "now" and sounding:
        return min(sounding, key=lambda voice: (abs(voice - cell.voice), voice)), 0
    nearest = cell.nearest()
    if nearest is None or cell.piece[nearest, cell.voice] < 0:
        return None
    return cell.voice, nearest - cell.step


def _own_pitches(
    piece: Pitches, known_t: npt.NDArray[np.bool_], frames: npt.NDArray[np.int64], voice: int, dt: int
) -> tuple[Pitches, npt.NDArray[np.bool_]]:
    """Return a voice's pitches so many steps from some frames, and where they are known."""
    steps = frames + dt
    inside = (steps >= 0) & (steps < len(piece))
    steps = np.where(inside, steps, 0)
    return piece[steps, voice], inside & known_t[steps]


def _own_codes(pitches: Pitches, bases: Pitches) -> Codes:
    codes: Codes = np.where(pitches < 0, REST, np.clip(pitches - bases, 0, REST - 1)).astype(np.uint8)
    return codes


def _as_rows(keys_sn: Codes, values_n: Codes, counts_n: npt.NDArray[np.uint32]) -> Rows:
    n_rows = len(values_n)
    return Rows(
        keys_sn=np.ascontiguousarray(keys_sn),
        counts_n=counts_n,
        value_start_v=np.searchsorted(values_n, np.arange(N_CODES + 1)).astype(np.int64),
        origin_start_n=np.arange(n_rows + 1),
        origins=np.arange(n_rows),
        prior_v=np.full(N_CODES, 1.0 / N_CODES),
        n_values=N_CODES,
        alphabet=EDGE,
    )


def _layout(n_slots: int, n_heads: int) -> Layout:
    lanes = np.tile(np.arange(n_slots), (n_slots + n_heads, 1))
    heads = np.concatenate([np.full(n_slots, -1), np.arange(n_heads)])
    return make_layout(np.zeros_like(lanes), lanes, heads)


def _usual_pitches(pieces: Sequence[Pitches], keys: Keys) -> Floats:
    """Return how often each voice sings each pitch in the common key, the rest last: float64 (V, N_OUTCOMES)."""
    tally = np.full((pieces[0].shape[1], N_OUTCOMES), 0.02)
    for piece, tonic in zip(pieces, keys.tonics.tolist(), strict=True):
        for voice, line in enumerate(piece.T):
            moved = np.where(line < 0, N_PITCHES, np.clip(line - shift_of(tonic), 0, N_PITCHES - 1))
            tally[voice] += np.bincount(moved, minlength=N_OUTCOMES)
    return np.asarray(tally / tally.sum(1, keepdims=True))


def _turned(usual: Floats, shift: int) -> Floats:
    return np.concatenate([np.roll(usual[:-1], shift), usual[-1:]])

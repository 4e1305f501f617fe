"""A small song that the tests of pitched repair share: a form of four bars, twice, with bass, chords and a lead."""

import pytest

from sparseq.jobs.choice import Choice
from sparseq.jobs.pitched.hole import dig_pitched_hole
from sparseq.music.piece import read_piece
from sparseq.music.score import Note
from sparseq.music.smf import parse
from sparseq.music.writer import write_midi

PPQ = 480
BAR = 4 * PPQ
ROOTS = (45, 41, 48, 43)  # Am F C G
TRIADS = ((57, 60, 64), (57, 60, 65), (55, 60, 64), (55, 59, 62))


def bass(bar, root, track=1):
    return [Note(bar * BAR + k * PPQ, PPQ - 40, root + 12 * (k == 3), 80 + bar, 0, track) for k in range(4)]


def chords(bar, triad, track=2):
    return [Note(bar * BAR + half, 2 * PPQ - 30, pitch, 70, 1, track) for half in (0, 2 * PPQ) for pitch in triad]


def lead(bar, triad, track=3):
    return [Note(bar * BAR + k * 240 + 5, 200, triad[k % 3] + 12, 90, 2, track) for k in range(0, 8, 1 + bar % 2)]


def song_notes(n_bars=8, *, without=()):
    for bar in range(n_bars):
        if bar + 1 in without:
            continue
        form = bar % 4
        yield from bass(bar, ROOTS[form])
        yield from chords(bar, TRIADS[form])
        yield from lead(bar, TRIADS[form])


def song_bytes(notes, n_bars=8, names=("Bass", "Chords", "Lead"), **options):
    shifted = [note._replace(track=note.track - 1) for note in notes]
    return write_midi(shifted, ppq=PPQ, end_ticks=n_bars * BAR, track_names=list(names), **options)


@pytest.fixture(scope="session")
def song():
    """The song as a file."""
    return parse(song_bytes(song_notes()), "song.mid")


def dig(midi, choice=None, seed=0, **options):
    return dig_pitched_hole(midi, read_piece(midi), choice or Choice("7"), seed, **options)

"""Small drum files that the tests of the commands share."""

import pytest

from sparseq.music.score import Note
from sparseq.music.writer import write_midi

KICK, SNARE, HAT, PIANO = 36, 38, 42, 60
PPQ = 480


@pytest.fixture(scope="session")
def rock_bytes():
    """Return a function that writes a plain groove, with a piano on a track of its own if wanted."""

    def write(n_bars=4, *, meter=(4, 4), piano=False):
        bar = 4 * PPQ * meter[0] // meter[1]
        starts = range(0, n_bars * bar, bar)
        notes = [Note(tick, 60, HAT, 80, 9) for tick in range(0, n_bars * bar, PPQ // 2)]
        notes += [Note(start, 60, KICK, 100, 9) for start in starts]
        notes += [Note(start + PPQ, 60, SNARE, 90, 9) for start in starts]
        notes += [Note(start, bar - 10, PIANO, 80, 0, 1) for start in starts if piano]
        names = ["Drums", "Piano"] if piano else ["Drums"]
        return write_midi(notes, ppq=PPQ, meters=((0, *meter),), end_ticks=n_bars * bar, track_names=names)

    return write


@pytest.fixture
def rock_loop(rock_bytes, tmp_path):
    """Return a function that writes such a file into the test's folder and returns its path as text."""

    def write(name, **options):
        path = tmp_path / name
        path.write_bytes(rock_bytes(**options))
        return str(path)

    return write

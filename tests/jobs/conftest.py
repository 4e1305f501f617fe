"""Small drum files that the tests of the jobs share."""

import pytest

from sparseq.jobs.loading import load_examples
from sparseq.music.score import Note
from sparseq.music.writer import write_midi

KICK, SNARE, HAT, PIANO = 36, 38, 42, 60


def rock(n_bars, ppq, meter, channel=9, track=0):
    """Hats on every eighth, kick on the first, snare on the second half of each bar; bars differ in velocity."""
    bar = 4 * ppq * meter[0] // meter[1]
    for number in range(n_bars):
        start = number * bar
        for eighth in range(0, bar, ppq // 2):
            yield Note(start + eighth, ppq // 8, HAT, 60 + number % 60, channel, track)
        yield Note(start, ppq // 8, KICK, 100, channel, track)
        yield Note(start + bar // 2 // (ppq // 4) * (ppq // 4), ppq // 8, SNARE, 90, channel, track)


@pytest.fixture(scope="session")
def rock_bytes():
    """Return a function that writes such a file."""

    def write(n_bars=4, *, ppq=480, meter=(4, 4), bpm_us=500_000, without=(), piano=False, **options):
        bar = 4 * ppq * meter[0] // meter[1]
        notes = [note for note in rock(n_bars, ppq, meter) if note.onset_ticks // bar + 1 not in without]
        names = ["Drums"]
        if piano:
            notes += [Note(k * bar, bar - 10, PIANO, 80, 0, 1) for k in range(n_bars)]
            names.append("Piano")
        facts = {"ppq": ppq, "meters": ((0, *meter),), "tempos": ((0, bpm_us),), "end_ticks": n_bars * bar}
        return write_midi(notes, **{**facts, "track_names": names, **options})

    return write


@pytest.fixture
def rock_loop(rock_bytes, tmp_path):
    """Return a function that writes such a file into a folder and returns its path as text."""

    def write(name="rock.mid", n_bars=4, **options):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rock_bytes(n_bars, **options))
        return str(path)

    return write


@pytest.fixture(scope="session")
def few():
    """Return a few shipped loops of drums: quick to learn from."""
    return load_examples(["funk-corner-table", "funk-laundromat", "funk-sidewalk"])


@pytest.fixture(scope="session")
def combo():
    """Return a shipped loop of drums, bass, chords and lead."""
    return load_examples(["synthwave-coast-road"], pitched=True)

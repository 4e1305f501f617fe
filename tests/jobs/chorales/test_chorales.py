"""Chorales: keys, the library laid out, what a cell may see, and the protocol from end to end."""

import json

import numpy as np
import pytest

from sparseq.errors import InputError
from sparseq.jobs.chorales.experts import N_OUTCOMES, N_PITCHES, Memories
from sparseq.jobs.chorales.key import Keys, shift_of
from sparseq.jobs.chorales.looks import Cell, all_places, cells_in_order, looks, random_orders
from sparseq.jobs.chorales.protocol import RIVALS, crop_of, nats_of
from sparseq.jobs.chorales.rivals import Markov, Uniform, Usual
from sparseq.jobs.chorales.timeline import CENTRE, EDGE, REST, Timeline, relative
from sparseq.jobs.chorales.weights import experts
from sparseq.jobs.evaluate.request import Request
from sparseq.jobs.evaluate.run import run, total_steps

CHORDS = np.array([[72, 67, 64, 48], [74, 67, 62, 55], [72, 69, 65, 53], [71, 67, 62, 55]])


def chorale(n_chords, transposed, rng):
    """Four-step chords in a random order, the first and last the tonic's."""
    order = np.concatenate([[0], rng.integers(0, len(CHORDS), n_chords - 2), [0]])
    return np.repeat(CHORDS[order] + transposed, 4, axis=0)


@pytest.fixture
def library():
    rng = np.random.default_rng(0)
    return tuple(chorale(12, int(t), rng) for t in rng.integers(-4, 5, 10))


def test_pieces_in_other_keys_are_moved_into_one(library):
    keys = Keys(library)
    moved = [np.unique((piece - shift_of(tonic)) % 12) for piece, tonic in zip(library, keys.tonics, strict=True)]
    together = np.unique(np.concatenate(moved))
    assert len(together) <= 7
    assert keys.tonic(library[0] + 2) == (keys.tonics[0] + 2) % 12


def test_a_key_of_nothing_is_the_usual_one(library):
    keys = Keys(library)
    assert keys.tonic(np.zeros(0, np.int64)) == np.bincount(keys.tonics, minlength=12).argmax()


def test_the_timeline_reads_any_distance(library):
    keys = Keys(library)
    line = Timeline(library, keys)
    for sixteenth in range(4):
        rows = line.rows(sixteenth)
        wanted = [
            (piece[t + dt, voice] - shift_of(tonic)) if 0 <= t + dt < len(piece) else EDGE
            for piece, tonic in zip(library, keys.tonics.tolist(), strict=True)
            for t in range(sixteenth, len(piece), 4)
            for voice, dt in [(2, -3)]
        ]
        assert line.codes(rows, sixteenth, 2, -3).tolist() == wanted
        assert set(line.sixteenths(rows, sixteenth) % 4) == {sixteenth}


def test_a_piece_can_be_left_out(library):
    line = Timeline(library, Keys(library))
    assert len(line.rows(0)) - len(line.rows(0, but=3)) == len(library[3]) / 4


def test_intervals_keep_rests_and_edges():
    codes = np.array([60, 64, 55, REST, EDGE], np.uint8)
    assert relative(codes, np.full(5, 60, np.uint8)).tolist() == [CENTRE, CENTRE + 4, CENTRE - 5, REST, EDGE]


def cell_at(piece, step, voice, before, after, now):
    return Cell(piece, step, voice, step % 16, before, after, now)


def test_a_cell_reads_only_what_is_known(library):
    piece = library[0]
    cell = cell_at(piece, 20, 1, [18, 10, 4], [25, 40], (0, 3))
    for look in looks(cell):
        assert look.place in all_places()
        step = 20 + look.dt
        assert step in (18, 10, 4, 25, 40) or (look.dt == 0 and look.voice in (0, 3))


def test_no_note_is_read_twice(library):
    cell = cell_at(library[0], 20, 1, [19, 18, 17, 3], [21, 22, 40], (0, 2, 3))
    notes = [look[1:] for look in looks(cell)]
    assert len(notes) == len(set(notes))
    places = [look.place for look in looks(cell)]
    assert len(places) == len(set(places))


def test_every_note_is_asked_once_and_known_afterwards(library):
    rng = np.random.default_rng(1)
    piece = library[0]
    orders = random_orders(piece.shape, rng)
    known = set()
    for cells in cells_in_order(piece, 0, *orders):
        frame = cells[0].step
        assert set(cells[0].before) | set(cells[0].after) == known
        assert [len(cell.now) for cell in cells] == [0, 1, 2, 3]
        assert sorted(cell.voice for cell in cells) == [0, 1, 2, 3]
        known.add(frame)
    assert len(known) == len(piece)


@pytest.mark.parametrize(
    "build",
    [
        lambda pieces: Memories(pieces, experts()),
        Uniform,
        Usual,
        lambda pieces: Markov(pieces, 1, np.random.default_rng(0)),
        lambda pieces: Markov(pieces, 4, np.random.default_rng(0)),
    ],
)
def test_every_method_gives_honest_probabilities(build, library):
    """They sum to one, forbid nothing, and do not change with what is not known yet."""
    model = build(library)
    piece = library[0].copy()
    altered = piece.copy()
    altered[20, 1:3] = 50, 40
    altered[30] = -1
    states = [([], [], ()), ([], [], (0,)), ([19], [24], ()), ([16, 8], [], (0, 3))]
    for before, after, now in states:
        p = model.probabilities(cell_at(piece, 20, 1, before, after, now))
        assert p.shape == (N_OUTCOMES,)
        assert p.sum() == pytest.approx(1.0)
        assert (p[40:80] > 0).sum() >= 5
        assert np.array_equal(p, model.probabilities(cell_at(altered, 20, 1, before, after, now)))


def test_a_held_note_between_equal_ones_is_certain(library):
    model = Memories(library, experts())
    p = model.probabilities(cell_at(library[0], 1, 0, [0], [2], (1, 2, 3)))
    assert p[library[0][1, 0]] > 0.9


def test_a_rest_is_an_outcome(library):
    resting = library[0].copy()
    resting[8:12, 2] = -1
    model = Memories((*library, resting), experts())
    p = model.probabilities(cell_at(resting, 9, 2, [8], [10], (0, 1, 3)))
    assert p[N_PITCHES] > 0


def test_ours_knows_the_other_keys():
    """In a key that no piece of the library has, ours still foresees far more than the usual pitches of that key do."""
    rng = np.random.default_rng(0)
    pieces = [chorale(12, transposed, rng) for transposed in (0, 2, 4) * 3]
    crop = crop_of(chorale(12, 3, rng), rng)
    assert nats_of(Memories(pieces, experts()), crop).mean() < 0.3 * nats_of(Usual(pieces), crop).mean()


def write_collection(path, parts):
    arrays = {}
    for name, pieces in parts.items():
        arrays[f"{name}_pitch"] = np.concatenate(pieces).astype(np.int8)
        arrays[f"{name}_start"] = np.cumsum([0, *map(len, pieces)])
    np.savez(path, **arrays)
    return str(path)


def test_a_run_by_the_protocol(library, tmp_path):
    rng = np.random.default_rng(3)
    asked = [chorale(8, int(t), rng) for t in (-2, 3)]
    npz = write_collection(tmp_path / "c.npz", {"train": library, "valid": asked})
    told = []
    request = Request("fill", npz, npz, protocol="coconet")
    found = run(request, told.append)
    assert sum(told) == total_steps(request)
    machine = json.loads(json.dumps(found.as_json()))
    assert machine["ours"]["framewise_nll"] == machine["ours"]["nats"]
    assert set(machine["baselines"]) == set(RIVALS)
    assert machine["ours"]["nats"] < min(score["nats"] for score in machine["baselines"].values())
    with pytest.raises(InputError, match="wanted test_pitch"):
        run(Request("fill", npz, npz, split="test", protocol="coconet"), told.append)


def test_the_validation_part_is_learnt_from_too_where_the_test_part_is_asked_about(library, tmp_path):
    npz = write_collection(tmp_path / "c.npz", {"train": library, "valid": library[:3], "test": library[3:4]})
    without = write_collection(tmp_path / "d.npz", {"train": library, "test": library[3:4]})
    for path, split, count in ((npz, "test", 13), (npz, "valid", 10), (without, "test", 10)):
        found = run(Request("fill", path, npz, split=split, protocol="coconet"), lambda n: None)
        assert found.facts["library_pieces"] == count

"""A run from end to end on small libraries, and the shape that machines are promised."""

import io
import json
import sys

import numpy as np
import pytest

from sparseq.errors import FileError, InputError
from sparseq.jobs.baselines.library import Library, Piece
from sparseq.jobs.evaluate.figures import Yardstick
from sparseq.jobs.evaluate.intervals import f1, interval, mean_per_unit, picks
from sparseq.jobs.evaluate.methods import RIVALS
from sparseq.jobs.evaluate.picture import picture
from sparseq.jobs.evaluate.request import Request
from sparseq.jobs.evaluate.run import run, total_steps
from sparseq.jobs.evaluate.sources import read_both, read_chorales
from sparseq.music.score import Note
from sparseq.music.writer import write_midi

SIXTEENTH = 120
PITCHES = (36, 38, 42)


def groove(rng):
    """Eight bars in 4/4: kick on one and three, snare on two and four, hats as the piece likes them."""
    hats = rng.integers(1, 4)
    bits = np.zeros((8, 16, 3), np.uint8)
    bits[:, [0, 8], 0] = 1
    bits[:, [4, 12], 1] = 1
    bits[:, ::hats, 2] = 1
    bits[:, rng.integers(16), 0] = 1
    return bits


def events(bits):
    steps, lanes = np.nonzero(bits.reshape(-1, 3))
    return [(int(step) * SIXTEENTH, PITCHES[lane]) for step, lane in zip(steps, lanes, strict=True)]


@pytest.fixture
def folders(tmp_path):
    rng = np.random.default_rng(0)
    for part, count in (("library", 6), ("on", 4)):
        (tmp_path / part).mkdir()
        for k in range(count):
            notes = [Note(tick, 60, pitch, 90, 9) for tick, pitch in events(groove(rng))]
            (tmp_path / part / f"{k}.mid").write_bytes(write_midi(notes, ppq=480))
    return str(tmp_path / "library"), str(tmp_path / "on")


def groove_npz(path, splits):
    rng = np.random.default_rng(0)
    rows = [(i, *event) for i in range(len(splits)) for event in events(groove(rng))]
    file_id, tick, pitch = np.array(rows).T
    n = len(splits)
    np.savez(
        path,
        files=np.array([f"{k}.mid" for k in range(n)]),
        split=np.array(splits),
        style=np.array(["funk/slow"] * n),
        bpm=np.full(n, 100),
        ts=np.tile([4, 4], (n, 1)),
        n_bars=np.full(n, 8),
        grid_per_quarter=np.full(n, 4),
        file_id=file_id,
        tick=tick,
        pitch=pitch,
        vel=np.full(len(rows), 90),
    )
    return str(path)


def test_folders_and_collections_are_read_alike(folders, tmp_path):
    npz = groove_npz(tmp_path / "g.npz", ["train"] * 6 + ["validation"] * 4)
    from_mid, from_npz = read_both(*folders, "valid"), read_both(npz, npz, "valid")
    assert from_mid.library.lanes == from_npz.library.lanes == ("kick", "snare", "closed_hat")
    for ours, theirs in zip(from_mid.pieces, from_npz.pieces, strict=True):
        assert np.array_equal(ours.bits_bsl, theirs.bits_bsl)
    assert from_npz.library.pieces[0].style == "funk"


def test_a_split_that_is_not_there_is_named(tmp_path):
    npz = groove_npz(tmp_path / "g.npz", ["train"] * 3)
    with pytest.raises(InputError, match="wanted the split 'test', got train"):
        read_both(npz, npz, "test")


def test_what_is_no_collection_is_refused_in_one_line(tmp_path):
    (tmp_path / "x.npz").write_bytes(b"nothing")
    with pytest.raises(FileError, match=r"x\.npz cannot be read"):
        read_chorales(str(tmp_path / "x.npz"), "train")
    np.savez(tmp_path / "y.npz", a=np.zeros(2))
    with pytest.raises(InputError, match="wanted train_pitch and train_start, got a"):
        read_chorales(str(tmp_path / "y.npz"), "train")
    with pytest.raises(InputError, match="wanted drums with file_id"):
        read_both(str(tmp_path / "y.npz"), str(tmp_path / "y.npz"), "valid")


@pytest.mark.parametrize("task", ["stream", "fill"])
def test_a_run_reports_ours_and_every_rival(task, folders):
    told = []
    request = Request(task, *folders)
    found = run(request, told.append)
    assert sum(told) == total_steps(request)
    machine = json.loads(json.dumps(found.as_json()))
    assert set(machine["baselines"]) == set(RIVALS)
    assert machine["pieces"] == 4
    assert machine["seconds"] > 0
    for score in (machine["ours"], *machine["baselines"].values()):
        low, high = score["nats_95"]
        assert low <= score["nats"] <= high
        assert 0 <= score["f1"] <= 1
    assert machine["ours"]["nats"] < machine["baselines"]["uniform"]["nats"]
    assert {"density", "phase_kl", "groove_consistency", "longest_copy_bars", "copied_bars"} <= set(machine["ours"])


def test_the_same_seed_gives_the_same_figures(folders):
    one, two = (run(Request("fill", *folders, seed=3), lambda n: None).as_json() for _ in range(2))
    for found in (one, two):
        del found["seconds"]
    assert one == two


@pytest.mark.parametrize("task", ["stream", "fill"])
def test_numbers_chosen_on_the_library_are_reported(task, folders):
    found = run(Request(task, *folders, calibrate=True), lambda n: None).as_json()
    assert found["calibration"]["nats"] <= found["calibration"]["nats_before"]
    with pytest.raises(InputError, match="wanted no calibration"):
        Request("fill", *folders, protocol="coconet", calibrate=True)


def test_a_run_can_be_drawn(folders):
    from PIL import Image

    found = run(Request("fill", *folders), lambda n: None)
    image = Image.open(io.BytesIO(picture(found)))
    assert image.format == "PNG"
    assert len(image.getcolors(1 << 20)) > 4


def test_without_pillow_one_line_says_how_to_get_it(monkeypatch, folders):
    found = run(Request("fill", *folders), lambda n: None)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(InputError, match=r"Pillow; get it with: pip install 'sparseq\[plot\]'"):
        picture(found)


def test_coconet_is_a_protocol_of_fill():
    with pytest.raises(InputError, match="wanted the task fill"):
        Request("stream", "a", "b", protocol="coconet")


def test_an_interval_holds_the_figure_and_narrows_with_pieces():
    rng = np.random.default_rng(0)
    widths = []
    for n in (10, 1000):
        sums = np.column_stack([rng.normal(2.0, 0.5, n), np.ones(n)])
        low, high = interval(mean_per_unit, sums, picks(n, rng))
        assert low < 2.0 < high or n == 10
        widths.append(high - low)
    assert widths[1] < 0.3 * widths[0]


def test_f1_of_pooled_sums():
    assert f1(np.array([[3.0, 4.0, 5.0], [0.0, 0.0, 0.0]])).tolist() == [2 * 3 / 9, 0.0]


def test_figures_of_the_library_itself_and_of_copies():
    rng = np.random.default_rng(0)
    pieces = tuple(Piece(str(k), "", groove(rng)) for k in range(4))
    yardstick = Yardstick(Library(pieces, ("kick", "snare", "closed_hat"), 4, (4, 4)))
    copied = yardstick.figures([pieces[0].bits_bsl])
    assert copied.copied_bars == 1.0
    assert copied.longest_copy_bars == 8.0
    assert copied.groove_consistency == 1.0
    itself = yardstick.figures([piece.bits_bsl for piece in pieces], copies=False)
    assert itself.phase_kl == pytest.approx(0.0)
    assert itself.histogram_overlap == pytest.approx(1.0)
    inverted = yardstick.figures([1 - pieces[0].bits_bsl])
    assert inverted.copied_bars == 0.0
    assert inverted.phase_kl > 0.1

import subprocess
import sys

import numpy as np
import pytest

from sparseq.domains.mario import TILES, render_level
from sparseq.domains.mario_metrics import measure
from sparseq.errors import InputError
from sparseq.jobs import lab_own
from sparseq.jobs.lab_mario import N_COLUMNS, N_PIPELINES, LevelMaker, compare, load_levels

needs_parsers = pytest.mark.skipif(
    subprocess.run([sys.executable, "-c", "import yaml, hcl2"], check=False, capture_output=True).returncode != 0,
    reason="the real parsers are of the extra lab",
)


@pytest.fixture(scope="module")
def maker() -> LevelMaker:
    return LevelMaker(load_levels())


def test_streamed_levels_have_floors_and_one_start(maker: LevelMaker) -> None:
    for seed in range(4):
        level = maker.stream(N_COLUMNS, seed)
        assert (level[:, -1] == TILES.index("X")).mean() > 0.8
        assert render_level(level).count("M") <= 1


def test_filled_levels_have_whole_pipes_and_the_mix_of_the_examples(maker: LevelMaker) -> None:
    found = [measure(maker.fill(seed=seed), maker.levels) for seed in range(4)]
    assert np.mean([each["pipes"] for each in found]) > 0.9
    assert np.mean([each["l2"] for each in found]) < 0.5
    assert np.mean([each["histogram_kl"] for each in found]) < 0.05


def test_a_repaired_part_leaves_the_rest_as_it_is(maker: LevelMaker) -> None:
    level = maker.levels[0]
    mask = np.zeros(level.shape, bool)
    mask[20:30, 3:] = True
    made = maker.fill(level, mask, seed=1)
    assert (made[~mask] == level[~mask]).all()
    assert (made == maker.fill(level, mask, seed=1)).all()
    assert any((made != maker.fill(level, mask, seed=seed)).any() for seed in (2, 3, 4))


def test_a_level_of_another_height_is_refused(maker: LevelMaker) -> None:
    with pytest.raises(InputError, match="wanted 14 rows as in the examples, got 3"):
        maker.fill(np.zeros((5, 3), np.uint16))


def test_the_comparison_is_of_every_pipeline_and_ours_is_nearer() -> None:
    found = dict(compare(load_levels()))
    assert len(found) == N_PIPELINES
    assert {"stream", "fill", "original_stream", "original_fill", "markov1", "uniform", "corpus"} <= set(found)
    assert max(found["stream"]["l2"], found["fill"]["l2"]) < 0.5 < found["original_fill"]["l2"]
    assert found["uniform"]["l2"] == pytest.approx(3.353, abs=0.001)  # does not depend on the corpus
    assert all(each["seconds"] >= 0.0 for each in found.values())


@needs_parsers
@pytest.mark.parametrize("examples", ["kubernetes", "terraform"])
def test_new_configs_parse_and_keep_the_hierarchy(examples: str) -> None:
    from sparseq.jobs.lab_configs import House, evaluate

    found = evaluate(House(examples), 40, seed=1)
    assert found["parse"] >= 0.95
    assert found["hierarchy"] >= 0.95
    assert found["new"] > 0.5


@needs_parsers
def test_a_repaired_config_parses_and_keeps_all_other_lines() -> None:
    from sparseq.jobs.lab_configs import House

    house = House("kubernetes")
    rows = house.domain.texts["checkout.yaml"].splitlines()
    broken = [*rows[:9], "  replicas: [", *rows[10:]]
    made = house.repair("\n".join(broken), [9], seed=1)
    assert house.merit("\n".join(broken)) == (False, False)
    assert house.merit(made) == (True, True)
    assert made.splitlines()[:9] + made.splitlines()[10:] == rows[:9] + rows[10:]


@needs_parsers
def test_a_begun_config_is_completed_under_its_own_name() -> None:
    from sparseq.jobs.lab_configs import House

    begun = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: payments\n  namespace: shop\n"
    house = House("kubernetes")
    made = house.generate(3, begun)
    assert made.startswith(begun)
    assert house.merit(made) == (True, True)
    assert made.count("payments") > 2


def test_streamed_logs_are_in_order_and_start_where_asked() -> None:
    pytest.importorskip("drain3", reason="templates are mined with drain3, of the extra lab")
    from sparseq.domains.log_lines import read_line
    from sparseq.jobs.lab_logs import Logbook, load_logs

    book = Logbook(load_logs())
    made = book.stream(30, 1, "circuit open")
    times = [read_line(row).micros for row in made]
    assert "circuit open" in made[0]
    assert times == sorted(times)
    assert made == book.stream(30, 1, "circuit open")
    with pytest.raises(InputError, match="which is in none"):
        book.stream(3, 1, "no such text")


def test_a_filled_gap_in_a_log_keeps_all_other_lines_and_the_order_of_time() -> None:
    pytest.importorskip("drain3", reason="templates are mined with drain3, of the extra lab")
    from sparseq.domains.log_lines import read_line
    from sparseq.jobs.lab_logs import Logbook, load_logs

    sources = load_logs()
    rows = sources["shop.log"].decode().splitlines()[:80]
    made = Logbook(sources).fill("\n".join(rows), [*range(30, 40), 60], 2)
    assert [row for k, row in enumerate(made) if not (30 <= k < 40 or k == 60)] == rows[:30] + rows[40:60] + rows[61:]
    times = [read_line(row).micros for row in made]
    assert times == sorted(times)


def test_the_next_template_is_foreseen_better_than_by_a_markov_chain() -> None:
    pytest.importorskip("drain3", reason="templates are mined with drain3, of the extra lab")
    from sparseq.jobs.lab_logs import evaluate, load_logs

    found = evaluate(load_logs())
    assert found["accuracy"] > found["markov1"]


def bricks(height: int = 96, width: int = 128) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    joint = (y % 16 < 2) | ((x + y // 16 % 2 * 16) % 32 < 2)
    noise = np.random.default_rng(1).normal(0, 6, (height, width))
    return np.clip(np.where(joint[..., None], (190, 185, 175), (150, 70, 50)) + noise[..., None], 0, 255).astype(
        np.uint8
    )


def test_a_filled_image_keeps_the_rest_and_its_bricks_go_on() -> None:
    pytest.importorskip("sklearn", reason="codebooks are clustered with scikit-learn, of the extra lab")
    from sparseq.jobs.lab_tiles import Box, fill_image

    image = bricks()
    blind = image.copy()
    blind[32:64, 40:80] = 0  # what is in the hole must not matter
    made = [fill_image(each, Box(40, 32, 40, 32), seed=1).pixels for each in (image, blind)]
    hole = np.zeros(image.shape[:2], bool)
    hole[32:64, 40:80] = True
    assert (made[0] == made[1]).all()
    assert (made[0][~hole] == image[~hole]).all()
    assert np.abs(made[0].astype(int) - image).mean(2)[hole].mean() < 25  # a flat fill is 30 away, another phase 45


def test_a_texture_has_the_size_and_the_colours_of_its_example() -> None:
    pytest.importorskip("sklearn", reason="codebooks are clustered with scikit-learn, of the extra lab")
    from sparseq.jobs.lab_tiles import contact_sheet, make_texture

    made = make_texture([bricks()], 70, 50, seed=2)
    assert made.pixels.shape == (50, 70, 3)
    assert np.abs(made.pixels.mean((0, 1)) - bricks().mean((0, 1))).max() < 15
    assert contact_sheet(made.steps).shape[2] == 3


@pytest.mark.parametrize("box", ["1,2,3", "a,b,c,d", "-1,0,3,3", ""])
def test_a_box_that_is_none_is_refused(box: str) -> None:
    from sparseq.jobs.lab_tiles import parse_box

    with pytest.raises(InputError, match="wanted X,Y,WIDTH,HEIGHT"):
        parse_box(box)


def test_a_domain_that_no_package_adds_is_refused_with_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_own, "installed_domains", lambda: {"knitting": None})
    with pytest.raises(InputError, match=r"\(knitting\), got 'sewing'"):
        lab_own.open_domain("sewing", ".")

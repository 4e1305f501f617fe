"""Each filled bar is said to lean on bars that are there, by shares that are shares."""

import json

import pytest

from sparseq.jobs.choice import Choice
from sparseq.jobs.examples import Examples
from sparseq.jobs.explain import MOST_SOURCES, explain
from sparseq.jobs.fill import Filler
from sparseq.jobs.filling import FillSettings
from sparseq.jobs.hole import dig_hole
from sparseq.music.smf import parse

NONE = Examples((), ())


@pytest.fixture(scope="module")
def hole(rock_bytes):
    return dig_hole(parse(rock_bytes(6, without=[3]), "b.mid"), Choice("2-3,5"))


def reports(hole, examples=NONE, **settings):
    filler = Filler(hole, examples.used, FillSettings(1, **settings))
    filling = filler.fill()
    return explain(filler, filling), filling


@pytest.mark.parametrize("own_weight", [1, 60])
def test_every_filled_bar_is_reported_with_real_bars_and_shares(hole, few, own_weight):
    bars_of = {example.name: len(example.grid(hole.grid.lanes).bars) for example in few.used} | {"": 6}
    found, _ = reports(hole, few, own_weight=own_weight)
    assert [report.bar for report in found] == [2, 3, 5]
    for report in found:
        assert 0 < len(report.sources) <= MOST_SOURCES
        assert all(1 <= source.bar <= bars_of[source.loop] for source in report.sources)
        weights = [source.weight for source in report.sources]
        assert weights == sorted(weights, reverse=True)
        assert 0 < sum(weights) <= 1 + 1e-9
        assert 0 <= report.longest_copy_steps <= 16
        assert report.log_likelihood <= 0


def test_a_file_alone_leans_on_itself_and_not_on_what_is_filled(hole):
    for report in reports(hole)[0]:
        assert {(source.loop, source.bar in (1, 4, 6)) for source in report.sources} == {("", True)}
        assert sum(source.weight for source in report.sources) == pytest.approx(1)


def test_own_bars_that_weigh_little_leave_room_for_the_loops(hole, few):
    share = [
        sum(
            source.weight
            for report in reports(hole, few, own_weight=weight)[0]
            for source in report.sources
            if source.loop
        )
        for weight in (1 << 20, 1)
    ]
    assert share[0] < share[1]


def test_a_copy_is_named_with_where_it_begins(hole):
    for report in reports(hole, greedy=True)[0]:
        assert (report.longest_copy_steps, report.copied_from.loop) == (16, "")
        assert report.copied_from.bar in (1, 4, 6)
        assert report.copied_from.weight == 1.0


def test_the_bars_likelihoods_make_up_the_whole(hole, few):
    found, filling = reports(hole, few)
    assert sum(report.log_likelihood for report in found) / 3 == pytest.approx(filling.log_likelihood)


def test_a_report_is_plain_data_for_json(hole, few):
    (first, *_), _ = reports(hole, few)
    plain = json.loads(json.dumps(first.as_dict(), allow_nan=False))
    assert set(plain) == {"bar", "sources", "longest_copy_steps", "copied_from", "log_likelihood", "parts"}
    assert set(plain["sources"][0]) == {"loop", "bar", "weight"}

import dataclasses
import json

import pytest

from sparseq.jobs.bench.growth import EPSILON, USUAL
from sparseq.jobs.bench.report import label, power

RATIOS = {
    *("stream_drums", "fill_drums", "stream_mario", "fill_mario"),
    *("dense_over_sparse_2048", "dense_over_sparse_2048_causal", "dense_over_sparse_2048_causal_window_128"),
    *("cached_over_full", "decode_1e7_over_1e4"),
}


@pytest.fixture(scope="module")
def found(report):
    return json.loads(json.dumps(report.as_json(), allow_nan=False))


def test_the_json_holds_what_it_promises(found):
    assert set(found) == {
        *("ratios", "microseconds", "noise", "machine", "certificate"),
        *("bytes_per_row", "growth_rows"),
    }
    assert set(found["ratios"]) == RATIOS
    assert found["growth_rows"] == 1000


def test_ratios_are_quotients_of_the_microseconds_printed(found, report):
    for name, (above, below) in report.quotients().items():
        us = found["microseconds"]
        assert found["ratios"][name] == pytest.approx(us[above] / us[below], rel=1e-2, abs=1e-3)
    assert set(report.quotients()) == RATIOS


def test_every_ratio_is_of_the_peer_over_ours(report):
    assert report.quotients() == {
        "stream_drums": ("vector_stream_drums_3_us", "slots_stream_drums_3_us"),
        "fill_drums": ("vector_fill_drums_3_us", "slots_fill_drums_3_us"),
        "stream_mario": ("vector_stream_mario_15_us", "slots_stream_mario_15_us"),
        "fill_mario": ("vector_fill_mario_15_us", "slots_fill_mario_15_us"),
        "dense_over_sparse_2048": ("dense_16_us", "sparse_16_us"),
        "dense_over_sparse_2048_causal": ("dense_causal_16_us", "sparse_causal_16_us"),
        "dense_over_sparse_2048_causal_window_128": ("dense_causal_16_us", "sparse_causal_window_128_16_us"),
        "cached_over_full": ("full_forward_us", "cached_us"),
        "decode_1e7_over_1e4": ("sparse_decode_1e3_us", "sparse_decode_1e2_us"),
    }


def test_every_figure_has_its_unit_and_its_noise(found, report):
    assert set(found["noise"]) == set(found["microseconds"])
    for name, us in found["microseconds"].items():
        assert name.endswith("_us")
        assert us > 0
    for name, noise_us in found["noise"].items():
        assert noise_us is None if report.all_timings()[name].n_calls == 1 else noise_us >= 0
    assert found["noise"]["full_forward_us"] is None, "one call has no spread"


def test_the_certificate_tells_of_every_library(found, report):
    certificate = found["certificate"]
    assert certificate["epsilon"] == EPSILON
    assert certificate["held"] is True
    assert set(certificate["libraries"]) == {label(growth) for growth in report.growth} >= {"1e2", "1e3"}
    bounds = [library["largest_bound"] for library in certificate["libraries"].values()]
    assert certificate["largest_bound"] == max(bounds)


def test_a_broken_promise_of_one_size_is_told(report):
    broken = [*report.growth[:-1], report.growth[-1]._replace(held=False)]
    assert dataclasses.replace(report, growth=broken).as_json()["certificate"]["held"] is False


def test_powers_of_ten_are_short_and_other_numbers_whole():
    assert [power(n) for n in (10_000, 10**7, 1, 120, 2000)] == ["1e4", "1e7", "1e0", "120", "2000"]


def test_a_sharpness_is_named_where_it_is_not_the_usual_one(report):
    growth = report.growth[0]._replace(n_rows=10**7)
    assert label(growth._replace(sharpness=USUAL)) == "1e7"
    assert label(growth._replace(sharpness=8 * USUAL)) == f"1e7_sharpness_{8 * USUAL:g}"

import numpy as np
import pytest

from sparseq.jobs.bench.growth import EPSILON, measure_growth, skipped_share
from sparseq.jobs.bench.libraries import shipped_library


@pytest.fixture(scope="module")
def grown(tiny):
    return measure_growth(shipped_library(), tiny, lambda _: None)


def test_every_size_is_measured_by_search_and_by_scan(grown, tiny):
    assert tuple(growth.n_rows for growth in grown) == tiny.growth_rows
    for growth in grown:
        assert (growth.sparse.n_calls, growth.scan.n_calls) == (tiny.growth_queries, tiny.scan_queries)
        assert 0 < growth.rows_touched <= growth.n_merged <= growth.n_rows


def test_the_certificate_holds_against_the_scan(grown):
    for growth in grown:
        assert growth.held
        assert 0 <= growth.largest_skipped <= growth.largest_bound <= EPSILON


def test_a_row_takes_at_least_a_byte_for_each_slot(grown):
    n_slots = shipped_library().keys_ns.shape[1]
    assert all(growth.bytes_per_row >= n_slots for growth in grown)


def test_the_skipped_share_is_exact_where_floats_would_round():
    everything = np.array([1 << 62, 3], np.uint64)
    assert skipped_share(everything, np.array([1 << 62, 3], np.uint64)) == 0.0
    assert skipped_share(everything, np.array([1 << 62, 2], np.uint64)) == pytest.approx(2.0**-62)
    assert skipped_share(everything, np.array([0, 3], np.uint64)) == pytest.approx(1.0)

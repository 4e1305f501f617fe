import numpy as np
import pytest

from sparseq.jobs.bench.growth import EPSILON, SHARPNESS, USUAL, Certificate, measure_growth
from sparseq.jobs.bench.libraries import shipped_library


@pytest.fixture(scope="module")
def grown(tiny):
    return measure_growth(shipped_library(), tiny, lambda _: None)


def test_every_size_is_measured_by_search_and_by_scan_at_the_usual_sharpness_and_at_sharper_ones(grown, tiny):
    assert [(g.n_rows, g.sharpness) for g in grown] == [(n, s) for n in tiny.growth_rows for s in SHARPNESS]
    assert SHARPNESS[0] == USUAL == min(SHARPNESS)
    for growth in grown:
        assert (growth.sparse.n_calls, growth.scan.n_calls) == (tiny.growth_queries, tiny.scan_queries)
        assert 0 < growth.rows_touched <= growth.n_merged <= growth.n_rows
        assert growth.nats > 0


def test_the_certificate_holds_against_the_scan(grown):
    for growth in grown:
        assert growth.held
        assert 0 <= growth.largest_skipped <= growth.largest_bound <= EPSILON


def test_a_row_takes_at_least_a_byte_for_each_slot(grown):
    n_slots = shipped_library().keys_ns.shape[1]
    assert all(growth.bytes_per_row >= n_slots for growth in grown)


def masses(*mass_v):
    return np.array(mass_v, np.uint64)


def test_a_certificate_is_checked_in_whole_numbers_where_floats_would_round():
    everything = masses(1 << 62, 3)
    assert Certificate.of(everything, everything, 0) == (0.0, 0.0, True)
    assert Certificate.of(masses(1 << 62, 2), everything, 1) == (2.0**-62, 2.0**-62, True)
    assert not Certificate.of(masses(1 << 62, 2), everything, 0).held


@pytest.mark.parametrize(
    ("found", "bound", "held"),
    [(999_999, 1, False), (2_000_000, 2, True), (2_000_000, 3, False)],
)
def test_a_bound_of_more_than_a_millionth_of_the_mass_found_is_a_broken_promise(found, bound, held):
    assert Certificate.of(masses(found), masses(found), bound).held is held


def test_finding_more_than_there_is_is_a_broken_promise():
    assert not Certificate.of(masses(11), masses(10), 0).held

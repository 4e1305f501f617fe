import numpy as np
import pytest

from sparseq.jobs.bench.libraries import shipped_library
from sparseq.kernel.checks import EDGE


@pytest.fixture(scope="module")
def base():
    return shipped_library()


def test_the_shipped_contexts_go_round_and_tell_strokes_from_rests(base):
    assert len(base.keys_ns) == len(base.values_n) > 1000
    assert base.keys_ns.max() < EDGE
    assert np.unique(base.values_n).tolist() == [0, 1]
    assert base.keys_ns.shape[1] == len(base.spec.weights)


def test_a_jittered_library_takes_each_slot_from_that_slot_and_a_tenth_of_them_from_elsewhere(base):
    first_rows = base._replace(
        keys_ns=np.arange(500 * 50, dtype=np.uint16).reshape(500, 50), values_n=base.values_n[:500]
    )
    library = first_rows.jittered(2000, 1)
    rows, slots = np.divmod(library.keys_ns, 50)
    assert library.keys_ns.shape == (2000, 50)
    assert (slots == np.arange(50)).all()
    home = np.array([np.bincount(row).argmax() for row in rows])
    assert 0.08 < (rows != home[:, None]).mean() < 0.12
    np.testing.assert_array_equal(library.values_n, first_rows.values_n[home])


def test_a_library_follows_its_seed_and_is_not_all_equal(base):
    one, again, other = base.jittered(500, 1), base.jittered(500, 1), base.jittered(500, 2)
    np.testing.assert_array_equal(one.keys_ns, again.keys_ns)
    np.testing.assert_array_equal(one.values_n, again.values_n)
    assert not np.array_equal(one.keys_ns, other.keys_ns)
    assert one.rows().n_rows > 300


def test_merged_rows_stand_for_all_rows(base):
    rows = base.jittered(3000, 1).rows()
    assert rows.counts_n.sum() == 3000

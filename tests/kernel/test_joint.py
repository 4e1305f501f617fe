"""Many rows are measured several slots to a byte: what is found is what the twin finds slot by slot."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparseq.kernel import _joint, load
from sparseq.kernel.checks import EDGE, MASK
from sparseq.kernel.model import slot_model
from sparseq.kernel.rows import merge_rows

MANY = 5000
"""Rows enough to be joined, however few of them are equal."""


def many_rows(rng, n_codes):
    """Rows of slots with so many codes each, spread over the alphabet, edges and unknown cells among them."""
    columns = [rng.permutation(250)[:n][rng.integers(0, n, MANY)] for n in n_codes]
    keys = np.stack(columns, axis=1)
    strange = rng.random(keys.shape)
    keys[strange > 0.999] = EDGE
    keys[strange < 0.001] = MASK
    return merge_rows(keys, rng.integers(0, 3, MANY), 3, 250)


def queries_of(rng, rows):
    """Key codes: of rows, of no row at all, and with slots that are not known."""
    seen = rows.keys_sn[:, rng.integers(0, rows.n_rows, 3)].T.astype(np.int32)
    seen[seen == 255] = -1
    unseen = rng.integers(0, 250, (2, len(rows.keys_sn))).astype(np.int32)
    unknown = np.where(rng.random(unseen.shape) < 0.5, -1, seen[:2])
    return [*seen, *unseen, *unknown, np.full(len(rows.keys_sn), -1, np.int32)]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1 << 32), st.lists(st.sampled_from([1, 2, 2, 2, 3, 7, 16, 29]), min_size=4, max_size=30))
def test_distances_and_masses_are_the_twins(seed, n_codes):
    rng = np.random.default_rng(seed)
    rows = many_rows(rng, n_codes)
    weights = rng.integers(0, 8, len(n_codes))
    similarity = {0: rng.integers(0, weights[0] + 1, (100, 100)), 2: rng.integers(0, weights[2] + 1, (250, 250))}
    model = slot_model(weights, 0.5, similarity=similarity)
    native, reference = (load(name).head(rows, model, own_capacity=3) for name in ("native", "reference"))
    for head in (native, reference):
        head.append(queries_of(np.random.default_rng(seed), rows)[0], 1, 7)
    for query in queries_of(rng, rows):
        np.testing.assert_array_equal(native.distances(query), reference.distances(query))
        (mass, least), (wanted, wanted_least) = native.masses(query), reference.masses(query)
        assert (mass.tolist(), least) == (wanted.tolist(), wanted_least)
        assert native.search(query)[0].tolist() == reference.search(query)[0].tolist()


@given(st.lists(st.integers(1, 256), max_size=60))
def test_slots_share_bytes_that_have_room_for_all_their_codes(n_codes):
    lines = _joint.shared_out(n_codes)
    assert sorted(slot for line in lines for slot in line) == list(range(len(n_codes)))
    assert all(np.prod([n_codes[slot] for slot in line]) <= 256 for line in lines)


def test_slots_of_two_codes_go_by_the_eight():
    assert len(_joint.shared_out([2] * 48)) == 6
    assert len(_joint.shared_out([2] * 45 + [29, 16, 6])) == 8


@pytest.mark.parametrize(("n_codes", "n_lines"), [([2] * 16, 2), ([16, 16, 16, 16], 2), ([17, 17, 17, 17], 0)])
def test_slots_are_joined_where_that_saves_half(n_codes, n_lines):
    keys = np.stack([np.arange(64) % n for n in n_codes]).astype(np.uint8)
    assert _joint.JointKeys(keys, 64).n_lines == n_lines


def test_heads_over_the_same_rows_share_their_joint_keys():
    rows = many_rows(np.random.default_rng(1), [2] * 16)
    for sharpness in (0.1, 0.5):
        load("native").head(rows, slot_model([3] * 16, sharpness))
    assert len(rows.joint) <= 1, "none where the processor does not look bytes up"

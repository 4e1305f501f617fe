"""Searching a large library finds what a scan of all rows finds, but for a share of the mass that it bounds."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparseq.kernel import load
from sparseq.kernel.api import NO_ORIGIN, NOISE_ROWS
from sparseq.kernel.checks import EDGE, MASK
from sparseq.kernel.layout import make_layout
from sparseq.kernel.model import slot_model
from sparseq.kernel.rows import merge_rows
from sparseq.kernel.sampling import Sampling
from sparseq.kernel.spread import is_searched, spread_of

ALWAYS, NEVER = 0, 1 << 40
EPSILONS = [0.0, 1e-6, 1e-2, 0.5]


@dataclass
class Library:
    """Rows with the grain of real ones: few patterns, each with many small variations."""

    rows: object
    model: object
    queries: list  # key codes, -1 for unknown
    own: list  # (query, value, origin)
    own_weight: int

    def head(self, kernel, epsilon, search_rows=ALWAYS):
        head = kernel.head(
            self.rows,
            self.model,
            own_capacity=len(self.own),
            own_weight=self.own_weight,
            epsilon=epsilon,
            search_rows=search_rows,
        )
        for query, value, origin in self.own:
            head.append(query, value, origin)
        return head


def as_query(rng, key, alphabet, unknown):
    """Return a context in grid codes as a query in key codes, some of its slots unknown."""
    edge = 254 if alphabet <= 254 else 65534
    query = np.where(key == EDGE, edge, key).astype(np.int32)
    query[(key == MASK) | (rng.random(len(key)) < unknown)] = -1
    return query


def library(seed, *, n=None, n_slots=None, alphabet=None, top=None, tables=None, sharpness=40.0):
    rng = np.random.default_rng(seed)
    n = int(rng.choice([1, 2, 64, 65, 700, 3000])) if n is None else n
    n_slots = int(rng.integers(1, 12)) if n_slots is None else n_slots
    alphabet = int(rng.choice([2, 3, 60, 300])) if alphabet is None else alphabet
    top = int(rng.choice([3, 20, 4000])) if top is None else top
    n_values = min(int(rng.choice([1, 2, 9])), alphabet)
    patterns = rng.integers(0, alphabet, (max(n // 30, 1), n_slots))
    keys = patterns[rng.integers(0, len(patterns), n)]
    change = rng.random(keys.shape)
    keys = np.where(change < 0.15, rng.integers(0, alphabet, keys.shape), keys)
    keys[change > 0.99], keys[(change > 0.98) & (change <= 0.99)] = EDGE, MASK
    weights = rng.integers(1, top + 1, n_slots)
    similarity = {}
    for slot in range(n_slots):
        if alphabet <= 60 and (rng.random() < 0.2 if tables is None else tables):
            similarity[slot] = rng.integers(0, weights[slot] + 1, (alphabet, alphabet))
    asked = np.concatenate([keys[:3], patterns[:2], rng.integers(0, alphabet, (2, n_slots))])
    unknown = [0.0, 0.0, 0.3, 0.0, 0.6, 0.0, 1.0]
    queries = [as_query(rng, key, alphabet, share) for key, share in zip(asked, unknown[-len(asked) :], strict=True)]
    return Library(
        rows=merge_rows(keys, rng.integers(0, n_values, n), n_values, alphabet, None, weights),
        model=slot_model(weights, min(sharpness / float(weights.sum()), 100.0), similarity=similarity),
        queries=queries,
        own=[(query, i % n_values, -1 - i) for i, query in enumerate(queries[: int(rng.integers(0, 4))])],
        own_weight=int(rng.choice([1, 1000])),
    )


libraries = st.builds(library, st.integers(0, 1 << 32), sharpness=st.sampled_from([40.0, 120.0, 400.0, 3000.0]))
wide_libraries = st.builds(
    library,
    st.integers(0, 1 << 32),
    alphabet=st.just(300),
    top=st.just(4000),
    n=st.sampled_from([65, 3000]),
    sharpness=st.sampled_from([120.0, 400.0]),
)


@pytest.fixture(params=["native", "reference"])
def kernel(request):
    return load(request.param)


def total(mass_v):
    return int(mass_v.astype(object).sum())


@given(libraries)
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("name", ["native", "reference"])
def test_with_epsilon_0_a_search_is_the_scan_bit_for_bit(name, case):
    searched, scanned = case.head(load(name), 0.0), case.head(load(name), 0.0, NEVER)
    for query in case.queries:
        (mass, least, skipped, _), (all_mass, all_least) = searched.search(query), scanned.masses(query)
        assert (mass.tolist(), least, skipped) == (all_mass.tolist(), all_least, 0)
        assert searched.probabilities(query).tobytes() == scanned.probabilities(query).tobytes()


@given(libraries, st.sampled_from(EPSILONS))
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("name", ["native", "reference"])
def test_the_mass_left_out_is_within_the_certificate_and_that_within_epsilon(name, case, epsilon):
    head = case.head(load(name), epsilon)
    for query in case.queries:
        mass, least, skipped, n_read = head.search(query)
        everything, nearest = head.masses(query)
        assert least == nearest
        assert total(everything) - total(mass) <= skipped
        assert float(skipped) <= epsilon * float(total(mass))
        assert (mass <= everything).all()
        assert n_read <= case.rows.n_rows + len(case.own)


@given(st.one_of(libraries, wide_libraries), st.sampled_from(EPSILONS))
@settings(max_examples=120, deadline=None)
def test_native_search_is_the_reference_rule_bit_for_bit(case, epsilon):
    native, reference = (case.head(load(name), epsilon) for name in ("native", "reference"))
    assert native.is_searched == reference.is_searched
    for query in case.queries:
        (mass, *rest, _), (wanted, *wanted_rest, _) = native.search(query), reference.search(query)
        assert (mass.tolist(), rest) == (wanted.tolist(), wanted_rest)
        assert native.probabilities(query).tobytes() == reference.probabilities(query).tobytes()


def test_the_drawn_libraries_are_searched():
    """The properties above would hold for scans too: most of what they draw must be searches."""
    cases = [library(seed, sharpness=sharpness) for seed in range(40) for sharpness in (120.0, 400.0)]
    assert np.mean([case.head(load("native"), 1e-6).is_searched for case in cases]) > 0.6


@pytest.mark.parametrize(("n", "alphabet", "top"), [(20_000, 2, 20), (20_000, 60, 20), (20_000, 300, 4000)])
def test_a_search_reads_a_part_of_the_rows(n, alphabet, top):
    case = library(7, n=n, n_slots=11, alphabet=alphabet, top=top, tables=False, sharpness=400.0)
    head = case.head(load("native"), 1e-6)
    assert head.is_searched
    for query in case.queries[:3]:
        assert head.search(query)[3] < 0.2 * case.rows.n_rows


@pytest.mark.parametrize("name", ["native", "reference"])
def test_a_search_in_vain_and_the_scans_after_it_give_the_same(name):
    """Queries that know nothing matter to every row: the native search gives up, and scans for some queries on."""
    case = library(3, n=3000, n_slots=9, alphabet=3, top=20, sharpness=400.0)
    nothing = np.full(9, -1, np.int32)
    fresh = [case.head(load(name), 1e-3).search(query) for query in case.queries]
    head = case.head(load(name), 1e-3)
    for _ in range(5):
        mass, least, skipped, n_read = head.search(nothing)
        assert (mass.tolist(), least, skipped) == (head.masses(nothing)[0].tolist(), 0, 0)
        assert n_read == case.rows.n_rows + len(case.own)
    for query, (wanted, *wanted_rest, _) in zip(case.queries * 20, fresh * 20, strict=True):
        mass, *rest, _ = head.search(query)
        assert (mass.tolist(), rest) == (wanted.tolist(), wanted_rest)


def test_heads_of_other_weights_may_share_the_rows_index():
    """The tree is grown for the first head's weights; bounds must hold for any."""
    case = library(11, n=3000, n_slots=8, alphabet=3, top=20, sharpness=400.0)
    case.head(load("native"), 1e-6).search(case.queries[0])
    other = slot_model(case.model.weights_s[::-1].copy(), case.model.sharpness)
    kwargs = {"epsilon": 1e-6, "search_rows": ALWAYS}
    native, reference = (load(name).head(case.rows, other, **kwargs) for name in ("native", "reference"))
    assert native.is_searched
    for query in case.queries:
        assert native.search(query)[0].tolist() == reference.search(query)[0].tolist()


def test_one_row_is_searched(kernel):
    rows = merge_rows([[1, 2]], [1], 2, 3)
    head = kernel.head(rows, slot_model([10, 10], 4.0), search_rows=ALWAYS)
    assert head.is_searched
    mass, least, skipped, n_read = head.search(np.array([1, 0], np.int32))
    assert (mass.tolist(), least, skipped, n_read) == ([0, 1 << 36], 10, 0, 1)


def test_no_rows_are_not_searched(kernel):
    head = kernel.head(merge_rows(np.zeros((0, 2), int), [], 2, 3), slot_model([10, 10], 4.0), search_rows=ALWAYS)
    assert not head.is_searched
    assert head.search(np.array([1, 0], np.int32))[0].tolist() == [0, 0]


def test_rows_that_differ_only_where_nothing_weighs_are_searched(kernel):
    """No slot of any weight tells them apart: the tree must end all the same."""
    keys = np.arange(900)[:, None] // np.array([30, 1000]) % 30 + np.array([0, 1])
    rows = merge_rows(keys, np.arange(900) % 7, 7, 60)
    model = slot_model([0, 10], 10.0)
    head = kernel.head(rows, model, search_rows=ALWAYS)
    mass, least, skipped, _ = head.search(np.array([4, 1], np.int32))
    assert head.is_searched
    assert (least, skipped, total(mass)) == (0, 0, 900 << 36)


def test_many_codes_in_a_slot_are_searched(kernel):
    """More codes than a strip has entries."""
    keys = np.stack([np.arange(4000) % 1000, np.arange(4000) // 1000], axis=1)
    head = kernel.head(merge_rows(keys, keys[:, 0] % 5, 5, 1000), slot_model([10, 3], 8.0), search_rows=ALWAYS)
    for code in (0, 63, 64, 65, 999):
        mass, least, *_ = head.search(np.array([code, 2], np.int32))
        assert least == 0
        assert mass[code % 5] >= 1 << 36


def test_scans_are_left_to_small_libraries_and_soft_softmaxes():
    rows, sharp, soft = merge_rows([[0, 0], [1, 1]], [0, 1], 2, 2), slot_model([10, 10], 6.0), slot_model([10, 10], 0.1)
    assert is_searched(sharp, rows, 1e-6, 2)
    assert not is_searched(sharp, rows, 1e-6, 3)
    assert not is_searched(soft, rows, 1e-6, 2)


@given(st.floats(0.05, 20.0), st.sampled_from([1e-9, 1e-6, 1e-2]), st.integers(1, 1000))
def test_beyond_the_spread_all_rows_together_are_within_epsilon(sharpness, epsilon, count):
    rows = merge_rows(np.zeros((count, 1), int), np.zeros(count, int), 1, 1)
    model = slot_model([1000], sharpness)
    spread = spread_of(model, rows, epsilon)
    if spread < 1000:
        assert count * int(model.softmax_table[spread + 1]) <= epsilon * (1 << 36)
    assert spread == 0 or count * int(model.softmax_table[spread]) > epsilon * (1 << 36)


# ---- generation ------------------------------------------------------------------------------------------------------


@dataclass
class Grid:
    """Two lanes of one alphabet over rows of their own, some cells masked."""

    heads: list
    layout: object
    cells: np.ndarray

    def outputs(self):
        return {"origins_tl": np.full(self.cells.shape, NO_ORIGIN), "logp_tl": np.zeros(self.cells.shape)}


def grid(kernel, epsilon, search_rows, *, causal):
    rng = np.random.default_rng(17)
    before = rng.integers(0, 2, (600, 2)).astype(np.uint16)
    before[8:] = np.where(rng.random((592, 2)) < 0.9, before[np.arange(592) % 8], before[8:])
    dt = np.array([-1, -2, -3, -8, -8, -1]) if causal else np.array([-1, 1, -8, 8, 0, -1])
    lanes = np.array([[0, 0, 0, 0, 1, 1], [1, 1, 1, 1, 0, 0]])
    layout = make_layout(np.stack([dt, dt]), lanes, [0, 1])
    weights, heads = [9, 8, 7, 9, 4, 3], []
    for lane in range(2):
        steps = np.arange(8, 592)
        keys = before[steps[:, None] + dt, lanes[lane]]
        rows = merge_rows(keys, before[steps, lane], 2, 2, None, weights)
        model = slot_model(weights, 3.0)
        heads.append(kernel.head(rows, model, own_capacity=64, epsilon=epsilon, search_rows=search_rows))
    cells = before[:48].copy()
    cells[rng.random(cells.shape) < 0.5] = MASK
    if causal:
        cells[16:] = MASK
    return Grid(heads, layout, cells)


def streamed(kernel, epsilon, search_rows, sampling, **masks):
    work = grid(kernel, epsilon, search_rows, causal=True)
    out = work.outputs() | masks
    kernel.stream(work.heads, work.layout, work.cells, [1, 0], 0, 48, sampling, 5, **out)
    return work.cells.tolist(), out["origins_tl"].tolist(), out["logp_tl"].tolist()


def filled(kernel, epsilon, search_rows, sampling, **masks):
    work = grid(kernel, epsilon, search_rows, causal=False)
    out, masked = work.outputs() | masks, np.flatnonzero(work.cells == MASK)
    left, noise = [len(masked) // 2, 3, 0], np.ones((3, NOISE_ROWS))
    kernel.fill(work.heads, work.layout, work.cells, masked, left, noise, sampling, 5, **out)
    likely = kernel.likelihood(work.heads, work.layout, work.cells, masked, **masks)
    return work.cells.tolist(), out["origins_tl"].tolist(), out["logp_tl"].tolist(), likely.tolist()


@pytest.mark.parametrize("run", [streamed, filled])
@pytest.mark.parametrize("sampling", [Sampling(), Sampling(greedy=True)])
@pytest.mark.parametrize("epsilon", [0.0, 1e-6, 0.1])
def test_generation_from_a_searched_library_is_the_same_on_both_kernels(run, sampling, epsilon):
    assert run(load("native"), epsilon, ALWAYS, sampling) == run(load("reference"), epsilon, ALWAYS, sampling)


@pytest.mark.parametrize("run", [streamed, filled])
@pytest.mark.parametrize("sampling", [Sampling(), Sampling(greedy=True)])
def test_generation_with_epsilon_0_is_that_from_a_scanned_library(kernel, run, sampling):
    assert run(kernel, 0.0, ALWAYS, sampling) == run(kernel, 0.0, NEVER, sampling)


@pytest.mark.parametrize("run", [streamed, filled])
@pytest.mark.parametrize("epsilon", [0.0, 1e-6, 0.1])
def test_under_a_mask_a_searched_library_is_the_same_on_both_kernels(run, epsilon):
    """Rows of barred values neither lead nor count."""
    mask = {"allowed_tlv": np.array([[0, 1], [1, 1]], np.uint8)}
    native = run(load("native"), epsilon, ALWAYS, Sampling(), **mask)
    assert native == run(load("reference"), epsilon, ALWAYS, Sampling(), **mask)
    if epsilon == 0.0:
        assert native == run(load("native"), epsilon, NEVER, Sampling(), **mask)


@given(libraries, st.sampled_from(EPSILONS))
@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("name", ["native", "reference"])
def test_under_a_mask_what_is_left_out_is_within_epsilon(name, case, epsilon):
    head, scanned = case.head(load(name), epsilon), case.head(load(name), 0.0, NEVER)
    allowed = np.ones(case.rows.n_values, np.uint8)
    allowed[1:] = np.arange(1, len(allowed)) % 2
    for query in case.queries:
        found, wanted = head.probabilities(query, allowed), scanned.probabilities(query, allowed)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=2 * epsilon + 1e-12)
        assert not found[allowed == 0].any()


@pytest.mark.parametrize("search_rows", [ALWAYS, NEVER])
def test_origins_are_drawn_in_proportion_to_attention(kernel, search_rows):
    """Two rows hold the token, one of them three times as near in mass: three origins in four are its own."""
    rows = merge_rows([[0, 0], [0, 1]], [1, 1], 2, 2)
    head = kernel.head(rows, slot_model([100, 1], math.log(3.0), prior_weight=0.0), search_rows=search_rows)
    assert head.is_searched == (search_rows == ALWAYS)
    layout = make_layout([[0, 0], [0, 0]], [[1, 1], [-1, -1]], [0, -1])
    cells = np.zeros((2000, 2), np.uint16)
    cells[:, 0] = MASK
    out = {"origins_tl": np.full(cells.shape, NO_ORIGIN), "logp_tl": np.zeros(cells.shape)}
    kernel.stream([head], layout, cells, [0], 0, 2000, Sampling(), 1, **out)
    assert np.mean(out["origins_tl"][:, 0] == 0) == pytest.approx(3 / 4, abs=0.03)

"""The baseline: streams that a slow pass confirms, fills that keep what is known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparseq.engine.original import MASK, QUALITY, OriginalDiffuser, OriginalRetriever
from sparseq.engine.original.diffuser import _Contexts, _n_settled
from sparseq.engine.original.embedding import Sinusoids, embedding_table
from sparseq.errors import CapacityError, InputError
from sparseq.kernel.vector import DrawConfig, VectorConfig

CYCLE = np.tile(np.arange(5), 8)
GREEDY = DrawConfig(top_k=1, no_repeat_window=0)
SMALL = VectorConfig(8, 4)
SMALL_FILL = VectorConfig(8, 4, causal=False)


@pytest.fixture(scope="module", params=["native", "reference"], autouse=True)
def kernel(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARSEQ_KERNEL", request.param)
        yield request.param


def test_defaults_are_the_originals():
    assert (QUALITY.temperature, QUALITY.top_k, QUALITY.top_p) == (1.0, 5, 0.9)
    assert (QUALITY.repetition_penalty, QUALITY.no_repeat_window) == (1.7, 24)
    retriever = OriginalRetriever(CYCLE, 5)
    assert retriever.table_vd.shape == (5, 64)
    assert retriever.pos_scale == 0.5
    assert OriginalDiffuser(CYCLE, 5).config == VectorConfig(256, 64, (0,), False, True, True)


def test_embeddings_are_gaussian_and_follow_the_seed():
    table = embedding_table(200, 64, 3)
    assert abs(table.mean()) < 0.05
    assert abs(table.std() - 1) < 0.05
    np.testing.assert_array_equal(table, embedding_table(200, 64, np.random.Generator(np.random.Philox(3))))
    assert not np.array_equal(table, embedding_table(200, 64, 4))


@pytest.mark.parametrize("head_dim", [1, 2, 7, 64])
@pytest.mark.parametrize(("begin", "end"), [(0, 0), (0, 1), (5, 70), (1000, 1064), (3000, 3200)])
def test_positions_are_sines_at_even_and_cosines_at_odd_places(begin, end, head_dim):
    codes = Sinusoids(head_dim).rows(begin, end)
    assert codes.shape == (end - begin, head_dim)
    for t in range(0, end - begin, 13):
        for d in range(head_dim):
            angle = (begin + t) / 10_000 ** (2 * (d // 2) / head_dim)
            assert codes[t, d] == pytest.approx(math.cos(angle) if d % 2 else math.sin(angle), abs=1e-6)


def test_rows_are_token_and_place_with_the_token_that_follows_as_value():
    retriever = OriginalRetriever([2, 0, 1], 3, 8, 0.5)
    keys, values = retriever.rows(np.array([2, 0, 1, 1]), 3)
    table, places = retriever.table_vd, Sinusoids(8, 0.5).rows(0, 4)
    np.testing.assert_allclose(keys, table[[2, 0, 1, 1]] + places, rtol=1e-6)
    np.testing.assert_allclose(values[:2], table[[0, 1]] + places[:2], rtol=1e-6)
    assert not values[2:].any()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 99), st.lists(st.integers(0, 4), max_size=5), st.integers(0, 12))
def test_cached_and_full_forward_streams_are_equal(seed, prefix, n):
    retriever = OriginalRetriever(np.random.default_rng(seed).integers(0, 5, 23), 5, 16, seed=seed, config=SMALL)
    fast = retriever.stream(n, prefix, seed=seed)
    np.testing.assert_array_equal(fast, retriever.stream_slow(n, prefix, seed=seed))
    assert fast.shape == (n,)


def test_stream_in_parts_is_the_stream_in_one():
    retriever = OriginalRetriever(CYCLE, 5, 16, config=SMALL)
    parts = retriever.start(20, [3], seed=4)
    taken = np.concatenate([parts.take(1), parts.take(0), parts.take(12), parts.take(7)])
    np.testing.assert_array_equal(taken, retriever.stream(20, [3], seed=4))
    with pytest.raises(CapacityError, match="wanted room for 1 more tokens, got 0"):
        parts.take(1)


def test_stream_follows_its_seed_and_nothing_else():
    retriever = OriginalRetriever(np.random.default_rng(0).integers(0, 9, 60), 9)
    state = np.random.get_state()[1].copy()
    np.testing.assert_array_equal(retriever.stream(40, seed=1), retriever.stream(40, seed=1))
    assert not np.array_equal(retriever.stream(40, seed=1), retriever.stream(40, seed=2))
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_first_token_of_a_regular_corpus_goes_on_as_the_corpus_does():
    stream = OriginalRetriever(CYCLE, 5, seed=1).start(1, [2])
    assert stream.logits().argmax() == 3
    assert stream.take(1, GREEDY).tolist() == [3]


@pytest.mark.parametrize(("n_cells", "n_steps"), [(1, 1), (1, 24), (64, 24), (700, 24), (5, 50), (64, 1)])
def test_schedule_settles_all_at_least_one_a_step_and_follows_the_cosine(n_cells, n_steps):
    masked = n_cells
    for step in range(n_steps):
        if masked == 0:
            break
        before, masked = masked, masked - _n_settled(masked, n_cells, step, n_steps)
        target = math.floor(n_cells * math.cos(math.pi / 2 * (step + 1) / n_steps))
        assert 0 <= masked < before
        assert masked == min(before - 1, target) or step == n_steps - 1
    assert masked == 0


def plain_contexts(table, tokens):
    """Keys and values cell by cell."""
    keys, values = np.zeros((len(tokens), table.shape[1])), np.zeros((len(tokens), table.shape[1]))
    for i, token in enumerate(tokens):
        for offset, weight in ((-2, 0.1), (-1, 0.5), (1, 0.5), (2, 0.1)):
            if 0 <= i + offset < len(tokens) and tokens[i + offset] != MASK:
                keys[i] += weight * table[tokens[i + offset]]
        values[i] = 0 if token == MASK else table[token]
    return keys, values


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.lists(st.integers(MASK, 3), min_size=1, max_size=12), st.data())
def test_contexts_kept_up_to_date_are_those_made_anew(n_corpus, canvas, data):
    table = embedding_table(4, 8)
    corpus, canvas = np.arange(n_corpus) % 4, np.array(canvas)
    memory = _Contexts(table, corpus, canvas)
    for _ in range(3):
        masked = np.flatnonzero(canvas == MASK)
        if masked.size == 0:
            break
        cells = np.array(data.draw(st.lists(st.sampled_from(masked.tolist()), min_size=1, unique=True)))
        canvas[cells] = cells % 4
        memory.settle(cells, cells % 4)
        keys, values = plain_contexts(table, np.concatenate([corpus, canvas]).tolist())
        np.testing.assert_allclose(memory.keys_td, keys, atol=1e-5)
        np.testing.assert_allclose(memory.values_td, values, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 99), st.lists(st.integers(MASK, 4), min_size=1, max_size=40), st.integers(1, 12))
def test_fill_leaves_no_mask_and_keeps_what_is_known(seed, known, n_steps):
    known = np.array(known)
    before = known.copy()
    diffuser = OriginalDiffuser(CYCLE, 5, 16, config=SMALL_FILL)
    filled = diffuser.fill(len(known), n_steps, known, seed=seed)
    assert ((filled >= 0) & (filled < 5)).all()
    np.testing.assert_array_equal(filled[known != MASK], known[known != MASK])
    np.testing.assert_array_equal(known, before)
    np.testing.assert_array_equal(filled, diffuser.fill(len(known), n_steps, known, seed=seed))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 99), st.integers(1, 40), st.integers(1, 12))
def test_fill_is_the_same_whether_all_rows_are_looked_up_or_only_masked_ones(seed, n_cells, n_steps):
    diffuser = OriginalDiffuser(CYCLE, 5, 16, config=SMALL_FILL)
    filled = diffuser.fill(n_cells, n_steps, seed=seed)
    np.testing.assert_array_equal(filled, diffuser.fill(n_cells, n_steps, seed=seed, every_row=True))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 99), st.integers(0, 12))
def test_a_slow_stream_that_also_looks_ahead_says_the_same_since_nothing_is_ahead_of_its_end(seed, n):
    corpus = np.random.default_rng(seed).integers(0, 5, 23)
    ahead = OriginalRetriever(corpus, 5, 16, seed=seed, config=SMALL_FILL)
    fast = OriginalRetriever(corpus, 5, 16, seed=seed, config=SMALL)
    np.testing.assert_array_equal(fast.stream(n, seed=seed), ahead.stream_slow(n, seed=seed))


def test_fill_of_an_empty_canvas_follows_its_seed():
    diffuser = OriginalDiffuser(np.random.default_rng(0).integers(0, 9, 60), 9, 16)
    assert not np.array_equal(diffuser.fill(40, 6, seed=1), diffuser.fill(40, 6, seed=2))


def test_fill_without_context_starts_from_a_stretch_of_the_corpus():
    corpus = np.arange(40)
    canvas = OriginalDiffuser(corpus, 40, 4)._start(100, None, {}, np.random.Generator(np.random.Philox(1)))
    cells = np.flatnonzero(canvas != MASK)
    assert len(cells) == 12
    assert (np.diff(cells) == 1).all()
    assert (np.diff(canvas[cells]) == 1).all()


STRETCHES = [(8, 99, 8), (4, 99, 4), (99, 3, 3), (200, 99, 25), (999, 99, 64), (1, 1, 1)]


@pytest.mark.parametrize(("n_cells", "n_corpus", "size"), STRETCHES)
def test_the_stretch_is_an_eighth_from_8_to_64_and_never_longer_than_corpus_or_canvas(n_cells, n_corpus, size):
    canvas = OriginalDiffuser(np.zeros(n_corpus, int), 2, 4)._start(n_cells, None, {}, np.random.default_rng(0))
    assert (canvas != MASK).sum() == size


def test_anchors_stay_and_the_stretch_goes_around_them():
    anchors = dict.fromkeys(range(0, 40, 2), 4)
    diffuser = OriginalDiffuser(np.zeros(30, int), 5, 16, config=SMALL_FILL)
    start = diffuser._start(40, None, anchors, np.random.default_rng(0))
    assert (start[::2] == 4).all()
    assert (start[1::2] == 0).any()
    assert (diffuser.fill(40, 6, anchors=anchors)[::2] == 4).all()


def test_a_hole_in_a_regular_piece_is_filled_as_the_corpus_would():
    known = CYCLE.copy()
    known[[12, 20, 28]] = MASK
    filled = OriginalDiffuser(CYCLE, 5, seed=1).fill(len(known), 4, known, draw=GREEDY)
    np.testing.assert_array_equal(filled, CYCLE)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: OriginalRetriever([], 3), "corpus: wanted at least one token, got none"),
        (lambda: OriginalRetriever([3], 3), "corpus: wanted tokens from 0 to 2, got 3 to 3"),
        (lambda: OriginalRetriever([[1]], 3), r"corpus: wanted any number of tokens in a row, got \(1, 1\)"),
        (lambda: OriginalRetriever([1], 3, pos_scale=-1), "pos_scale: wanted a finite number from 0"),
        (lambda: OriginalRetriever([1], 3).stream(1, [7]), "prefix: wanted tokens from 0 to 2, got 7"),
        (lambda: OriginalRetriever([1], 3).stream(-1), "room: wanted a whole number of at least 0, got -1"),
        (lambda: OriginalRetriever([1], 3, seed=-1), "seed: wanted a whole number of at least 0, got -1"),
        (lambda: OriginalDiffuser([], 3), "corpus: wanted at least one token, got none"),
        (lambda: OriginalDiffuser([1], 3).fill(0), "n_cells: wanted a whole number of at least 1, got 0"),
        (lambda: OriginalDiffuser([1], 3).fill(2, 0), "n_steps: wanted a whole number of at least 1, got 0"),
        (lambda: OriginalDiffuser([1], 3).fill(2, known=[1]), r"known: wanted 2 tokens in a row, got \(1,\)"),
        (lambda: OriginalDiffuser([1], 3).fill(2, anchors={2: 0}), "anchors: wanted a whole number from 0 to 1, got 2"),
    ],
)
def test_what_cannot_be_used_is_named_with_what_was_wanted_and_got(call, message):
    with pytest.raises(InputError, match=message):
        call()

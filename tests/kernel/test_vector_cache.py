"""The store of a growing sequence: step by step it is what a whole look-up is, also once rewound or evicted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparseq.errors import CapacityError, InputError
from sparseq.kernel.vector import DrawConfig, KVCache, Mark, VectorConfig, decode_step, forward, sample, stream

TOLERANCE = 1e-5


@pytest.fixture(scope="module", params=["native", "reference"], autouse=True)
def kernel(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARSEQ_KERNEL", request.param)
        yield request.param


def random_qkv(seed, n_heads, n, d):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((n_heads, n, d)).astype(np.float32) for _ in range(3)]


def filled(k, v, block_size=4, capacity=64, half=False):
    cache = KVCache(k.shape[0], k.shape[2], capacity, block_size, half)
    cache.append(k, v)
    return cache


def append_each(cache, k, v):
    for t in range(k.shape[1]):
        cache.append(k[:, t], v[:, t])


def assert_same_step(actual, wanted):
    np.testing.assert_allclose(actual, wanted, rtol=TOLERANCE, atol=TOLERANCE)


configs = st.builds(
    VectorConfig,
    window=st.sampled_from([0, 1, 3, 15, 16, 17, 100]),
    block_size=st.sampled_from([1, 3, 8, 16, 64]),
    global_tokens=st.lists(st.integers(0, 45), max_size=3).map(tuple),
    log_stride=st.booleans(),
    landmarks=st.booleans(),
)
shapes = st.tuples(st.integers(0, 99), st.integers(1, 3), st.integers(1, 40), st.sampled_from([1, 2, 16, 17, 70]))


@settings(max_examples=40, deadline=None)
@given(shapes, configs)
def test_each_step_is_the_last_row_of_the_whole_bit_for_bit(shape, config):
    q, k, v = random_qkv(*shape)
    cache = KVCache(q.shape[0], q.shape[2], q.shape[1], config.block_size)
    whole = forward(q, k, v, config)
    for t in range(q.shape[1]):
        cache.append(k[:, t], v[:, t])
        np.testing.assert_array_equal(decode_step(q[:, t], cache, config), whole[:, t])


@settings(max_examples=30, deadline=None)
@given(shapes, configs)
def test_a_half_cache_is_a_whole_look_up_over_rounded_rows(shape, config):
    q, k, v = random_qkv(*shape)
    cache = filled(k, v, config.block_size, half=True)
    k, v = (x.astype(np.float16).astype(np.float32) for x in (k, v))
    np.testing.assert_array_equal(cache.keys(), k)
    np.testing.assert_array_equal(cache.stored_values(), v)
    np.testing.assert_array_equal(decode_step(q[:, -1], cache, config), forward(q, k, v, config)[:, -1])


def test_half_stores_the_nearest_number_with_ties_to_even():
    halves = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float32)
    between = (halves[1:].astype(float) + halves[:-1]) / 2
    rows = np.concatenate([halves, -halves, between, np.nextafter(between, 0), [1e-12, 65519.0 - 15]])
    rows = rows.astype(np.float32)[None, :, None]
    cache = KVCache(1, 1, rows.shape[1], 64, half=True)
    for begin in range(0, rows.shape[1], 4096):
        part = rows[:, begin : begin + 4096] / 2**8
        cache.append(part, part)
    np.testing.assert_array_equal(cache.keys(), (rows / 2**8).astype(np.float16).astype(np.float32))


@settings(max_examples=40, deadline=None)
@given(shapes, configs, st.data())
def test_rewound_and_replayed_a_cache_is_as_it_was(shape, config, data):
    q, k, v = random_qkv(*shape)
    n = q.shape[1]
    kept = data.draw(st.integers(0, n))
    cache = KVCache(q.shape[0], q.shape[2], n, config.block_size)
    append_each(cache, k[:, :kept], v[:, :kept])
    mark = cache.mark()
    append_each(cache, -k[:, kept:], -v[:, kept:])
    cache.rewind(mark)
    assert len(cache) == kept
    append_each(cache, k[:, kept:], v[:, kept:])
    np.testing.assert_array_equal(cache.keys(), k)
    np.testing.assert_array_equal(decode_step(q[:, -1], cache, config), forward(q, k, v, config)[:, -1])


@settings(max_examples=40, deadline=None)
@given(shapes, configs, st.integers(1, 45), st.integers(0, 45), st.booleans(), st.booleans())
def test_after_an_eviction_a_cache_is_one_of_the_kept_tokens(shape, config, keep, recent, oldest_first, half):
    q, k, v = random_qkv(*shape)
    cache = filled(k, v, config.block_size, half=half)
    decode_step(q[:, -1], cache, config)
    kept = cache.evict(keep, min(recent, keep), oldest_first)
    assert len(cache) == len(kept) == min(keep, q.shape[1])
    fresh = filled(k[:, kept], v[:, kept], config.block_size, half=half)
    assert_same_step(decode_step(q[:, 0], cache, config), decode_step(q[:, 0], fresh, config))
    cache.append(k[:, 0], v[:, 0])
    fresh.append(k[:, 0], v[:, 0])
    np.testing.assert_array_equal(cache.keys(), fresh.keys())
    assert_same_step(decode_step(q[:, 0], cache, config), decode_step(q[:, 0], fresh, config))


def loud_cache():
    """Twelve tokens of which the look-ups have heard 2 and 5 most."""
    k = np.zeros((1, 12, 4), np.float32)
    k[0, [2, 5], 0] = 9
    cache = filled(k, k)
    decode_step(np.array([[9.0, 0, 0, 0]]), cache, VectorConfig(16, 4))
    return cache


def test_eviction_keeps_the_newest_and_the_most_heard():
    assert loud_cache().evict(5, recent=3).tolist() == [2, 5, 9, 10, 11]
    assert loud_cache().evict(4, recent=4).tolist() == [8, 9, 10, 11]
    assert loud_cache().evict(2, recent=0).tolist() == [2, 5]
    assert loud_cache().evict(6).tolist() == [2, 5, 8, 9, 10, 11]


def test_eviction_keeps_the_newer_of_equals():
    k = np.zeros((1, 8, 4), np.float32)
    assert filled(k, k).evict(4, recent=1).tolist() == [4, 5, 6, 7]


def test_oldest_first_keeps_the_newest_whatever_was_heard():
    assert loud_cache().evict(4, oldest_first=True).tolist() == [8, 9, 10, 11]


def test_eviction_of_nothing_or_everything():
    cache = loud_cache()
    assert cache.evict(12).tolist() == list(range(12))
    assert cache.evict(0).tolist() == []
    assert len(cache) == 0


@settings(max_examples=30, deadline=None)
@given(shapes, configs)
def test_attention_of_all_tokens_sums_to_one_for_each_head_and_step(shape, config):
    q, k, v = random_qkv(*shape)
    cache = filled(k, v, config.block_size)
    for _ in range(3):
        decode_step(q[:, -1], cache, config)
    heard = cache.attention()
    assert (heard >= 0).all()
    assert heard.sum() == pytest.approx(3 * q.shape[0], rel=1e-4)


def test_a_full_cache_refuses_and_stays_as_it_is():
    _, k, v = random_qkv(0, 2, 5, 8)
    cache = filled(k, v, capacity=6)
    with pytest.raises(CapacityError, match="wanted room for 2 more tokens, got 1 of 6; evict or rewind first"):
        cache.append(k[:, :2], v[:, :2])
    assert len(cache) == 5
    cache.append(k[:, 0], v[:, 0])
    with pytest.raises(OverflowError):
        cache.append(k[:, 0], v[:, 0])
    cache.evict(3)
    cache.append(k[:, :3], v[:, :3])
    assert len(cache) == 6


def test_what_is_appended_later_does_not_reach_back_to_the_callers_arrays():
    _, k, v = random_qkv(0, 1, 5, 8)
    k.setflags(write=False)
    cache = filled(k, v)
    cache.keys()[:] = 7
    np.testing.assert_array_equal(cache.keys(), k)


def small():
    return filled(*random_qkv(0, 2, 5, 8)[1:])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: decode_step(np.zeros((1, 8)), KVCache(1, 8, 4, 4), VectorConfig(4, 4)), "cache: wanted at least one"),
        (lambda: decode_step(np.zeros((2, 7)), small(), VectorConfig(4, 4)), r"q_hd: wanted shape \(H, D\) = \(2, 8\)"),
        (lambda: decode_step(np.full((2, 8), np.nan), small(), VectorConfig(4, 4)), "q_hd: wanted finite numbers"),
        (lambda: decode_step(np.zeros((2, 8)), small(), VectorConfig(4, 8)), "config: wanted the cache's block_size"),
        (lambda: decode_step(np.zeros((2, 8)), small(), VectorConfig(4, 4, causal=False)), "config: wanted causal"),
        (lambda: small().append(np.zeros((2, 3)), np.zeros((2, 3))), r"k_htd: wanted shape .*, got \(2, 1, 3\)"),
        (lambda: small().append(np.zeros((2, 8)), np.zeros((2, 1, 8))), r"v_htd: wanted the shape of k_htd, \(2, 8\)"),
        (lambda: small().append(np.full((2, 8), np.inf), np.zeros((2, 8))), "k_htd: wanted finite numbers"),
        (lambda: KVCache(1, 1, 4, 4, half=True).append([[7e4]], [[0]]), "k_htd: wanted numbers up to 65504"),
        (lambda: KVCache(0, 8, 4, 4), "n_heads: wanted a whole number of at least 1, got 0"),
        (lambda: KVCache(1, 8, 0, 4), "capacity: wanted a whole number of at least 1, got 0"),
        (lambda: small().rewind(Mark(6, 0)), "mark: wanted a whole number from 0 to 5, got 6"),
        (lambda: small().evict(3, recent=4), "recent: wanted a whole number from 0 to 3, got 4"),
        (lambda: small().evict(-1), "keep: wanted a whole number of at least 0, got -1"),
    ],
)
def test_what_cannot_be_used_is_named_with_what_was_wanted_and_got(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_a_mark_from_before_an_eviction_is_refused():
    cache = small()
    mark = cache.mark()
    cache.evict(4)
    with pytest.raises(InputError, match="mark: wanted one from after the last eviction"):
        cache.rewind(mark)
    cache.rewind(cache.mark())
    assert len(cache) == 4


def stream_by_hand(cache, config, table, places, uniform, draw):
    """Each step spelled out."""
    tokens = []
    for place, u in zip(places, uniform, strict=True):
        out = decode_step(cache.keys()[:, -1], cache, config)
        tokens.append(int(sample((table @ out.reshape(-1))[None], np.array([u]), draw, [tokens])[0][0]))
        cache.append((table[tokens[-1]] + place).reshape(out.shape), np.zeros(out.shape))
    return tokens


@settings(max_examples=20, deadline=None)
@given(shapes, configs, st.integers(1, 20), st.integers(0, 12), st.booleans())
def test_stream_is_look_up_draw_append_again_and_again(shape, config, n_tokens, n, half):
    _, k, v = random_qkv(*shape)
    rng = np.random.default_rng(shape[0])
    table = rng.standard_normal((n_tokens, k.shape[0] * k.shape[2])).astype(np.float32)
    places = (rng.standard_normal((n, table.shape[1])) / 8).astype(np.float32)
    uniform, draw = rng.random(n), DrawConfig()
    one, other = (filled(k, v, config.block_size, 64, half) for _ in range(2))
    tokens = stream(one, config, table, places, [], uniform, draw)
    assert tokens.tolist() == stream_by_hand(other, config, table, places, uniform, draw)
    np.testing.assert_array_equal(one.keys(), other.keys())
    np.testing.assert_array_equal(one.stored_values(), other.stored_values())


@pytest.mark.parametrize(("said", "token"), [([], 0), ([0], 1), ([0, 1], 2), ([0, 0, 0, 1, 2], 0)])
def test_stream_penalises_what_was_said_within_the_window_only(said, token):
    """Logits 3, 2.9, 2.8; with a longer window the three zeros of the last case would leave 1 ahead."""
    cache = filled(np.zeros((1, 1, 4)), np.array([[[3.0, 2.9, 2.8, 0]]]))
    draw = DrawConfig(top_k=1, repetition_penalty=1.2, no_repeat_window=3)
    config = VectorConfig(8, 4, log_stride=False, landmarks=False)
    assert stream(cache, config, np.eye(3, 4), np.zeros((1, 4)), said, np.array([0.5]), draw).tolist() == [token]


def test_stream_that_does_not_fit_is_refused_before_anything_is_drawn():
    cache = filled(*random_qkv(0, 1, 5, 4)[1:], capacity=6)
    with pytest.raises(CapacityError, match="wanted room for 2 more tokens, got 1 of 6"):
        stream(cache, VectorConfig(4, 4), np.ones((3, 4)), np.ones((2, 4)), [], np.zeros(2), DrawConfig())
    assert len(cache) == 5

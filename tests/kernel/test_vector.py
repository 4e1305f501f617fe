"""Look-ups over whole sequences: every kernel against an oracle that masks a full matrix."""

import inspect
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.kernel import reference_vector, vector
from sparseq.kernel.vector import GateWeights, VectorConfig, dense, forward, forward_gated, salience

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}


@pytest.fixture(scope="module", params=["native", "reference"], autouse=True)
def kernel(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARSEQ_KERNEL", request.param)
        yield request.param


def assert_close(actual, wanted):
    """Equal to the tolerance of the coarser of two dtypes."""
    tolerance = max(TOLERANCE[actual.dtype.type], TOLERANCE[wanted.dtype.type])
    np.testing.assert_allclose(actual, wanted, rtol=tolerance, atol=tolerance)


def random_qkv(seed, n_heads, n, d, scale=1.0):
    rng = np.random.default_rng(seed)
    return [(scale * rng.standard_normal((n_heads, n, d))).astype(np.float32) for _ in range(3)]


def softmax_rows(scores):
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def sees(i, j, config):
    """Whether token i may look at token j: the rule in words."""
    away = abs(i - j)
    near = away <= config.window or j in config.global_tokens
    return (near or (config.log_stride and math.log2(away).is_integer())) and (j <= i or not config.causal)


def sees_block(i, b, config):
    first, last = b * config.block_size, (b + 1) * config.block_size - 1
    if not config.landmarks:
        return False
    return last < i - config.window or (first > i + config.window and not config.causal)


def oracle(q_htd, k_htd, v_htd, config):
    n_heads, n, d = q_htd.shape
    size, n_blocks = config.block_size, n // config.block_size
    allowed = [
        [sees(i, j, config) for j in range(n)] + [sees_block(i, b, config) for b in range(n_blocks)] for i in range(n)
    ]
    out = np.zeros(q_htd.shape)
    for h in range(n_heads):
        with_means = [
            np.concatenate([x, x[: n_blocks * size].reshape(n_blocks, size, d).mean(axis=1)])
            for x in (k_htd[h].astype(float), v_htd[h].astype(float))
        ]
        scores = q_htd[h].astype(float) @ with_means[0].T / math.sqrt(d)
        out[h] = softmax_rows(np.where(allowed, scores, -np.inf)) @ with_means[1]
    return out


configs = st.builds(
    VectorConfig,
    window=st.sampled_from([0, 1, 2, 5, 16, 17, 100]),
    block_size=st.sampled_from([1, 2, 3, 8, 16, 64]),
    global_tokens=st.lists(st.integers(0, 50), max_size=3).map(tuple),
    causal=st.booleans(),
    log_stride=st.booleans(),
    landmarks=st.booleans(),
)
shapes = st.tuples(st.integers(0, 99), st.integers(1, 3), st.integers(1, 40), st.sampled_from([1, 2, 15, 16, 17, 33]))


@settings(max_examples=60, deadline=None)
@given(shapes, configs)
def test_forward_sees_exactly_the_candidates(shape, config):
    q, k, v = random_qkv(*shape)
    out = forward(q, k, v, config)
    assert out.dtype == np.float32
    assert_close(out, oracle(q, k, v, config))


@settings(max_examples=30, deadline=None)
@given(shapes, configs)
def test_forward_is_dense_where_the_window_covers_the_sequence(shape, config):
    q, k, v = random_qkv(*shape)
    wide = VectorConfig(shape[2], config.block_size, config.global_tokens, config.causal, config.log_stride)
    assert_close(forward(q, k, v, wide), dense(q, k, v, config.causal))


@settings(max_examples=30, deadline=None)
@given(shapes, configs, st.data())
def test_rows_are_the_same_alone_as_among_all(shape, config, data):
    q, k, v = random_qkv(*shape)
    rows = np.flatnonzero(data.draw(st.lists(st.booleans(), min_size=shape[2], max_size=shape[2])))
    np.testing.assert_array_equal(forward(q, k, v, config, rows), forward(q, k, v, config)[:, rows])


@settings(max_examples=30, deadline=None)
@given(shapes, st.booleans())
def test_dense_is_a_softmax_over_all_or_all_before(shape, causal):
    q, k, v = random_qkv(*shape)
    whole = VectorConfig(shape[2], 1, (), causal, False, False)
    assert_close(dense(q, k, v, causal), oracle(q, k, v, whole))


@settings(max_examples=40, deadline=None)
@given(shapes, st.integers(0, 45), st.integers(0, 9), st.booleans())
def test_gate_adds_the_most_salient_beyond_the_window_and_of_equals_the_earlier(shape, top_k, window, causal):
    q, k, v = random_qkv(*shape)
    n, d = q.shape[1:]
    marks = np.random.default_rng(shape[0]).integers(0, 4, n).astype(np.float32)
    allowed = np.zeros((n, n), bool)
    for i in range(n):
        visible = [j for j in range(n) if j <= i or not causal]
        allowed[i, [j for j in visible if abs(i - j) <= window]] = True
        beyond = sorted((-marks[j], j) for j in visible if abs(i - j) > window)
        allowed[i, [j for _, j in beyond[:top_k]]] = True
    wanted = np.stack(
        [
            softmax_rows(np.where(allowed, q[h].astype(float) @ k[h].T.astype(float) / math.sqrt(d), -np.inf)) @ v[h]
            for h in range(len(q))
        ]
    )
    assert_close(forward_gated(q, k, v, marks, top_k, VectorConfig(window, causal=causal)), wanted)


def test_gate_that_lets_all_pass_is_dense():
    q, k, v = random_qkv(1, 2, 37, 16)
    for causal in (False, True):
        gated = forward_gated(q, k, v, np.arange(37), 37, VectorConfig(3, causal=causal))
        assert_close(gated, dense(q, k, v, causal))


@pytest.mark.parametrize("block_size", [1, 7, 64])
def test_block_size_does_not_matter_where_no_block_lies_outside_the_window(block_size):
    q, k, v = random_qkv(2, 2, 30, 16)
    np.testing.assert_array_equal(
        forward(q, k, v, VectorConfig(30, block_size)), forward(q, k, v, VectorConfig(30, 16))
    )


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("n", [15, 16, 17, 31, 32, 33])
def test_sizes_on_both_sides_of_whole_lanes_agree_with_the_oracle(n, causal):
    q, k, v = random_qkv(n, 1, n, 17)
    config = VectorConfig(4, 4, (0, 9), causal)
    assert_close(forward(q, k, v, config), oracle(q, k, v, config))


def test_one_token_returns_its_own_value():
    q, k, v = random_qkv(3, 2, 1, 8)
    for config in (VectorConfig(), VectorConfig(0, causal=False)):
        np.testing.assert_array_equal(forward(q, k, v, config), v)
    np.testing.assert_array_equal(dense(q, k, v), v)


def test_no_rows_give_no_results():
    q, k, v = random_qkv(3, 2, 5, 8)
    assert forward(q, k, v, VectorConfig(), np.zeros(0, int)).shape == (2, 0, 8)


def test_equal_keys_share_the_weight_equally():
    _, _, v = random_qkv(4, 1, 20, 8)
    same = np.ones((1, 20, 8), np.float32)
    assert_close(dense(same, same, v), np.broadcast_to(v.astype(float).mean(axis=1, keepdims=True), v.shape))


def test_scores_far_apart_neither_overflow_nor_lose_the_best():
    q, k, v = random_qkv(5, 1, 24, 8, scale=300)
    assert_close(forward(q, k, v, VectorConfig(24)) / 300, oracle(q, k, v, VectorConfig(24)) / 300)
    assert np.isfinite(forward(q * 1e3, k * 1e3, v, VectorConfig(2))).all()


def test_causal_results_do_not_depend_on_what_follows():
    q, k, v = random_qkv(6, 2, 40, 16)
    marks = np.random.default_rng(6).random(40)
    config = VectorConfig(3, 4)
    np.testing.assert_array_equal(forward(q[:, :25], k[:, :25], v[:, :25], config), forward(q, k, v, config)[:, :25])
    assert_close(
        forward_gated(q[:, :25], k[:, :25], v[:, :25], marks[:25], 4, config),
        forward_gated(q, k, v, marks, 4, config)[:, :25],
    )


def test_inputs_may_be_read_only_strided_or_float64_and_stay_as_they_are():
    q, k, v = random_qkv(7, 2, 20, 16)
    for array in (q, k, v):
        array.setflags(write=False)
    wanted = forward(q, k, v, VectorConfig(4, 4))
    strided = [np.repeat(x, 2, axis=2)[:, :, ::2] for x in (q, k, v)]
    np.testing.assert_array_equal(forward(*strided, VectorConfig(4, 4)), wanted)
    np.testing.assert_array_equal(forward(*(x.astype(float) for x in (q, k, v)), VectorConfig(4, 4)), wanted)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 99), st.integers(1, 30), st.integers(1, 20), st.integers(1, 20))
def test_salience_is_the_gated_recurrence(seed, n, d, r):
    x = np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)
    weights = GateWeights.random(d, r, seed)
    h = np.zeros(r)
    for t in range(n):
        a = weights.w_dr.T @ x[t] + weights.u_rr.T @ h
        z = 1 / (1 + np.exp(-(a + weights.bias_gate_r)))
        h = (weights.zeta * (1 - z) + weights.nu) * np.tanh(a + weights.bias_update_r) + z * h
        out = salience(x[: t + 1], weights)
        assert out[t] == pytest.approx(1 / (1 + math.exp(-weights.readout_r @ h)), abs=1e-5)
    assert ((out >= 0) & (out <= 1)).all()


def test_the_two_kernels_agree_on_long_sequences():
    """Sizes beyond what the twin does quickly in each example: several tiles, blocks, far strides."""
    from sparseq.kernel import _vector

    q, k, v = random_qkv(8, 1, 400, 64)
    rows = np.array([0, 5, 130, 131, 399])
    for config in (VectorConfig(64, 16, (0, 300)), VectorConfig(64, 16, (0, 300), causal=False)):
        assert_close(_vector.forward(q, k, v, config, rows), reference_vector.forward(q, k, v, config, rows))
    assert_close(_vector.dense(q, k, v, True), reference_vector.dense(q, k, v, True))


GOOD = np.zeros((2, 4, 8), np.float32)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dense(GOOD[0], GOOD, GOOD), r"q_htd: wanted shape \(H, T, D\) of k_htd = \(2, 4, 8\), got \(4, 8\)"),
        (lambda: dense(GOOD, GOOD[:, :0], GOOD), r"k_htd: wanted shape .*, got \(2, 0, 8\)"),
        (lambda: dense(GOOD, GOOD, GOOD[:, :3]), r"v_htd: wanted shape .* = \(2, 4, 8\), got \(2, 3, 8\)"),
        (lambda: dense(GOOD, GOOD, GOOD + np.nan), "v_htd: wanted finite numbers"),
        (lambda: forward(GOOD, GOOD - np.inf, GOOD, VectorConfig()), "k_htd: wanted finite numbers"),
        (lambda: forward(GOOD.astype(float) + 1e300, GOOD, GOOD, VectorConfig()), "q_htd: wanted finite numbers"),
        (lambda: dense(GOOD.astype(str), GOOD, GOOD), "q_htd: wanted numbers of shape .*, got <U"),
        (lambda: forward(GOOD, GOOD, GOOD, VectorConfig(), [2, 2]), "rows_r: wanted rising positions from 0 to 3"),
        (lambda: forward(GOOD, GOOD, GOOD, VectorConfig(), [4]), r"rows_r: wanted rising .*, got \[4\]"),
        (lambda: forward(GOOD, GOOD, GOOD, VectorConfig(), [0.5]), "rows_r: wanted whole numbers"),
        (lambda: forward_gated(GOOD, GOOD, GOOD, [0, 1], 1, VectorConfig()), r"salience_t: wanted shape .*\(2,\)"),
        (lambda: forward_gated(GOOD, GOOD, GOOD, [0] * 4, -1, VectorConfig()), "top_k: wanted .* at least 0, got -1"),
        (lambda: salience(GOOD[0], GateWeights.random(7)), r"w_dr: wanted shape \(D, R\) = \(8, any\), got \(7, 16\)"),
        (lambda: VectorConfig(window=-1), "window: wanted a whole number of at least 0, got -1"),
        (lambda: VectorConfig(block_size=0), "block_size: wanted a whole number of at least 1, got 0"),
        (lambda: VectorConfig(global_tokens=(-2,)), "global_tokens: wanted .*, got -2"),
        (lambda: VectorConfig(window=1.5), "window: wanted a whole number of at least 0, got 1.5"),
    ],
)
def test_what_cannot_be_used_is_named_with_what_was_wanted_and_got(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_kernel_choice_is_refused_where_it_means_nothing(monkeypatch):
    monkeypatch.setenv("SPARSEQ_KERNEL", "fastest")
    with pytest.raises(ValueError, match="SPARSEQ_KERNEL: wanted native or reference, got 'fastest'"):
        vector.use_native()


def test_native_is_the_default_and_reference_by_wish(monkeypatch):
    monkeypatch.delenv("SPARSEQ_KERNEL")
    assert vector.use_native()
    monkeypatch.setenv("SPARSEQ_KERNEL", "reference")
    assert not vector.use_native()


def twins():
    from sparseq.kernel import _vector, _vector_cache, _vector_decode, _vector_gate

    for module in (_vector, _vector_gate, _vector_cache, _vector_decode):
        for name, native in vars(module).items():
            if not name.startswith("_") and module.__name__ == getattr(native, "__module__", None):
                yield name, native, getattr(reference_vector, name)
    for name in ("append", "rewind", "evict", "attention", "keys", "stored_values"):
        yield name, getattr(_vector_cache.KVCache, name), getattr(reference_vector.KVCache, name)


def plain_doc(item):
    """The docstring without the signature that Cython puts before it."""
    doc = inspect.getdoc(item) or ""
    return doc.split("\n", 1)[1].strip() if "(" in doc.split("\n")[0].split(" ")[0] else doc


def test_twins_have_the_same_names_parameters_defaults_and_docstrings():
    pairs = list(twins())
    assert len(pairs) == 14
    for name, native, twin in pairs:
        if not inspect.isclass(twin):
            mine = [(p.name, p.default) for p in inspect.signature(native).parameters.values()]
            assert mine == [(p.name, p.default) for p in inspect.signature(twin).parameters.values()], name
        assert plain_doc(native) == plain_doc(twin), name


def test_comparator_refuses_what_lies_beyond_its_tolerance():
    one = np.ones(3, np.float32)
    assert_close(one, one + np.float32(5e-6))
    with pytest.raises(AssertionError):
        assert_close(one, one + np.float32(1e-4))
    with pytest.raises(AssertionError):
        assert_close(one.astype(float), one.astype(float) + 1e-9)
    with pytest.raises(AssertionError):
        assert_close(one, one * np.nan)

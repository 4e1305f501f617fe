"""Drawing a token: penalty, top-k, top-p, temperature, draw, in this order."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.kernel.vector import DrawConfig, sample

PLAIN = DrawConfig(1.0, 0, 1.0, 1.0, 0)
EVENLY = np.arange(2000) / 2000


@pytest.fixture(scope="module", params=["native", "reference"], autouse=True)
def kernel(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARSEQ_KERNEL", request.param)
        yield request.param


def shares(logits, draw, recent=()):
    """How often each token comes out of 2,000 evenly spread draws."""
    rows = np.tile(np.asarray(logits, np.float32), (len(EVENLY), 1))
    tokens, _ = sample(rows, EVENLY, draw, np.tile(np.array(recent, np.int64), (len(EVENLY), 1)))
    return np.bincount(tokens, minlength=len(logits)) / len(EVENLY)


def wanted_shares(logits, draw, recent=()):
    """The rules one by one, by sorting and summing."""
    values = [float(np.float32(x)) for x in logits]
    for token in recent:
        if token >= 0:
            values[token] *= 1 / draw.repetition_penalty if values[token] > 0 else draw.repetition_penalty
    ranked = sorted(range(len(values)), key=lambda t: (-values[t], t))
    if draw.top_k:
        ranked = [t for t in ranked if values[t] >= values[ranked[min(draw.top_k, len(values)) - 1]]]
    weights = {t: math.exp((values[t] - values[ranked[0]]) / draw.temperature) for t in ranked}
    if 0 < draw.top_p < 1:
        total, so_far, kept = sum(weights.values()), 0.0, {}
        for t in ranked:
            kept[t] = weights[t]
            so_far += weights[t]
            if so_far >= draw.top_p * total:
                break
        weights = kept
    return np.array([weights.get(t, 0.0) / sum(weights.values()) for t in range(len(values))])


logits = st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=20)
draws = st.builds(
    DrawConfig,
    temperature=st.sampled_from([0.3, 1.0, 4.0]),
    top_k=st.integers(0, 25),
    top_p=st.sampled_from([0.0, 0.317, 0.9, 1.0]),
    repetition_penalty=st.sampled_from([1.0, 1.7]),
)


@settings(max_examples=60, deadline=None)
@given(logits, draws, st.data())
def test_tokens_come_in_the_shares_that_the_rules_give(values, draw, data):
    recent = data.draw(st.lists(st.integers(-1, len(values) - 1), max_size=5))
    wanted = wanted_shares(values, draw, recent)
    np.testing.assert_allclose(shares(values, draw, recent), wanted, atol=1.5 / len(EVENLY))


@settings(max_examples=30, deadline=None)
@given(st.lists(logits, min_size=1, max_size=5).map(lambda rows: [r[: min(map(len, rows))] for r in rows]))
def test_confidence_is_the_top_probability_whatever_is_kept(rows):
    _, confidence = sample(rows, np.zeros(len(rows)), DrawConfig())
    wanted = [1 / sum(math.exp(np.float32(x) - np.float32(max(row))) for x in row) for row in rows]
    np.testing.assert_allclose(confidence, wanted, rtol=1e-6)


def test_draws_choose_in_the_order_of_the_alphabet():
    tokens, _ = sample(np.zeros((4, 4)), np.array([0, 0.25, 0.5, np.nextafter(1, 0)]), PLAIN)
    assert tokens.tolist() == [0, 1, 2, 3]


def test_top_1_is_greedy_and_ties_stay_in():
    assert shares([1, 3, 2], DrawConfig(top_k=1)).tolist() == [0, 1, 0]
    assert shares([3, 1, 3, 3], DrawConfig(top_k=2, top_p=1.0)).round(2).tolist() == [0.33, 0, 0.33, 0.33]


def test_each_time_a_token_was_said_counts():
    draw = DrawConfig(1.0, 1, 1.0, 2.0, 9)
    assert shares([3, 2, -1], draw, [0]).tolist() == [0, 1, 0]
    assert shares([3, 2, 0.4], draw, [0, 1, 1, 1, 0, 0]).tolist() == [0, 0, 1]
    assert shares([-1, -1.5], draw, [0]).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sample([[np.nan]], np.zeros(1), PLAIN), "logits_nv: wanted finite numbers"),
        (lambda: sample([1.0], np.zeros(1), PLAIN), r"logits_nv: wanted shape \(N, V\)"),
        (lambda: sample([[1.0]], np.zeros(2), PLAIN), "uniform_n: wanted 1 floats, got float64"),
        (lambda: sample([[1.0]], np.ones(1), PLAIN), "uniform_n: wanted numbers from 0 to below 1, got 1.0"),
        (lambda: sample([[1.0]], np.zeros(1), PLAIN, [[1]]), "recent_nw: wanted tokens from -1 to 0, got 1 to 1"),
        (lambda: sample([[1.0]], np.zeros(1), PLAIN, [0]), r"recent_nw: wanted shape \(N, W\) with N = 1"),
        (lambda: sample([[1.0]], np.zeros(1), PLAIN, [[0.5]]), "recent_nw: wanted tokens as whole numbers"),
        (lambda: DrawConfig(temperature=0), "temperature: wanted a finite number from 0.001"),
        (lambda: DrawConfig(top_k=-1), "top_k: wanted a whole number of at least 0, got -1"),
        (lambda: DrawConfig(top_p=1.5), "top_p: wanted a finite number from 0 to 1, got 1.5"),
        (lambda: DrawConfig(repetition_penalty=0.5), "repetition_penalty: wanted a finite number from 1"),
        (lambda: DrawConfig(temperature=float("nan")), "temperature: wanted a finite number from 0.001"),
    ],
)
def test_what_cannot_be_used_is_named_with_what_was_wanted_and_got(call, message):
    with pytest.raises(InputError, match=message):
        call()

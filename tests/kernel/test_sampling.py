"""Each sampling parameter's rule, on heads whose probabilities are known exactly.

A head without slots attends to all its rows alike: its probabilities are the shares of the counts.
"""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.kernel.api import NO_ORIGIN
from sparseq.kernel.checks import MASK
from sparseq.kernel.layout import make_layout
from sparseq.kernel.model import slot_model
from sparseq.kernel.philox import philox4x32, uniform53
from sparseq.kernel.rows import merge_rows
from sparseq.kernel.sampling import Sampling


def draws(kernel, counts, n, seed=0, n_lanes=1, given_tl=None, **how):
    """Return a stream of n columns over the shares of `counts`, and the log-probabilities it noted."""
    values = np.repeat(np.arange(len(counts)), counts)
    rows = merge_rows(np.zeros((len(values), 0), int), values, len(counts), max(len(counts), 2))
    head = kernel.head(rows, slot_model([], 1.0, prior_weight=0.0))
    layout = make_layout(np.zeros((n_lanes, 0), int), np.zeros((n_lanes, 0), int), [0] * n_lanes)
    cells = np.full((n, n_lanes), MASK, np.uint16) if given_tl is None else given_tl.copy()
    logp = np.zeros(cells.shape)
    kernel.stream([head], layout, cells, range(n_lanes), 0, n, Sampling(**how), seed,
                  origins_tl=np.full(cells.shape, NO_ORIGIN), logp_tl=logp)  # fmt: skip
    return cells, logp


def shares(kernel, counts, n=4000, **how):
    tally = Counter(draws(kernel, counts, n, **how)[0].reshape(-1).tolist())
    return [tally[v] / n for v in range(len(counts))]


def test_draws_follow_the_probabilities(kernel):
    assert shares(kernel, [5, 3, 0, 2]) == pytest.approx([0.5, 0.3, 0.0, 0.2], abs=0.025)


def test_a_draw_is_the_share_that_its_places_number_falls_into(kernel):
    counts, seed = [4, 2, 1, 1], 99
    cells, _ = draws(kernel, counts, 200, seed, n_lanes=2)
    for place, token in enumerate(cells.reshape(-1).tolist()):
        u = uniform53(*philox4x32(seed, place, 0, 0, 0)[:2])
        assert sum(counts[:token]) / 8 <= u < sum(counts[: token + 1]) / 8


def test_log_probability_is_that_before_the_sampling_parameters(kernel):
    cells, logp = draws(kernel, [4, 2, 1, 1], 50, temperature=3.0, top_k=3, top_p=0.9)
    np.testing.assert_allclose(logp, np.log(np.array([4, 2, 1, 1]) / 8)[cells], rtol=1e-15)


def test_temperature_is_a_power_of_the_probabilities(kernel):
    """Four to one at temperature 2 is two to one; at one half it is sixteen to one."""
    assert shares(kernel, [4, 1], temperature=2.0) == pytest.approx([2 / 3, 1 / 3], abs=0.025)
    assert shares(kernel, [4, 1], temperature=0.5) == pytest.approx([16 / 17, 1 / 17], abs=0.025)


@pytest.mark.parametrize("temperature", [1e-3, 1e-300, 5e-324])
def test_a_temperature_near_zero_takes_the_likeliest_and_shares_between_equals(kernel, temperature):
    assert shares(kernel, [3, 4, 4, 1], n=500, temperature=temperature) == pytest.approx([0, 0.5, 0.5, 0], abs=0.08)


def test_the_highest_temperature_is_nearly_even_but_never_draws_what_is_impossible(kernel):
    assert shares(kernel, [90, 0, 10], temperature=100.0) == pytest.approx([0.505, 0.0, 0.495], abs=0.03)


def test_rest_odds_weigh_value_0_before_everything_else(kernel):
    """Two to one at odds of a half is one to one; at odds of 3 it is six to one."""
    assert shares(kernel, [2, 1], rest_odds=0.5) == pytest.approx([0.5, 0.5], abs=0.025)
    assert shares(kernel, [2, 1], rest_odds=3.0) == pytest.approx([6 / 7, 1 / 7], abs=0.025)
    assert shares(kernel, [1, 1], n=200, rest_odds=2.0, greedy=True) == [1.0, 0.0]
    assert shares(kernel, [1, 5, 3], n=200, rest_odds=1e6, top_k=1) == [1.0, 0.0, 0.0]


def test_rest_odds_never_draw_what_is_impossible(kernel):
    assert shares(kernel, [0, 1], n=200, rest_odds=1e6) == [0.0, 1.0]


def test_top_k_keeps_the_k_likeliest(kernel):
    assert shares(kernel, [1, 5, 3, 2], top_k=2) == pytest.approx([0, 5 / 8, 3 / 8, 0], abs=0.025)


def test_top_k_keeps_those_equal_to_the_kth(kernel):
    assert shares(kernel, [5, 3, 3, 1], top_k=2) == pytest.approx([5 / 11, 3 / 11, 3 / 11, 0], abs=0.025)


@pytest.mark.parametrize("top_k", [0, 3, 4, 65535])
def test_top_k_of_none_or_all_keeps_all(kernel, top_k):
    everything, _ = draws(kernel, [5, 0, 3], 200)
    np.testing.assert_array_equal(draws(kernel, [5, 0, 3], 200, top_k=top_k)[0], everything)


@pytest.mark.parametrize(
    ("top_p", "kept"), [(0.01, [0]), (0.5, [0]), (0.51, [0, 1]), (0.75, [0, 1]), (0.76, [0, 1, 2]), (0.9, [0, 1, 2, 3])]
)
def test_top_p_keeps_the_fewest_likeliest_that_reach_it_ties_by_value(kernel, top_p, kept):
    """Shares 4, 2, 1, 1 of 8."""
    assert sorted(set(draws(kernel, [4, 2, 1, 1], 400, top_p=top_p)[0].reshape(-1).tolist())) == kept


@pytest.mark.parametrize("n_values", [16, 17, 40])
def test_top_p_keeps_the_fewest_likeliest_of_many_in_any_order(kernel, n_values):
    counts = np.random.Generator(np.random.Philox(n_values)).permutation(n_values) + 1
    falling = np.argsort(-counts)
    n_kept = int(np.searchsorted(np.cumsum(counts[falling]), 0.6 * counts.sum())) + 1
    seen = set(draws(kernel, counts.tolist(), 2000, top_p=0.6)[0].reshape(-1).tolist())
    assert seen == set(falling[:n_kept].tolist())


@pytest.mark.parametrize("top_p", [0.0, 1.0])
def test_top_p_of_none_or_all_keeps_all(kernel, top_p):
    everything, _ = draws(kernel, [4, 2, 1, 1], 200)
    np.testing.assert_array_equal(draws(kernel, [4, 2, 1, 1], 200, top_p=top_p)[0], everything)


def test_what_top_p_keeps_is_shared_anew(kernel):
    assert shares(kernel, [4, 2, 1, 1], top_p=0.75) == pytest.approx([2 / 3, 1 / 3, 0, 0], abs=0.025)


def test_top_p_is_measured_at_the_temperature(kernel):
    """Half of the mass is the first value alone, until a high temperature flattens it."""
    assert set(draws(kernel, [4, 2, 1, 1], 200, top_p=0.45)[0].reshape(-1).tolist()) == {0}
    assert set(draws(kernel, [4, 2, 1, 1], 200, top_p=0.45, temperature=100.0)[0].reshape(-1).tolist()) == {0, 1}


def test_top_k_is_taken_before_top_p(kernel):
    """Of 4, 2, 1, 1 the two likeliest remain, and the first alone is two thirds of those."""
    assert set(draws(kernel, [4, 2, 1, 1], 200, top_p=0.6)[0].reshape(-1).tolist()) == {0, 1}
    assert set(draws(kernel, [4, 2, 1, 1], 200, top_k=2, top_p=0.6)[0].reshape(-1).tolist()) == {0}


def test_a_recent_tokens_probability_is_raised_to_the_penalty(kernel):
    """After a 0: one half cubed against one half, one to four."""
    given_tl = np.full((4000, 1), MASK, np.uint16)
    given_tl[::2] = 0
    cells, _ = draws(kernel, [1, 1], 4000, given_tl=given_tl, repetition_penalty=3.0, no_repeat_window=1)
    assert cells[1::2].mean() == pytest.approx(0.8, abs=0.025)


def test_repetition_penalty_comes_before_top_k(kernel):
    """(4/7) cubed is less than 3/7, and (3/7) cubed less than 4/7: the two take turns."""
    cells, _ = draws(kernel, [4, 3], 40, top_k=1, repetition_penalty=3.0, no_repeat_window=1)
    assert cells.reshape(-1).tolist() == [0, 1] * 20


def test_greedy_takes_the_likeliest_after_the_penalty(kernel):
    cells, _ = draws(kernel, [4, 3], 40, greedy=True, repetition_penalty=3.0, no_repeat_window=1)
    assert cells.reshape(-1).tolist() == [0, 1] * 20


@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_greedy_takes_the_likeliest_and_the_first_of_equals_whatever_the_seed(kernel, seed):
    assert set(draws(kernel, [1, 4, 4], 40, seed, greedy=True, temperature=9.0)[0].reshape(-1).tolist()) == {1}


@pytest.mark.parametrize("window", [1, 2, 3])
def test_window_counts_the_steps_that_are_recent(kernel, window):
    """Near-equal values under a heavy penalty come again once they leave the window."""
    how = {"top_k": 1, "repetition_penalty": 50.0, "no_repeat_window": window}
    tokens = draws(kernel, [13, 12, 11, 10], 40, **how)[0].reshape(-1).tolist()
    assert tokens == [t % (window + 1) for t in range(40)]


def test_no_window_is_no_penalty(kernel):
    plain, _ = draws(kernel, [4, 3], 200)
    np.testing.assert_array_equal(draws(kernel, [4, 3], 200, repetition_penalty=9.0)[0], plain)


def test_window_looks_at_its_own_lane_alone(kernel):
    cells, _ = draws(kernel, [4, 3], 20, n_lanes=2, greedy=True, repetition_penalty=3.0, no_repeat_window=1)
    assert cells.tolist() == [[0, 0], [1, 1]] * 10


def test_all_values_recent_under_the_heaviest_penalty_still_draw_a_possible_one(kernel):
    counts = [0, *[1] * 3000]
    cells, logp = draws(kernel, counts, 6, seed=5, repetition_penalty=50.0, no_repeat_window=3)
    assert (cells > 0).all()
    assert np.isfinite(logp).all()


def test_same_seed_same_tokens_and_another_seed_others(kernel):
    first, _ = draws(kernel, [1, 1, 1, 1], 100, seed=7)
    np.testing.assert_array_equal(draws(kernel, [1, 1, 1, 1], 100, seed=7)[0], first)
    others = [draws(kernel, [1, 1, 1, 1], 100, seed=seed)[0] for seed in (8, 7 + (1 << 32), 1 << 63)]
    for other in others:
        assert 0.5 < (other != first).mean() < 0.95


def plain_rule(counts, recent, how, u):
    """Restate the rules on paper, with sets and sorted lists."""
    p = [c / sum(counts) for c in counts]
    p[0] *= how.rest_odds
    p = [x**how.repetition_penalty if v in recent else x for v, x in enumerate(p)]
    likeliest = sorted(range(len(p)), key=lambda v: (-p[v], v))
    if how.greedy:
        return likeliest[0]
    kept = [v for v in likeliest if p[v] > 0 and (not how.top_k or p[v] >= p[likeliest[min(how.top_k, len(p)) - 1]])]
    best = p[kept[0]]
    hot = {v: (p[v] / best) ** (1 / how.temperature) for v in kept}
    if 0 < how.top_p < 1:
        total, nucleus = sum(hot.values()), []
        while sum(hot[v] for v in nucleus) < how.top_p * total - 1e-12:
            nucleus.append(kept[len(nucleus)])
        kept = nucleus
    target, seen = u * sum(hot[v] for v in kept), 0.0
    for v in sorted(kept):
        seen += hot[v]
        if target < seen:
            break
    return v


@given(
    counts=st.lists(st.integers(0, 9), min_size=1, max_size=6).filter(any),
    how=st.builds(
        Sampling,
        temperature=st.sampled_from([0.2, 0.5, 1.0, 3.0]),
        top_k=st.integers(0, 7),
        top_p=st.sampled_from([0.0, 0.3, 0.62, 0.9, 1.0]),
        repetition_penalty=st.sampled_from([1.0, 1.3, 4.0]),
        no_repeat_window=st.integers(0, 3),
        greedy=st.booleans(),
        rest_odds=st.sampled_from([1.0, 0.25, 7.0]),
    ),
    seed=st.integers(0, 2**64 - 1),
)
def test_all_rules_together_are_the_rules_on_paper(kernel, counts, how, seed):
    tokens = draws(kernel, counts, 12, seed, **how._asdict())[0].reshape(-1).tolist()
    for t, token in enumerate(tokens):
        recent = tokens[max(t - how.no_repeat_window, 0) : t]
        assert token == plain_rule(counts, recent, how, uniform53(*philox4x32(seed, t, 0, 0, 0)[:2]))

"""The variable-order model against counts done by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.engine.markov import OwnCounts, VariableOrder, blended, hash_columns
from sparseq.errors import InputError

TOKENS = np.array([0, 1, 0, 1, 0, 1, 1, 0, 1])


def contexts(tokens):
    """No context, and the token before."""
    before = np.concatenate([[9], tokens[:-1]])
    return np.array([np.zeros(len(tokens), np.uint64), hash_columns(before[None])])


def test_an_estimate_is_the_count_backed_up_by_the_shorter_one():
    model = VariableOrder(contexts(TOKENS), TOKENS, 2)
    asked = contexts(np.array([0, 0]))[:, 1:]  # after a 0
    shorter = (4 + 2 * 0.5) / (9 + 2)  # four of nine are 0, two symbols seen
    after_zero = (0 + 1 * shorter) / (4 + 1)  # four times 1 follows, never 0: one symbol seen
    assert model.probabilities(asked)[0] == pytest.approx([after_zero, 1 - after_zero])


def test_a_context_never_met_leaves_the_shorter_estimate():
    model = VariableOrder(contexts(TOKENS), TOKENS, 2)
    known, unknown = contexts(TOKENS)[:, :1], np.array([[0], [12345]], np.uint64)
    assert model.probabilities(unknown)[0] == pytest.approx(blended(model.counts(known)[:1])[0])


def test_own_counts_add_to_those_of_the_examples():
    model = VariableOrder(contexts(TOKENS), TOKENS, 2)
    own = OwnCounts(2, weight=50)
    asked = contexts(np.array([0, 0]))[:, 1:]
    before = model.probabilities(asked)[0, 0]
    own.add(asked, [0])
    assert model.probabilities(asked, own)[0, 0] > 0.8 > before


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_estimates_are_distributions_without_zeros(tokens):
    tokens = np.array(tokens)
    p = VariableOrder(contexts(tokens), tokens, 4).probabilities(contexts(tokens))
    assert p.sum(1) == pytest.approx(np.ones(len(tokens)))
    assert (p > 0).all()


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50)), unique=True, min_size=2))
def test_different_contexts_have_different_hashes(columns):
    hashes = hash_columns(np.array(columns).T)
    assert len(set(hashes.tolist())) == len(columns)


def test_a_hash_may_be_lengthened_step_by_step():
    columns = np.array([[1, 2], [3, 4], [5, 6]])
    assert hash_columns(columns[1:], hash_columns(columns[:1])).tolist() == hash_columns(columns).tolist()


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="9 contexts a length"):
        VariableOrder(contexts(TOKENS)[:, :5], TOKENS, 2)
    with pytest.raises(InputError, match="2 lengths, got 1"):
        VariableOrder(contexts(TOKENS), TOKENS, 2).probabilities(contexts(TOKENS)[:1])

"""Products of experts and the search for exponents."""

import numpy as np
import pytest

from sparseq.engine.experts import nats, product, search_exponents
from sparseq.errors import InputError

FLOOR = 1e-9
SAYS = np.array([[0.7, 0.2, 0.1], [0.5, 0.1, 0.4]])


def test_a_product_multiplies_and_normalises():
    wanted = SAYS[0] * SAYS[1] ** 0.5
    assert product(SAYS, np.array([1.0, 0.5]), FLOOR) == pytest.approx(wanted / wanted.sum())


def test_a_negative_exponent_takes_out_what_was_said_twice():
    twice = np.stack([SAYS[0], SAYS[0]])
    assert product(twice, np.array([2.0, -1.0]), FLOOR) == pytest.approx(SAYS[0])


def test_no_expert_alone_forbids():
    assert product(np.array([[1.0, 0.0], [0.5, 0.5]]), np.ones(2), 1e-3)[1] > 0


def test_nats_are_those_of_the_product():
    exponents = np.array([0.6, 0.7])
    wanted = -np.log(product(SAYS, exponents, FLOOR)[2])
    assert nats(SAYS[None], np.array([2]), exponents, FLOOR) == pytest.approx([wanted])


def test_the_search_finds_what_the_answers_came_from():
    rng = np.random.default_rng(0)
    good = rng.dirichlet(np.ones(4), 400)
    noise = rng.dirichlet(np.ones(4), 400)
    truth = np.array([rng.choice(4, p=p) for p in good])
    says = np.stack([good, noise], axis=1)

    def loss(exponents):
        return float(nats(says, truth, exponents, FLOOR).mean())

    found, least = search_exponents(loss, np.array([0.5, 0.5]))
    assert least < loss(np.array([0.5, 0.5]))
    assert found == pytest.approx([1.0, 0.0], abs=0.2)


def test_exponents_must_fit():
    with pytest.raises(InputError, match="each of 2 experts"):
        product(SAYS, np.ones(3), FLOOR)

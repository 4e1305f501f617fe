"""Weights of people become integers of the kernel."""

import math

import numpy as np
import pytest

from sparseq.engine.config import RetrievalConfig
from sparseq.engine.context import HeadSpec
from sparseq.errors import InputError


def test_weights_are_cut_into_steps_of_the_resolution():
    model = RetrievalConfig(sharpness=2.0, resolution=20).model_of(HeadSpec((1.0, 0.5, 0.024, 0.0), (None,) * 4, 2))
    assert model.weights_s.tolist() == [20, 10, 0, 0]
    assert model.sharpness == pytest.approx(0.1)


@pytest.mark.parametrize("resolution", [1, 10, 1000])
def test_resolution_does_not_change_what_a_whole_weight_means(resolution):
    model = RetrievalConfig(sharpness=2.0, resolution=resolution).model_of(HeadSpec((1.0, 2.0), (None, None), 2))
    assert model.decay[model.largest_distance] == pytest.approx(math.exp(-6.0))


def test_dissimilarities_are_shares_of_the_slots_weight():
    unlike = np.array([[0.0, 0.5], [1.0, 0.0]])
    model = RetrievalConfig(resolution=10).model_of(HeadSpec((1.0, 3.0), (None, unlike), 2))
    assert model.similarity_of_slot_s.tolist() == [-1, 0]
    assert model.similarity_kab.tolist() == [[[0, 15], [30, 0]]]


def test_prior_weight_is_handed_on():
    assert RetrievalConfig(prior_weight=0.25).model_of(HeadSpec((), (), 2)).prior_weight == 0.25


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sharpness": 0.0}, "sharpness: wanted a number above 0 up to 100, got 0.0"),
        ({"sharpness": math.nan}, "sharpness: wanted a number above 0 up to 100, got nan"),
        ({"sharpness": math.inf}, "sharpness: wanted a number above 0 up to 100, got inf"),
        ({"prior_weight": -1.0}, "prior_weight: wanted a number 0 to 1e+06, got -1.0"),
        ({"prior_weight": math.nan}, "prior_weight: wanted a number 0 to 1e+06, got nan"),
        ({"own_weight": 0}, "own_weight: wanted a whole number 1 to 1048576, got 0"),
        ({"own_weight": 2.5}, "own_weight: wanted a whole number 1 to 1048576, got 2.5"),
        ({"own_weight": math.nan}, "own_weight: wanted a whole number 1 to 1048576, got nan"),
        ({"resolution": 1001}, "resolution: wanted a whole number 1 to 1000, got 1001"),
        ({"resolution": math.nan}, "resolution: wanted a whole number 1 to 1000, got nan"),
    ],
)
def test_numbers_out_of_range_are_refused_at_once(arguments, message):
    with pytest.raises(InputError) as caught:
        RetrievalConfig(**arguments)
    assert str(caught.value) == message


def test_weights_too_heavy_for_two_bytes_are_refused():
    with pytest.raises(InputError, match=r"^weights_s: wanted a sum of at most 65535, got 70000$"):
        RetrievalConfig(resolution=1000).model_of(HeadSpec((40.0, 30.0), (None, None), 2))

"""Sampling controls are checked when they are made."""

import math

import pytest

from sparseq.engine.sampling import SamplingConfig
from sparseq.errors import InputError
from sparseq.kernel.sampling import Sampling


def test_the_defaults_draw_from_the_probabilities_as_they_are():
    assert SamplingConfig().params() == Sampling()


def test_quality_is_the_originals_recipe():
    assert SamplingConfig.quality().params() == Sampling(1.0, 5, 0.9, 1.7, 24, False)


def test_every_control_reaches_the_kernel_in_its_place():
    config = SamplingConfig(
        temperature=0.5, top_k=3, top_p=0.25, repetition_penalty=2.0, no_repeat_window=7, greedy=True, rest_odds=2.0
    )
    assert config.params()._asdict() == {
        "temperature": 0.5,
        "top_k": 3,
        "top_p": 0.25,
        "repetition_penalty": 2.0,
        "no_repeat_window": 7,
        "greedy": True,
        "rest_odds": 2.0,
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("temperature", bad) for bad in (0.0, -1.0, math.nan, math.inf, 101.0)],
        *[("top_k", bad) for bad in (-1, 2.0, math.nan)],
        *[("top_p", bad) for bad in (-0.5, 1.5, math.nan)],
        *[("repetition_penalty", bad) for bad in (0.5, 51.0, math.nan, math.inf)],
        *[("no_repeat_window", bad) for bad in (-1, 1.5)],
        ("greedy", 1),
        *[("rest_odds", bad) for bad in (0.0, 1e7, math.nan)],
    ],
)
def test_a_control_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(InputError, match=rf"^{name}: wanted .*, got {value!r}$"):
        SamplingConfig(**{name: value})

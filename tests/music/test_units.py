"""Musical time in integers."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.errors import InputError
from sparseq.music.units import bpm_to_tempo_us, scale_ticks, tempo_us_to_bpm

ppqs = st.integers(1, 32767)


@given(st.integers(-(2**40), 2**40), ppqs, ppqs)
def test_scaled_ticks_are_the_nearest_and_ties_go_up(ticks, from_ppq, to_ppq):
    exact = Fraction(ticks * to_ppq, from_ppq)
    scaled = scale_ticks(ticks, from_ppq, to_ppq)
    assert -Fraction(1, 2) < scaled - exact <= Fraction(1, 2)


@given(st.integers(0, 2**40), ppqs, st.integers(1, 16))
def test_scaling_to_a_multiple_and_back_is_exact(ticks, ppq, factor):
    assert scale_ticks(scale_ticks(ticks, ppq, ppq * factor), ppq * factor, ppq) == ticks


def test_scaling_needs_a_resolution():
    with pytest.raises(InputError, match="at least 1 tick per quarter note, but 0 was given"):
        scale_ticks(1, 0, 960)


@pytest.mark.parametrize(("bpm", "tempo_us"), [(120, 500_000), (60, 1_000_000), (100, 600_000), (93, 645_161)])
def test_tempo_is_whole_microseconds(bpm, tempo_us):
    assert bpm_to_tempo_us(bpm) == tempo_us
    assert tempo_us_to_bpm(tempo_us) == pytest.approx(bpm, rel=1e-6)


@pytest.mark.parametrize("bpm", [0, -1, 3.5, 2e8, float("nan"), float("inf")])
def test_a_tempo_that_no_file_can_hold_is_refused(bpm):
    with pytest.raises(InputError, match="bpm was wanted"):
        bpm_to_tempo_us(bpm)


def test_a_tempo_of_no_time_is_refused():
    with pytest.raises(InputError, match="but 0 was given"):
        tempo_us_to_bpm(0)

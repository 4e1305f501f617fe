import numpy as np
import pytest

from sparseq.jobs.phrases import N_PHRASE_CODES, ODD_LENGTH, PHRASE_BARS, phrase_codes, phrase_distances


def test_bars_of_loops_that_go_round_stand_where_they_come_again():
    unlike = phrase_distances()
    for n_bars in (1, 2, 4, 8):
        for bar, code in enumerate(phrase_codes(n_bars)):
            at = [there for there, asked in enumerate(phrase_codes(PHRASE_BARS)) if unlike[asked, code] == 0]
            assert at == list(range(bar, PHRASE_BARS, n_bars))


def test_long_music_counts_on_and_odd_lengths_have_no_place():
    assert phrase_codes(17).tolist() == [*range(8), *range(8), 0]
    assert set(phrase_codes(3).tolist()) == {ODD_LENGTH}


def test_the_end_of_four_bars_is_nearer_to_that_of_eight_than_any_other_bar():
    unlike, codes = phrase_distances(), phrase_codes(8)
    assert np.array_equal(unlike, unlike.T)
    assert 0.0 <= unlike.min() <= unlike.max() <= 1.0
    assert unlike[codes[3], codes[7]] < min(unlike[codes[k], codes[7]] for k in (0, 1, 2, 4, 5, 6))


@pytest.mark.parametrize("n_bars", range(1, 20))
def test_codes_stay_below_their_number(n_bars):
    assert len(phrase_codes(n_bars)) == n_bars
    assert phrase_codes(n_bars).max() < N_PHRASE_CODES

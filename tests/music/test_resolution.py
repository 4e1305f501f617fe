from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparseq.music.resolution import suitable_steps
from sparseq.music.score import Note, Score

PPQ = 480


def make_score(onsets_ticks: Sequence[int], meter: tuple[int, int] = (4, 4)) -> Score:
    notes = tuple(Note(onset, 10, 38, 90, channel=9, off_index=0) for onset in sorted(onsets_ticks))
    return Score(PPQ, notes, ((0, 500_000),), ((0, *meter),), 4 * PPQ, ("Drums",))


@pytest.mark.parametrize("steps", [3, 4, 6, 8, 12])
def test_notes_that_lie_on_a_grid_get_that_grid(steps: int) -> None:
    assert suitable_steps(make_score(range(0, 4 * PPQ, PPQ // steps))) == steps


def test_eighths_and_quarters_are_seen_as_sixteenths() -> None:
    assert suitable_steps(make_score([0, 240, 480, 720])) == 4
    assert suitable_steps(make_score([0, 480, 960])) == 4


def test_one_ornament_does_not_make_the_grid_finer() -> None:
    assert suitable_steps(make_score([*range(0, 1920, 120), 60])) == 4
    assert suitable_steps(make_score([*range(0, 1920, 120), 1800 + 40])) == 4


@given(st.lists(st.integers(-20, 20), min_size=16, max_size=16))
def test_loosely_played_sixteenths_are_still_sixteenths(offsets_ticks: list[int]) -> None:
    onsets = [max(0, step * 120 + offset) for step, offset in enumerate(offsets_ticks)]
    assert suitable_steps(make_score(onsets)) == 4


def test_loosely_played_triplets_are_still_triplets() -> None:
    assert suitable_steps(make_score([0, 165, 312, 484, 633, 800, 966, 1117, 1290, 1436, 1596, 1763])) == 3


def test_bars_that_are_no_whole_sixteenths_get_a_grid_that_holds_them() -> None:
    assert suitable_steps(make_score([0, 120, 240], meter=(7, 32))) == 8

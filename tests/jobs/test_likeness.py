"""Which style suits a take."""

import pytest

from sparseq.jobs.likeness import of_fitting_style, profile
from sparseq.jobs.loading import load_examples
from sparseq.music.piece import Piece


@pytest.fixture(scope="module")
def several():
    names = ["funk-tin-roof", "house-lantern-room", "synthwave-coast-road", "rock-boulevard"]
    return load_examples(names, pitched=True)


def without(piece, *names):
    parts = tuple(part for part in piece.parts if part.name not in names)
    return Piece(piece.score, parts, piece.steps_per_beat, piece.bars, piece.key)


@pytest.mark.parametrize("missing", [("drums",), ("bass", "chords"), ("lead", "drums", "chords")])
def test_a_take_out_of_a_loop_is_most_like_that_loop(several, missing):
    for example in several.used[:3]:
        found = of_fitting_style(several, missing, without(example.piece(), *missing))
        assert [loop.name for loop in found.used] == [example.name]


def test_a_style_that_has_more_of_the_parts_comes_before_one_that_is_more_alike(several):
    rock = several.used[3]
    found = of_fitting_style(several, ("bass", "lead"), rock.piece())
    assert rock.style not in {loop.style for loop in found.used}


def test_a_profile_tells_how_often_each_step_is_struck(several):
    found = profile(several.used[3].piece())
    assert found["kick"][0] == 1.0
    assert all(((struck >= 0) & (struck <= 1)).all() and len(struck) == 16 for struck in found.values())

"""Variations are ranked, differ from each other, and are never more than there are."""

import numpy as np
import pytest

from sparseq.jobs.choice import Choice
from sparseq.jobs.fill import Filler
from sparseq.jobs.filling import FillSettings
from sparseq.jobs.hole import dig_hole
from sparseq.jobs.song import SongFiller
from sparseq.jobs.variations import TRIES, distinct, variations
from sparseq.music.smf import parse


@pytest.fixture(scope="module")
def filler(rock_bytes, few):
    return filler_of(rock_bytes, few)


def filler_of(rock_bytes, few, **settings):
    hole = dig_hole(parse(rock_bytes(6), "b.mid"), Choice("3-4"))
    how = FillSettings(**{"seed": 5, "temperature": 2.0, **settings})
    return SongFiller(hole.midi, Filler(hole, few.used, how), None, how)


def cells(filling):
    return filling.cells.tolist()


def test_they_are_ranked_by_likelihood_and_differ(filler):
    found = variations(filler, 4)
    assert len(found) == 4
    ranks = [filling.log_likelihood for filling in found]
    assert ranks == sorted(ranks, reverse=True)
    differences = [(np.array(cells(a)) != np.array(cells(b))).sum() for a in found for b in found if a is not b]
    assert min(differences) >= 1


def test_they_are_the_same_again_and_others_by_another_seed(filler, rock_bytes, few):
    first = [cells(filling) for filling in variations(filler, 3)]
    assert [cells(filling) for filling in variations(filler, 3)] == first
    other = filler_of(rock_bytes, few, seed=6)
    assert [cells(filling) for filling in variations(other, 3)] != first


def test_one_variation_is_the_filling_of_the_seed(filler):
    assert cells(variations(filler, 1)[0]) == cells(filler.fill())


def test_greedy_there_is_one_way_only(rock_bytes, few):
    assert len(variations(filler_of(rock_bytes, few, greedy=True), 3)) == 1


def test_no_more_tries_are_made_than_needed(filler, monkeypatch):
    asked = []
    fill = type(filler).fill
    monkeypatch.setattr(type(filler), "fill", lambda self, seed=None: asked.append(seed) or fill(self, seed))
    variations(filler, 2)
    assert (len(asked), len(set(asked)), asked[0]) == (2 * TRIES, 2 * TRIES, 5)
    assert all(0 <= seed < 2**64 for seed in asked)


def test_the_likelier_of_two_that_are_too_much_alike_is_kept(filler):
    fillings = [filler.fill(seed) for seed in range(6)]
    strict = distinct(fillings, 6, least_cells=10**6)
    assert strict == [max(fillings, key=lambda filling: filling.log_likelihood)]

"""A library of two grooves, and pieces cut from it."""

import numpy as np
import pytest

from sparseq.jobs.baselines.library import Library, Piece

ROCK = np.zeros((8, 2), np.uint8)
ROCK[[0, 4], 0] = 1
ROCK[[2, 6], 1] = 1
BUSY = np.zeros((8, 2), np.uint8)
BUSY[:, 0] = 1
BUSY[[3, 7], 1] = 1


def piece(name, *bars):
    return Piece(name, "", np.stack(bars))


@pytest.fixture
def library():
    pieces = [piece(f"rock{k}", *[ROCK] * 6) for k in range(3)] + [piece(f"busy{k}", *[BUSY] * 6) for k in range(3)]
    return Library(tuple(pieces), ("kick", "snare"), 2, (4, 4))


@pytest.fixture
def rock():
    return piece("asked", *[ROCK] * 6)


@pytest.fixture
def busy():
    return piece("asked", *[BUSY] * 6)

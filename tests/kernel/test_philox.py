"""The generator behind every draw, held to the known answers of its authors (Random123, kat_vectors)."""

import numpy as np
import pytest

from sparseq.kernel.philox import philox4x32, philox_words, uniform53

KNOWN = [
    # counter, key words, the block
    (
        (0x00000000, 0x00000000, 0x00000000, 0x00000000),
        (0x00000000, 0x00000000),
        (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
    ),
    (
        (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
        (0xFFFFFFFF, 0xFFFFFFFF),
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "block"), KNOWN)
def test_blocks_are_those_of_the_authors(counter, key, block):
    assert philox4x32(key[0] | key[1] << 32, *counter) == block


@pytest.mark.parametrize(
    ("high", "low", "number"),
    [
        (0, 0, 0.0),
        (0, 0x7FF, 0.0),
        (0, 0x800, 2.0**-53),
        (0x80000000, 0, 0.5),
        (0xFFFFFFFF, 0xFFFFFFFF, 1.0 - 2.0**-53),
    ],
)
def test_two_words_make_a_number_of_53_bits_below_one(high, low, number):
    assert uniform53(high, low) == number


def test_many_counters_at_once_give_the_same_blocks():
    first, second = np.array([0, 1, 7, 0xFFFFFFFF]), np.array([5, 0, 0xFFFFFFFF, 3])
    for key in (0, 12345, 2**64 - 1):
        found = philox_words(key, first, second, 3)
        assert [tuple(row) for row in found.tolist()] == [
            philox4x32(key, c0, c1, 0, 3) for c0, c1 in zip(first.tolist(), second.tolist(), strict=True)
        ]

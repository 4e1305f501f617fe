"""Philox4x32-10, the counter-based generator behind every draw: same key and counter, same numbers, everywhere.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

import numpy as np
import numpy.typing as npt

WORD = 0xFFFFFFFF


def philox4x32(key: int, c0: int, c1: int, c2: int, c3: int) -> tuple[int, int, int, int]:
    """Return the four 32-bit words of one counter (four 32-bit words) under a 64-bit key."""
    k0, k1 = key & WORD, key >> 32
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & WORD, (p0 >> 32) ^ c3 ^ k1, p0 & WORD
        k0, k1 = (k0 + 0x9E3779B9) & WORD, (k1 + 0xBB67AE85) & WORD
    return c0, c1, c2, c3


def philox_words(key: int, c0_n: npt.NDArray[np.int64], c1_n: npt.NDArray[np.int64], c3: int) -> npt.NDArray[np.uint64]:
    """Return what `philox4x32` does for many counters (c0, c1, 0, c3) at once: uint64 ndarray of shape (N, 4)."""
    low = np.uint64(WORD)
    c0, c1 = c0_n.astype(np.uint64), c1_n.astype(np.uint64)
    c2, c3_n = np.zeros_like(c0), np.full_like(c0, c3)
    k0, k1 = key & WORD, key >> 32
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        c0, c2 = (p1 >> np.uint64(32)) ^ c1 ^ np.uint64(k0), (p0 >> np.uint64(32)) ^ c3_n ^ np.uint64(k1)
        c1, c3_n = p1 & low, p0 & low
        k0, k1 = (k0 + 0x9E3779B9) & WORD, (k1 + 0xBB67AE85) & WORD
    return np.stack([c0, c1, c2, c3_n], axis=1)


def uniform53(high: int, low: int) -> float:
    """Return two 32-bit words as a float in [0, 1) with 53 random bits."""
    return float(((high << 32) | low) >> 11) * 2.0**-53

"""Philox4x32-10, the counter-based generator behind every draw: same key and counter, same numbers, everywhere.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

WORD = 0xFFFFFFFF


def philox4x32(key: int, c0: int, c1: int, c2: int, c3: int) -> tuple[int, int, int, int]:
    """Return the four 32-bit words of one counter (four 32-bit words) under a 64-bit key."""
    k0, k1 = key & WORD, key >> 32
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & WORD, (p0 >> 32) ^ c3 ^ k1, p0 & WORD
        k0, k1 = (k0 + 0x9E3779B9) & WORD, (k1 + 0xBB67AE85) & WORD
    return c0, c1, c2, c3


def uniform53(high: int, low: int) -> float:
    """Return two 32-bit words as a float in [0, 1) with 53 random bits."""
    return float(((high << 32) | low) >> 11) * 2.0**-53

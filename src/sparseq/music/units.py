"""Musical time in integers: ticks at one resolution turned into ticks at another, tempo in microseconds and in bpm."""

import math

from sparseq.errors import InputError

PPQ = 960
"""Internal resolution in ticks per quarter note: a multiple of what sequencers use (96, 120, 192, 240, 480)."""

RELEASE_VELOCITY = 64
"""Of a note-off where none was measured, as the MIDI 1.0 specification has it; note-on of 0 means it, too."""

DEFAULT_TEMPO_US = 500_000
"""Microseconds per quarter note where a file states no tempo: 120 bpm, as the MIDI file standard has it."""

MAX_TEMPO_US = 0xFF_FFFF
"""The slowest tempo that a MIDI file can state: three bytes of microseconds per quarter note."""


def scale_ticks(ticks: int, from_ppq: int, to_ppq: int) -> int:
    """Turn ticks at one resolution into ticks at another, rounding half up.

    Parameters
    ----------
    ticks : int
        Any integer; exact where `to_ppq` is a multiple of `from_ppq`.
    from_ppq, to_ppq : int
        Ticks per quarter note, at least 1.

    Returns
    -------
    int
        The nearest tick at `to_ppq`.

    Raises
    ------
    InputError
        If a resolution is below 1.
    """
    if from_ppq < 1 or to_ppq < 1:
        raise InputError(f"a resolution is at least 1 tick per quarter note, but {min(from_ppq, to_ppq)} was given")
    return (2 * ticks * to_ppq + from_ppq) // (2 * from_ppq)


def bpm_to_tempo_us(bpm: float) -> int:
    """Turn beats per minute into whole microseconds per quarter note, rounding half up.

    Parameters
    ----------
    bpm : float
        Quarter notes per minute, from 3.58 (the slowest that a MIDI file can state) to 60,000,000.

    Returns
    -------
    int
        Microseconds per quarter note, 1 to 16,777,215.

    Raises
    ------
    InputError
        If the tempo does not fit a MIDI file.
    """
    tempo_us = math.floor(60_000_000 / bpm + 0.5) if math.isfinite(bpm) and bpm > 0 else 0
    if not 1 <= tempo_us <= MAX_TEMPO_US:
        raise InputError(f"a tempo between 3.58 and 60000000 bpm was wanted, but {bpm:g} was given")
    return tempo_us


def tempo_us_to_bpm(tempo_us: int) -> float:
    """Turn microseconds per quarter note into beats per minute.

    Parameters
    ----------
    tempo_us : int
        At least 1.

    Returns
    -------
    float
        Quarter notes per minute.

    Raises
    ------
    InputError
        If `tempo_us` is below 1.
    """
    if tempo_us < 1:
        raise InputError(f"a tempo of at least 1 microsecond per quarter note was wanted, but {tempo_us} was given")
    return 60_000_000 / tempo_us

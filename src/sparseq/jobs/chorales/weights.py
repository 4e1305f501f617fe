"""What the experts weigh: found on the validation split by trial, kept as numbers."""

from sparseq.jobs.chorales.models import Expert

_KINDS = (
    *("own_first", "own_second", "own_third", "own_change"),
    *("other_first", "other_change", "bass_first", "now", "degree", "sixteenth"),
)

# Coding; weights in nats by kind, in the order above; decay; exponent.
_TABLE = (
    ("now", (7.0, 2.0, 1.0, 2.0, 1.6, 0.6, 1.6, 3.5, 2.0, 4.0), 0.2, 0.13),
    ("key", (10.53, 0.61, 0.19, 0.0, 0.42, 0.22, 0.42, 2.54, 0.0, 5.13), 0.365, 0.17),
    ("now", (4.22, 2.27, 0.86, 0.0, 2.0, 0.0, 8.2, 10.68, 0.0, 2.9), -0.054, 0.16),
    ("now", (7.03, 2.06, 1.01, 0.0, 0.0, 0.0, 0.0, 2.75, 3.13, 1.46), 0.265, -0.15),
    ("now", (14.62, 3.01, 2.02, 1.7, 0.0, 0.0, 0.0, 5.18, 0.0, 4.78), 0.74, 0.17),
    ("key", (1.69, 3.31, 0.9, 0.69, 1.97, 0.96, 1.97, 1.84, 0.0, 4.22), 0.435, 0.48),
    ("own", (13.94, 7.13, 0.89, 0.0, 0.0, 0.26, 1.61, 5.82, 3.98, 11.62), 0.205, 0.1),
    ("key", (2.47, 3.19, 0.64, 2.45, 2.54, 0.0, 2.54, 0.85, 0.0, 4.59), 0.416, -0.15),
    ("own", (8.32, 6.65, 3.02, 1.79, 0.0, 0.6, 2.01, 0.0, 0.92, 6.7), 0.271, 0.22),
    ("own", (2.87, 0.0, 0.0, 1.51, 0.94, 0.72, 0.94, 0.0, 1.54, 0.0), 0.534, -0.15),
)


def experts() -> tuple[Expert, ...]:
    """Return the experts."""
    return tuple(
        Expert(coding, dict(zip(_KINDS, weights, strict=True)), decay, exponent)
        for coding, weights, decay, exponent in _TABLE
    )

"""What the kernel needs to know to draw a token from probabilities."""

from typing import NamedTuple


class Sampling(NamedTuple):
    """Sampling parameters, in this order: rest odds, repetition penalty, top-k, top-p at the temperature, draw.

    The order and the meaning follow the published original (repetition penalty as a factor on negative logits, here
    logarithms of probabilities).

    Attributes
    ----------
    temperature : float
        Above 0 up to 100; 1 draws from the probabilities as they are.
    top_k : int
        Keep the k most probable; 0 keeps all.
    top_p : float
        Keep the fewest most probable that sum to this; 0 or 1 keep all.
    repetition_penalty : float
        Power (1 to 50) that probabilities of recent tokens are raised to.
    no_repeat_window : int
        Steps of the lane that count as recent.
    greedy : bool
        Take the most probable instead of drawing.
    rest_odds : float
        Factor (1e-6 to 1e6) on the odds of value 0, which is a rest where values are notes: above 1 fewer notes, below
        1 more.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 0.0
    repetition_penalty: float = 1.0
    no_repeat_window: int = 0
    greedy: bool = False
    rest_odds: float = 1.0

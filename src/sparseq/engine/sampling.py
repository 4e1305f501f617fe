"""How tokens are drawn from what the examples say."""

from dataclasses import dataclass

from sparseq.kernel.grid_checks import check_sampling
from sparseq.kernel.sampling import Sampling


@dataclass(frozen=True, slots=True)
class SamplingConfig:
    """Sampling controls, applied in this order: rest odds, repetition penalty, top-k, top-p at the temperature, draw.

    Attributes
    ----------
    temperature : float
        Above 0 up to 100; below 1 keeps to what is likely, above 1 dares more.
    top_k : int
        Keep the k most probable tokens; 0 keeps all.
    top_p : float
        Keep the fewest most probable tokens that sum to this, 0 to 1; 0 keeps all.
    repetition_penalty : float
        1 to 50; recent tokens' probabilities are raised to this power.
    no_repeat_window : int
        Steps of the lane that count as recent.
    greedy : bool
        Take the most probable token instead of drawing.
    rest_odds : float
        1e-6 to 1e6; factor on the odds of token 0, a rest: above 1 fewer notes, below 1 more.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 0.0
    repetition_penalty: float = 1.0
    no_repeat_window: int = 0
    greedy: bool = False
    rest_odds: float = 1.0

    def __post_init__(self) -> None:
        check_sampling(self.params())

    @classmethod
    def quality(cls) -> "SamplingConfig":
        """Return the published original's recipe: top-k 5, top-p 0.9, repetition penalty 1.7 over 24 tokens."""
        return cls(temperature=1.0, top_k=5, top_p=0.9, repetition_penalty=1.7, no_repeat_window=24)

    def params(self) -> Sampling:
        """Return the kernel's form of these."""
        return Sampling(
            self.temperature,
            self.top_k,
            self.top_p,
            self.repetition_penalty,
            self.no_repeat_window,
            self.greedy,
            self.rest_odds,
        )

"""The settings of the vector kernel, checked when they are made."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparseq.errors import InputError

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def whole(name: str, value: Any, low: int, high: int | None = None) -> int:
    """Return `value` as an int of at least `low` (and at most `high`), or raise `InputError`."""
    span = f"of at least {low}" if high is None else f"from {low} to {high}"
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise InputError(f"{name}: wanted a whole number {span}, got {value!r}")
    if value < low or (high is not None and value > high):
        raise InputError(f"{name}: wanted a whole number {span}, got {value}")
    return int(value)


def real(name: str, value: Any, low: float, high: float = math.inf) -> float:
    """Return `value` as a finite float from `low` to `high`, or raise `InputError`."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise InputError(f"{name}: wanted a number, got {value!r}")
    if not math.isfinite(value) or not low <= value <= high:
        raise InputError(f"{name}: wanted a finite number from {low:g} to {high:g}, got {value}")
    return float(value)


@dataclass(frozen=True)
class VectorConfig:
    """Which tokens a query may look at; each candidate counts once.

    Parameters
    ----------
    window : int, at least 0
        Tokens on each side (causal: before it) that the query sees one by one, beside itself.
    block_size : int, at least 1
        Tokens of a block; whole blocks outside the window are seen as the mean of their keys and of their values.
    global_tokens : tuple of int, each at least 0
        Positions that every query sees; those at or beyond the end of the sequence are left out.
    causal : bool
        See nothing behind the query.
    log_stride : bool
        See single tokens at distances of 2, 4, 8, ... as far as they lie beyond the window.
    landmarks : bool
        See the block means.

    Raises
    ------
    InputError
        For a value out of its range.
    """

    window: int = 256
    block_size: int = 64
    global_tokens: tuple[int, ...] = (0,)
    causal: bool = True
    log_stride: bool = True
    landmarks: bool = True

    def __post_init__(self) -> None:
        whole("window", self.window, 0)
        whole("block_size", self.block_size, 1)
        tokens = sorted({whole("global_tokens", token, 0) for token in self.global_tokens})
        object.__setattr__(self, "global_tokens", tuple(tokens))


@dataclass(frozen=True)
class DrawConfig:
    """How a token is drawn from logits: repetition penalty, top-k, top-p, softmax at a temperature, then the draw.

    The defaults are the original's setting for quality.

    Parameters
    ----------
    temperature : float, above 0
        Divides the logits in the softmax; below 1 sharpens.
    top_k : int, at least 0
        Keep the highest logits, with all that equal the last of them; 0 keeps all.
    top_p : float from 0 to 1
        Keep the fewest of these that hold this share of the probability; 0 and 1 keep all.
    repetition_penalty : float, at least 1
        Divides positive and multiplies negative logits, once for each time that the token was said recently.
    no_repeat_window : int, at least 0
        How many tokens count as recent.

    Raises
    ------
    InputError
        For a value out of its range.
    """

    temperature: float = 1.0
    top_k: int = 5
    top_p: float = 0.9
    repetition_penalty: float = 1.7
    no_repeat_window: int = 24

    def __post_init__(self) -> None:
        real("temperature", self.temperature, 1e-3)
        whole("top_k", self.top_k, 0)
        real("top_p", self.top_p, 0, 1)
        real("repetition_penalty", self.repetition_penalty, 1)
        whole("no_repeat_window", self.no_repeat_window, 0)


@dataclass(frozen=True)
class GateWeights:
    """Weights of the salience gate: D inputs, R states.

    A step is `a = x w + h u`, `z = sigmoid(a + bias_gate)`, `h = (zeta (1 - z) + nu) tanh(a + bias_update) + z h`; the
    salience is `sigmoid(readout . h)`.

    Parameters
    ----------
    w_dr, u_rr : float32 ndarray of shape (D, R) and (R, R)
        Input and state weights, shared by gate and update.
    bias_gate_r, bias_update_r, readout_r : float32 ndarray of shape (R,)
        Biases, and the weights that read the salience from the state.
    zeta, nu : float from 0 to 1
        How much of an update enters where the gate is open, and always.
    """

    w_dr: Floats
    u_rr: Floats
    bias_gate_r: Floats
    bias_update_r: Floats
    readout_r: Floats
    zeta: float = 1.0
    nu: float = 0.0

    @classmethod
    def random(cls, head_dim: int, n_states: int = 16, seed: int = 0) -> "GateWeights":
        """Make weights from a seed: Gaussian, scaled so that states neither die out nor saturate.

        Parameters
        ----------
        head_dim, n_states : int, at least 1
            D and R.
        seed : int, at least 0
            Equal seeds make equal weights.

        Returns
        -------
        GateWeights
            With biases of 1 for the gate and 0 for the update.
        """
        d, r = whole("head_dim", head_dim, 1), whole("n_states", n_states, 1)
        rng = np.random.Generator(np.random.Philox(whole("seed", seed, 0)))
        w_dr = (rng.standard_normal((d, r)) / math.sqrt(d)).astype(np.float32)
        u_rr = (rng.standard_normal((r, r)) / (2 * math.sqrt(r))).astype(np.float32)
        readout_r = rng.standard_normal(r).astype(np.float32)
        return cls(w_dr, u_rr, np.ones(r, np.float32), np.zeros(r, np.float32), readout_r)


class Mark(NamedTuple):
    """A point in the growth of a cache to which it can go back until the next eviction."""

    length: int
    evictions: int

"""Products of experts: distributions multiplied, each raised to what it counts, and the search for what that is."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sparseq.errors import InputError

Floats = npt.NDArray[np.float64]


def product(p_ev: Floats, exponents_e: Floats, floor: float) -> Floats:
    """Return the normalised product of distributions, float64 of shape (V,).

    Parameters
    ----------
    p_ev : float64 ndarray of shape (E, V)
        What each expert says.
    exponents_e : float64 ndarray of shape (E,)
        What each counts; below 0 takes out what others have twice.
    floor : float
        Added to each probability, above 0, so that no expert alone can forbid.
    """
    if p_ev.ndim != 2 or exponents_e.shape != p_ev.shape[:1]:
        raise InputError(f"exponents_e: wanted one for each of {len(p_ev)} experts, got shape {exponents_e.shape}")
    log_v = exponents_e @ np.log(p_ev + floor)
    raised = np.exp(log_v - log_v.max())
    return np.asarray(raised / raised.sum())


def nats(p_qev: Floats, truth_q: npt.NDArray[np.integer], exponents_e: Floats, floor: float) -> Floats:
    """Return what the product loses on each question, float64 of shape (Q,).

    Parameters
    ----------
    p_qev : float64 ndarray of shape (Q, E, V)
        What each expert says to each question.
    truth_q : int ndarray of shape (Q,)
        The answers.
    exponents_e, floor
        As in `product`.
    """
    log_qv = np.einsum("e,qev->qv", exponents_e, np.log(p_qev + floor))
    top_q = log_qv.max(1)
    total_q = np.log(np.exp(log_qv - top_q[:, None]).sum(1)) + top_q
    return np.asarray(total_q - log_qv[np.arange(len(truth_q)), truth_q])


def search_exponents(
    loss: Callable[[Floats], float], start_e: Floats, steps: tuple[float, ...] = (0.2, 0.1, 0.05, 0.02)
) -> tuple[Floats, float]:
    """Return exponents with a smaller loss, found along one at a time, and that loss.

    Parameters
    ----------
    loss : callable
        Of exponents.
    start_e : float64 ndarray of shape (E,)
        Where to begin.
    steps : tuple of float
        Sizes of the steps, each taken until none pays any more.
    """
    best_e, best = start_e.astype(np.float64), loss(start_e)
    for step in steps:
        moved = True
        while moved:
            moved = False
            for e in range(len(best_e)):
                for way in (step, -step):
                    tried = best_e.copy()
                    tried[e] += way
                    found = loss(tried)
                    if found < best:
                        best_e, best, moved = tried, found, True
    return best_e, best

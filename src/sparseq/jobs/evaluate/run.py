"""Which kind of run a request stands for."""

from collections.abc import Callable

from sparseq.jobs.evaluate.report import Evaluation
from sparseq.jobs.evaluate.request import Request


def total_steps(request: Request) -> int:
    """Return how often `run` calls `advance`."""
    if request.protocol:
        from sparseq.jobs.chorales.protocol import TOTAL_STEPS

        return TOTAL_STEPS
    if _asks_pitched(request):
        from sparseq.jobs.evaluate.pitched import TOTAL_STEPS as PITCHED_STEPS

        return PITCHED_STEPS
    from sparseq.jobs.evaluate.methods import RIVALS

    return 1 + len(RIVALS)


def run(request: Request, advance: Callable[[int], None]) -> Evaluation:
    """Evaluate ours and every baseline.

    Parameters
    ----------
    request : Request
        What.
    advance : callable
        Told how much is done, `total_steps` in all.

    Raises
    ------
    InputError, FileError
        For music that is not there or cannot be used.
    """
    if request.protocol:
        from sparseq.jobs.chorales.protocol import run_chorales

        return run_chorales(request, advance)
    if _asks_pitched(request):
        from sparseq.jobs.evaluate.pitched import run_pitched

        return run_pitched(request, advance)
    from sparseq.jobs.evaluate.drums import run_drums

    return run_drums(request, advance)


def _asks_pitched(request: Request) -> bool:
    """Whether pitched parts are asked about: said so, or there is nothing else in the file."""
    if request.pitched:
        return True
    if request.task != "fill":
        return False
    from sparseq.jobs.evaluate.pitched_sources import is_pitched

    return is_pitched(request.on)

"""One whole run of the benchmark."""

from collections.abc import Callable

from sparseq.jobs.bench.attention import measure_attention
from sparseq.jobs.bench.codings import measure_codings
from sparseq.jobs.bench.decode import measure_decode
from sparseq.jobs.bench.growth import measure_growth
from sparseq.jobs.bench.libraries import shipped_library
from sparseq.jobs.bench.machine import check_native, machine
from sparseq.jobs.bench.report import Report
from sparseq.jobs.bench.sizes import Sizes
from sparseq.jobs.bench.tasks import drum_task, mario_task, text_tokens
from sparseq.jobs.bench.timing import Timing

WAYS, TASKS = 2, 2


def total_rounds(sizes: Sizes) -> int:
    """Return how often `run_bench` calls `advance`."""
    comparisons = len(sizes.attention_tokens) + TASKS * WAYS * len(sizes.coding_tokens)
    return sizes.rounds * comparisons + sizes.slow_rounds + len(sizes.growth_rows)


def run_bench(sizes: Sizes, mario_folder: str | None, advance: Callable[[int], None]) -> Report:
    """Measure everything.

    Parameters
    ----------
    sizes : Sizes
        How much.
    mario_folder : str, optional
        Folder of .txt levels; three of our own by default.
    advance : callable
        Told 1 again and again, `total_rounds` times.

    Returns
    -------
    Report
        Medians, spreads, certificate.

    Raises
    ------
    InputError, FileError
        On the reference kernel, or for levels that cannot be used; before anything is measured.
    """
    check_native()
    facts = machine()
    drums, mario, library = drum_task(), mario_task(mario_folder), shipped_library()
    timings: dict[str, Timing] = {}
    timings |= measure_attention(sizes, advance)
    timings |= measure_codings(drums, sizes, advance)
    timings |= measure_codings(mario, sizes, advance)
    timings |= measure_decode(*text_tokens(mario), sizes, advance)
    growth = measure_growth(library, sizes, advance)
    return Report(sizes, timings, growth, facts)

"""One look-up in ever larger libraries: sparse search against a full scan, with its certificate checked."""

import time
import tracemalloc
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sparseq.jobs.bench.libraries import Library
from sparseq.jobs.bench.sizes import Sizes
from sparseq.jobs.bench.timing import Timing, timed
from sparseq.kernel import load

LIBRARY_SEED, QUERY_SEED = 1, 2
EPSILON = 1e-6


class Growth(NamedTuple):
    """What one library size showed.

    Attributes
    ----------
    n_rows, n_merged : int
        Examples, and rows after equal ones were merged.
    build_s : float
        Seconds to merge them and build the head.
    bytes_per_row : float
        What merged rows and head hold, each row.
    sparse, scan : Timing
        One look-up.
    rows_touched : float
        Merged rows that the sparse look-up measured, median.
    largest_bound, largest_skipped : float
        Over the queries that were also scanned, the share of the softmax mass that the sparse look-up said it may
        have skipped, and what it had.
    held : bool
        Whether no query skipped more than it said, nor more than `EPSILON`.
    """

    n_rows: int
    n_merged: int
    build_s: float
    bytes_per_row: float
    sparse: Timing
    scan: Timing
    rows_touched: float
    largest_bound: float
    largest_skipped: float
    held: bool


def measure_growth(base: Library, sizes: Sizes, advance: Callable[[int], None]) -> list[Growth]:
    """Return one `Growth` for each of `sizes.growth_rows`; `advance` is told 1 after each."""
    queries = query_codes(base.jittered(sizes.growth_queries, QUERY_SEED))
    found = []
    for n_rows in sizes.growth_rows:
        found.append(_measure(base, n_rows, queries, sizes.scan_queries))
        advance(1)
    return found


def query_codes(library: Library) -> npt.NDArray[np.int32]:
    """Return contexts as queries, int32 of shape (N, S)."""
    return library.keys_ns.astype(np.int32)


def _measure(base: Library, n_rows: int, queries: npt.NDArray[np.int32], n_scans: int) -> Growth:
    head, n_merged, build_s, held_bytes = _built(base, n_rows)
    sparse_us, scan_us, touched, bounds, skipped = [], [], [], [], []
    for number, query in enumerate(queries):
        found, us = timed(head.search, query)
        mass_v, _, bound, rows_touched = found
        sparse_us.append(us)
        touched.append(rows_touched)
        if number < n_scans:
            (all_v, _), us = timed(head.masses, query)
            scan_us.append(us)
            bounds.append(float(bound))
            skipped.append(skipped_share(all_v, mass_v))
    return Growth(
        n_rows,
        n_merged,
        build_s,
        held_bytes / n_merged,
        Timing.of(sparse_us),
        Timing.of(scan_us),
        float(np.median(touched)),
        max(bounds),
        max(skipped),
        all(skip <= bound <= EPSILON for skip, bound in zip(skipped, bounds, strict=True)),
    )


def _built(base: Library, n_rows: int) -> tuple[Any, int, float, int]:
    """Return a head over a jittered library, its merged rows, and the seconds and bytes that they took."""
    library = base.jittered(n_rows, LIBRARY_SEED)
    tracemalloc.start()
    try:
        start_s = time.perf_counter()
        rows = library.rows()
        head = load().head(rows, library.model, epsilon=EPSILON)
        build_s = time.perf_counter() - start_s
        held_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return head, rows.n_rows, build_s, held_bytes


def skipped_share(all_v: npt.NDArray[np.uint64], found_v: npt.NDArray[np.uint64]) -> float:
    """Return the share of all mass that was not found; Python's whole numbers, since the masses fill 63 bits."""
    total = sum(int(mass) for mass in all_v)
    return (total - sum(int(mass) for mass in found_v)) / total

"""One look-up in ever larger libraries: sparse search against a full scan, with its certificate checked."""

import time
import tracemalloc
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sparseq.jobs.bench.libraries import Library
from sparseq.jobs.bench.sizes import Sizes
from sparseq.jobs.bench.timing import Timing, timed
from sparseq.jobs.stream import RETRIEVAL
from sparseq.kernel import load
from sparseq.kernel.rows import Rows

LIBRARY_SEED, QUERY_SEED = 1, 2
EPSILON = 1e-6
USUAL = RETRIEVAL.sharpness
SHARPNESS = (USUAL, 2 * USUAL, 4 * USUAL, 8 * USUAL)
"""That of the stream, and sharper ones."""


class Growth(NamedTuple):
    """What one library showed at one sharpness.

    Attributes
    ----------
    n_rows, n_merged : int
        Examples, and rows after equal ones were merged.
    sharpness : float
        Of the attention, nats per unit of slot weight: the sharper, the fewer rows can matter.
    build_s : float
        Seconds to merge them and build the head.
    bytes_per_row : float
        What merged rows and head hold, each row.
    sparse, scan : Timing
        One look-up.
    rows_touched : float
        Merged rows that the sparse look-up measured, median.
    nats : float
        Mean surprise at the values that go with the queries: what the sharpness is worth.
    largest_bound, largest_skipped : float
        Over the queries that were also scanned, the softmax mass that the sparse look-up said it may have skipped, and
        what it had, as shares of the mass that it found.
    held : bool
        Whether no query skipped more than it said, nor more than `EPSILON`.
    """

    n_rows: int
    n_merged: int
    sharpness: float
    build_s: float
    bytes_per_row: float
    sparse: Timing
    scan: Timing
    rows_touched: float
    nats: float
    largest_bound: float
    largest_skipped: float
    held: bool


class Certificate(NamedTuple):
    """What one look-up promised and kept: both masses as shares of the mass it found, and whether it kept its word."""

    bound: float
    skipped: float
    held: bool

    @classmethod
    def of(cls, found_v: npt.NDArray[np.uint64], all_v: npt.NDArray[np.uint64], bound: int) -> "Certificate":
        """Compare the masses found with those of a full scan; in whole numbers, since they may fill 63 bits."""
        found, everything = (sum(int(mass) for mass in mass_v) for mass_v in (found_v, all_v))
        skipped = everything - found
        return cls(bound / found, skipped / found, 0 <= skipped <= bound <= EPSILON * found)


def measure_growth(base: Library, sizes: Sizes, advance: Callable[[int], None]) -> list[Growth]:
    """Return a `Growth` for each of `sizes.growth_rows` at each of `SHARPNESS`; `advance` is told 1 after each size."""
    asked = base.jittered(sizes.growth_queries, QUERY_SEED)
    found = []
    for n_rows in sizes.growth_rows:
        library = _build(base, n_rows)
        found += [_measure(library, sharpness, asked, sizes.scan_queries) for sharpness in SHARPNESS]
        advance(1)
    return found


class _Built(NamedTuple):
    """Merged rows that stand for `n_rows`, and the seconds and bytes that they and a head over them took."""

    n_rows: int
    rows: Rows
    build_s: float
    held_bytes: int


def _build(base: Library, n_rows: int) -> _Built:
    library = base.jittered(n_rows, LIBRARY_SEED)
    tracemalloc.start()
    try:
        start_s = time.perf_counter()
        rows = library.rows()
        # Alive until its bytes are counted. Whatever it indexes stays with the rows, for the next head.
        head = load().head(rows, library.model(USUAL), epsilon=EPSILON)
        build_s = time.perf_counter() - start_s
        held_bytes, _ = tracemalloc.get_traced_memory()
        del head
    finally:
        tracemalloc.stop()
    return _Built(n_rows, rows, build_s, held_bytes)


def _measure(built: _Built, sharpness: float, asked: Library, n_scans: int) -> Growth:
    head = load().head(built.rows, asked.model(sharpness), epsilon=EPSILON)
    sparse_us, scan_us, touched, nats, certificates = [], [], [], [], []
    for number, (query, value) in enumerate(zip(asked.keys_ns.astype(np.int32), asked.values_n, strict=True)):
        (mass_v, _, bound, rows_touched), us = timed(head.search, query)
        sparse_us.append(us)
        touched.append(rows_touched)
        nats.append(-np.log(head.probabilities(query)[value]))
        if number < n_scans:
            (all_v, _), us = timed(head.masses, query)
            scan_us.append(us)
            certificates.append(Certificate.of(mass_v, all_v, bound))
    return Growth(
        n_rows=built.n_rows,
        n_merged=built.rows.n_rows,
        sharpness=sharpness,
        build_s=built.build_s,
        bytes_per_row=built.held_bytes / built.rows.n_rows,
        sparse=Timing.of(sparse_us),
        scan=Timing.of(scan_us),
        rows_touched=float(np.median(touched)),
        nats=float(np.mean(nats)),
        largest_bound=max(certificate.bound for certificate in certificates),
        largest_skipped=max(certificate.skipped for certificate in certificates),
        held=all(certificate.held for certificate in certificates),
    )

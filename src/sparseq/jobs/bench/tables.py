"""A run laid out side by side: rows of text for tables, and what is inside each figure."""

from collections.abc import Sequence
from typing import NamedTuple

from sparseq.jobs.bench.attention import PATTERNS, seen
from sparseq.jobs.bench.growth import EPSILON, USUAL
from sparseq.jobs.bench.report import Report, power
from sparseq.jobs.bench.timing import Timing

VECTOR_BYTES = 2 * 4 * 64
"""A row of the vector coding: a key and a value of 64 floats."""


class Table(NamedTuple):
    """A title, the headers, rows of text, and a note on what was timed."""

    title: str
    headers: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    note: str


def all_tables(report: Report) -> list[Table]:
    """Return the tables of a run in the order they are read."""
    return [
        _attention(report),
        _patterns(report),
        _decode(report),
        _codings(report),
        _growth(report),
        _memory(report),
        _ratios(report),
    ]


def _attention(report: Report) -> Table:
    found = report.timings
    rows = []
    for n in report.sizes.attention_tokens:
        dense, sparse, gated = (found[f"{how}_{n}_us"] for how in ("dense", "sparse", "gated"))
        rows.append((str(n), _us(dense), _us(sparse), _us(gated), _times(dense, sparse), _times(dense, gated)))
    return Table(
        "attention over vectors",
        ("tokens", "dense_us", "sparse_us", "gated_us", "dense/sparse", "dense/gated"),
        rows,
        "one call, one head of 64, to both sides, window 256, blocks of 64; gated: with its salience, 8 tokens beyond",
    )


def _patterns(report: Report) -> Table:
    found, n = report.timings, report.sizes.attention_tokens[-1]
    rows = []
    for pattern in PATTERNS:
        dense, sparse = (found[f"{name}_{n}_us"] for name in (pattern.dense, pattern.name))
        config, pairs = pattern.config, (n + 1) / 2 if pattern.config.causal else n
        share = seen(config, n) / pairs
        way = f"{'back' if config.causal else 'to both sides'}, window {config.window}"
        most = f"{1 / share:.2f}x"
        rows.append((way, pattern.whose, f"{share:.1%}", most, _us(dense), _us(sparse), _times(dense, sparse)))
    return Table(
        f"patterns over {n} vectors",
        ("looks", "whose", "reads", "at most", "dense_us", "sparse_us", "dense/sparse"),
        rows,
        "reads: of what dense attention reads; at most: how many times as fast that can be made, pair for pair",
    )


def _decode(report: Report) -> Table:
    full, cached = report.timings["full_forward_us"], report.timings["cached_us"]
    names = ("full_forward", "full_forward_causal", "cached", "cache_filling")
    rows = [(name, _us(report.timings[f"{name}_us"]), _times(full, report.timings[f"{name}_us"])) for name in names[:3]]
    rows.append((names[3], _us(report.timings["cache_filling_us"]), ""))
    return Table(
        f"decode of {report.sizes.decode_tokens} tokens by vectors after the Mario text",
        ("way", "total_us", "full_forward/way"),
        rows,
        "full_forward: for each token a pass over every row, to both sides as the original's; nothing extrapolated. "
        f"cached: the draws alone; with cache_filling before them {_times(full, _sum(cached, report))}",
    )


def _sum(cached: Timing, report: Report) -> Timing:
    return cached._replace(median_us=cached.median_us + report.timings["cache_filling_us"].median_us)


def _codings(report: Report) -> Table:
    found = report.timings
    rows = []
    for name in ("drums", "mario"):
        for n in report.sizes.coding_tokens:
            for way in ("stream", "fill"):
                vector, slots = found[f"vector_{way}_{name}_{n}_us"], found[f"slots_{way}_{name}_{n}_us"]
                masked = found.get(f"vector_{way}_masked_rows_{name}_{n}_us")
                each = f"{slots.median_us / n:.3f}"
                less = ("", "") if masked is None else (_us(masked), _times(masked, slots))
                rows.append((f"{way} {name}", str(n), _us(vector), _us(slots), each, _times(vector, slots), *less))
    return Table(
        "slots against vectors",
        (
            *("task", "tokens", "vector_us", "slots_us", "slots_us_each", "vector/slots"),
            *("vector_fill_masked_rows_us", "masked_rows/slots"),
        ),
        rows,
        "one call of the driver; same corpus, tokens and sampling; memories and caches over the corpus are ready. "
        f"fill: {report.sizes.fill_steps} cosine steps, at each of which vector_us looks up for all of corpus and "
        "canvas as the original does, masked_rows only for what is still masked",
    )


def _growth(report: Report) -> Table:
    rows = [
        (
            power(growth.n_rows),
            str(growth.n_merged),
            f"{growth.build_s:.2f}",
            f"{growth.sharpness:g}",
            _us(growth.sparse),
            _us(growth.scan),
            f"{growth.rows_touched:.0f}",
            f"{growth.nats:.4f}",
            f"{growth.largest_bound:.1e}",
            f"{growth.largest_skipped:.1e}",
        )
        for growth in report.growth
    ]
    return Table(
        "one look-up in a growing library of drum contexts",
        (
            *("rows", "merged", "build_s", "sharpness", "sparse_us", "scan_us"),
            *("touched", "nats", "bound", "skipped"),
        ),
        rows,
        "the softmax mass of each value, for contexts drawn apart from the library; small libraries are scanned. "
        f"Sharpness {USUAL:g} is the stream's, and what the ratio is taken at; nats: mean surprise at the values of "
        f"these contexts. Epsilon {EPSILON:g}; bound: the most that a look-up said it may have skipped, skipped: the "
        f"most that it had, as shares of the mass found, over {report.growth[-1].scan.n_calls} look-ups also scanned",
    )


def _memory(report: Report) -> Table:
    return Table(
        "memory per row",
        ("coding", "bytes_per_row"),
        [("slots", f"{report.growth[-1].bytes_per_row:.1f}"), ("vectors", str(VECTOR_BYTES))],
        f"slots: merged rows and head over {power(report.growth[-1].n_rows)} rows, as allocated, with "
        "where each row came from, per merged row; vectors: key and value, 64 floats each",
    )


def _ratios(report: Report) -> Table:
    ratios = report.ratios()
    rows = [(name, _rounded(ratios[name]), f"{a} / {b}") for name, (a, b) in report.quotients().items()]
    return Table("ratios", ("ratio", "value", "of"), rows, "medians of this run")


def _us(timing: Timing) -> str:
    noise = _rounded(timing.iqr_us) if timing.n_calls > 1 else "one call"
    return f"{_rounded(timing.median_us)} ({noise})"


def _times(slow: Timing, fast: Timing) -> str:
    return f"{_rounded(slow.median_us / fast.median_us)}x"


def _rounded(number: float) -> str:
    """Return three digits, and no fewer than stand before the point."""
    digits = max(2 - len(str(int(number))) + 1, 0)
    return f"{number:.{digits}f}"

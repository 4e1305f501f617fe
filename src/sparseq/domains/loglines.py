"""Logs: a line is a step, with one lane for its template and one for the time since the line before."""

from collections.abc import Mapping, Sequence

import numpy as np

from sparseq.domains.log_lines import LogLine, mine_templates, pattern_of, read_line
from sparseq.domains.protocol import Cells, check_alphabet
from sparseq.domains.sources import text as text_of
from sparseq.engine.context import Context, Slot, make_context
from sparseq.errors import InputError
from sparseq.kernel.layout import EDGE_LANE

ENDINGS = (".log", ".txt")
TEMPLATE, GAP = 0, 1
UNKNOWN, BEGIN, END = 0, 1, 2
N_MARKS = 3
GAP_BOUNDS_S = (0.0, 0.002, 0.02, 0.2, 1.0, 5.0, 30.0, 300.0, 3600.0)
"""Times since the line before, in seconds, where one kind of gap ends and the next begins."""
MOST_LINES = 200_000

TEMPLATES_BEFORE = {1: 2.5, 2: 1.5, 3: 1.0, 4: 0.6, 5: 0.4, 6: 0.3, 8: 0.2, 10: 0.1, 12: 0.1}
GAPS_BEFORE = {1: 0.3, 2: 0.1}


class LogDomain:
    """The templates of some logs.

    Parameters
    ----------
    sources : mapping of str to bytes
        File contents by name.

    Raises
    ------
    InputError
        Without lines, with more than `MOST_LINES`, or for too many templates.
    """

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        self.files = {name: read_log(text_of(data, name)) for name, data in sources.items()}
        lines = [line for file in self.files.values() for line in file]
        if not lines or len(lines) > MOST_LINES:
            raise InputError(f"{', '.join(sources)}: wanted 1 to {MOST_LINES} lines of logs, got {len(lines)}")
        mined = mine_templates([line.message for line in lines])
        self.templates = ["", "begin", "end", *dict.fromkeys(mined)]
        check_alphabet(len(self.templates), "templates")
        self._token = {template: token for token, template in enumerate(self.templates) if token >= N_MARKS}
        self._mined = dict(zip((line.message for line in lines), mined, strict=True))
        # The most particular first: a template of words before one of places.
        particular = sorted(self._token, key=lambda template: (template.count("<"), -len(template)))
        self._patterns = [(pattern_of(template), self._token[template]) for template in particular]

    @property
    def alphabet(self) -> int:
        """Tokens of both lanes are below this."""
        return max(len(self.templates), len(GAP_BOUNDS_S) + 1)

    def token(self, message: str) -> int:
        """Return the template of a message, `UNKNOWN` where it is of none."""
        if message in self._mined:
            return self._token[self._mined[message]]
        bare = message.strip()
        return next((token for pattern, token in self._patterns if pattern.fullmatch(bare)), UNKNOWN)

    def encode(self, data: bytes) -> Cells:
        """Return the grid of a log: `cells` of its lines."""
        return self.cells(read_log(text_of(data, "log")))

    def cells(self, lines: Sequence[LogLine]) -> Cells:
        """Return templates and kinds of gaps between a begin and an end: uint16 of shape (lines + 2, 2)."""
        gaps = [gap_token(line, before) for line, before in zip(lines, [None, *lines], strict=False)]
        rows = [(self.token(line.message), gap) for line, gap in zip(lines, gaps, strict=True)]
        return np.array([(BEGIN, 0), *rows, (END, 0)], np.uint16)

    def decode(self, cells_tl: Cells) -> bytes:
        """Return the templates of the lines, their places open."""
        return "".join(
            f"{self.templates[token]}\n" for token in cells_tl[:, TEMPLATE] if token not in (BEGIN, END)
        ).encode()

    def context(self, n_lanes: int = 2, causal: bool = True) -> Context:
        """Return what lines look at: templates and gaps before, and unless causal those after."""
        signs = (-1,) if causal else (-1, 1)
        before = [Slot(sign * dt, TEMPLATE, weight) for dt, weight in TEMPLATES_BEFORE.items() for sign in signs]
        gaps = [Slot(sign * dt, GAP, weight) for dt, weight in GAPS_BEFORE.items() for sign in signs]
        now = Slot(0, EDGE_LANE, 0.0) if causal else Slot(0, GAP, 0.5)
        own = [Slot(0, TEMPLATE, 3.0), *(Slot(sign, TEMPLATE, 1.0) for sign in signs)]
        sizes = [len(self.templates), len(GAP_BOUNDS_S) + 1]
        return make_context([[*before, *gaps, now], [*own, *gaps]], sizes)

    def metrics(self, cells_tl: Cells, examples: Sequence[Cells]) -> dict[str, float]:
        """Return the share of successions of two and of three templates that an example has."""
        return {f"known_{n}": _known_share(cells_tl, examples, n) for n in (2, 3)}


def read_log(text: str) -> list[LogLine]:
    """Return the lines of a log; blank ones are left out."""
    return [read_line(row) for row in text.splitlines() if row.strip()]


def gap_token(line: LogLine, before: LogLine | None) -> int:
    """Return the kind of gap before a line: 0 where there is no time, else how many `GAP_BOUNDS_S` it reaches."""
    if before is None or line.stamp is None or before.stamp is None:
        return 0
    return int(np.searchsorted(GAP_BOUNDS_S, (line.micros - before.micros) / 1e6, side="right"))


def _known_share(cells_tl: Cells, examples: Sequence[Cells], n: int) -> float:
    known = {run for cells in examples for run in _runs(cells, n)}
    found = [run in known for run in _runs(cells_tl, n)]
    return float(np.mean(found)) if found else 1.0


def _runs(cells_tl: Cells, n: int) -> list[tuple[int, ...]]:
    tokens = cells_tl[:, TEMPLATE].tolist()
    return list(zip(*(tokens[k:] for k in range(n)), strict=False))

"""Logs: plausible ones as test data, gaps filled, and how well the next template is foreseen."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from itertools import pairwise

import numpy as np

from sparseq.domains.log_lines import LogLine, pattern_of
from sparseq.domains.loglines import BEGIN, END, ENDINGS, GAP, N_MARKS, TEMPLATE, UNKNOWN, LogDomain, read_log
from sparseq.domains.protocol import Cells, learn
from sparseq.domains.sources import read_sources, text
from sparseq.engine.config import RetrievalConfig
from sparseq.engine.diffuser import Diffuser
from sparseq.engine.grid import Grid
from sparseq.engine.memory import Memory
from sparseq.engine.retriever import Retriever
from sparseq.engine.sampling import SamplingConfig
from sparseq.engine.schedule import DiffusionConfig
from sparseq.errors import InputError
from sparseq.kernel.checks import MASK

RETRIEVAL = RetrievalConfig(sharpness=1.5, prior_weight=1e-9)
LEAD = 8
"""Lines before the first that a log is begun with, unseen."""
REACH = 16
"""Lines back that a value may come from: the number of a request, said again when it is done."""


class Logbook:
    """Past logs, learnt.

    Parameters
    ----------
    sources : mapping of str to bytes
        Logs by name: see `load_logs`.
    """

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        self.domain = LogDomain(sources)
        self.examples = [self.domain.cells(lines) for lines in self.domain.files.values()]
        self._lines = list(self.domain.files.values())

    def stream(self, n_lines: int, seed: int, about: str | None = None, temperature: float = 1.0) -> list[str]:
        """Return the lines of a new log.

        Parameters
        ----------
        n_lines : int
            How many; fewer if the log comes to an end, as examples do.
        seed : int
            0 up to 2**64 - 1.
        about : str, optional
            It starts with a line of the examples that has this text, and goes on as after that.
        temperature : float
            Above 0; below 1 keeps to what is usual.

        Raises
        ------
        InputError
            If no line has that text.
        """
        context = self.domain.context(causal=True)
        memory = learn(self.examples, context, RETRIEVAL, self.domain.alphabet)
        stream = Retriever(memory, context, sampling=SamplingConfig(temperature=temperature), seed=seed)
        lead, first = (np.array([(BEGIN, 0)], np.uint16), None) if about is None else self._lead_to(about, seed)
        stream.feed(lead)
        columns = np.full((n_lines, 2), MASK, np.uint16)
        if first is not None:
            columns[0] = first
        grid = stream.step(columns)
        tokens = grid.cells_tl[:, TEMPLATE]
        stop = int(np.argmax(np.append(tokens, END) == END))
        return self._written(memory, grid, slice(0, stop), [])

    def _lead_to(self, about: str, seed: int) -> tuple[Cells, Cells]:
        """Return what goes before one of the lines with a text, and that line."""
        places = [
            (file, k) for file, lines in enumerate(self._lines) for k, line in enumerate(lines) if about in line.message
        ]
        if not places:
            raise InputError(f"about: wanted text of a line of the examples, got {about!r}, which is in none")
        file, k = places[seed % len(places)]
        return self.examples[file][max(k + 1 - LEAD, 0) : k + 1], self.examples[file][k + 1]

    def fill(self, log: str, lines: Sequence[int], seed: int = 0) -> list[str]:
        """Return a log with these lines written anew, all others as they are.

        Parameters
        ----------
        log : str
            The log; what stands in the lines to write is not looked at.
        lines : sequence of int
            Their numbers, from 0, blank lines not counted.
        seed : int
            0 up to 2**64 - 1.
        """
        rows = [row for row in log.splitlines() if row.strip()]
        hole = sorted(set(lines))
        known = read_log(log)
        context = self.domain.context(causal=False)
        memory = learn(self.examples, context, RETRIEVAL, self.domain.alphabet)
        cells = self.domain.cells(known)
        mask = np.zeros(cells.shape, bool)
        mask[np.array(hole) + 1] = True
        mask[[k + 2 for k in hole if k + 1 not in hole], GAP] = True  # the gap that follows is not known either
        schedule = DiffusionConfig(steps=max(int(mask.sum()) // 2, 1), noise=1.0, rounds=2, remask=0.3)
        grid = Diffuser(memory, schedule).fill(cells, mask, context, seed)
        for start, stop in _runs(hole):
            made = self._written(memory, grid, slice(start + 1, stop + 1), known[:start], known[stop : stop + 1])
            rows[start:stop] = made
        return rows

    def _written(
        self, memory: Memory, grid: Grid, steps: slice, before: Sequence[LogLine], after: Sequence[LogLine] = ()
    ) -> list[str]:
        """Return lines with the values of the example lines that they lean on, and times that pass as theirs did."""
        writer = _Writer(self.domain, self._lines, list(before))
        for step in range(steps.start, steps.stop):
            token = int(grid.cells_tl[step, TEMPLATE])
            source = self._source(memory, grid, step, token)
            writer.add(token, *source, self._gap_micros(memory, grid, step))
        return writer.rows(len(before), after[0].micros if after and after[0].stamp else None)

    def _source(self, memory: Memory, grid: Grid, step: int, token: int) -> tuple[int, int]:
        """Return file and line of an example of this template, that which the line leans on if it can be told."""
        origin = int(grid.origins_tl[step, TEMPLATE])
        if origin >= 0:
            place = memory.place(origin)
            if self.examples[place.example][place.step, TEMPLATE] == token:
                return place.example, place.step - 1
        places = [
            (file, int(k) - 1)
            for file, cells in enumerate(self.examples)
            for k in np.flatnonzero(cells[:, TEMPLATE] == token)
        ]
        return places[(step * 7919) % len(places)]

    def _gap_micros(self, memory: Memory, grid: Grid, step: int) -> int:
        """Return a time since the line before: that of the example leant on, or of any with such a gap."""
        origin = int(grid.origins_tl[step, GAP])
        if origin >= 0:
            place = memory.place(origin)
            found = self._gap_at(place.example, place.step - 1)
            if found is not None:
                return found
        kind = grid.cells_tl[step, GAP]
        for file, cells in enumerate(self.examples):
            steps = np.flatnonzero(cells[:, GAP] == kind)
            if len(steps):
                return self._gap_at(file, int(steps[step % len(steps)]) - 1) or 0
        return 0

    def _gap_at(self, file: int, line: int) -> int | None:
        lines = self._lines[file]
        if not 0 < line < len(lines) or lines[line].stamp is None:
            return None
        return max(lines[line].micros - lines[line - 1].micros, 0)


class _Writer:
    """Lines written one after the other, values said again where the examples say them again."""

    def __init__(self, domain: LogDomain, examples: Sequence[Sequence[LogLine]], lines: list[LogLine]) -> None:
        self.domain, self.examples, self.lines = domain, examples, lines
        self.tokens = [domain.token(line.message) for line in lines]

    def add(self, token: int, file: int, line: int, gap_micros: int) -> None:
        """Append a line like this one of an example."""
        example = self.examples[file][line]
        spans = self._spans(token, example.message)
        pieces, end = [], 0
        for start, stop in spans:
            value = example.message[start:stop]
            pieces += [example.message[end:start], self._said_before(value, file, line) or value]
            end = stop
        last = self.lines[-1].micros if self.lines else example.micros - gap_micros
        self.lines.append(LogLine(example.stamp, last + gap_micros, "".join([*pieces, example.message[end:]])))
        self.tokens.append(token)

    def _said_before(self, value: str, file: int, line: int) -> str | None:
        """Return what stands here where the example had said a value before: in the last line of that template."""
        for back in range(1, min(REACH, line) + 1):
            message = self.examples[file][line - back].message
            token = self.domain.token(message)
            values = [message[start:stop] for start, stop in self._spans(token, message)]
            if value in values and len(value) > 1:
                return self._last_value(token, values.index(value))
        return None

    def _last_value(self, token: int, place: int) -> str | None:
        for back in range(1, min(REACH, len(self.lines)) + 1):
            if self.tokens[-back] == token:
                message = self.lines[-back].message
                spans = self._spans(token, message)
                return message[slice(*spans[place])] if place < len(spans) else None
        return None

    def _spans(self, token: int, message: str) -> list[tuple[int, int]]:
        """Return where the values of a message stand in it."""
        if token < N_MARKS:
            return []
        bare = message.strip()
        found = pattern_of(self.domain.templates[token]).fullmatch(bare)
        lead = message.index(bare)
        return [(lead + a, lead + b) for a, b in found.regs[1:]] if found else []

    def rows(self, start: int, end_micros: int | None) -> list[str]:
        """Return the lines from `start` on; their times are drawn together if they would pass `end_micros`."""
        lines = self.lines[start:]
        if not lines:
            return []
        begin = self.lines[start - 1].micros if start else lines[0].micros
        reach = lines[-1].micros - begin
        squeeze = 1.0
        if end_micros is not None and reach > 0 and begin + reach > end_micros:
            squeeze = max(end_micros - begin, 0) / reach * 0.999
        return [
            (line.stamp.text(begin + int((line.micros - begin) * squeeze)) if line.stamp else "") + line.message
            for line in lines
        ]


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return the stretches (first, last + 1) of rising numbers, the last first: so they can be replaced in place."""
    stretches: list[tuple[int, int]] = []
    for number in numbers:
        if stretches and stretches[-1][1] == number:
            stretches[-1] = (stretches[-1][0], number + 1)
        else:
            stretches.append((number, number + 1))
    return stretches[::-1]


def evaluate(sources: Mapping[str, bytes], share: float = 0.8) -> dict[str, float]:
    """Return how often the next template is foreseen on the last lines of logs, of which the first share is learnt.

    `accuracy` is ours, `markov1` that of the most frequent successor, `lines` how many were foreseen. Templates are
    mined from the first share too; a line of none of them is a miss for both.
    """
    files = {name: text(data, name).splitlines(keepends=True) for name, data in sources.items()}
    cut = {name: max(int(len(rows) * share), 1) for name, rows in files.items()}
    book = Logbook({name: "".join(rows[: cut[name]]).encode() for name, rows in files.items()})
    successor = _most_frequent_successors(book.examples)
    ours, markov = [], []
    for name, rows in files.items():
        cells = book.domain.encode("".join(rows).encode())
        stop = 1 + len(read_log("".join(rows[: cut[name]])))
        truth = cells[stop:-1, TEMPLATE]
        before = cells[stop - 1 : -2, TEMPLATE]
        sure = truth != UNKNOWN
        ours += ((_foreseen(book, cells, stop) == truth) & sure).tolist()
        markov += [successor.get(a, UNKNOWN) == b for a, b in zip(before.tolist(), truth.tolist(), strict=True)]
    if not ours:
        raise InputError("logs: wanted more lines, got too few to hold any back")
    return {
        "templates": float(len(book.domain.templates) - N_MARKS),
        "lines": float(len(ours)),
        "accuracy": float(np.mean(ours)),
        "markov1": float(np.mean(markov)),
    }


def _foreseen(book: Logbook, cells: Cells, stop: int) -> Cells:
    """Return the likeliest template of each line from `stop` on, given all lines before it."""
    context = book.domain.context(causal=True)
    memory = learn(book.examples, context, RETRIEVAL, book.domain.alphabet)
    stream = Retriever(memory, context, own_capacity_steps=len(cells))
    stream.feed(cells[max(stop - LEAD, 0) : stop])
    found = []
    for step in range(stop, len(cells) - 1):
        found.append(int(stream.probs(np.full(2, MASK, np.uint16))[0].argmax()))
        stream.feed(cells[step : step + 1])
    return np.array(found, np.uint16)


def _most_frequent_successors(known: list[Cells]) -> dict[int, int]:
    counts: dict[int, Counter[int]] = defaultdict(Counter)
    for cells in known:
        tokens = cells[:, TEMPLATE].tolist()
        for before, now in pairwise(tokens):
            counts[before][now] += 1
    return {before: found.most_common(1)[0][0] for before, found in counts.items()}


def load_logs(path: str | None = None) -> dict[str, bytes]:
    """Return the logs of a folder or file, or those shipped; raises as `read_sources`."""
    if path is not None:
        return read_sources(path, ENDINGS)
    with as_file(files("sparseq.domains") / "data" / "logs") as folder:
        return read_sources(folder, ENDINGS)

"""Config files in a house style: new ones, the rest of a begun one, masked lines repaired."""

from collections.abc import Iterator, Sequence
from importlib.resources import as_file, files
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from sparseq.domains.config_checks import Keys, hierarchy
from sparseq.domains.config_lines import mark_subject, subject_of
from sparseq.domains.configs import BEGIN, END, HEAD, LANGUAGES, NO_VALUE, ConfigDomain
from sparseq.domains.protocol import Cells, learn
from sparseq.domains.sources import read_sources
from sparseq.engine.config import RetrievalConfig
from sparseq.engine.diffuser import Diffuser
from sparseq.engine.retriever import Retriever
from sparseq.engine.sampling import SamplingConfig
from sparseq.engine.schedule import DiffusionConfig
from sparseq.errors import InputError
from sparseq.kernel.checks import MASK

RETRIEVAL = RetrievalConfig(sharpness=3.0, prior_weight=1e-12)
MOST_LINES = 400
MOST_TRIES = 24
SHIPPED = ("kubernetes", "terraform")
SEED_STEP = 0x9E3779B97F4A7C15


class House:
    """A folder of examples, learnt.

    Parameters
    ----------
    path : str
        A folder, a file, or the name of shipped examples: one of `SHIPPED`.
    """

    def __init__(self, path: str) -> None:
        self.domain = ConfigDomain(_sources(path))
        language = self.domain.language
        self.examples = [self.domain.encode(text.encode()) for text in self.domain.texts.values()]
        self.keys: Keys = frozenset().union(
            *(hierarchy(text, language, subject_of(text, language)) for text in self.domain.texts.values())
        )
        self.followed = {pair for cells in self.examples for pair in _successions(cells)}

    def generate(self, seed: int, begun: str = "", temperature: float = 1.0, subject: str | None = None) -> str:
        """Return a new file, or all of a begun one with its lines as they are.

        Parameters
        ----------
        seed : int
            0 up to 2**64 - 1.
        begun : str
            The first lines.
        temperature : float
            Above 0; below 1 keeps to what is usual.
        subject : str, optional
            Name of what the file describes; otherwise the begun file's, or one of the examples'.
        """
        domain = self.domain
        context = domain.context(causal=True)
        memory = learn(self.examples, context, RETRIEVAL, domain.alphabet)
        stream = Retriever(memory, context, sampling=SamplingConfig(temperature=temperature), seed=seed)
        given = [domain.tokens(line) for line in domain.lines(begun)]
        stream.feed(np.array([(BEGIN, NO_VALUE), *given], np.uint16))
        made: list[Cells] = []
        while len(made) < MOST_LINES:
            line = stream.step(np.full((1, 2), MASK, np.uint16)).cells_tl
            if line[0, HEAD] in (BEGIN, END):
                break
            made.append(line)
        name = subject or subject_of(begun, domain.language) or self._subject(seed)
        rest = domain.rows(np.concatenate(made), name) if made else []
        return "".join(f"{row}\n" for row in [*begun.splitlines(), *rest])

    def repair(self, text: str, lines: Sequence[int], seed: int = 0) -> str:
        """Return a file with these lines written anew, all others as they are.

        Parameters
        ----------
        text : str
            The file; what stands in the lines to write is not looked at.
        lines : sequence of int
            Their numbers, from 0.
        seed : int
            0 up to 2**64 - 1. Of several tries, that is taken which parses, succeeds as examples do, and is likeliest.

        Raises
        ------
        InputError
            For lines that are not there.
        """
        rows = text.splitlines()
        if not lines or max(lines) >= len(rows):
            raise InputError(f"lines: wanted some of 1 to {len(rows)}, got {[line + 1 for line in lines]}")
        subject = subject_of("\n".join(row for k, row in enumerate(rows) if k not in set(lines)), self.domain.language)
        hole = _Hole(self, rows, sorted(set(lines)), subject)
        return max(hole.tries(seed), key=lambda each: each.merit).text

    def merit(self, text: str) -> tuple[bool, bool]:
        """Return whether a file parses, and whether its keys are nested as in an example."""
        subject = subject_of(text, self.domain.language)
        try:
            found = hierarchy(text, self.domain.language, subject)
        except InputError:
            return False, False
        return True, found <= self.keys

    def _subject(self, seed: int) -> str:
        names = self.domain.subjects or ["name"]
        return names[seed % len(names)]


class Try(NamedTuple):
    """One repaired file and how good it is."""

    merit: tuple[bool, bool, float]
    text: str


class _Hole:
    """Lines to be written anew, in a file whose other lines are read without them."""

    def __init__(self, house: House, rows: list[str], lines: list[int], subject: str | None) -> None:
        self.house, self.rows, self.lines = house, rows, lines
        self.subject = subject or (house.domain.subjects or ["name"])[0]
        self.cells, self.mask, self.at = self._cells(mark_subject("\n".join(rows), subject).split("\n"))

    def _cells(self, rows: list[str]) -> tuple[Cells, "np.ndarray[tuple[int, int], np.dtype[np.bool_]]", list[int]]:
        """Known lines, masked ones, and their order; a line below the hole whose place is open is found by its text."""
        domain, hole = self.house.domain, set(self.lines)
        known = {line.number: line for line in domain.lines_of(rows, hole)}
        at = sorted({*known, *hole})
        cells = np.full((len(at) + 2, 2), MASK, np.uint16)
        cells[0], cells[-1] = (BEGIN, NO_VALUE), (END, NO_VALUE)
        for step, number in enumerate(at, start=1):
            if number not in hole:
                cells[step] = domain.tokens(known[number])
        mask = cells == MASK
        cells[:, HEAD] = domain.placed(cells[:, HEAD], [rows[number] for number in at])
        mask[:, HEAD] = cells[:, HEAD] == MASK
        return cells, mask, at

    def tries(self, seed: int) -> Iterator[Try]:
        """Yield fills by several seeds, until one is without fault."""
        house = self.house
        context = house.domain.context(causal=False)
        memory = learn(house.examples, context, RETRIEVAL, house.domain.alphabet)
        diffuser = Diffuser(memory, DiffusionConfig(steps=max(int(self.mask.sum()), 1), noise=0.5, rounds=2))
        for k in range(MOST_TRIES):
            filled = diffuser.fill(self.cells, self.mask, context, (seed + k * SEED_STEP) % 2**64)
            made = self._text(filled.cells_tl)
            legal = set(_successions(filled.cells_tl)) <= house.followed
            yield Try((*house.merit(made), float(filled.logp_tl.sum()) + 1000.0 * legal), made)

    def _text(self, cells: Cells) -> str:
        hole = set(self.lines)
        made = self.house.domain.rows(cells[1:-1], self.subject)
        rows = list(self.rows)
        for row, number in zip(made, self.at, strict=True):
            if number in hole:
                rows[number] = row
        return "".join(f"{row}\n" for row in rows)


def evaluate(house: House, count: int, seed: int) -> dict[str, float]:
    """Return shares over `count` new files, each the first try: that parse, that keep the hierarchy, that are new.

    `longest_copy` is the longest run of lines from one example, in lines on average, `lines` the length.
    """
    texts = [house.generate((seed + k) % 2**64) for k in range(count)]
    merits = [house.merit(text) for text in texts]
    cells = [house.domain.encode(text.encode()) for text in texts]
    metrics = [house.domain.metrics(each, house.examples) for each in cells]
    known = {each.tobytes() for each in house.examples}
    return {
        "files": float(count),
        "parse": float(np.mean([parses for parses, _ in merits])),
        "hierarchy": float(np.mean([kept for _, kept in merits])),
        "legal": float(np.mean([each["legal"] for each in metrics])),
        "new": float(np.mean([each.tobytes() not in known for each in cells])),
        "longest_copy": float(np.mean([each["longest_copy"] for each in metrics])),
        "lines": float(np.mean([len(each) - 2 for each in cells])),
    }


def _successions(cells_tl: Cells) -> list[tuple[int, int]]:
    heads = cells_tl[:, HEAD].tolist()
    return list(pairwise(heads))


def _sources(path: str) -> dict[str, bytes]:
    if path not in SHIPPED:
        return read_sources(path, LANGUAGES)
    with as_file(files("sparseq.domains") / "data" / "configs" / path) as folder:
        return read_sources(folder, LANGUAGES)

"""Config files in a house style: a line is a step, with one lane for where it stands and one for its value."""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from pathlib import PurePath
from typing import NamedTuple

import numpy as np

from sparseq.domains.config_lines import SUBJECT, Line, mark_subject, read_lines, subject_of
from sparseq.domains.protocol import Cells, check_alphabet
from sparseq.domains.sources import text as text_of
from sparseq.engine.context import Context, Slot, make_context
from sparseq.errors import InputError
from sparseq.kernel.checks import MASK
from sparseq.kernel.layout import EDGE_LANE

LANGUAGES = {".yaml": "yaml", ".yml": "yaml", ".tf": "hcl", ".hcl": "hcl"}
UNKNOWN, BEGIN, END = 0, 1, 2
NO_VALUE = 1
HEAD, VALUE = 0, 1

# Steps away and weight. The line before weighs so much that only lines follow each other that do in an example: since a
# line's token holds its whole path, that alone keeps the hierarchy.
HEADS_BEFORE = {1: 6.0, 2: 1.2, 3: 0.6, 4: 0.3, 6: 0.2, 8: 0.2}
VALUES_BEFORE = {1: 0.5, 2: 0.2}


class Place(NamedTuple):
    """What a token of the first lane stands for."""

    path: str
    head: str


class ConfigDomain:
    """The alphabet of a folder of config files in one language.

    Parameters
    ----------
    sources : mapping of str to bytes
        File contents by name; the endings tell the language.

    Raises
    ------
    InputError
        For files of two languages or unknown ones, without any line, or of too many different lines or values.
    """

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        self.language = _language(sources)
        self.texts = {name: text_of(data, name) for name, data in sources.items()}
        self.subjects = sorted({s for text in self.texts.values() if (s := subject_of(text, self.language))})
        lines = [line for text in self.texts.values() for line in self.lines(text)]
        if not lines:
            raise InputError(f"{', '.join(sources)}: wanted lines of {self.language}, got none")
        self.places = [Place("", ""), Place("", "begin"), Place("", "end")]
        self.places += sorted({Place(line.path, line.head) for line in lines})
        self.values = ["", *sorted({"", *(line.value for line in lines)})]
        check_alphabet(len(self.places), "lines")
        check_alphabet(len(self.values), "values")
        self._place_tokens = {place: token for token, place in enumerate(self.places) if token > END}
        self._value_tokens = {value: token for token, value in enumerate(self.values) if token > UNKNOWN}

    @property
    def alphabet(self) -> int:
        """Tokens of both lanes are below this."""
        return max(len(self.places), len(self.values))

    def lines(self, text: str) -> list[Line]:
        """Return the lines of a file, its subject replaced by a mark."""
        subject = subject_of(text, self.language)
        return read_lines(mark_subject(text, subject), self.language)

    def lines_of(self, rows: Sequence[str], hole: Collection[int]) -> list[Line]:
        """Return the lines of a file outside a hole, read as if those in it were not there; rows have their mark."""
        kept = [number for number in range(len(rows)) if number not in hole]
        lines = read_lines("\n".join(rows[number] for number in kept), self.language)
        return [line._replace(number=kept[line.number]) for line in lines]

    def placed(self, heads_t: Cells, rows: Sequence[str]) -> Cells:
        """Return the tokens of heads between begin and end, unknown ones resolved by the text of their rows.

        The path of a line below a hole may hang on a line in it. If one place of the examples alone has such a head, it
        is that; if several have, it is left to the fill (masked).
        """
        placed = heads_t.copy()
        for step, row in enumerate(rows, start=1):
            if heads_t[step] == UNKNOWN:
                able = [t for t in self._place_tokens.values() if row.startswith(self.places[t].head or "\n")]
                longest = max((len(self.places[t].head) for t in able), default=0)
                able = [t for t in able if len(self.places[t].head) == longest]
                placed[step] = able[0] if len(able) == 1 else MASK if able else UNKNOWN
        return placed

    def encode(self, data: bytes) -> Cells:
        """Return a file's lines between a begin and an end: uint16 of shape (lines + 2, 2)."""
        tokens = [self.tokens(line) for line in self.lines(text_of(data, "file"))]
        return np.array([(BEGIN, NO_VALUE), *tokens, (END, NO_VALUE)], np.uint16)

    def tokens(self, line: Line) -> tuple[int, int]:
        """Return both tokens of a line, `UNKNOWN` for what no example has."""
        place = self._place_tokens.get(Place(line.path, line.head), UNKNOWN)
        return place, self._value_tokens.get(line.value, UNKNOWN)

    def decode(self, cells_tl: Cells, subject: str | None = None) -> bytes:
        """Return the file of these lines, about `subject` (the first of the examples' without one)."""
        name = subject or (self.subjects[0] if self.subjects else "name")
        return "".join(f"{row}\n" for row in self.rows(cells_tl, name)).encode()

    def rows(self, cells_tl: Cells, subject: str) -> list[str]:
        """Return the text of each line; begin and end are none."""
        lines = [
            (self.places[place], self.values[value]) for place, value in cells_tl.tolist() if place not in (BEGIN, END)
        ]
        return [f"{place.head}{value}".replace(SUBJECT, subject) for place, value in lines]

    def context(self, n_lanes: int = 2, causal: bool = True) -> Context:
        """Return what lines look at: the lines before, and unless causal those after; a value looks at its line."""
        signs = (-1,) if causal else (-1, 1)
        heads = [Slot(sign * dt, HEAD, weight) for dt, weight in HEADS_BEFORE.items() for sign in signs]
        values = [Slot(sign * dt, VALUE, weight) for dt, weight in VALUES_BEFORE.items() for sign in signs]
        own = [Slot(0, HEAD, 6.0), *(Slot(sign, HEAD, 0.8) for sign in signs), Slot(-2, HEAD, 0.3)]
        beyond = [Slot(0, EDGE_LANE, 0.0)] if causal else [Slot(0, VALUE, 2.0)]
        return make_context([[*heads, *values, *beyond], [*own, *values]], [len(self.places), len(self.values)])

    def metrics(self, cells_tl: Cells, examples: list[Cells]) -> dict[str, float]:
        """Return the share of successions that an example has (`legal`), and the longest run of copied lines."""
        pairs = {pair for cells in examples for pair in _pairs(cells)}
        found = [pair in pairs for pair in _pairs(cells_tl)]
        copied = max((_longest_common_run(cells_tl.tolist(), cells.tolist()) for cells in examples), default=0)
        return {"legal": float(np.mean(found)) if found else 1.0, "longest_copy": float(copied)}


def _language(sources: Mapping[str, bytes]) -> str:
    found = {LANGUAGES.get(PurePath(name).suffix.lower(), "") for name in sources}
    if len(found) != 1 or "" in found:
        names = ", ".join(sorted(sources)[:3])
        raise InputError(
            f"{names}: wanted files of one language, {' or '.join(LANGUAGES)}, got {len(sources)} of others"
        )
    return found.pop()


def _pairs(cells_tl: Cells) -> list[tuple[int, int]]:
    heads = cells_tl[:, HEAD].tolist()
    return list(pairwise(heads))


def _longest_common_run(a: list[list[int]], b: list[list[int]]) -> int:
    longest, before = 0, [0] * (len(b) + 1)
    for line in a:
        now = [0, *(before[k] + 1 if line == other else 0 for k, other in enumerate(b))]
        longest, before = max(longest, *now), now
    return longest

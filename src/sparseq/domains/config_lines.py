"""Lines of YAML and HCL, one by one: where a line stands in the hierarchy of keys, what opens it, and its value.

No parser of the whole: a file with lines missing can still be read, which is what repair needs.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

DOCUMENT = "---"
SUBJECT = "\ue000"
"""Stands for the name of what a file describes."""
YAML_LINE = re.compile(
    r"(?P<indent> *)(?P<dashes>(?:- +)*)(?:(?P<key>[^\s#\[{\"'-][^:]*|\"[^\"]+\"|'[^']+'):(?= |$))?(?P<rest>.*)"
)
YAML_BLOCK = re.compile(r"[|>][+-]?\d?[+-]?\s*(?:#.*)?")
HCL_BLOCK = re.compile(r"(?P<head>\s*(?P<type>[\w-]+)(?P<labels>(?:\s+\"[^\"]*\")*)\s*\{)\s*")
HCL_ATTRIBUTE = re.compile(r"(?P<head>\s*(?P<key>[\w.\"-]+)\s*=\s*)(?P<value>.*?)\s*")
HCL_CLOSE = re.compile(r"\s*[}\])]+,?\s*")
HCL_NAMED = r"^{kind}(?:\s+\"[^\"]*\")*\s+\"([^\"]+)\"\s*\{{"
HCL_HEREDOC = re.compile(r"<<-?\s*(\w+)")


class Line(NamedTuple):
    """One line.

    Attributes
    ----------
    path : str
        Keys from the top down to this line's, ``[]`` for an item of a list.
    head : str
        The text up to the value, indentation included.
    value : str
        The text after it.
    number : int
        Of the line in the file, from 0.
    """

    path: str
    head: str
    value: str
    number: int


def read_lines(text: str, language: str) -> list[Line]:
    """Return the lines of a file but comments; of several blank lines, one.

    Parameters
    ----------
    text : str
        The file.
    language : str
        "yaml" or "hcl".
    """
    lines = list(_yaml_lines(text) if language == "yaml" else _hcl_lines(text))
    return [line for k, line in enumerate(lines) if line.head or line.value or not k or lines[k - 1][:3] != line[:3]]


def subject_of(text: str, language: str) -> str | None:
    """Return the name of what a file describes: ``metadata: name:``, or the last label of the first resource."""
    if language == "yaml":
        named = [line.value for line in _yaml_lines(text) if line.path.split(":", 1)[-1] == "metadata.name"]
        return named[0].strip("\"'") if named and named[0] else None
    blocks = [re.search(HCL_NAMED.format(kind=kind), text, re.MULTILINE) for kind in ("(?:resource|module)", "[\\w-]+")]
    return next((block[1] for block in blocks if block), None)


def mark_subject(text: str, subject: str | None) -> str:
    """Replace a name wherever it stands as a word of its own or as a part between dashes."""
    if subject is None:
        return text
    return re.sub(rf"(?<![A-Za-z0-9]){re.escape(subject)}(?![A-Za-z0-9])", SUBJECT, text)


def _yaml_lines(text: str) -> Iterator[Line]:
    """Yield lines; the kind of a Kubernetes object is part of every path in it: a Service has no replicas."""
    rows = text.splitlines()
    kind, stack = _kind_from(rows, 0), _YamlStack()
    for number, row in enumerate(rows):
        if row.startswith(DOCUMENT):
            kind, stack = _kind_from(rows, number + 1), _YamlStack()
            yield Line(DOCUMENT, DOCUMENT, "", number)
        elif stack.in_block(row):
            indent = len(row) - len(row.lstrip())
            yield Line(f"{kind}:{stack.path()}.|", row[:indent], row[indent:], number)
        elif not row.strip():
            yield Line(f"{kind}:{stack.path()}.", "", "", number)
        elif not row.lstrip().startswith("#"):
            yield stack.line(row, kind, number)


def _kind_from(rows: list[str], start: int) -> str:
    for row in rows[start:]:
        if row.startswith(DOCUMENT):
            break
        if row.startswith("kind:"):
            return row.removeprefix("kind:").strip()
    return ""


class _YamlStack:
    """Keys and list items that are open, each with its column."""

    def __init__(self) -> None:
        self.open: list[tuple[int, str]] = []
        self.block_column: int | None = None

    def path(self) -> str:
        return ".".join(name for _, name in self.open)

    def in_block(self, row: str) -> bool:
        """Say whether a row belongs to the text (| or >) that is open; close that if not."""
        if self.block_column is None or not row.strip():
            return False
        if len(row) - len(row.lstrip()) > self.block_column:
            return True
        self.block_column = None
        return False

    def line(self, row: str, kind: str, number: int) -> Line:
        found = YAML_LINE.fullmatch(row.rstrip())
        assert found is not None, "the pattern takes any line"
        column = len(found["indent"])
        for dash in re.finditer(r"- +", found["dashes"]):
            self._item(column + dash.start())
        column += len(found["dashes"])
        rest = found["rest"]
        if found["key"] is None and rest.startswith("-") and rest[1:2] in ("", " "):
            self._item(column)
        if found["key"] is None:
            return Line(f"{kind}:{self.path()}", row[:column], rest, number)
        self._close_from(column)
        self.open.append((column, found["key"].strip("\"'")))
        value = rest.strip()
        if YAML_BLOCK.fullmatch(value):
            self.block_column = self.open[-1][0] if not found["dashes"] else len(found["indent"])
        head = f"{row[:column]}{found['key']}:" + (" " if value else "")
        return Line(f"{kind}:{self.path()}", head, value, number)

    def _item(self, column: int) -> None:
        while self.open and (self.open[-1][0] > column or self.open[-1] == (column, "[]")):
            self.open.pop()
        self.open.append((column, "[]"))

    def _close_from(self, column: int) -> None:
        while self.open and self.open[-1][0] >= column:
            self.open.pop()


def _hcl_lines(text: str) -> Iterator[Line]:
    stack: list[str] = []
    heredoc: str | None = None
    for number, row in enumerate(text.splitlines()):
        if heredoc is not None:
            indent = len(row) - len(row.lstrip())
            yield Line(".".join([*stack, "|"]), row[:indent], row[indent:], number)
            heredoc = None if row.strip() == heredoc else heredoc
        elif not row.strip():
            yield Line(".".join([*stack, ""]), "", "", number)
        elif not row.lstrip().startswith(("#", "//")):
            line = _hcl_line(row, stack, number)
            marker = HCL_HEREDOC.match(line.value)
            heredoc = marker[1] if marker else None
            yield line


def _hcl_line(row: str, stack: list[str], number: int) -> Line:
    if HCL_CLOSE.fullmatch(row):
        path = ".".join([*stack, "}"])
        if stack:
            stack.pop()
        return Line(path, row.rstrip(), "", number)
    block, attribute = HCL_BLOCK.fullmatch(row), HCL_ATTRIBUTE.fullmatch(row)
    if block is not None:
        labels = re.findall(r"\"([^\"]*)\"", block["labels"])
        stack.append(".".join([block["type"], *labels[:1]]) if len(labels) != 1 else block["type"])
        return Line(".".join(stack), block["head"], "", number)
    if attribute is not None:
        path = ".".join([*stack, attribute["key"].strip('"')])
        if attribute["value"] in ("{", "["):
            stack.append(attribute["key"].strip('"'))
            return Line(path, row.rstrip(), "", number)
        return Line(path, attribute["head"], attribute["value"], number)
    indent = len(row) - len(row.lstrip())
    return Line(".".join([*stack, "[]"]), row[:indent], row.strip(), number)
